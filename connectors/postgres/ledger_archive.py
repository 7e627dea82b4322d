"""The ledger's partitions on PostgreSQL: which may go to an archive, letting one go, and bringing it back."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

import orjson

from connectors.postgres.database import Connection, Database
from gateway.errors import SourceUnavailable
from gateway.ledger.archive import ArchiveDamaged, Manifest
from gateway.ledger.canonical import IndexRow, children_of, index_of
from gateway.ledger.stored import StoredEntry

LOCK_TIMEOUT: Final = 0.5
"""Seconds to wait for the tables: meanwhile whoever writes to the ledger waits behind."""
ATTEMPTS: Final = 40
RETIRE_TIMEOUT: Final = 60.0
RESTORE_TIMEOUT: Final = 4 * 3600.0
RESTORED_AT_ONCE: Final = 2_000
_LOCKED: Final = "database:55P03"

_INDEX: Final = IndexRow._fields

# A partition is full once its last number is there, and may go once an entry after it is: the head never leaves.
_FULL = """
SELECT place * size AS first, (place + 1) * size AS end, last.at AS last_at
FROM (SELECT substring(relname FROM '^ledger_entry_([0-9]+)$')::bigint AS place, ledger_partition_size() AS size
      FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
      WHERE inhparent = 'ledger_entry'::regclass) AS partition
JOIN ledger_entry AS last ON last.seq = (place + 1) * size - 1
WHERE (SELECT max(seq) FROM ledger_entry) >= (place + 1) * size
ORDER BY place
"""
_REMEMBER = """
INSERT INTO ledger_archive (first_seq, end_seq, root, digest, last_at)
SELECT $1::bigint, $2::bigint, $3::bytea, $4::bytea, at FROM ledger_entry WHERE seq = $2 - 1 ON CONFLICT DO NOTHING
"""


class NotThere(Exception):
    """The partition is not in the state that is needed; the message says in which it is, in one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """A full partition in the database, and when its last entry was asked."""

    first: int
    end: int
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """A partition that was archived; `attached` is whether its entries are in the database again."""

    first: int
    end: int
    root: bytes
    last_at: datetime
    archived_at: datetime
    attached: bool


