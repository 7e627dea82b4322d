"""`gateway ledger`: look into the log, take it out, check that it is whole."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO, Final, TypeVar
from uuid import UUID

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TimeRemainingColumn
from rich.table import Table

from connectors.ledger_secret import ledger_master_key
from connectors.postgres.database import Database
from connectors.postgres.ledger import OpeningLedgerReader
from connectors.postgres.ledger_keys import SealingKeys
from gateway.cli.running import ready_database_url
from gateway.errors import AuditUnavailable, DirectoryError
from gateway.ledger.export import MalformedExport, line_of, read_export
from gateway.ledger.opening import OpenedEntry
from gateway.ledger.reading import Damage, Finding, SequenceCheck, access_of
from gateway.settings import Settings, SettingsError, read_settings
from gateway.vocabulary import ChildId, PersonId

ledger_app = typer.Typer(
    help="The log of every resolved field: look into it, take it out, check it.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
_console: Final = Console(stderr=True)
Returned = TypeVar("Returned")

EXIT_UNAVAILABLE: Final = 3
EXIT_NO_SUCH_ENTRY: Final = 4
EXIT_CODES: Final[Mapping[Damage, int]] = {
    Damage.GAP: 10,
    Damage.DUPLICATE: 11,
    Damage.OUT_OF_ORDER: 12,
    Damage.HASH_MISMATCH: 13,
    Damage.MALFORMED: 14,
    Damage.MISNUMBERED: 15,
    Damage.INDEX_DISAGREES: 16,
}


@ledger_app.command("show", epilog="Example: `gateway ledger show 1041 | jq .records`")
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


@ledger_app.command(
    "list",
    epilog="Examples: `gateway ledger list --limit 5`; "
    "`gateway ledger list --child 0190f2b0-0000-7000-8000-000000000001`; `gateway ledger list --person practitioner-7`",
)
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


@ledger_app.command(
    "export",
    epilog="Examples: `gateway ledger export -o ledger.jsonl`; `gateway ledger export --from 1000 --to 1999 | wc -l`",
)
def export(
    first: Annotated[int, typer.Option("--from", help="First sequence number.", min=0)] = 0,
    last: Annotated[int | None, typer.Option("--to", help="Last sequence number.", min=0)] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; otherwise standard output.", dir_okay=False)
    ] = None,
) -> None:
    """Write entries as JSON lines: `seq`, `leaf_hash` in hex, and the `entry` with its canonical bytes."""

    async def act(reader: OpeningLedgerReader) -> None:
        head = await reader.head()
        # What is appended meanwhile is left for the next export, so that the bar has an end.
        end = -1 if head is None else head if last is None else min(head, last)
        with _written(output) as stream, _bar("Exporting", max(0, end - first + 1)) as advance:
            if first > end:
                return
            async for stored in reader.entries(after_seq=first - 1, to_seq=end):
                stream.write(line_of(stored))
                advance()

    _run(act)


@ledger_app.command("check", epilog="Examples: `gateway ledger check`; `gateway ledger check ledger.jsonl`")
def check(
    file: Annotated[
        Path | None,
        typer.Argument(help="An export to check; otherwise the database and its index.", exists=True, dir_okay=False),
    ] = None,
) -> None:
    """Check that no number is missing or twice, every hash fits its entry, and the index says what the entries say.

    Exits with 0 if all is well, else by what was found first in the sequence: 10 gap, 11 duplicate, 12 out of order,
    13 hash mismatch, 14 malformed, 15 misnumbered, 16 index disagrees.
    """
    findings = _check_file(file) if file is not None else _run(_check_database)
    for finding in findings:
        sys.stdout.write(f"{finding.damage}: first at {finding.first_seq}, entries touched: {finding.entries}\n")
    if findings:
        raise typer.Exit(EXIT_CODES[findings[0].damage])
    sys.stdout.write("Nothing found.\n")


async def _check_database(reader: OpeningLedgerReader) -> tuple[Finding, ...]:
    sequence = SequenceCheck()
    head = await reader.head()
    with _bar("Checking", 0 if head is None else head + 1) as advance:
        async for indexed in reader.indexed_entries():
            sequence.take_indexed(indexed)
            advance()
    beyond = await reader.indexed_beyond(sequence.last_seq)
    if beyond is not None:
        sequence.add(Damage.INDEX_DISAGREES, beyond)
    return sequence.findings


def _check_file(file: Path) -> tuple[Finding, ...]:
    sequence: SequenceCheck | None = None
    try:
        with file.open("rb") as stream:
            for stored in read_export(stream):
                # An export may begin anywhere; from there on it has to be whole.
                sequence = sequence or SequenceCheck(first=stored.seq)
                sequence.take(stored)
    except MalformedExport as error:
        raise typer.BadParameter(str(error)) from error
    return () if sequence is None else sequence.findings


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


@contextmanager
def _written(output: Path | None) -> Iterator[BinaryIO]:
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    # Beside it first: an export that broke off never stands under the name that was asked for.
    partial = output.with_name(f"{output.name}.partial")
    with partial.open("wb") as stream:
        yield stream
    partial.replace(output)


@contextmanager
def _bar(label: str, total: int) -> Iterator[Callable[[], None]]:
    columns = (BarColumn(), TaskProgressColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(label, *columns, console=_console, disable=not _console.is_terminal) as progress:
        task = progress.add_task(label, total=total)
        yield lambda: progress.advance(task)


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
