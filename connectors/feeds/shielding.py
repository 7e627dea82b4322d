"""Shields that the national demographics service asks for by restricting a record (domain rules H1 to H4)."""

from datetime import datetime
from uuid import UUID, uuid4

from connectors.postgres.database import Connection
from gateway.shield_reviews import review_due

REQUESTED_BY = "demographics"


async def shield(connection: Connection, child: UUID, *, now: datetime, decided: bool, again: bool = False) -> bool:
    """Put a child's identity under shielding and say whether that is news.

    A shield that a review has lifted comes back only for a new claim (`again`), not for the same one repeated.
    """
    rows = await connection.fetch(
        "SELECT shield.id, decided_at, lifted_at FROM shield JOIN child USING (identity_id) "
        "WHERE child.id = $1 AND requested_by = $2",
        child,
        REQUESTED_BY,
    )
    in_force = [row for row in rows if row["lifted_at"] is None]
    if not in_force and (again or not rows):
        await connection.execute(
            "INSERT INTO shield (id, child_id, identity_id, requested_by, requested_at, decided_at, review_due) "
            "SELECT $2, id, identity_id, $3, $4, $5, $6 FROM child WHERE id = $1",
            child, uuid4(), REQUESTED_BY, now, now if decided else None, review_due(now.date()),
        )  # fmt: skip
        return True
    undecided = [row["id"] for row in in_force if row["decided_at"] is None]
    if decided and undecided:
        await connection.execute("UPDATE shield SET decided_at = $2 WHERE id = ANY($1)", undecided, now)
        return True
    return False