class LedgerPartitions:
    """Partitions of one ledger, for an operator who owns its tables; raises `SourceFailed`."""

    def __init__(self, database: Database) -> None:
        """Take the pool."""
        self._database = database

    async def full(self) -> Sequence[Partition]:
        """Return the full partitions in the database, the oldest first; never the one with the newest entry."""
        rows = await self._database.fetch(_FULL)
        return [Partition(first=row["first"], end=row["end"], last_at=row["last_at"]) for row in rows]

    async def archived(self) -> Sequence[Archived]:
        """Return what was archived, the oldest first."""
        rows = await self._database.fetch(
            """
            SELECT *, to_regclass('ledger_entry_' || first_seq / ledger_partition_size()) IS NOT NULL AS attached
            FROM ledger_archive ORDER BY first_seq
            """
        )
        return [
            Archived(
                first=row["first_seq"],
                end=row["end_seq"],
                root=row["root"],
                last_at=row["last_at"],
                archived_at=row["archived_at"],
                attached=row["attached"],
            )
            for row in rows
        ]

    async def let_go(self, manifest: Manifest) -> None:
        """Take a partition that was archived out of the database, its entries and index at once or not at all.

        Raises:
            NotThere: It was archived before with other entries, or is not in the database.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with self._database.transaction(within=RETIRE_TIMEOUT) as connection:
                    await self._take_out(connection, manifest)
                return
            except SourceUnavailable as error:
                if error.reason != _LOCKED or attempt == ATTEMPTS:
                    raise
                # Somebody reads it. Writers, who waited behind this, go first.
                await asyncio.sleep(LOCK_TIMEOUT)

    async def _take_out(self, connection: Connection, manifest: Manifest) -> None:
        place = await self._place(connection, manifest)
        if await connection.fetchval("SELECT to_regclass($1)", f"ledger_entry_{place}") is None:
            raise NotThere(f"The entries from {manifest.first} on are not in the database.")
        await connection.execute(f"SET LOCAL lock_timeout = {int(LOCK_TIMEOUT * 1000)}")
        await connection.execute(_REMEMBER, manifest.first, manifest.end, manifest.root, manifest.digest)
        root = await connection.fetchval("SELECT root FROM ledger_archive WHERE first_seq = $1", manifest.first)
        if root != manifest.root:
            raise NotThere(f"The entries from {manifest.first} on were archived before, and they were others.")
        # In the order in which entries are written, so that neither waits for the other for ever.
        for kind in ("ledger_entry", "ledger_child"):
            await connection.execute(f"ALTER TABLE {kind} DETACH PARTITION {kind}_{place}")
        for kind in ("ledger_entry", "ledger_child"):
            await connection.execute(f"DROP TABLE {kind}_{place}")

    async def bring_back(
        self, manifest: Manifest, entries: Iterable[StoredEntry], *, advance: Callable[[int], None] = lambda _: None
    ) -> None:
        """Bring the entries of an archive back, with their index made anew; all of them or, if it breaks off, none.

        Raises:
            NotThere: They were never archived, were others, or are in the database.
            ArchiveDamaged: An entry is not one; or what `entries` raises.
        """
        async with self._database.transaction(within=RESTORE_TIMEOUT) as connection:
            place = await self._place(connection, manifest)
            known = await connection.fetchval("SELECT root FROM ledger_archive WHERE first_seq = $1", manifest.first)
            if known != manifest.root:
                raise NotThere("No such entries were archived from this database.")
            if await connection.fetchval("SELECT to_regclass($1)", f"ledger_entry_{place}") is not None:
                raise NotThere(f"The entries from {manifest.first} on are in the database.")
            span = f"FROM ({manifest.first}) TO ({manifest.end})"
            for kind in ("ledger_entry", "ledger_child"):
                # Filled aside: attaching holds up nobody, and the constraint spares it from reading everything.
                await connection.execute(
                    f"CREATE TABLE {kind}_{place} (LIKE {kind} INCLUDING ALL, CONSTRAINT {kind}_{place}_span "
                    f"CHECK (seq >= {manifest.first} AND seq < {manifest.end}))"
                )
            for group in _groups(entries):
                await _copy(connection, place, group)
                advance(len(group))
            for kind in ("ledger_entry", "ledger_child"):
                await connection.execute(
                    f"ALTER TABLE {kind} ATTACH PARTITION {kind}_{place} FOR VALUES {span};"
                    f"ALTER TABLE {kind}_{place} DROP CONSTRAINT {kind}_{place}_span;"
                    f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {kind}_{place} "
                    "FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only()"
                )
        await self._database.execute("ANALYZE ledger_entry, ledger_child")

    @staticmethod
    async def _place(connection: Connection, manifest: Manifest) -> int:
        size: int = await connection.fetchval("SELECT ledger_partition_size()")
        if manifest.size != size:
            raise NotThere(f"A partition of this ledger has {size} entries, and the archive has {manifest.size}.")
        return manifest.first // size


async def _copy(connection: Connection, place: int, entries: Sequence[StoredEntry]) -> None:
    rows, children = [], []
    for stored in entries:
        try:
            document = orjson.loads(stored.entry)
            index = index_of(document)
            touched = children_of(document)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError):
            raise ArchiveDamaged(f"Entry {stored.seq} cannot be read.") from None
        rows.append((stored.seq, stored.entry.decode(), stored.leaf_hash, *(getattr(index, name) for name in _INDEX)))
        children += [(row.tag, stored.seq, row.told, row.withheld) for row in touched]
    await connection.copy_records_to_table(
        f"ledger_entry_{place}", records=rows, columns=("seq", "entry", "leaf_hash", *_INDEX)
    )
    await connection.copy_records_to_table(
        f"ledger_child_{place}", records=children, columns=("tag", "seq", "told", "withheld")
    )


def _groups(entries: Iterable[StoredEntry]) -> Iterator[list[StoredEntry]]:
    waiting = iter(entries)
    while group := list(islice(waiting, RESTORED_AT_ONCE)):
        yield group
