"""The register of who may ask, read from PostgreSQL at every ask: the `Register` port."""

from collections.abc import Mapping, Sequence

from connectors.postgres.database import Database
from connectors.postgres.facts import Row
from connectors.postgres.sharing import shared
from gateway.records import Registration
from gateway.vocabulary import AuthorityCode, PersonId

_REGISTRATION = """
SELECT r.person, r.name, r.role, r.agency, a.name AS agency_name, a.authority, a.accredited_until,
    r.training_valid_until, r.check_issued_on, r.subject_child, r.subject_carer,
    (r.suspended_at IS NOT NULL OR a.suspended_at IS NOT NULL) AS suspended,
    ARRAY(SELECT p.id FROM practitioner p WHERE p.person = r.person AND p.agency = r.agency) AS practitioners,
    ARRAY(SELECT p.id FROM practitioner p WHERE p.person = r.person) AS posts
FROM registration r JOIN agency a ON a.id = r.agency"""

_BY_KEY = f"""{_REGISTRATION}
JOIN unnest($1::text[], $2::text[]) AS asked(person, role) ON asked.person = r.person AND asked.role = r.role"""
_BY_PERSON = f"{_REGISTRATION} WHERE r.person = $1 LIMIT 2"


class PostgresRegister:
    """The register on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        """Read from `database`."""
        self._database = database

    @shared
    async def registrations(self, keys: Sequence[tuple[PersonId, str]]) -> Mapping[tuple[PersonId, str], Registration]:
        """Return the registration of each (person, role) with the agency's accreditation or suspension."""
        rows = await self._database.fetch(_BY_KEY, [person for person, _ in keys], [role for _, role in keys])
        return {(row["person"], row["role"]): _read(row) for row in rows}

    async def registration_of(self, person: PersonId) -> Registration | None:
        """Return a person's registration where there is exactly one."""
        rows = await self._database.fetch(_BY_PERSON, person)
        return _read(rows[0]) if len(rows) == 1 else None


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
