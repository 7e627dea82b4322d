"""`gateway ledger export` and `import-check`: the ledger taken out, and a copy of it compared."""

import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from connectors.checkpoint_keys import witness_addresses
from connectors.postgres.checkpoints import CheckpointReader
from connectors.postgres.database import Database
from connectors.postgres.ledger import PostgresLedgerReader
from gateway.cli.ledger_running import counted, ledger_database, written
from gateway.cli.running import console, run
from gateway.ledger.canonical import leaf_hash
from gateway.ledger.checkpointing import StoredCheckpoint
from gateway.ledger.comparison import Comparison, compare
from gateway.ledger.export import ExportHeader, MalformedExport, header_line, line_of, read_export
from gateway.ledger.merkle import Node, nodes_of
from gateway.ledger.notes import Signature, VerifierKey
from gateway.ledger.tree import span_hashes
from gateway.ledger.verification import EXIT_CODES, Trouble
from gateway.ledger.witnessing import note_with
from gateway.settings import Settings

EXIT_NOTHING_IN_COMMON: Final = 5
WAIT_FOR_WITNESSES: Final = 60
"""Seconds by which a checkpoint with more cosignatures may be older than the newest, and go along in its place."""

HASHES_AT_ONCE: Final = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Covering:
    """A checkpoint with what witnesses signed of it."""

    stored: StoredCheckpoint
    cosignatures: Sequence[Signature]


def export(
    first: Annotated[int, typer.Option("--from", help="First sequence number.", min=0)] = 0,
    last: Annotated[int | None, typer.Option("--to", help="Last sequence number.", min=0)] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; otherwise standard output.", dir_okay=False)
    ] = None,
) -> None:
    """Write entries as JSON lines: `seq`, `leaf_hash` in hex, and the `entry` with its canonical bytes.

    The first line holds a checkpoint that covers them, with its cosignatures, and the hashes that lead from any stretch
    to it: `gateway ledger verify FILE --key …` needs nothing else. Entries that are under no checkpoint yet are left
    for the next export.
    """

    async def act(settings: Settings) -> None:
        async with ledger_database(settings) as database:
            reader = CheckpointReader(database)
            wanted = await reader.next_seq() if last is None else min(last + 1, await reader.next_seq())
            covering = await _covering(reader, [address.key for address in witness_addresses(settings)])
            if covering is None:
                console.print("No gateway has signed the ledger yet: the export holds no checkpoint.")
                await _write(database, None, first=first, end=wanted, output=output)
                return
            end = min(covering.stored.size, wanted)
            header = await _header(reader, covering, first, end) if first < end else None
            await _write(database, header, first=first, end=end, output=output)
            if max(first, end) < wanted:
                console.print(f"{wanted - max(first, end):,} entries are under no checkpoint yet and were left out.")

    run(act)


def import_check(
    file: Annotated[Path, typer.Argument(help="An export.", exists=True, dir_okay=False)],
    against: Annotated[
        Path | None, typer.Option(help="Another export; otherwise the database.", exists=True, dir_okay=False)
    ] = None,
) -> None:
    """Compare an export with the database, or with another export: is one the beginning of the other?

    Exits with 0 if so, with 19 if they part (a fork), with 18 if the database ends before the export does, and with 5
    if they have no entry in common. Whether either was signed is for `gateway ledger verify`.
    """

    async def act(settings: Settings) -> Comparison:
        if against is not None:
            return await compare(_of_file(file), _of_file(against))
        async with ledger_database(settings) as database:
            return await compare(_of_file(file), _of_database(CheckpointReader(database)))

    try:
        found = run(act)
    except MalformedExport as error:
        raise typer.BadParameter(str(error)) from error
    other = "the database" if against is None else against.name
    if found.parted_at is not None:
        sys.stdout.write(f"fork: {file.name} and {other} part at entry {found.parted_at:,}.\n")
        raise typer.Exit(EXIT_CODES[Trouble.FORK])
    if against is None and found.more_in_first:
        sys.stdout.write(f"tail-cut: {other} lacks the last {found.more_in_first:,} entries of {file.name}.\n")
        raise typer.Exit(EXIT_CODES[Trouble.TAIL_CUT])
    if not found.shared:
        sys.stdout.write(f"{file.name} and {other} have no entry in common: nothing was compared.\n")
        raise typer.Exit(EXIT_NOTHING_IN_COMMON)
    sys.stdout.write(f"All {found.shared:,} entries that both hold are alike.\n")
    for name, more in ((file.name, found.more_in_first), (other, found.more_in_second)):
        if more:
            sys.stdout.write(f"After them {name} has {more:,} more.\n")


async def _of_file(file: Path) -> AsyncIterator[tuple[int, bytes]]:
    with file.open("rb") as stream:
        for stored in read_export(stream):
            yield stored.seq, leaf_hash(stored.entry)


async def _of_database(reader: CheckpointReader) -> AsyncIterator[tuple[int, bytes]]:
    for first in range(0, await reader.next_seq(), HASHES_AT_ONCE):
        for pair in await reader.numbered_hashes(first, first + HASHES_AT_ONCE):
            yield pair


async def _covering(reader: CheckpointReader, witnesses: Sequence[VerifierKey]) -> Covering | None:
    """Return the newest checkpoint with its cosignatures, or one hardly older that more witnesses have signed."""
    newest = await reader.newest()
    if newest is None:
        return None
    chosen = Covering(stored=newest, cosignatures=await reader.cosignatures(newest.id))
    for cosigned in (await reader.newest_cosigned([str(witness) for witness in witnesses])).values():
        stored = await reader.checkpoint(cosigned.checkpoint_id)
        if stored is not None and stored.age <= newest.age + WAIT_FOR_WITNESSES:
            other = Covering(stored=stored, cosignatures=await reader.cosignatures(stored.id))
            chosen = max(chosen, other, key=lambda one: (len(one.cosignatures), one.stored.size))
    return chosen


async def _header(reader: CheckpointReader, covering: Covering, first: int, end: int) -> ExportHeader:
    size = covering.stored.size

    async def hashes(nodes: Sequence[Node]) -> tuple[bytes, ...]:
        spans = [(index << level, (index + 1) << level) for level, index in nodes]
        return tuple(await span_hashes(reader, spans, held=size))

    return ExportHeader(
        first=first,
        end=end,
        size=size,
        left=await hashes(nodes_of(0, first)),
        right=await hashes(nodes_of(end, size)),
        checkpoint=note_with(covering.stored, covering.cosignatures),
    )


async def _write(database: Database, header: ExportHeader | None, *, first: int, end: int, output: Path | None) -> None:
    with written(output) as stream, counted("Exporting", max(0, end - first)) as advance:
        if header is not None:
            stream.write(header_line(header))
        if first < end:
            async for stored in PostgresLedgerReader(database).entries(after_seq=first - 1, to_seq=end - 1):
                stream.write(line_of(stored))
                advance(1)
