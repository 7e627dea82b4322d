"""Grants on PostgreSQL (domain rules H5, P1): asked for, used once whichever gateway is asked, reviewed."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from connectors.postgres.database import Database
from connectors.postgres.facts import Row
from gateway.changes import NewGrant
from gateway.disclosure.question import GrantAttributes
from gateway.identity import Opened
from gateway.records import Grant
from gateway.vocabulary import (
    GrantGround,
    GrantId,
    GrantKind,
    GrantReview,
    GrantState,
    PersonId,
)

_GRANT = """
SELECT g.id, g.child_id, c.authority, g.kind, g.ground, g.fields, g.reason, g.necessity, g.requested_by,
    g.requested_at, g.expires_at, g.used_at, g.reviewed_by, g.reviewed_at, g.review,
    ARRAY(SELECT twin.id FROM child twin WHERE twin.identity_id = c.identity_id) AS twins
FROM access_grant g JOIN child c ON c.id = g.child_id WHERE g.id = ANY($1::uuid[])"""
_HELD = f"{_GRANT} FOR UPDATE OF g"
# One of any number of asks at the same moment, on any gateway, finds it unused.
_USE = """
UPDATE access_grant SET used_at = $3
WHERE id = $1 AND requested_by = $2 AND used_at IS NULL AND expires_at > $3
    AND review IS DISTINCT FROM 'not-justified'"""
_REQUEST = """
INSERT INTO access_grant (id, child_id, kind, ground, fields, reason, necessity, requested_by, requested_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"""
_REVIEW = "UPDATE access_grant SET reviewed_by = $2, reviewed_at = $3, review = $4 WHERE id = $1"
_EARLIER = """
SELECT count(*) AS grants, count(*) FILTER (WHERE reviewed_at IS NULL AND requested_at < $2) AS overdue
FROM access_grant WHERE requested_by = $1"""


class PostgresGrants:
    """Grants over a database or a transaction; satisfies `gateway.changes.Grants` and `GrantUse`."""

    def __init__(self, database: Database, *, now: Callable[[], datetime]) -> None:
        """Read and write over `database`."""
        self._database = database
        self._now = now

    async def use(self, grant: UUID, *, person: PersonId) -> tuple[GrantAttributes, Opened | None] | None:
        """Use a grant up, and return how it stood and what it opens; None if there is none."""
        used = await self._database.execute(_USE, grant, person, self._now()) == "UPDATE 1"
        rows = await self._database.fetch(_GRANT, [grant])
        if not rows:
            return None
        row = rows[0]
        state = GrantState.USABLE if used else self._state(row, person)
        attributes = GrantAttributes(
            kind=row["kind"], ground=row["ground"], state=state.value, justification="recorded"
        )
        return attributes, Opened(children=frozenset(row["twins"]), fields=frozenset(row["fields"])) if used else None

    async def by_id(self, ids: Sequence[GrantId]) -> Sequence[Grant]:
        """Return grants by id, and keep them from changing."""
        return [self._read(row) for row in await self._database.fetch(_HELD, ids)]

    async def earlier(self, person: PersonId, *, review_within: timedelta) -> str:
        """Return how a person's earlier grants stand: none, reviewed in time, or overdue."""
        row = await self._database.fetchrow(_EARLIER, person, self._now() - review_within)
        if row is None or row["grants"] == 0:
            return "none"
        return "overdue" if row["overdue"] else "reviewed"

    async def request(self, new: NewGrant, *, by: PersonId, at: datetime, until: datetime) -> GrantId:
        """Write a grant and return its id."""
        grant = GrantId(uuid4())
        await self._database.execute(
            _REQUEST,
            grant,
            new.child,
            new.kind.value,
            new.ground.value,
            list(new.fields),
            new.reason,
            new.necessity,
            by,
            at,
            until,
        )
        return grant

    async def review(self, grant: GrantId, review: GrantReview, *, by: PersonId, at: datetime) -> None:
        """Record the review of a grant; one that is not justified opens nothing any more."""
        await self._database.execute(_REVIEW, grant, by, at, review.value)

    def _read(self, row: Row) -> Grant:
        return Grant(
            id=row["id"],
            child=row["child_id"],
            home=row["authority"],
            kind=GrantKind(row["kind"]),
            ground=GrantGround(row["ground"]),
            fields=tuple(row["fields"]),
            reason=row["reason"],
            necessity=row["necessity"],
            state=self._state(row, row["requested_by"]),
            requested_by=row["requested_by"],
            requested_at=row["requested_at"],
            expires_at=row["expires_at"],
            used_at=row["used_at"],
            reviewed_by=row["reviewed_by"],
            reviewed_at=row["reviewed_at"],
            review=None if row["review"] is None else GrantReview(row["review"]),
        )

    def _state(self, row: Row, person: PersonId) -> GrantState:
        if row["requested_by"] != person:
            return GrantState.OF_ANOTHER
        if row["review"] == GrantReview.NOT_JUSTIFIED:
            return GrantState.REFUSED
        if row["used_at"] is not None:
            return GrantState.SPENT
        return GrantState.USABLE if row["expires_at"] > self._now() else GrantState.EXPIRED
