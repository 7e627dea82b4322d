"""Links between the records of one child: made, and undone without trace in the records, only in the link's history."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from connectors.postgres.database import Connection
from gateway.vocabulary import MatchGrade, MatchReason

NHS_NUMBER = "nhs-number"


async def link(
    connection: Connection,
    child: UUID,
    survivor: UUID,
    *,
    grade: MatchGrade,
    reasons: Sequence[MatchReason],
    by: str,
    at: datetime,
) -> None:
    """Make one identity of two rows: shields of either cover both, and every number leads to the survivor.

    Run inside a transaction. The link keeps what the row was before, so that `unlink` can give it back.
    """
    await connection.execute(
        "INSERT INTO child_link (child_id, other_child_id, grade, reasons, linked_at, linked_by, identity_before, "
        "nhs_number_before) SELECT id, $2, $3, $4, $5, $6, identity_id, nhs_number FROM child WHERE id = $1",
        child,
        survivor,
        grade,
        list(reasons),
        at,
        by,
    )
    for table in ("child", "shield"):
        await connection.execute(
            f"UPDATE {table} SET identity_id = (SELECT identity_id FROM child WHERE id = $2) "  # noqa: S608 - named above
            "WHERE identity_id = (SELECT identity_before FROM child_link WHERE child_id = $1 AND other_child_id = $2 "
            "AND linked_at = $3)",
            child,
            survivor,
            at,
        )
    await connection.execute(
        "UPDATE child SET nhs_number = NULL, nhs_number_source = NULL, nhs_number_asserted_at = NULL, "
        "nhs_number_confirmed_at = NULL WHERE id = $1",
        child,
    )
    await connection.execute(
        "UPDATE child_superseded_identifier SET child_id = $2 WHERE child_id = $1 AND system = $3",
        child,
        survivor,
        NHS_NUMBER,
    )


async def unlink(connection: Connection, child: UUID, survivor: UUID, *, by: str, at: datetime) -> bool:
    """Undo the link in force between two rows and say whether there was one. Run inside a transaction.

    Both sides stay shielded where the joint identity was: only a review lifts a shield (domain rule H2), and nobody
    can know on which of the two the danger lies.
    """
    made = await connection.fetchrow(
        "SELECT * FROM child_link WHERE child_id = $1 AND other_child_id = $2 AND unlinked_at IS NULL FOR UPDATE",
        child,
        survivor,
    )
    if made is None:
        return False
    await connection.execute(
        "UPDATE child_link SET unlinked_at = $3, unlinked_by = $4 WHERE child_id = $1 AND other_child_id = $2 "
        "AND unlinked_at IS NULL",
        child,
        survivor,
        at,
        by,
    )
    joint: UUID = await connection.fetchval("SELECT identity_id FROM child WHERE id = $1", child)
    apart = await _linked_with(connection, child)
    await connection.execute("UPDATE child SET identity_id = $2 WHERE id = ANY($1)", apart, made["identity_before"])
    await _shield_both(connection, apart, joint=joint, restored=made["identity_before"])
    await _give_number_back(connection, child, made["nhs_number_before"], at=at)
    return True


async def _linked_with(connection: Connection, child: UUID) -> list[UUID]:
    """Return the row and all rows that links still in force hold to it."""
    rows = await connection.fetch(
        """
        WITH RECURSIVE held (id) AS (
            SELECT $1::uuid
            UNION
            SELECT CASE WHEN made.child_id = held.id THEN made.other_child_id ELSE made.child_id END
            FROM held JOIN child_link made ON held.id IN (made.child_id, made.other_child_id)
            WHERE made.unlinked_at IS NULL)
        SELECT id FROM held
        """,
        child,
    )
    return [row["id"] for row in rows]


async def _shield_both(connection: Connection, apart: list[UUID], *, joint: UUID, restored: UUID) -> None:
    in_force = await connection.fetch("SELECT * FROM shield WHERE identity_id = $1 AND lifted_at IS NULL", joint)
    await connection.execute("UPDATE shield SET identity_id = $2 WHERE child_id = ANY($1)", apart, restored)
    for shield in in_force:
        ours = shield["child_id"] in apart
        child = await connection.fetchval(
            "SELECT id FROM child WHERE identity_id = $1 ORDER BY id LIMIT 1", joint if ours else restored
        )
        if child is not None:
            await connection.execute(
                "INSERT INTO shield (id, child_id, identity_id, requested_by, requested_at, decided_at, review_due) "
                "VALUES ($1, $2, $3, $4, $5, $6, $7)",
                uuid4(),
                child,
                joint if ours else restored,
                shield["requested_by"],
                shield["requested_at"],
                shield["decided_at"],
                shield["review_due"],
            )


async def _give_number_back(connection: Connection, child: UUID, number: str | None, *, at: datetime) -> None:
    if number is None:
        return
    source = await connection.fetchval(
        "DELETE FROM child_superseded_identifier WHERE system = $1 AND value = $2 RETURNING source", NHS_NUMBER, number
    )
    await connection.execute(
        "UPDATE child SET nhs_number = $2, nhs_number_source = coalesce($3, name_source), "
        "nhs_number_asserted_at = $4, nhs_number_confirmed_at = $4 WHERE id = $1",
        child,
        number,
        source,
        at,
    )
