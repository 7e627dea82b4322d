"""Withholdings of log entries on PostgreSQL (domain rule L4): written, confirmed, lifted, never deleted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import uuid4

from connectors.postgres.database import Database
from connectors.postgres.facts import Row
from gateway.records import LogWithholding
from gateway.vocabulary import PersonId, WithholdingId
from gateway.withholdings import NewWithholding

ENTRY_LOCK: Final = 0x6C64675F
"""First half of an advisory lock's name; the second is the entry's number."""

_WITHHOLDING = """
SELECT id, child_id, entry, authority, ground, reason, until, provisional_until, asked_by, asked_at, confirmed_by,
       confirmed_at, lifted_by, lifted_at, lift_reason
FROM log_withholding"""
_OF_ENTRIES = f"{_WITHHOLDING} WHERE entry = ANY($1::bigint[])"
_BY_ID = f"{_WITHHOLDING} WHERE id = $1"
_HOLD_ENTRY = "SELECT pg_advisory_xact_lock($1, ($2::bigint % 2147483647)::int)"
_WITHHOLD = """
INSERT INTO log_withholding (id, child_id, entry, authority, ground, reason, until, provisional_until, asked_by,
                             asked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"""
_CONFIRM = "UPDATE log_withholding SET confirmed_by = $2, confirmed_at = $3 WHERE id = $1 AND confirmed_at IS NULL"
_LIFT = """
UPDATE log_withholding SET lifted_by = $2, lifted_at = $3, lift_reason = $4 WHERE id = $1 AND lifted_at IS NULL"""


class PostgresWithholdings:
    """Withholdings over a database or a transaction; satisfies `gateway.withholdings.Withholdings`."""

    def __init__(self, database: Database, *, now: Callable[[], datetime]) -> None:
        """Read and write over `database`; `now` says what has ended."""
        self._database = database
        self._now = now

    async def of_entries(self, entries: Sequence[int]) -> Mapping[int, LogWithholding]:
        """Return the withholding of each entry that has or had one: the one in force, else the last to end."""
        found: dict[int, LogWithholding] = {}
        for one in await self._all_of(entries):
            held = found.get(one.entry)
            if held is None or (one.in_force, one.ends_at) > (held.in_force, held.ends_at):
                found[one.entry] = one
        return found

    async def hold_entry(self, entry: int) -> Sequence[LogWithholding]:
        """Return all withholdings of an entry, and keep others from writing any until this change ends."""
        await self._database.fetch(_HOLD_ENTRY, ENTRY_LOCK, entry)
        return await self._all_of([entry])

    async def by_id(self, withholding: WithholdingId, *, hold: bool = False) -> LogWithholding | None:
        """Return a withholding; with `hold` it is kept from changing until this change ends."""
        row = await self._database.fetchrow(f"{_BY_ID} FOR UPDATE" if hold else _BY_ID, withholding)
        return None if row is None else self._read(row)

    async def withhold(self, new: NewWithholding) -> WithholdingId:
        """Write a withholding and return its id."""
        withholding = WithholdingId(uuid4())
        await self._database.execute(
            _WITHHOLD,
            withholding,
            new.child,
            new.entry,
            new.authority,
            new.ground,
            new.reason,
            new.until,
            new.provisional_until,
            new.by,
            new.at,
        )
        return withholding

    async def confirm(self, withholding: WithholdingId, *, by: PersonId, at: datetime) -> None:
        """Write that a second person confirmed it."""
        await self._database.execute(_CONFIRM, withholding, by, at)

    async def lift(self, withholding: WithholdingId, *, reason: str, by: PersonId, at: datetime) -> None:
        """End it; what it was stays on record."""
        await self._database.execute(_LIFT, withholding, by, at, reason)

    async def _all_of(self, entries: Sequence[int]) -> Sequence[LogWithholding]:
        return [self._read(row) for row in await self._database.fetch(_OF_ENTRIES, list(entries))]

    def _read(self, row: Row) -> LogWithholding:
        withholding = LogWithholding(
            id=row["id"],
            child=row["child_id"],
            entry=row["entry"],
            authority=row["authority"],
            ground=row["ground"],
            reason=row["reason"],
            until=row["until"],
            provisional_until=row["provisional_until"],
            in_force=False,
            asked_by=row["asked_by"],
            asked_at=row["asked_at"],
            confirmed_by=row["confirmed_by"],
            confirmed_at=row["confirmed_at"],
            lifted_by=row["lifted_by"],
            lifted_at=row["lifted_at"],
            lift_reason=row["lift_reason"],
        )
        lifted = withholding.lifted_at is not None
        return replace(withholding, in_force=not lifted and self._now() < withholding.ends_at)
