"""The records of one local authority, read from PostgreSQL: the `Directory` port."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from connectors.postgres import statements
from connectors.postgres.database import Database
from connectors.postgres.facts import Row, read_facts
from connectors.postgres.rows import (
    read_agency,
    read_authority,
    read_carer,
    read_child,
    read_former_name,
    read_involvement,
    read_practitioner,
    read_setting,
    readable,
)
from connectors.postgres.search import Search
from connectors.postgres.sharing import shared
from gateway.ports import Criteria
from gateway.records import (
    Agency,
    Candidate,
    Carer,
    Child,
    ChildFacts,
    FormerName,
    Involvement,
    LocalAuthority,
    Practitioner,
    Setting,
)
from gateway.vocabulary import (
    AgencyId,
    AuthorityCode,
    CarerId,
    ChildId,
    InvolvementId,
    PractitionerId,
    SettingId,
)

LOCAL_TIME = ZoneInfo("Europe/London")
"""Where a day begins for dates of birth, of ending and of coming of age."""

NOBODY = ChildId(UUID(int=0))
"""No child's id."""

Key = TypeVar("Key")
Value = TypeVar("Value")


class PostgresDirectory:
    """The directory on PostgreSQL; one statement a level, shared by whoever waits for one of its kind."""

    def __init__(self, database: Database, *, today: Callable[[], datetime]) -> None:
        """Read from `database`; `today` returns this moment, aware."""
        self._database = database
        self._now = today
        self._search = Search(database)

    @shared
    async def children(self, ids: Sequence[ChildId]) -> Mapping[ChildId, Child]:
        """Return the children by id."""
        rows = await self._database.fetch(statements.CHILDREN, ids, self._today())
        with readable():
            return {row["id"]: read_child(row) for row in rows}

    async def find_child(self, *, nhs_number: str | None = None, upn: str | None = None) -> Candidate | None:
        """Return the surviving record behind an identifier, current or superseded, or None."""
        candidates = await self.search(Criteria(nhs_number=nhs_number, upn=upn)) if nhs_number or upn else ()
        return candidates[0] if candidates else None

    async def search(self, criteria: Criteria) -> Sequence[Candidate]:
        """Return every candidate, best first, each child once.

        Raises:
            BadCriteria: The criteria are below the minimum of domain rule S1.
        """
        found = await self._search.find(criteria)
        # Also where nothing was found: a child that may not be seen must not cost a statement that no child costs.
        children = await self.children([match.child for match in found] or [NOBODY])
        candidates = [
            Candidate(child=children[match.child], grade=match.grade, reasons=match.reasons, used=match.used)
            for match in found
            if match.child in children
        ]
        return sorted(candidates, key=_best_first)

    @shared
    async def former_names(self, children: Sequence[ChildId]) -> Mapping[ChildId, Sequence[FormerName]]:
        """Return the former names of each child, most recent first."""
        rows = await self._database.fetch(statements.FORMER_NAMES, children)
        return _grouped((row["child_id"], read_former_name(row)) for row in rows)

    @shared
    async def carers(self, children: Sequence[ChildId]) -> Mapping[ChildId, Sequence[Carer]]:
        """Return the current carers of each child, those with parental responsibility first."""
        rows = await self._database.fetch(statements.CARERS, children, self._today())
        with readable():
            facts = _facts_by("id", rows)
            return _grouped((row["child_id"], read_carer(row, facts[row["id"]], linked=True)) for row in rows)

    @shared
    async def carers_by_id(self, ids: Sequence[CarerId]) -> Mapping[CarerId, Carer]:
        """Return carers without a link to a particular child."""
        rows = await self._database.fetch(statements.CARERS_BY_ID, ids, self._today())
        with readable():
            return {row["id"]: read_carer(row, read_facts(row), linked=False) for row in rows}

    @shared
    async def children_of_carers(self, carers: Sequence[CarerId]) -> Mapping[CarerId, Sequence[Child]]:
        """Return the children in each carer's current care, eldest first."""
        rows = await self._database.fetch(statements.CHILDREN_OF_CARERS, carers, self._today())
        with readable():
            children = {row["id"]: read_child(row) for row in {row["id"]: row for row in rows}.values()}
        return _grouped((row["carer_id"], children[row["id"]]) for row in rows)

    @shared
    async def settings(self, children: Sequence[ChildId]) -> Mapping[ChildId, Sequence[Setting]]:
        """Return each child's current settings with the link's start date; the GP practice comes last."""
        rows = await self._database.fetch(statements.SETTINGS, children, self._today())
        with readable():
            return _grouped((row["child_id"], read_setting(row, linked=True)) for row in rows)

    @shared
    async def settings_by_id(self, ids: Sequence[SettingId]) -> Mapping[SettingId, Setting]:
        """Return settings without a link to a child."""
        rows = await self._database.fetch(statements.SETTINGS_BY_ID, ids)
        with readable():
            return {row["id"]: read_setting(row, linked=False) for row in rows}

    async def find_setting(self, *, urn: str | None = None, ods_code: str | None = None) -> Setting | None:
        """Return a setting by a national code; a closed school's URN leads to its nearest open successor."""
        if urn is not None:
            row = await self._database.fetchrow(statements.SETTING_BY_URN, urn)
        else:
            row = await self._database.fetchrow(statements.SETTING_BY_ODS_CODE, ods_code)
        with readable():
            return None if row is None else read_setting(row, linked=False)

    @shared
    async def involvements(self, children: Sequence[ChildId]) -> Mapping[ChildId, Sequence[Involvement]]:
        """Return the involvements with each child, active ones first; not those about its carers."""
        return await self._involvements(statements.INVOLVEMENTS, children, by="child_id")

    @shared
    async def involvements_of_carers(self, carers: Sequence[CarerId]) -> Mapping[CarerId, Sequence[Involvement]]:
        """Return the involvements of adult services with each carer."""
        return await self._involvements(statements.INVOLVEMENTS_OF_CARERS, carers, by="carer_id")

    @shared
    async def involvements_by_id(self, ids: Sequence[InvolvementId]) -> Mapping[InvolvementId, Involvement]:
        """Return involvements by id."""
        found: Mapping[InvolvementId, Sequence[Involvement]] = await self._involvements(
            statements.INVOLVEMENTS_BY_ID, ids, by="id"
        )
        return {involvement_id: rows[0] for involvement_id, rows in found.items()}

    @shared
    async def practitioners(self, ids: Sequence[PractitionerId]) -> Mapping[PractitionerId, Practitioner]:
        """Return practitioners by id."""
        rows = await self._database.fetch(statements.PRACTITIONERS, ids)
        return {row["id"]: read_practitioner(row) for row in rows}

    @shared
    async def agencies(self, ids: Sequence[AgencyId]) -> Mapping[AgencyId, Agency]:
        """Return agencies by id."""
        rows = await self._database.fetch(statements.AGENCIES, ids)
        with readable():
            return {row["id"]: read_agency(row) for row in rows}

    @shared
    async def local_authorities(self, codes: Sequence[AuthorityCode]) -> Mapping[AuthorityCode, LocalAuthority]:
        """Return local authorities under the code each was asked for by, new or old."""
        rows = await self._database.fetch(statements.AUTHORITIES, codes)
        with readable():
            known = [(row, read_authority(row)) for row in rows]
        asked = set(codes)
        return {row[code]: found for row, found in known for code in ("code", "legacy_code") if row[code] in asked}

    async def _involvements(
        self, statement: str, keys: Sequence[Key], *, by: str
    ) -> Mapping[Key, Sequence[Involvement]]:
        rows = await self._database.fetch(statement, keys, self._today(), self._now())
        with readable():
            facts = _facts_by("child_id", rows)
            return _grouped((row[by], read_involvement(row, facts[row["child_id"]])) for row in rows)

    def _today(self) -> date:
        return self._now().astimezone(LOCAL_TIME).date()


def _grouped(pairs: Iterable[tuple[Key, Value]]) -> Mapping[Key, Sequence[Value]]:
    groups: defaultdict[Key, list[Value]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return dict(groups)


def _facts_by(column: str, rows: Sequence[Row]) -> dict[object, ChildFacts]:
    """Read the facts once for all rows that share them."""
    return {key: read_facts(row) for key, row in {row[column]: row for row in rows}.items()}


_GRADES = ("CERTAIN", "PROBABLE", "POSSIBLE")


def _best_first(candidate: Candidate) -> tuple[int, int, str, str, str]:
    child = candidate.child
    return (
        _GRADES.index(candidate.grade),
        -len(candidate.reasons),
        child.family_name,
        child.given_name or "",
        str(child.id),
    )
