"""The register of who may ask, read from PostgreSQL at every ask: the `Register` port."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from connectors.postgres.database import Database
from connectors.postgres.facts import Row
from connectors.postgres.sharing import shared
from gateway.records import Registration
from gateway.vocabulary import AuthorityCode, PersonId

# $1 is this moment: a suspension may end by itself.
_REGISTRATION = """
SELECT r.person, r.name, r.role, r.agency, a.name AS agency_name, a.authority, a.accredited_until,
    r.training_valid_until, r.check_issued_on, r.subject_child, r.subject_carer,
    (r.suspended_at IS NOT NULL OR a.suspended_at IS NOT NULL OR EXISTS (
        SELECT FROM suspension s
        WHERE s.person = r.person AND s.lifted_at IS NULL AND (s.until IS NULL OR s.until > $1))) AS suspended,
    ARRAY(SELECT p.id FROM practitioner p WHERE p.person = r.person AND p.agency = r.agency) AS practitioners,
    ARRAY(SELECT p.id FROM practitioner p WHERE p.person = r.person) AS posts
FROM registration r JOIN agency a ON a.id = r.agency"""

_BY_KEY = f"""{_REGISTRATION}
JOIN unnest($2::text[], $3::text[]) AS asked(person, role) ON asked.person = r.person AND asked.role = r.role"""
_BY_PERSON = f"{_REGISTRATION} WHERE r.person = $2 ORDER BY r.role"


class PostgresRegister:
    """The register on PostgreSQL."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Read from `database`."""
        self._database = database
        self._now = now

    @shared
    async def registrations(self, keys: Sequence[tuple[PersonId, str]]) -> Mapping[tuple[PersonId, str], Registration]:
        """Return the registration of each (person, role) with the agency's accreditation or suspension."""
        rows = await self._database.fetch(
            _BY_KEY, self._now(), [person for person, _ in keys], [role for _, role in keys]
        )
        return {(row["person"], row["role"]): _read(row) for row in rows}

    async def registration_of(self, person: PersonId) -> Registration | None:
        """Return a person's registration where there is exactly one."""
        found = await self.registrations_of(person)
        return found[0] if len(found) == 1 else None

    async def registrations_of(self, person: PersonId) -> Sequence[Registration]:
        """Return a person's registrations in every role."""
        return [_read(row) for row in await self._database.fetch(_BY_PERSON, self._now(), person)]


def _read(row: Row) -> Registration:
    return Registration(
        person=row["person"],
        name=row["name"],
        role=row["role"],
        agency=row["agency"],
        agency_name=row["agency_name"],
        authority=row["authority"] or AuthorityCode(""),
        accredited_until=row["accredited_until"],
        training_valid_until=row["training_valid_until"],
        check_issued_on=row["check_issued_on"],
        suspended=row["suspended"],
        practitioners=frozenset(row["practitioners"]),
        posts=frozenset(row["posts"]),
        subject_child=row["subject_child"],
        subject_carer=row["subject_carer"],
    )
