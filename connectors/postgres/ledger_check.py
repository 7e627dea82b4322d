"""A ledger in PostgreSQL held against its tree, its checkpoints and what others hold; on every core for a large one."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final

from connectors.postgres.changes_check import ChangesCheck
from connectors.postgres.checkpoints import CheckpointReader
from connectors.postgres.database import Database
from connectors.postgres.keys_check import Archived, KeysCheck
from connectors.postgres.ledger import PostgresLedgerReader
from connectors.postgres.secret_check import SecretCheck
from gateway.ledger.archive import ArchiveDamaged, archived_entries
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.checkpointing import StoredCheckpoint
from gateway.ledger.closing import Closing, vouched_for
from gateway.ledger.master_key import MasterKey
from gateway.ledger.merkle import HASH_BYTES
from gateway.ledger.notes import Note, VerifierKey
from gateway.ledger.reading import IndexedEntry
from gateway.ledger.stored import StoredEntry
from gateway.ledger.tree import WIDTH, Tile, apart
from gateway.ledger.verification import Claim, Stretch, Trouble, Verification, check_stretch

STRETCH: Final = 62 * WIDTH
"""Entries to a stretch: whole tiles, and just under eight batches of the reader's."""
PATIENCE: Final = 10.0
"""Seconds for which an entry may be under no checkpoint without anybody asking why."""
LATEST: Final = 1_000
"""Checkpoints whose signatures are checked, from the newest back; of all of them the roots are."""
TIMEOUT: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much there is to check, as it was at one moment: what is written and signed later is let be.

    `newest_id` is the last checkpoint's, `tiled` where the last tile ends, and `unsigned_for` the age in seconds of the
    first entry that is under no checkpoint.
    """

    entries: int
    signed: int
    newest_id: int
    tiled: int
    unsigned_for: float | None
    archived: tuple[Archived, ...]


class LedgerCheck:
    """Checks one ledger from its first entry to its last."""

    def __init__(
        self,
        database: Database,
        *,
        origin: str,
        keys: Sequence[VerifierKey],
        witnesses: Sequence[VerifierKey],
        archives: Mapping[int, Path] | None = None,
        master: MasterKey | None = None,
    ) -> None:
        """Take the pool, the ledger's origin, its keys, and the witnesses that should have cosigned.

        With the `master` key the sealing keys are unwrapped, too: only so can one be seen that was changed or filed
        under another child.

        `archives` are the files with archived entries, by the number of the first: each of them has to be there. With
        None only the hashes of archived entries are checked, which stay in the tree.
        """
        self._database = database
        self._reader = CheckpointReader(database)
        self._origins: list[tuple[int, str]] = [(0, origin)]
        self._keys = keys
        self.closings: Sequence[Closing] = ()
        """What closed the ledger's name, as far as a trusted key vouches for it; known once `keys` was called."""
        self._witnesses = witnesses
        self._archives = archives
        self._master = master
        self._reading: Iterator[StoredEntry] = iter(())
        self.verification = Verification(keys=keys)

    async def scale(self, *, at: datetime | None = None) -> Scale:
        """Return how much there is to check; what was put back from a backup is as old as it was `at` that moment."""
        # In this order: what is read later may have grown, and can only cover more.
        tiled = await self._tiled()
        newest = await self._reader.newest()
        signed, newest_id = (0, 0) if newest is None else (newest.size, newest.id)
        archived = await self._archived()
        entries = max([await self._reader.next_seq(), *(part.end for part in archived)])
        return Scale(
            entries=entries,
            signed=signed,
            newest_id=newest_id,
            tiled=tiled,
            unsigned_for=await self._age(signed, at) if signed < entries else None,
            archived=archived,
        )

    async def keys(self) -> Sequence[VerifierKey]:
        """Return the keys whose signatures count: those given, and those that statements of closing tie to them."""
        closings = await self._reader.closings()
        known = vouched_for([*closings.values()], self._keys)
        trusted = {number: closing for number, closing in closings.items() if closing.successor in known}
        self._origins[1:] = [(number, closing.successor.name) for number, closing in trusted.items()]
        self.closings = [*trusted.values()]
        self.verification.trust(known)
        return known

    async def run(self, scale: Scale, *, workers: Executor | None, advance: Callable[[int], None]) -> None:
        """Check everything; heads that somebody else holds are claimed beforehand.

        Raises:
            SourceFailed: The database did not answer.
        """
        await self.keys()
        await self._claim_checkpoints(scale.newest_id)
        expected = 0
        async for stretch, end in self._stretches(scale, workers):
            if stretch.first != expected:
                self.verification.misplaced(stretch.first, expected=expected)
            await self._compare_tiles(self.verification.take(stretch), signed=scale.signed)
            if stretch.next_seq < end:
                self.verification.missing(stretch.next_seq, end)
            expected = end
            advance(end - stretch.first)
        await self._beyond(scale)
        keys = KeysCheck(self._database, self.verification, master=self._master)
        await keys.run([] if self._archives is not None else scale.archived)
        await ChangesCheck(self._database, self.verification, master=self._master).run()
        await SecretCheck(self._database, self.verification, master=self._master).run(scale.entries)
        self.verification.finish(end=scale.entries, size=scale.entries)

    async def _claim_checkpoints(self, newest_id: int) -> None:
        verification = self.verification
        after, largest = 0, 0
        while kept := await self._reader.checkpoints(after_id=after):
            for stored in kept:
                if stored.id > newest_id and stored.size > largest:
                    break  # signed meanwhile
                source = f"in the database (number {stored.id})"
                if stored.size < largest:
                    verification.add(
                        Trouble.REPLAYED_HEAD,
                        f"A checkpoint over {stored.size:,} entries was put after one over {largest:,}.",
                        first_seq=stored.size,
                    )
                largest = max(largest, stored.size)
                self._claim(stored, source, signed=stored.id > newest_id - LATEST)
            after = kept[-1].id
        await self._check_cosignatures()

    def _claim(self, stored: StoredCheckpoint, source: str, *, signed: bool) -> None:
        # A statement of closing is itself still of the name that it closes.
        origin = next(name for number, name in reversed(self._origins) if number < stored.id)
        checkpoint = Checkpoint(origin=origin, size=stored.size, root=stored.root)
        if signed:
            told = self.verification.signed(stored.note, source=source, origin=origin)
            if told is None:
                return
            if told[0] != checkpoint:
                self.verification.add(
                    Trouble.BAD_CHECKPOINT, f"The checkpoint {source} is filed under another size or root than its own."
                )
            checkpoint = told[0]
        self.verification.claim(Claim(checkpoint=checkpoint, source=source, own=True))

    async def _check_cosignatures(self) -> None:
        found = await self._reader.newest_cosigned([str(witness) for witness in self._witnesses])
        for witness in self._witnesses:
            cosigned = found.get(str(witness))
            told = None if cosigned is None else self.verification.signed(cosigned.note, source="that was cosigned")
            if cosigned is None or told is None:
                self.verification.add(
                    Trouble.NOT_COSIGNED, f"No checkpoint in the database is cosigned by {witness.name}."
                )
                continue
            note: Note = told[1].with_signatures([cosigned.signature])
            self.verification.cosigned(note, [witness], size=told[0].size)

    async def _stretches(self, scale: Scale, workers: Executor | None) -> AsyncIterator[tuple[Stretch, int]]:
        loop = asyncio.get_running_loop()
        waiting: list[tuple[asyncio.Future[Stretch], int]] = []
        # A few more than there are workers, so that none is idle and memory stays bounded.
        ahead = 1 if workers is None else 6
        for first, end, archived in _spans(scale):
            if archived is not None:
                reading = self._archived_stretch(first, end, begins_at=archived.first)
                waiting.append((asyncio.ensure_future(reading), end))
            elif workers is None:
                waiting.append((asyncio.ensure_future(_check_rows(self._database, first, end)), end))
            else:
                waiting.append((loop.run_in_executor(workers, check_rows, self._database.url, first, end), end))
            if len(waiting) >= ahead:
                stretch, stretch_end = waiting.pop(0)
                yield await stretch, stretch_end
        for stretch, stretch_end in waiting:
            yield await stretch, stretch_end

    async def _archived_stretch(self, first: int, end: int, *, begins_at: int) -> Stretch:
        if self._archives is not None:
            if first == begins_at:
                file = self._archives.get(begins_at)
                self._reading = iter(()) if file is None else archived_entries(file)
            return _stretch_of(self._reading, first, end)
        # The entries are in a file that is not here; what is left of them are the tiles.
        found = await self._reader.tiles([(0, index) for index in range(first // WIDTH, end // WIDTH)])
        hashes = b"".join(found.get((0, index), b"") for index in range(first // WIDTH, end // WIDTH))
        return Stretch(first=first, next_seq=first + len(hashes) // HASH_BYTES, hashes=hashes, findings=())

    async def _compare_tiles(self, tiles: Sequence[Tile], *, signed: int) -> None:
        due = [tile for tile in tiles if (tile.index + 1) * WIDTH ** (tile.level + 1) <= signed]
        if not due:
            return
        rows = await self._database.fetch(
            """
            SELECT level, index, hashes, root FROM unnest($1::smallint[], $2::bigint[]) AS wanted (level, index)
            JOIN ledger_tile USING (level, index)
            """,
            [tile.level for tile in due],
            [tile.index for tile in due],
        )
        kept = {
            (row["level"], row["index"]): Tile(
                level=row["level"], index=row["index"], hashes=row["hashes"], root=row["root"]
            )
            for row in rows
        }
        for tile in due:
            self._compare_tile(tile, kept.get((tile.level, tile.index)))

    def _compare_tile(self, tile: Tile, kept: Tile | None) -> None:
        width = WIDTH**tile.level
        first = tile.index * WIDTH * width
        if kept is None:
            self.verification.add(
                Trouble.TILE_DISAGREES,
                f"Tile {tile.index} of level {tile.level}, over the entries from {first:,} on, is missing.",
                first_seq=first,
            )
        elif kept != tile:
            pairs = zip(apart(tile.hashes), apart(kept.hashes), strict=False)
            at = next((place for place, (one, other) in enumerate(pairs) if one != other), 0)
            self.verification.add(
                Trouble.TILE_DISAGREES,
                f"The tree has another hash for entry {first + at * width:,} than the entry has.",
                first_seq=first + at * width,
            )

    async def _beyond(self, scale: Scale) -> None:
        reached = self.verification.reached
        if scale.tiled > max(scale.signed, reached):
            self.verification.add(
                Trouble.TAIL_CUT,
                f"There are tiles over {scale.tiled:,} entries, and only {reached:,} are there: the tail was cut.",
                first_seq=reached,
            )
        beyond = await PostgresLedgerReader(self._database).indexed_beyond(scale.entries - 1)
        if beyond is not None and beyond <= await self._reader.next_seq() - 1:
            beyond = None  # it was written meanwhile
        if beyond is not None:
            self.verification.indexed_beyond(beyond)
        if scale.unsigned_for is not None and scale.unsigned_for > PATIENCE:
            self.verification.add(
                Trouble.UNSIGNED,
                f"The entries from {scale.signed:,} on are under no checkpoint: no gateway signs, or what it had "
                "signed was taken out.",
                first_seq=scale.signed,
            )

    async def _tiled(self) -> int:
        rows = await self._database.fetch(
            "SELECT coalesce(max(index) + 1, 0) AS tiles FROM ledger_tile WHERE level = 0"
        )
        tiles: int = rows[0]["tiles"]
        return tiles * WIDTH

    async def _age(self, seq: int, at: datetime | None) -> float:
        rows = await self._database.fetch(
            """
            SELECT extract(epoch FROM coalesce($2, clock_timestamp()) - at)::float8 AS age
            FROM ledger_entry WHERE seq = $1
            """,
            seq,
            at,
        )
        return float("inf") if not rows else float(rows[0]["age"])

    async def _archived(self) -> tuple[Archived, ...]:
        there = await self._database.fetch("SELECT to_regclass('ledger_archive') IS NOT NULL AS there")
        if not there[0]["there"]:
            return ()
        rows = await self._database.fetch(
            """
            SELECT first_seq, end_seq FROM ledger_archive AS archive
            WHERE NOT EXISTS (SELECT FROM ledger_entry WHERE seq >= archive.first_seq AND seq < archive.end_seq)
            ORDER BY first_seq
            """
        )
        return tuple(Archived(first=row["first_seq"], end=row["end_seq"]) for row in rows)


def check_rows(url: str, first: int, end: int) -> Stretch:
    """Check the entries from `first` to before `end`, in a process of its own."""

    async def checked() -> Stretch:
        database = await Database.open(url, pool_min=1, pool_max=1, timeout=TIMEOUT)
        try:
            return await _check_rows(database, first, end)
        finally:
            await database.close()

    return asyncio.run(checked())


async def _check_rows(database: Database, first: int, end: int) -> Stretch:
    entries: list[IndexedEntry] = []
    async for indexed in PostgresLedgerReader(database).indexed_entries(after_seq=first - 1):
        if indexed.stored.seq >= end:
            break
        entries.append(indexed)
    return check_stretch(entries, first=first)


def _stretch_of(reading: Iterator[StoredEntry], first: int, end: int) -> Stretch:
    """Check the next entries of an archive's file; those that cannot be read any more are missing."""
    entries: list[StoredEntry] = []
    with suppress(ArchiveDamaged):  # what was read before it broke off counts
        for stored in islice(reading, end - first):
            entries.append(stored)
    return check_stretch(entries, first=first)


def _spans(scale: Scale) -> Iterator[tuple[int, int, Archived | None]]:
    first = 0
    for part in (*scale.archived, None):
        until = scale.entries if part is None else part.first
        yield from ((begin, min(begin + STRETCH, until), None) for begin in range(first, until, STRETCH))
        if part is not None:
            yield from ((begin, min(begin + STRETCH, part.end), part) for begin in range(part.first, part.end, STRETCH))
            first = part.end
