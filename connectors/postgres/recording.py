"""Involvements, consents and conflicts as they are changed through the graph; what was before stays on record."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import uuid4

from connectors.postgres.database import Database
from gateway.changes import NewConsent, NewInvolvement
from gateway.vocabulary import ChildId, InvolvementId, PersonId, PractitionerId, Understanding

SOURCE = "directory-gateway"

_LOCK = "SELECT child_id FROM involvement WHERE id = $1 FOR UPDATE"
_RECORD = """
INSERT INTO involvement (child_id, id, carer_id, practitioner_id, agency_id, service, sensitive, started_on,
                         source, asserted_at, confirmed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)"""
_END = "UPDATE involvement SET ended_on = $2, confirmed_at = $3 WHERE id = $1"
_LEAD = """
UPDATE involvement SET is_lead_professional = (id = $1), confirmed_at = $3
WHERE child_id = ANY($2::uuid[]) AND is_lead_professional IS DISTINCT FROM (id = $1)"""
_ASSESSED = "UPDATE involvement SET common_assessment_completed = true, confirmed_at = $2 WHERE id = $1"
_CONSENT = """
INSERT INTO involvement_consent (child_id, involvement_id, version, basis, scope, given_at, expires_at, recorded_by,
                                 understanding)
SELECT i.child_id, i.id, COALESCE((
        SELECT max(version) FROM involvement_consent c
        WHERE c.child_id = i.child_id AND c.involvement_id = i.id), 0) + 1,
    $2, $3, $4, $5, $6, $7
FROM involvement i WHERE i.id = $1"""
_WITHDRAW = """
UPDATE involvement_consent latest SET withdrawn_at = $2, withdrawn_by = $3
WHERE latest.involvement_id = $1 AND latest.withdrawn_at IS NULL AND latest.version = (
    SELECT max(version) FROM involvement_consent c
    WHERE c.child_id = latest.child_id AND c.involvement_id = latest.involvement_id)"""
_UNDERSTANDING = """
SELECT understanding FROM involvement_consent
WHERE child_id = ANY($1::uuid[]) AND understanding IS NOT NULL ORDER BY given_at DESC, version DESC LIMIT 1"""
_CONFLICT = """
INSERT INTO conflict (child_id, practitioner_id, declared_at, declared_by)
SELECT $1, $2, $3, $4 WHERE NOT EXISTS (
    SELECT FROM conflict WHERE child_id = $1 AND practitioner_id = $2 AND lifted_at IS NULL)"""


class PostgresRecording:
    """Writes over a transaction; satisfies `gateway.changes.Recording`."""

    def __init__(self, database: Database) -> None:
        """Write over `database`."""
        self._database = database

    async def hold(self, involvement: InvolvementId) -> None:
        """Keep an involvement from being changed by anybody else until this change ends."""
        await self._database.execute(_LOCK, involvement)

    async def record(self, new: NewInvolvement, *, at: datetime) -> InvolvementId:
        """Record an involvement and return its id."""
        involvement = InvolvementId(uuid4())
        await self._database.execute(
            _RECORD,
            new.child,
            involvement,
            new.carer,
            new.practitioner,
            new.agency,
            new.service.value,
            new.sensitive,
            new.started_on,
            SOURCE,
            at,
        )
        return involvement

    async def end(self, involvement: InvolvementId, *, on: date, at: datetime) -> None:
        """End an involvement with a day."""
        await self._database.execute(_END, involvement, on, at)

    async def lead(self, involvement: InvolvementId, *, records: Sequence[ChildId], at: datetime) -> None:
        """Make an involvement's practitioner the lead professional, in place of any other on the child's records."""
        await self._database.execute(_LEAD, involvement, records, at)

    async def assessed(self, involvement: InvolvementId, *, at: datetime) -> None:
        """Record that a common assessment was completed, and nothing of it."""
        await self._database.execute(_ASSESSED, involvement, at)

    async def consent(self, involvement: InvolvementId, new: NewConsent, *, by: PersonId, at: datetime) -> None:
        """Record a new version of the consent to an involvement."""
        understanding = None if new.understanding is None else new.understanding.value
        await self._database.execute(
            _CONSENT, involvement, new.basis.value, new.scope.value, at, new.expires_at, by, understanding
        )

    async def withdraw(self, involvement: InvolvementId, *, by: PersonId, at: datetime) -> bool:
        """Withdraw the latest consent to an involvement, and say whether there was one to withdraw."""
        return await self._database.execute(_WITHDRAW, involvement, at, by) != "UPDATE 0"

    async def understanding(self, records: Sequence[ChildId]) -> Understanding:
        """Return what was last recorded of the child's understanding, by whoever judged it."""
        row = await self._database.fetchrow(_UNDERSTANDING, records)
        return Understanding.NOT_ASSESSED if row is None else Understanding(row["understanding"])

    async def declare_conflict(
        self, child: ChildId, practitioner: PractitionerId, *, by: PersonId, at: datetime
    ) -> None:
        """Declare a practitioner's conflict of interest on a child, unless one stands."""
        await self._database.execute(_CONFLICT, child, practitioner, at, by)
