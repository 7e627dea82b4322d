"""`gateway ledger show` and `list`: looking into the log."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Final, TypeVar
from uuid import UUID

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from connectors.ledger_secret import ledger_master_key
from connectors.postgres.database import Database
from connectors.postgres.ledger import OpeningLedgerReader
from connectors.postgres.ledger_keys import SealingKeys
from gateway.cli.ledger_running import EXIT_NO_SUCH_ENTRY
from gateway.cli.running import ready_database_url
from gateway.errors import AuditUnavailable, DirectoryError
from gateway.ledger.opening import OpenedEntry
from gateway.ledger.reading import access_of
from gateway.settings import Settings, SettingsError, read_settings
from gateway.vocabulary import ChildId, PersonId

_console: Final = Console(stderr=True)
Returned = TypeVar("Returned")

EXIT_UNAVAILABLE: Final = 3


def show(seq: Annotated[int, typer.Argument(help="Sequence number of the entry.", min=0)]) -> None:
    """Print one entry as indented JSON, with what is sealed in it under `opened`. Exits with 4 if there is none."""

    async def act(reader: OpeningLedgerReader) -> None:
        stored = await reader.entry(seq)
        if stored is None:
            _console.print(f"The ledger has no entry {seq}.")
            raise typer.Exit(EXIT_NO_SUCH_ENTRY)
        try:
            opened = (await reader.opened([stored]))[0]
            shown = {**opened.document, "opened": {"ask": opened.ask, "records": opened.records}}
            text = orjson.dumps(shown, option=orjson.OPT_INDENT_2)
        except (AuditUnavailable, orjson.JSONDecodeError, KeyError, TypeError):
            text = stored.entry  # damaged, and that is when somebody looks
        sys.stdout.buffer.write(text + b"\n")

    _run(act)


def list_entries(
    child: Annotated[UUID | None, typer.Option(help="Only entries that touch this child.")] = None,
    person: Annotated[str | None, typer.Option(help="Only asks by this person (the `sub` of the token).")] = None,
    limit: Annotated[int, typer.Option(help="Entries at most.", min=1)] = 20,
) -> None:
    """List entries, newest first: who asked, why, and how it ended."""
    if child is not None and person is not None:
        raise typer.BadParameter("give --child or --person, not both")

    async def act(reader: OpeningLedgerReader) -> None:
        if child is not None:
            entries = await reader.entries_about([ChildId(child)], first=limit)
        else:
            latest = await reader.latest(first=limit, person=None if person is None else PersonId(person))
            entries = await reader.opened(latest)
        width = None if sys.stdout.isatty() else 160
        Console(width=width).print(_table(entries, child))

    _run(act)


def _run(act: Callable[[OpeningLedgerReader], Awaitable[Returned]]) -> Returned:
    async def acted() -> Returned:
        async with _reader(read_settings()) as reader:
            return await act(reader)

    try:
        return asyncio.run(acted())
    except (DirectoryError, SettingsError) as error:
        _console.print(str(error), markup=False)
        raise typer.Exit(EXIT_UNAVAILABLE) from error


@asynccontextmanager
async def _reader(settings: Settings) -> AsyncIterator[OpeningLedgerReader]:
    database = await Database.open(
        await ready_database_url(settings),
        pool_min=1,
        pool_max=1,
        timeout=max(30.0, settings.database_timeout),  # a report may take longer than a request
    )
    try:
        yield OpeningLedgerReader(database, SealingKeys(ledger_master_key(settings)))
    finally:
        await database.close()


def _table(entries: Sequence[OpenedEntry], child: UUID | None) -> Table:
    table = Table("seq", "when (UTC)", "person", "role", "purpose", "reason", "outcome", "told")
    for opened in entries:
        table.add_row(*_cells(opened, child))
    return table


def _cells(opened: OpenedEntry, child: UUID | None) -> tuple[str, ...]:
    document = opened.document
    seen = access_of(opened, [] if child is None else [child])
    codes = ", ".join(note["code"] for note in document["outcome"]["codes"])
    told = sum(len(record.get("disclosed", ())) + len(record.get("masked", ())) for record in document["records"])
    return (
        str(opened.stored.seq),
        f"{seen.at:%Y-%m-%d %H:%M:%S}",
        _shown(seen.person),
        _shown(seen.role),
        _shown(seen.purpose),
        _shown(seen.reason),
        _shown(f"{document['outcome']['status']} {codes}".strip()),
        f"{told} fields" if child is None else ", ".join(seen.fields),
    )


def _shown(text: str | None) -> str:
    # What callers wrote may hold anything; here it steers neither the terminal nor the table.
    return escape("".join(letter if letter.isprintable() else "\ufffd" for letter in text or "-"))
