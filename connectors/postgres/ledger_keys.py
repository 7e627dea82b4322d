"""The keys that seal entries, on PostgreSQL: made when a child is first touched in a year, destroyed to erase."""

import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final, Protocol
from uuid import UUID

import asyncpg

from connectors.postgres.database import Database
from gateway.known_ids import RecordIds
from gateway.ledger.commitments import Commitments
from gateway.ledger.master_key import MasterKey, new_key
from gateway.ledger.references import EntryReferences
from gateway.ledger.sealing import COMMITTING, KeyName, SealingKey

REMEMBERED: Final = 50_000
"""Keys a process keeps at hand, about 300 bytes each."""
REMEMBERED_FOR: Final = 60.0
"""Seconds after which a key is looked up again: so long a destroyed key may still seal, though nobody can open it."""

NamedKey = tuple[KeyName, SealingKey]

_FIND = """
SELECT tag, key.child_id, key.year, wrapped FROM unnest($1::uuid[], $2::smallint[]) AS wanted (child_id, year)
JOIN ledger_key AS key ON key.child_id = wanted.child_id AND key.year = wanted.year
"""
_MAKE = """
INSERT INTO ledger_key (tag, child_id, year, wrapped)
SELECT * FROM unnest($1::bytea[], $2::uuid[], $3::smallint[], $4::bytea[])
ON CONFLICT DO NOTHING RETURNING tag
"""


class Fetching(Protocol):
    """A connection or a pool of them."""

    async def fetch(self, sql: str, *arguments: Any) -> list[asyncpg.Record]:
        """Return all rows of one statement."""
        ...


class SealingKeys:
    """The keys of one ledger under one master key; remembers some for a while."""

    def __init__(self, master: MasterKey, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the master key and a clock in seconds."""
        self._master = master
        self._clock = clock
        self._remembered: OrderedDict[KeyName, tuple[float, SealingKey]] = OrderedDict()

    async def to_seal(self, connection: Fetching, names: Collection[KeyName]) -> Mapping[KeyName, SealingKey]:
        """Return a key for each name, made and stored where there was none; raises what the driver raises.

        A key is written before the entry that it seals, so the commit that makes the entry durable keeps the key too.

        Raises:
            NotWrappedByThis: The master key is not the one that wrapped a key.
        """
        found = {name: key for name in names if (key := self._at_hand(name)) is not None}
        missing = [name for name in names if name not in found]
        if missing:
            found.update(await self._found(connection, missing))
            # In one order everywhere: two connections that make the same keys wait for each other one way only.
            absent = sorted(name for name in missing if name not in found)
            if absent:
                made = await self._made(connection, absent)
                # Where another gateway was faster, its key is the one.
                others = [name for name in absent if name not in made]
                found.update(made | (await self._found(connection, others) if others else {}))
        return found

    def at_hand(self, names: Collection[KeyName]) -> Mapping[KeyName, SealingKey] | None:
        """Return a key for each name if all of them are remembered."""
        found = {}
        for name in names:
            key = self._at_hand(name)
            if key is None:
                return None
            found[name] = key
        return found

    def remember(self, keys: Mapping[KeyName, SealingKey]) -> None:
        """Keep keys at hand, once an entry that they seal is durable: until then a crash may take them along."""
        for name, key in keys.items():
            if self._at_hand(name) is None:
                self._remember(name, key)

    async def commitments(self, connection: Fetching) -> Commitments:
        """Return what makes and checks the commitments of this ledger; raises as `to_seal` does."""
        name = KeyName(COMMITTING, 0)
        return Commitments((await self.to_seal(connection, [name]))[name].secret)

    async def references(self, connection: Fetching) -> EntryReferences:
        """Return what makes and reads references to entries of this ledger; raises as `to_seal` does."""
        name = KeyName(COMMITTING, 0)
        return EntryReferences((await self.to_seal(connection, [name]))[name].secret)

    async def record_ids(self, connection: Fetching) -> RecordIds:
        """Return the ids by which callers know the records of this directory; raises as `to_seal` does."""
        name = KeyName(COMMITTING, 0)
        return RecordIds((await self.to_seal(connection, [name]))[name].secret)

    async def by_tag(self, connection: Fetching, tags: Iterable[bytes]) -> Mapping[bytes, NamedKey]:
        """Return the keys behind tags with their names; a destroyed one is absent. Raises as `to_seal` does."""
        rows = await connection.fetch(
            "SELECT tag, child_id, year, wrapped FROM ledger_key WHERE tag = ANY ($1::bytea[]) AND wrapped IS NOT NULL",
            list(set(tags)),
        )
        return {row["tag"]: self._named(row) for row in rows}

    async def _found(self, connection: Fetching, names: Sequence[KeyName]) -> dict[KeyName, SealingKey]:
        rows = await connection.fetch(_FIND, [name.child for name in names], [name.year for name in names])
        return dict(self._named(row) for row in rows)

    async def _made(self, connection: Fetching, names: Sequence[KeyName]) -> dict[KeyName, SealingKey]:
        keys = {name: new_key() for name in names}
        rows = await connection.fetch(
            _MAKE,
            [key.tag for key in keys.values()],
            [name.child for name in keys],
            [name.year for name in keys],
            [self._master.wrap(name, key) for name, key in keys.items()],
        )
        stored = {row["tag"] for row in rows}
        return {name: key for name, key in keys.items() if key.tag in stored}

    def _named(self, row: asyncpg.Record) -> NamedKey:
        name = name_of(row)
        return name, self._master.unwrap(name, row["wrapped"])

    def _at_hand(self, name: KeyName) -> SealingKey | None:
        until, key = self._remembered.get(name, (0.0, None))
        return key if self._clock() < until else None

    def _remember(self, name: KeyName, key: SealingKey) -> None:
        self._remembered.pop(name, None)
        self._remembered[name] = (self._clock() + REMEMBERED_FOR, key)
        if len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)


async def rewrap_keys(database: Database, *, old: MasterKey, new: MasterKey, within: float) -> int:
    """Wrap every key that an old master key wrapped with a new one, in one transaction; return how many.

    Raises:
        NotWrappedByThis: A key was wrapped by neither.
        SourceUnavailable: The database did not answer within so many seconds.
    """
    async with database.transaction(within=within) as connection:
        rows = await connection.fetch(
            "SELECT tag, child_id, year, wrapped FROM ledger_key WHERE wrapped IS NOT NULL FOR UPDATE"
        )
        named = {row["tag"]: (name_of(row), row["wrapped"]) for row in rows}
        rewrapped = {
            tag: new.wrap(name, old.unwrap(name, wrapped))
            for tag, (name, wrapped) in named.items()
            if not new.wrapped(wrapped)
        }
        await connection.execute(
            """
            UPDATE ledger_key AS key SET wrapped = changed.wrapped
            FROM unnest($1::bytea[], $2::bytea[]) AS changed (tag, wrapped) WHERE key.tag = changed.tag
            """,
            list(rewrapped),
            list(rewrapped.values()),
        )
    return len(rewrapped)


def name_of(row: asyncpg.Record) -> KeyName:
    """Return the name of a key's row."""
    child: UUID = row["child_id"]
    # The driver has a UUID class of its own; equal values, but not the same type.
    return KeyName(UUID(int=child.int), row["year"])
