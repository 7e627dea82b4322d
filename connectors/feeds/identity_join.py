"""Two rows that are one child: joined when the service says that one number has taken another's place."""

from datetime import datetime
from uuid import UUID

from connectors.feeds.held_child import HeldChild
from connectors.postgres.database import Connection
from gateway.vocabulary import MatchGrade, MatchReason

SYSTEM = "nhs-number"


async def supersede(connection: Connection, child: UUID, number: str, *, source: str, at: datetime) -> bool:
    """Let a superseded number lead to the surviving record and say whether that is news."""
    tag: str = await connection.execute(
        "INSERT INTO child_superseded_identifier (child_id, system, value, superseded_at, source) "
        "VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        child, SYSTEM, number, at, source,
    )  # fmt: skip
    return tag.endswith("1")


async def join(connection: Connection, other: HeldChild, survivor: HeldChild, *, source: str, now: datetime) -> None:
    """Make one identity of two rows: the shields of either cover both, and every old number leads to the survivor.

    The link keeps what the identity was, so that it can be undone.
    """
    await connection.execute(
        "INSERT INTO child_link (child_id, other_child_id, grade, reasons, linked_at, linked_by, identity_before) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)",
        other.id,
        survivor.id,
        MatchGrade.CERTAIN,
        [MatchReason.IDENTIFIER_SUPERSEDED],
        now,
        source,
        other.identity_id,
    )
    for table in ("child", "shield"):
        await connection.execute(
            f"UPDATE {table} SET identity_id = $2 WHERE identity_id = $1",  # noqa: S608 - the two names above
            other.identity_id,
            survivor.identity_id,
        )
    await connection.execute(
        "UPDATE child SET nhs_number = NULL, nhs_number_source = NULL, nhs_number_asserted_at = NULL, "
        "nhs_number_confirmed_at = NULL WHERE id = $1",
        other.id,
    )
    await connection.execute(
        "UPDATE child_superseded_identifier SET child_id = $2 WHERE child_id = $1 AND system = $3",
        other.id,
        survivor.id,
        SYSTEM,
    )
