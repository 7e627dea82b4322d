"""Shields and refusals to share as they are changed through the graph (domain rules H1, H2, P2)."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID, uuid4

from connectors.postgres.database import Database
from gateway.changes import ShieldInForce
from gateway.vocabulary import ChildId, PersonId, RefusalGround, ShieldRequester

_REQUEST = """
INSERT INTO shield (id, child_id, identity_id, requested_by, requested_at, review_due, requester)
SELECT $2, c.id, c.identity_id, $3, $4, $5, $6 FROM child c WHERE c.id = $1"""
_IN_FORCE = """
SELECT s.id, s.requester FROM shield s JOIN child c ON c.identity_id = s.identity_id
WHERE c.id = $1 AND s.lifted_at IS NULL ORDER BY s.requested_at, s.id FOR UPDATE OF s"""
_REVIEW = """
INSERT INTO shield_review (shield_id, reviewed_at, reviewed_by, outcome)
SELECT shield_id, $2, $3, $4 FROM unnest($1::uuid[]) AS reviewed (shield_id)"""
_KEEP = "UPDATE shield SET decided_at = COALESCE(decided_at, $2), review_due = $3 WHERE id = ANY($1::uuid[])"
_LIFT = "UPDATE shield SET decided_at = COALESCE(decided_at, $2), lifted_at = $2 WHERE id = ANY($1::uuid[])"
_REFUSE = """
INSERT INTO refusal (id, child_id, ground, reason, refused_by, reviewer, refused_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)"""


class PostgresShields:
    """Writes over a transaction; satisfies `gateway.changes.Shields`."""

    def __init__(self, database: Database) -> None:
        """Write over `database`."""
        self._database = database

    async def request(
        self, child: ChildId, *, requested_by: ShieldRequester, by: PersonId, at: datetime, review_due: date
    ) -> None:
        """Put the child's identity under a provisional shield, in force at once."""
        await self._database.execute(_REQUEST, child, uuid4(), requested_by.value, at, review_due, by)

    async def in_force(self, child: ChildId) -> Sequence[ShieldInForce]:
        """Return the shields that hold on the child's identity, and keep them from changing."""
        rows = await self._database.fetch(_IN_FORCE, child)
        return [ShieldInForce(id=row["id"], requester=row["requester"]) for row in rows]

    async def keep(self, shields: Sequence[UUID], *, by: PersonId, at: datetime, review_due: date) -> None:
        """Record that a review keeps shields until the next."""
        await self._database.execute(_REVIEW, shields, at, by, "kept")
        await self._database.execute(_KEEP, shields, at, review_due)

    async def lift(self, shields: Sequence[UUID], *, by: PersonId, at: datetime) -> None:
        """Record that a review lifts shields."""
        await self._database.execute(_REVIEW, shields, at, by, "lifted")
        await self._database.execute(_LIFT, shields, at)

    async def refuse(
        self, child: ChildId, *, ground: RefusalGround, reason: str, by: PersonId, reviewer: PersonId, at: datetime
    ) -> None:
        """Record a refusal to share."""
        await self._database.execute(_REFUSE, uuid4(), child, ground.value, reason, by, reviewer, at)
