"""What the directory holds of a child when a feed speaks of it: enough to judge whether and what to change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import asyncpg

from connectors.postgres.database import Connection

_HELD = """
    SELECT child.*, feed.version FROM child
    LEFT JOIN child_feed_version AS feed ON feed.child_id = child.id AND feed.source = $2
    WHERE {condition} ORDER BY child.id FOR UPDATE OF child
"""
_BY_NUMBER = _HELD.format(condition="child.nhs_number = $1")
_BY_SUPERSEDED = _HELD.format(
    condition="child.id = (SELECT child_id FROM child_superseded_identifier WHERE system = 'nhs-number' AND value = $1)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """Who stated a group of values, and when."""

    source: str
    asserted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldChild:
    """The current values of a child's row; `version` is the last that this feed gave us."""

    id: UUID
    identity_id: UUID
    version: int | None
    nhs_number: str | None
    standing: str
    died_on: date | None
    given_name: str | None
    family_name: str
    name: Stated
    date_of_birth: date
    gender: str
    birth: Stated
    address_lines: tuple[str, ...]
    postcode: str | None
    uprn: str | None
    address_status: str
    address_since: date | None
    address: Stated


async def find_held(connection: Connection, nhs_number: str, *, source: str) -> HeldChild | None:
    """Return the child behind a number, also behind one that was superseded, and lock its row."""
    for statement in (_BY_NUMBER, _BY_SUPERSEDED):
        row = await connection.fetchrow(statement, nhs_number, source)
        if row is not None:
            return _held(row)
    return None


async def look_alikes(
    connection: Connection, *, family_key: str, given_key: str | None, date_of_birth: date
) -> Sequence[UUID]:
    """Return the children that may be the same person under another identifier or none.

    Those whose NHS number differs are other people, unless they are shielded:
    a mistake there would leave a second record without the shield (domain rule H4).
    """
    rows = await connection.fetch(
        """
        SELECT DISTINCT child.id FROM child_search_key AS key JOIN child ON child.id = key.child_id
        WHERE key.date_of_birth = $3 AND key.family_key = $1 AND key.given_key IS NOT DISTINCT FROM $2
          AND (child.nhs_number IS NULL OR EXISTS (
              SELECT FROM shield WHERE shield.identity_id = child.identity_id AND shield.lifted_at IS NULL))
        """,
        family_key,
        given_key,
        date_of_birth,
    )
    return [row["id"] for row in rows]


def _held(row: asyncpg.Record) -> HeldChild:
    def stated(group: str) -> Stated:
        return Stated(source=row[f"{group}_source"], asserted_at=row[f"{group}_asserted_at"])

    return HeldChild(
        id=row["id"],
        identity_id=row["identity_id"],
        version=row["version"],
        nhs_number=row["nhs_number"],
        standing=row["standing"],
        died_on=row["died_on"],
        given_name=row["given_name"],
        family_name=row["family_name"],
        name=stated("name"),
        date_of_birth=row["date_of_birth"],
        gender=row["gender"],
        birth=stated("birth"),
        address_lines=tuple(row["address_lines"]),
        postcode=row["postcode"],
        uprn=row["uprn"],
        address_status=row["address_status"],
        address_since=row["address_since"],
        address=stated("address"),
    )
