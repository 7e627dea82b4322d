"""Changes: what a mutation writes, as one transaction that is kept only once its entry is durable.

The order is: decide, write, record the entry, keep, tell. Until the entry has committed nothing of the change is seen
by anybody else; so neither an opening (a reinstatement, a consent, a lifted shield) nor a closing ever stands without
its entry. Between the two commits an entry may speak of a change that was not kept: nobody has been told of it, the
same key makes the change afresh, and the `change` table, which commits with the change, says which entries were kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol
from uuid import UUID

from gateway.brokering import Brokering
from gateway.disclosure.question import GrantAttributes
from gateway.identity import Opened
from gateway.ports import Directory
from gateway.queues import Queues
from gateway.records import AccessReviewCase, Grant, Registration, Suspension
from gateway.transfers import Transfers
from gateway.vocabulary import (
    AgencyId,
    AuthorityCode,
    CarerId,
    ChildId,
    ConsentBasis,
    ConsentScope,
    GrantGround,
    GrantId,
    GrantKind,
    GrantReview,
    InvolvementId,
    PersonId,
    PractitionerId,
    RecordType,
    RefusalGround,
    ReviewCaseId,
    ReviewOutcome,
    ReviewPattern,
    Service,
    ShieldRequester,
    SuspensionId,
    Understanding,
)
from gateway.withholdings import Withholdings


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who changes what under which key; `digest` is that of the action and its whole input."""

    person: PersonId
    key: str
    digest: bytes
    action: str
    request_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A change that was made before under the same key."""

    id: UUID
    digest: bytes
    record_type: RecordType
    record_id: UUID


class Suspensions(Protocol):
    """Who may not ask for the time being (domain rule L6); raises as the directory does."""

    async def registrations_of(self, person: PersonId) -> Sequence[Registration]:
        """Return a person's registrations in every role."""
        ...

    async def by_id(self, ids: Sequence[SuspensionId]) -> Sequence[Suspension]:
        """Return suspensions by id."""
        ...

    async def in_force(self, person: PersonId, authority: AuthorityCode) -> Sequence[Suspension]:
        """Return an authority's suspensions of a person that hold at this moment, and keep them from changing."""
        ...

    async def suspend(
        self,
        person: PersonId,
        *,
        authority: AuthorityCode,
        reason: str,
        by: PersonId,
        at: datetime,
        until: datetime | None,
    ) -> SuspensionId:
        """Write a suspension and return its id."""
        ...

    async def lift(self, ids: Sequence[SuspensionId], *, reason: str, by: PersonId, at: datetime) -> None:
        """Lift suspensions; what they were stays on record."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInvolvement:
    """An involvement to be recorded; `carer` is set where an adult service works with the carer (D8)."""

    child: ChildId
    carer: CarerId | None
    practitioner: PractitionerId
    agency: AgencyId
    service: Service
    sensitive: bool
    started_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class NewConsent:
    """A consent to be recorded; `understanding` is `None` where nobody who works with the child judged it."""

    basis: ConsentBasis
    scope: ConsentScope
    expires_at: datetime | None
    understanding: Understanding | None


class Recording(Protocol):
    """Involvements, consents and conflicts; raises as the directory does."""

    async def hold(self, involvement: InvolvementId) -> None:
        """Keep an involvement from being changed by anybody else until this change ends."""
        ...

    async def record(self, new: NewInvolvement, *, at: datetime) -> InvolvementId:
        """Record an involvement and return its id."""
        ...

    async def end(self, involvement: InvolvementId, *, on: date, at: datetime) -> None:
        """End an involvement with a day."""
        ...

    async def lead(self, involvement: InvolvementId, *, records: Sequence[ChildId], at: datetime) -> None:
        """Make an involvement's practitioner the lead professional, in place of any other on the child's records."""
        ...

    async def assessed(self, involvement: InvolvementId, *, at: datetime) -> None:
        """Record that a common assessment was completed, and nothing of it."""
        ...

    async def consent(self, involvement: InvolvementId, new: NewConsent, *, by: PersonId, at: datetime) -> None:
        """Record a new version of the consent to an involvement."""
        ...

    async def withdraw(self, involvement: InvolvementId, *, by: PersonId, at: datetime) -> bool:
        """Withdraw the latest consent to an involvement, and say whether there was one to withdraw."""
        ...

    async def understanding(self, records: Sequence[ChildId]) -> Understanding:
        """Return what was last recorded of the child's understanding, by whoever judged it."""
        ...

    async def declare_conflict(
        self, child: ChildId, practitioner: PractitionerId, *, by: PersonId, at: datetime
    ) -> None:
        """Declare a practitioner's conflict of interest on a child, unless one stands."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ShieldInForce:
    """A shield that holds; `requester` is the person who asked for it, `None` where a feed brought it."""

    id: UUID
    requester: PersonId | None


class Shields(Protocol):
    """Shields, and refusals to share; raises as the directory does."""

    async def request(
        self, child: ChildId, *, requested_by: ShieldRequester, by: PersonId, at: datetime, review_due: date
    ) -> None:
        """Put the child's identity under a provisional shield, in force at once."""
        ...

    async def in_force(self, child: ChildId) -> Sequence[ShieldInForce]:
        """Return the shields that hold on the child's identity, and keep them from changing."""
        ...

    async def keep(self, shields: Sequence[UUID], *, by: PersonId, at: datetime, review_due: date) -> None:
        """Record that a review keeps shields until the next."""
        ...

    async def lift(self, shields: Sequence[UUID], *, by: PersonId, at: datetime) -> None:
        """Record that a review lifts shields."""
        ...

    async def refuse(
        self, child: ChildId, *, ground: RefusalGround, reason: str, by: PersonId, reviewer: PersonId, at: datetime
    ) -> None:
        """Record a refusal to share."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NewGrant:
    """A grant to be given: why, and why these fields and no fewer; `fields` as `Type.field`."""

    child: ChildId
    kind: GrantKind
    ground: GrantGround
    fields: tuple[str, ...]
    reason: str
    necessity: str


class Grants(Protocol):
    """Grants as they are asked for and reviewed; raises as the directory does."""

    async def by_id(self, ids: Sequence[GrantId]) -> Sequence[Grant]:
        """Return grants by id, and keep them from changing."""
        ...

    async def earlier(self, person: PersonId, *, review_within: timedelta) -> str:
        """Return how a person's earlier grants stand: none, reviewed, or overdue."""
        ...

    async def request(self, new: NewGrant, *, by: PersonId, at: datetime, until: datetime) -> GrantId:
        """Write a grant and return its id."""
        ...

    async def review(self, grant: GrantId, review: GrantReview, *, by: PersonId, at: datetime) -> None:
        """Record the review of a grant."""
        ...


