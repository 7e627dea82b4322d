"""Superseded numbers: when the service says that one number has taken another's place."""

from datetime import datetime
from uuid import UUID

from connectors.postgres.database import Connection
from connectors.postgres.links import NHS_NUMBER


async def supersede(connection: Connection, child: UUID, number: str, *, source: str, at: datetime) -> bool:
    """Let a superseded number lead to the surviving record and say whether that is news."""
    tag: str = await connection.execute(
        "INSERT INTO child_superseded_identifier (child_id, system, value, superseded_at, source) "
        "VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        child, NHS_NUMBER, number, at, source,
    )  # fmt: skip
    return tag.endswith("1")
