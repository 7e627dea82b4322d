"""Suspensions of callers on PostgreSQL (domain rule L6): written, lifted, never deleted."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import uuid4

from connectors.postgres.database import Database
from connectors.postgres.facts import Row
from connectors.postgres.register import PostgresRegister
from gateway.records import Registration, Suspension
from gateway.vocabulary import AuthorityCode, PersonId, SuspensionId

_SUSPENSION = """
SELECT id, person, authority, reason, suspended_by, suspended_at, until, lifted_by, lifted_at, lift_reason
FROM suspension"""
_BY_ID = f"{_SUSPENSION} WHERE id = ANY($1::uuid[])"
_OF = f"{_SUSPENSION} WHERE person = $1 ORDER BY suspended_at, id"
_ALL_IN_FORCE = f"""{_SUSPENSION}
WHERE lifted_at IS NULL AND (until IS NULL OR until > $1) ORDER BY suspended_at, id"""
_IN_FORCE = f"""{_SUSPENSION}
WHERE person = $1 AND authority = $2 AND lifted_at IS NULL AND (until IS NULL OR until > $3)
ORDER BY suspended_at, id FOR UPDATE"""
_SUSPEND = """
INSERT INTO suspension (id, person, authority, reason, suspended_by, suspended_at, until)
VALUES ($1, $2, $3, $4, $5, $6, $7)"""
_LIFT = """
UPDATE suspension SET lifted_by = $2, lifted_at = $3, lift_reason = $4
WHERE id = ANY($1::uuid[]) AND lifted_at IS NULL"""


class PostgresSuspensions:
    """Suspensions over a database or a transaction; satisfies `gateway.changes.Suspensions`."""

    def __init__(self, database: Database, *, now: Callable[[], datetime]) -> None:
        """Read and write over `database`."""
        self._database = database
        self._now = now

    async def registrations_of(self, person: PersonId) -> Sequence[Registration]:
        """Return a person's registrations in every role."""
        return await PostgresRegister(self._database, now=self._now).registrations_of(person)

    async def by_id(self, ids: Sequence[SuspensionId]) -> Sequence[Suspension]:
        """Return suspensions by id."""
        return self._read(await self._database.fetch(_BY_ID, ids))

    async def of(self, person: PersonId | None) -> Sequence[Suspension]:
        """Return all of a person's suspensions, or all that are in force, the oldest first."""
        rows = self._database.fetch(_ALL_IN_FORCE, self._now()) if person is None else self._database.fetch(_OF, person)
        return self._read(await rows)

    async def in_force(self, person: PersonId, authority: AuthorityCode) -> Sequence[Suspension]:
        """Return an authority's suspensions of a person that hold at this moment, and keep them from changing."""
        return self._read(await self._database.fetch(_IN_FORCE, person, authority, self._now()))

    async def suspend(
        self,
        person: PersonId,
        *,
        authority: AuthorityCode,
        reason: str,
        by: PersonId,
        at: datetime,
        until: datetime | None,
    ) -> SuspensionId:
        """Write a suspension and return its id."""
        suspension = SuspensionId(uuid4())
        await self._database.execute(_SUSPEND, suspension, person, authority, reason, by, at, until)
        return suspension

    async def lift(self, ids: Sequence[SuspensionId], *, reason: str, by: PersonId, at: datetime) -> None:
        """Lift suspensions; what they were stays on record."""
        await self._database.execute(_LIFT, ids, by, at, reason)

    def _read(self, rows: Sequence[Row]) -> Sequence[Suspension]:
        now = self._now()
        return [
            Suspension(
                id=row["id"],
                person=row["person"],
                authority=row["authority"],
                reason=row["reason"],
                suspended_by=row["suspended_by"],
                suspended_at=row["suspended_at"],
                until=row["until"],
                in_force=row["lifted_at"] is None and (row["until"] is None or row["until"] > now),
                lifted_by=row["lifted_by"],
                lifted_at=row["lifted_at"],
                lift_reason=row["lift_reason"],
            )
            for row in rows
        ]