class GrantUse(Protocol):
    """Where an ask uses a grant up; raises as the directory does."""

    async def use(self, grant: UUID, *, person: PersonId) -> tuple[GrantAttributes, Opened | None] | None:
        """Use a grant up, and return how it stood and what it opens; None if there is none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOutcome:
    """What a reviewer found, to be added to a case's history."""

    outcome: ReviewOutcome
    patterns: tuple[ReviewPattern, ...]
    reason: str
    by: PersonId
    authority: AuthorityCode
    independent: bool
    clears: bool


class ReviewCases(Protocol):
    """Cases about callers (domain rule L5); raises as the directory does."""

    async def open(
        self, person: PersonId, *, authority: AuthorityCode, first_day: date, last_day: date, at: datetime
    ) -> ReviewCaseId:
        """Open a case and return its id."""
        ...

    async def by_id(self, ids: Sequence[ReviewCaseId]) -> Sequence[AccessReviewCase]:
        """Return cases by id, and keep them from changing."""
        ...

    async def add(self, case: ReviewCaseId, new: NewOutcome, *, at: datetime) -> None:
        """Add to a case's history."""
        ...


class Change(Protocol):
    """One change under way; every method raises `SourceUnavailable` or `SourceMalformed` as the directory does."""

    @property
    def id(self) -> UUID:
        """Return the id under which it stands in the ledger."""
        ...

    @property
    def made(self) -> bool:
        """Return whether anything was changed, and so whether there is something to keep."""
        ...

    @property
    def directory(self) -> Directory:
        """Return the directory as the change leaves it."""
        ...

    @property
    def suspensions(self) -> Suspensions:
        """Return the suspensions as the change leaves them."""
        ...

    @property
    def recording(self) -> Recording:
        """Return where involvements, consents and conflicts are written."""
        ...

    @property
    def brokering(self) -> Brokering:
        """Return the requests for brokered contact as the change leaves them."""
        ...

    @property
    def grants(self) -> Grants:
        """Return where grants are written."""
        ...

    @property
    def review_cases(self) -> ReviewCases:
        """Return where cases about callers are written."""
        ...

    @property
    def shields(self) -> Shields:
        """Return where shields and refusals are written."""
        ...

    @property
    def transfers(self) -> Transfers:
        """Return where transfers of responsibility are written."""
        ...

    @property
    def queues(self) -> Queues:
        """Return the worked queues as the change leaves them."""
        ...

    @property
    def withholdings(self) -> Withholdings:
        """Return the withholdings of log entries as the change leaves them."""
        ...

    async def begin(self, claim: Claim) -> Earlier | None:
        """Take the key, or return what was done under it; waits for a change under the same key that is under way."""
        ...

    async def done(self, record_type: RecordType, record_id: UUID) -> None:
        """Say what was changed: from here on there is something to keep."""
        ...

    async def keep(self) -> None:
        """Commit durably.

        Raises:
            SourceUnavailable: Whether it was kept is not known.
        """
        ...

    async def undo(self) -> None:
        """Leave everything as it was; does nothing after `keep`."""
        ...


class Changes(Protocol):
    """Where changes are made."""

    def open(self) -> Change:
        """Return a change that has not begun."""
        ...
