"""`gateway ledger fhir`: the ledger as FHIR AuditEvents, for an audit record repository."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer

from connectors.ledger_secret import ledger_master_key
from connectors.postgres.ledger import OpeningLedgerReader
from connectors.postgres.ledger_keys import SealingKeys
from gateway.cli.ledger_running import counted, ledger_database, written
from gateway.cli.running import run
from gateway.ledger.fhir import audit_events
from gateway.ledger.stored import StoredEntry
from gateway.settings import Settings

OPENED_AT_ONCE: Final = 500


def fhir(
    first: Annotated[int, typer.Option("--from", help="First sequence number.", min=0)] = 0,
    last: Annotated[int | None, typer.Option("--to", help="Last sequence number.", min=0)] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; otherwise standard output.", dir_okay=False)
    ] = None,
    opened: Annotated[
        bool,
        typer.Option("--open", help="Open what is sealed: names, children's ids, reasons, documents. Personal data!"),
    ] = False,
) -> None:
    """Write entries as FHIR R4 AuditEvents, one a line: one for each child that an entry touches.

    They follow IHE's Basic Audit Log Patterns: what was told of a child is a privacy disclosure, everything else a
    query. Each holds the number and the leaf hash of its entry, so that it can be proved with `gateway ledger prove`.
    """

    async def act(settings: Settings) -> None:
        async with ledger_database(settings) as database:
            reader = OpeningLedgerReader(database, SealingKeys(ledger_master_key(settings)))
            head = await reader.head()
            # What is appended meanwhile is left for the next export, so that the bar has an end.
            end = -1 if head is None else head if last is None else min(head, last)
            with written(output) as stream, counted("Writing", max(0, end - first + 1)) as advance:
                if first > end:
                    return
                async for group in _groups(reader.entries(after_seq=first - 1, to_seq=end)):
                    for event in await _events(reader, group, opened=opened):
                        stream.write(orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE))
                    advance(len(group))

    run(act)


async def _groups(entries: AsyncIterator[StoredEntry]) -> AsyncIterator[list[StoredEntry]]:
    group: list[StoredEntry] = []
    async for stored in entries:
        group.append(stored)
        if len(group) == OPENED_AT_ONCE:
            yield group
            group = []
    if group:
        yield group


async def _events(reader: OpeningLedgerReader, group: Sequence[StoredEntry], *, opened: bool) -> list[dict[str, Any]]:
    if opened:
        return [event for one in await reader.opened(group) for event in audit_events(one.stored, one.document, one)]
    return [event for stored in group for event in audit_events(stored, orjson.loads(stored.entry))]
