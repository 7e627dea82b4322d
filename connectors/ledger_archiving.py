"""Archiving a partition of the ledger: write it, read it back against the signed tree, and only then let it go."""

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Final

from connectors.postgres.checkpoints import CheckpointReader
from connectors.postgres.database import Database
from connectors.postgres.ledger import PostgresLedgerReader
from connectors.postgres.ledger_archive import LedgerPartitions, Partition
from gateway.ledger.archive import (
    ENTRIES_SUFFIX,
    MANIFEST_SUFFIX,
    ArchiveDamaged,
    Manifest,
    StretchCheck,
    archived_entries,
    digest_of,
    entries_file,
    keep,
    name_of,
    proof_spans,
    read_manifest,
    write_entries,
)
from gateway.ledger.checkpoint import Checkpoint, read_checkpoint, trusted
from gateway.ledger.export import ExportHeader
from gateway.ledger.merkle import nodes_of
from gateway.ledger.notes import MalformedNote, VerifierKey
from gateway.ledger.stored import StoredEntry
from gateway.ledger.tree import WIDTH, TreeDamaged, span_hashes
from gateway.ledger.witnessing import note_with

TILES_AT_ONCE: Final = 64


class Step(StrEnum):
    """How far the archiving of one partition is; whatever ends it after any of them, nothing is lost."""

    WRITTEN = "written"
    VERIFIED = "verified"
    KEPT = "kept"
    LET_GO = "let go"


class LedgerArchiving:
    """Archives partitions into one folder; every method raises `SourceFailed` if the database does not answer."""

    def __init__(self, database: Database, *, folder: Path, keys: Sequence[VerifierKey]) -> None:
        """Take the pool, the folder, and the keys that sign the ledger's checkpoints."""
        self._partitions = LedgerPartitions(database)
        self._reader = PostgresLedgerReader(database)
        self._tree = CheckpointReader(database)
        self._folder = folder
        self._keys = keys

    async def archive(
        self,
        partition: Partition,
        *,
        let_go: bool = True,
        on_step: Callable[[Step], None] = lambda _: None,
        advance: Callable[[], None] = lambda: None,
    ) -> Manifest:
        """Write a partition to the folder, read it back against the tree, and let it go unless told otherwise.

        What an earlier attempt finished is not written again, but it is read back again. `advance` is called twice
        for each entry: when it is written, and when it was read back.

        Raises:
            ArchiveDamaged: What was written is not what was signed; nothing was let go.
            NotThere: The database has another partition, or none.
            TreeDamaged: The tree is not all there.
            AuditUnavailable: The entries could not be read.
        """
        name = name_of(partition.first, partition.end)
        if (self._folder / f"{name}{MANIFEST_SUFFIX}").exists():
            manifest = await self._again(self._folder / f"{name}{MANIFEST_SUFFIX}", advance)
        else:
            manifest = await self._anew(partition, on_step, advance)
        on_step(Step.KEPT)
        if let_go:
            await self._partitions.let_go(manifest)
            on_step(Step.LET_GO)
        return manifest

    async def _anew(
        self, partition: Partition, on_step: Callable[[Step], None], advance: Callable[[], None]
    ) -> Manifest:
        checkpoint, note = await self._newest(partition)
        partial = self._folder / f"{name_of(partition.first, partition.end)}{ENTRIES_SUFFIX}.partial"
        header = await self._header(partition, checkpoint, note)
        entries = self._reader.entries(after_seq=partition.first - 1, to_seq=partition.end - 1)
        await write_entries(partial, header, entries, advance=advance)
        on_step(Step.WRITTEN)
        spans = proof_spans(partition.first, partition.end, checkpoint.size)
        manifest = Manifest(
            first=partition.first,
            end=partition.end,
            root=await self._read_back(partition.first, partition.end, partial, advance),
            digest=digest_of(partial),
            checkpoint=note,
            proof=tuple(await span_hashes(self._tree, spans, held=checkpoint.size)),
        )
        manifest.signed(self._keys)
        on_step(Step.VERIFIED)
        keep(self._folder, manifest, partial=partial)
        return manifest

    async def _newest(self, partition: Partition) -> tuple[Checkpoint, str]:
        stored = await self._tree.newest()
        if stored is None or stored.size < partition.end:
            raise ArchiveDamaged(f"No checkpoint is signed yet over the entries to {partition.end - 1}.")
        try:
            checkpoint, note = read_checkpoint(stored.note)
        except MalformedNote:
            raise ArchiveDamaged("The newest checkpoint in the database cannot be read.") from None
        if checkpoint.size != stored.size or not trusted(note, self._keys):
            raise ArchiveDamaged("The newest checkpoint in the database is not one that the ledger's keys signed.")
        return checkpoint, note_with(stored, await self._tree.cosignatures(stored.id))

    async def _header(self, partition: Partition, checkpoint: Checkpoint, note: str) -> ExportHeader:
        async def hashes(first: int, end: int) -> tuple[bytes, ...]:
            spans = [(index << level, (index + 1) << level) for level, index in nodes_of(first, end)]
            return tuple(await span_hashes(self._tree, spans, held=checkpoint.size))

        return ExportHeader(
            first=partition.first,
            end=partition.end,
            size=checkpoint.size,
            left=await hashes(0, partition.first),
            right=await hashes(partition.end, checkpoint.size),
            checkpoint=note,
        )

    async def _again(self, path: Path, advance: Callable[[], None]) -> Manifest:
        manifest = read_manifest(path)
        manifest.signed(self._keys)
        file = entries_file(path, manifest)
        if digest_of(file) != manifest.digest:
            raise ArchiveDamaged(f"{file.name} is not the file that its manifest names.")
        if await self._read_back(manifest.first, manifest.end, file, advance) != manifest.root:
            raise ArchiveDamaged(f"The entries in {file.name} are not those that were signed.")
        return manifest

    async def _read_back(self, first: int, end: int, file: Path, advance: Callable[[], None]) -> bytes:
        """Read a file of entries, hold each hash to the tree's tiles, and return the root over all of them."""
        check = StretchCheck(first, end)
        for group in _groups(archived_entries(file)):
            for stored in group:
                check.take(stored)
                advance()
            await self._hold_to_tiles(group)
        return check.root()

    async def _hold_to_tiles(self, group: Sequence[StoredEntry]) -> None:
        places = {(0, stored.seq // WIDTH) for stored in group}
        tiles = await self._tree.tiles(places)
        for place in places - tiles.keys():
            raise TreeDamaged(f"Tile {place[1]} of level 0 is missing.")
        for stored in group:
            at = stored.seq % WIDTH * len(stored.leaf_hash)
            if tiles[0, stored.seq // WIDTH][at : at + len(stored.leaf_hash)] != stored.leaf_hash:
                raise ArchiveDamaged(f"Entry {stored.seq} is not the one that was signed.")


def _groups(entries: Iterator[StoredEntry]) -> Iterator[list[StoredEntry]]:
    while group := list(islice(entries, TILES_AT_ONCE * WIDTH)):
        yield group
