"""What the core needs from outside, as protocols; `connectors` satisfy them and `tests` hold each to one contract.

Set at a time throughout: a method takes all keys of a level and answers for all of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from gateway.disclosure.question import Answer, Question
from gateway.records import (
    Agency,
    Candidate,
    Carer,
    Child,
    FormerName,
    Involvement,
    LocalAuthority,
    Practitioner,
    Registration,
    Setting,
)
from gateway.vocabulary import (
    AgencyId,
    AuthorityCode,
    CarerId,
    ChildId,
    Gender,
    InvolvementId,
    PersonId,
    PractitionerId,
    SettingId,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What a search asks for, as the caller wrote it; which combinations are enough is domain rule S1."""

    given_name: str | None = None
    family_name: str | None = None
    date_of_birth: date | None = None
    gender: Gender | None = None
    postcode: str | None = None
    nhs_number: str | None = None
    upn: str | None = None


class Directory(Protocol):
    """The records of one local authority.

    Every method raises `SourceUnavailable` when the source does not answer within its time-out
    and `SourceMalformed` when its answer cannot be read.
    A key that is not known is absent from the answer.
    """

    async def children(self, ids: Sequence[ChildId]) -> Mapping[ChildId, Child]:
        """Return the children by id."""
        ...

    async def find_child(self, *, nhs_number: str | None = None, upn: str | None = None) -> Candidate | None:
        """Return the surviving record behind an identifier, graded, or None."""
        ...

    async def search(self, criteria: Criteria) -> Sequence[Candidate]:
        """Return every candidate, best first, each child once; no cap, because what is hidden may not count."""
        ...

    async def former_names(self, children: Sequence[ChildId]) -> Mapping[ChildId, Sequence[FormerName]]:
        """Return the former names of each child, most recent first."""
        ...

    async def carers(self, children: Sequence[ChildId]) -> Mapping[ChildId, Sequence[Carer]]:
        """Return the current carers of each child, those with parental responsibility first."""
        ...

    async def carers_by_id(self, ids: Sequence[CarerId]) -> Mapping[CarerId, Carer]:
        """Return carers without a link to a particular child."""
        ...

    async def children_of_carers(self, carers: Sequence[CarerId]) -> Mapping[CarerId, Sequence[Child]]:
        """Return the children in each carer's current care, eldest first."""
        ...

    async def settings(self, children: Sequence[ChildId]) -> Mapping[ChildId, Sequence[Setting]]:
        """Return each child's current settings with the link's start date."""
        ...

    async def settings_by_id(self, ids: Sequence[SettingId]) -> Mapping[SettingId, Setting]:
        """Return settings without a link to a child."""
        ...

    async def find_setting(self, *, urn: str | None = None, ods_code: str | None = None) -> Setting | None:
        """Return a setting by a national code; a closed school's URN leads to its successor."""
        ...

    async def involvements(self, children: Sequence[ChildId]) -> Mapping[ChildId, Sequence[Involvement]]:
        """Return the involvements with each child, active ones first, then the most recently started."""
        ...

    async def involvements_of_carers(self, carers: Sequence[CarerId]) -> Mapping[CarerId, Sequence[Involvement]]:
        """Return the involvements of adult services with each carer (domain rule D8)."""
        ...

    async def involvements_by_id(self, ids: Sequence[InvolvementId]) -> Mapping[InvolvementId, Involvement]:
        """Return involvements by id."""
        ...

    async def practitioners(self, ids: Sequence[PractitionerId]) -> Mapping[PractitionerId, Practitioner]:
        """Return practitioners by id."""
        ...

    async def agencies(self, ids: Sequence[AgencyId]) -> Mapping[AgencyId, Agency]:
        """Return agencies by id."""
        ...

    async def local_authorities(self, codes: Sequence[AuthorityCode]) -> Mapping[AuthorityCode, LocalAuthority]:
        """Return local authorities by GSS code or by the older three-digit code."""
        ...


class Register(Protocol):
    """Who may ask at all: persons, agencies and their standing, read afresh at every ask."""

    async def registrations(self, keys: Sequence[tuple[PersonId, str]]) -> Mapping[tuple[PersonId, str], Registration]:
        """Return the registration of each (person, role); absent where there is none."""
        ...

    async def registration_of(self, person: PersonId) -> Registration | None:
        """Return a person's registration where there is exactly one: for somebody a mediator asks for (A4)."""
        ...


class Decider(Protocol):
    """A policy engine."""

    @property
    def name(self) -> str:
        """Name the engine, for the ledger and the metrics."""
        ...

    @property
    def revision(self) -> str:
        """Return the revision of the rules in force; it changes when and only when the rules do.

        Raises:
            DecisionUnavailable: The engine is known to be gone; what it decided before is not told either.
        """
        ...

    async def decide(self, question: Question) -> Answer:
        """Answer a whole batch.

        Raises:
            DecisionUnavailable: No complete answer was to be had in time.
        """
        ...


class Clock(Protocol):
    """Where time comes from; instants are aware and in UTC."""

    def __call__(self) -> datetime:
        """Return this moment."""
        ...
