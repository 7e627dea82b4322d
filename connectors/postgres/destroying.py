"""Records whose six years in the archive are over, and their destruction (domain rule T2).

Where it is not known since when a record is archived, its six years never end by themselves. A record waits for the
others of the same child, and for the siblings whom its shield protects: no shield lapses but by review (H2, H4).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from connectors.postgres.database import Database
from gateway.vocabulary import ChildId

# A day more than six years: an anniversary of 29 February is never a day too early.
_DUE = """
WITH archived AS NOT MATERIALIZED (
    SELECT c.id, c.identity_id, CASE
        WHEN c.standing = 'deceased' THEN (c.died_on + interval '1 year')::date
        WHEN c.standing IN ('live', 'left-england', 'adult') THEN greatest(
            (c.date_of_birth + interval '18 years')::date,
            (SELECT max(least(kept.withdrawn_at::date, (c.date_of_birth +
                    CASE kept.ground WHEN 'youth-support' THEN interval '19 years' ELSE interval '25 years' END)::date))
             FROM kept_by_consent kept JOIN child twin ON twin.id = kept.child_id
             WHERE twin.identity_id = c.identity_id)) END AS since
    FROM child c),
past AS NOT MATERIALIZED (SELECT * FROM archived WHERE since + interval '6 years 1 day' < $1::date)
SELECT id, since FROM past WHERE NOT EXISTS (
    SELECT FROM child twin WHERE twin.identity_id = past.identity_id
        AND NOT EXISTS (SELECT FROM past too WHERE too.id = twin.id))
AND NOT EXISTS (
    SELECT FROM shield held JOIN child twin ON twin.identity_id = held.identity_id
    JOIN child_carer care ON care.child_id = twin.id AND (care.until IS NULL OR care.until > $1)
    JOIN child_carer other ON other.carer_id = care.carer_id AND other.relationship <> 'CORPORATE_PARENT'
        AND (other.until IS NULL OR other.until > $1)
    WHERE held.identity_id = past.identity_id AND held.lifted_at IS NULL
        AND NOT EXISTS (SELECT FROM past too WHERE too.id = other.child_id))"""
_ALL_DUE = f"{_DUE} ORDER BY since, id LIMIT $2"
_ONE_DUE = f"{_DUE} AND id = $2"
_CARERS = """
SELECT array_agg(carer_id) AS ids FROM (
    SELECT carer_id FROM child_carer WHERE child_id = $1
    UNION SELECT carer_id FROM involvement WHERE child_id = $1 AND carer_id IS NOT NULL) known"""
# Whatever else is about the child goes with its row.
_RELEASE = (
    "UPDATE responsibility_transfer SET nhs_number = NULL, opening = NULL WHERE child_id = $1",
    "DELETE FROM registration WHERE subject_child = $1",
)
_DESTROY = "DELETE FROM child WHERE id = $1"
_ALONE = """
k.id = ANY($1::uuid[]) AND NOT EXISTS (SELECT FROM child_carer care WHERE care.carer_id = k.id)
AND NOT EXISTS (SELECT FROM involvement work WHERE work.carer_id = k.id)"""
_DESTROY_CARERS = (
    f"DELETE FROM registration WHERE subject_carer IN (SELECT k.id FROM carer k WHERE {_ALONE})",  # noqa: S608
    f"DELETE FROM carer k WHERE {_ALONE}",  # noqa: S608
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A record to be destroyed, and the day since when it was archived."""

    child: ChildId
    archived_on: date


class PostgresDestroying:
    """Reads and writes over a database or a transaction."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    async def due(self, *, today: date, limit: int) -> Sequence[Due]:
        """Return the records whose six years are over, the longest archived first."""
        rows = await self._database.fetch(_ALL_DUE, today, limit)
        return [Due(child=row["id"], archived_on=row["since"]) for row in rows]

    async def destroy(self, child: ChildId, *, today: date) -> bool:
        """Destroy a record and the carers who are nobody else's; False where it is not due, or gone already."""
        if not await self._database.fetch(_ONE_DUE, today, child):
            return False
        (carers,) = await self._database.fetch(_CARERS, child)
        for statement in _RELEASE:
            await self._database.execute(statement, child)
        if (await self._database.execute(_DESTROY, child)).endswith(" 0"):
            return False
        for statement in _DESTROY_CARERS:
            await self._database.execute(statement, carers["ids"] or [])
        return True
