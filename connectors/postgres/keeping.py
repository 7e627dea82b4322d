"""Young people whose records stay in the directory past eighteen, because they agreed to it (domain rule T1)."""

from datetime import date, datetime
from uuid import uuid4

from connectors.postgres.database import Database
from gateway.vocabulary import ChildId, KeptGround, PersonId

_KEEP = """
INSERT INTO kept_by_consent (id, child_id, ground, given_on, recorded_by, recorded_at)
SELECT $2, c.id, $3, $4, $5, $6 FROM child c WHERE c.id = $1
ON CONFLICT (child_id, ground) WHERE withdrawn_at IS NULL DO NOTHING"""
_LET_GO = """
UPDATE kept_by_consent kept SET withdrawn_by = $2, withdrawn_at = $3
FROM child c JOIN child twin ON twin.identity_id = c.identity_id
WHERE c.id = $1 AND kept.child_id = twin.id AND kept.withdrawn_at IS NULL"""


class PostgresKeeping:
    """Writes over a transaction; what was withdrawn stays on record."""

    def __init__(self, database: Database) -> None:
        """Write over `database`."""
        self._database = database

    async def keep(self, child: ChildId, *, ground: KeptGround, given_on: date, by: PersonId, at: datetime) -> bool:
        """Record a consent; False where there is no such child, or this consent stands already."""
        done = await self._database.execute(_KEEP, child, uuid4(), ground.value, given_on, by, at)
        return not done.endswith(" 0")

    async def let_go(self, child: ChildId, *, by: PersonId, at: datetime) -> bool:
        """Withdraw every consent by which the child's identity is kept; False where none stands."""
        done = await self._database.execute(_LET_GO, child, by, at)
        return not done.endswith(" 0")
