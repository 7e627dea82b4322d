"""Records that other authorities told during one ask, beside the directory of this one."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from gateway.ports import Criteria, Directory
from gateway.record_ids import ForeignId
from gateway.records import (
    Agency,
    Candidate,
    Carer,
    Child,
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

Key = TypeVar("Key", bound=UUID)
Found = TypeVar("Found")


@dataclass(slots=True)
class Arrived:
    """What arrived, by the id of each occurrence; what hangs on a record is found by that record's id."""

    children: dict[UUID, Child] = field(default_factory=dict)
    carers: dict[UUID, Carer] = field(default_factory=dict)
    settings: dict[UUID, Setting] = field(default_factory=dict)
    practitioners: dict[UUID, Practitioner] = field(default_factory=dict)
    agencies: dict[UUID, Agency] = field(default_factory=dict)
    involvements: dict[UUID, Involvement] = field(default_factory=dict)
    former_names: dict[UUID, Sequence[FormerName]] = field(default_factory=dict)
    carers_of: dict[UUID, Sequence[Carer]] = field(default_factory=dict)
    settings_of: dict[UUID, Sequence[Setting]] = field(default_factory=dict)
    involvements_of: dict[UUID, Sequence[Involvement]] = field(default_factory=dict)
    children_of: dict[UUID, Sequence[Child]] = field(default_factory=dict)
    authorities: dict[AuthorityCode, str] = field(default_factory=dict)
    """The names of members, for those that the directory does not know."""

    def take(self, other: "Arrived") -> None:
        """Add what another reading brought."""
        for name in self.__slots__:
            getattr(self, name).update(getattr(other, name))

    def forget(self, told: Collection[tuple[AuthorityCode, str]]) -> list[Child]:
        """Leave out children, wherever they were told, by authority and the id there; return those left out."""
        everywhere = [*self.children.values(), *(child for some in self.children_of.values() for child in some)]
        if told:
            self.children = {key: child for key, child in self.children.items() if not _is_of(child, told)}
            self.children_of = {
                key: [child for child in some if not _is_of(child, told)] for key, some in self.children_of.items()
            }
        return [child for child in everywhere if _is_of(child, told)]


def _is_of(child: Child, told: Collection[tuple[AuthorityCode, str]]) -> bool:
    return isinstance(child.id, ForeignId) and (child.id.authority, child.id.there) in told


class JoinedDirectory:
    """The directory of one ask: this authority's records, and beside them those that others have told."""

    def __init__(self, local: Directory, arrived: Arrived) -> None:
        """Take this authority's directory, and where what others tell arrives."""
        self._local = local
        self._arrived = arrived

    async def children(self, ids: Sequence[ChildId]) -> Mapping[ChildId, Child]:
        """Return the children by id."""
        return await _joined(ids, self._local.children, self._arrived.children)

    async def find_child(self, *, nhs_number: str | None = None, upn: str | None = None) -> Candidate | None:
        """Return the record here behind an identifier."""
        return await self._local.find_child(nhs_number=nhs_number, upn=upn)

    async def search(self, criteria: Criteria) -> Sequence[Candidate]:
        """Return every candidate here."""
        return await self._local.search(criteria)

    async def former_names(self, children: Sequence[ChildId]) -> Mapping[ChildId, Sequence[FormerName]]:
        """Return the former names of each child."""
        return await _joined(children, self._local.former_names, self._arrived.former_names)

    async def carers(self, children: Sequence[ChildId]) -> Mapping[ChildId, Sequence[Carer]]:
        """Return the carers of each child."""
        return await _joined(children, self._local.carers, self._arrived.carers_of)

    async def carers_by_id(self, ids: Sequence[CarerId]) -> Mapping[CarerId, Carer]:
        """Return carers by id."""
        return await _joined(ids, self._local.carers_by_id, self._arrived.carers)

    async def children_of_carers(self, carers: Sequence[CarerId]) -> Mapping[CarerId, Sequence[Child]]:
        """Return the children in each carer's care."""
        return await _joined(carers, self._local.children_of_carers, self._arrived.children_of)

    async def settings(self, children: Sequence[ChildId]) -> Mapping[ChildId, Sequence[Setting]]:
        """Return each child's settings."""
        return await _joined(children, self._local.settings, self._arrived.settings_of)

    async def settings_by_id(self, ids: Sequence[SettingId]) -> Mapping[SettingId, Setting]:
        """Return settings by id."""
        return await _joined(ids, self._local.settings_by_id, self._arrived.settings)

    async def find_setting(self, *, urn: str | None = None, ods_code: str | None = None) -> Setting | None:
        """Return a setting here by a national code."""
        return await self._local.find_setting(urn=urn, ods_code=ods_code)

    async def involvements(self, children: Sequence[ChildId]) -> Mapping[ChildId, Sequence[Involvement]]:
        """Return the involvements with each child."""
        return await _joined(children, self._local.involvements, self._arrived.involvements_of)

    async def involvements_of_carers(self, carers: Sequence[CarerId]) -> Mapping[CarerId, Sequence[Involvement]]:
        """Return the involvements of adult services with each carer."""
        return await _joined(carers, self._local.involvements_of_carers, self._arrived.involvements_of)

    async def involvements_by_id(self, ids: Sequence[InvolvementId]) -> Mapping[InvolvementId, Involvement]:
        """Return involvements by id."""
        return await _joined(ids, self._local.involvements_by_id, self._arrived.involvements)

    async def practitioners(self, ids: Sequence[PractitionerId]) -> Mapping[PractitionerId, Practitioner]:
        """Return practitioners by id."""
        return await _joined(ids, self._local.practitioners, self._arrived.practitioners)

    async def agencies(self, ids: Sequence[AgencyId]) -> Mapping[AgencyId, Agency]:
        """Return agencies by id."""
        return await _joined(ids, self._local.agencies, self._arrived.agencies)

    async def local_authorities(self, codes: Sequence[AuthorityCode]) -> Mapping[AuthorityCode, LocalAuthority]:
        """Return local authorities by code; a member that the directory does not know has its name in the registry."""
        found = await self._local.local_authorities(codes)
        members = {
            code: LocalAuthority(
                code=code,
                legacy_code=None,
                name=self._arrived.authorities[code],
                gateway_status="UNKNOWN",
                safeguarding_contacts=(),
            )
            for code in codes
            if code not in found and code in self._arrived.authorities
        }
        return {**found, **members}


async def _joined(
    keys: Sequence[Key],
    local: Callable[[Sequence[Key]], Awaitable[Mapping[Key, Found]]],
    arrived: Mapping[UUID, Found],
) -> Mapping[Key, Found]:
    foreign = [key for key in keys if isinstance(key, ForeignId)]
    if not foreign:
        return await local(keys)
    here = [key for key in keys if not isinstance(key, ForeignId)]
    found: Mapping[Any, Found] = await local(here) if here else {}
    return {**found, **_known(foreign, arrived)}


def _known(keys: Iterable[Any], arrived: Mapping[UUID, Found]) -> dict[Any, Found]:
    return {key: arrived[key] for key in keys if key in arrived}
