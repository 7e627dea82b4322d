"""Records as connectors bring them: complete, undisclosed, and therefore never shown to anyone as they are.

Only `gateway.disclosure` turns a record into something that can be told.
Every record carries the facts its class is made of, so that its class is the same by whichever road it was reached.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from gateway.vocabulary import (
    AddressStatus,
    AgeBand,
    AgencyId,
    AnswerSince,
    AuthorityCode,
    BrokeredContactId,
    BrokeringOutcome,
    BrokeringState,
    CallerStanding,
    CarerId,
    ChildId,
    Consent,
    ContactRole,
    Gender,
    GrantGround,
    GrantId,
    GrantKind,
    GrantReview,
    GrantState,
    InvolvementId,
    LogReader,
    MatchGrade,
    MatchReason,
    PersonId,
    PractitionerId,
    Queue,
    QueueAction,
    QueueOutcome,
    QueueState,
    RecordStanding,
    Relationship,
    ReviewCaseId,
    ReviewOutcome,
    ReviewPattern,
    ReviewState,
    Service,
    SettingId,
    SettingKind,
    Shield,
    SuspensionId,
    TransferId,
    TransferState,
    WithholdingId,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """Who says a value, since when, and when it was last confirmed (domain rule D6); instants in UTC."""

    source: str
    asserted_at: datetime
    last_confirmed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WithheldElsewhere:
    """That the authority which holds a record did not tell a field, as far as it let that be said."""

    field: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """What is known of the telling of a record by another authority: `untold` are fields it left null."""

    withheld: tuple[WithheldElsewhere, ...] = ()
    untold: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A postal address; `lines` from the most to the least particular."""

    lines: tuple[str, ...]
    postcode: str | None
    uprn: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerName:
    """A name a child was known by; `None` where the source gives no date."""

    given_name: str | None
    family_name: str
    used_from: date | None
    used_until: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeguardingContact:
    """Whom to ask for advice, with no child involved (domain rule D9)."""

    role: ContactRole
    name: str
    telephone: str | None
    email: str | None
    hours: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildFacts:
    """What the class of a child's record depends on; shared by every record that is about that child.

    `practitioners` are those with an active involvement, `carers` those with current parental responsibility,
    `conflicted` those who declared a conflict of interest on it.
    """

    shield: Shield
    standing: RecordStanding
    home: AuthorityCode
    practitioners: frozenset[PractitionerId]
    carers: frozenset[CarerId]
    conflicted: frozenset[PractitionerId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """The young person a record is about (domain rule D1)."""

    id: ChildId
    facts: ChildFacts
    given_name: str | None
    family_name: str
    date_of_birth: date
    gender: Gender
    address: Address | None
    address_status: AddressStatus
    nhs_number: str | None
    upn: str | None
    responsible_authority: AuthorityCode
    lead_professional: PractitionerId | None
    """Of the active involvements that are not sensitive: a sensitive one must not show through its child."""
    common_assessment_completed: bool
    """By an involvement that is active and not sensitive."""
    records: tuple[ChildId, ...]
    """The ids of all records of this child, this one's among them."""
    provenance: Mapping[str, Assertion] = field(default_factory=dict)
    elsewhere: Elsewhere | None = None
    """Set where another authority told the record; then a field may be `None` whatever its type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carer:
    """An adult with parental responsibility or daily care (D2).

    `relationship` and `has_parental_responsibility` belong to the link with one child and are `None` where the carer
    was reached without one.
    """

    id: CarerId
    facts: ChildFacts
    """The facts of all children in the carer's care, joined to the strictest."""
    name: str
    relationship: Relationship | None
    has_parental_responsibility: bool | None
    address: Address | None
    telephone: str | None
    email: str | None
    provenance: Mapping[str, Assertion] = field(default_factory=dict)
    elsewhere: Elsewhere | None = None
    """Set where another authority told the record; then a field may be `None` whatever its type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A place where a child is taught, treated or looked after (D3); `started_on` belongs to the link with a child."""

    id: SettingId
    name: str
    kind: SettingKind
    urn: str | None
    ukprn: str | None
    ods_code: str | None
    address: Address | None
    telephone: str | None
    email: str | None
    local_authority: AuthorityCode | None
    started_on: date | None
    provenance: Mapping[str, Assertion] = field(default_factory=dict)
    elsewhere: Elsewhere | None = None
    """Set where another authority told the record; then a field may be `None` whatever its type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Practitioner:
    """A person whom an agency vouches for; `sensitive` if the agency provides a sensitive service."""

    id: PractitionerId
    name: str
    role: str
    agency: AgencyId
    telephone: str | None
    email: str | None
    sensitive: bool
    elsewhere: Elsewhere | None = None
    """Set where another authority told the record; then a field may be `None` whatever its type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Involvement:
    """That an agency works with a child or, for adult services, with a carer (D4, D8): a pointer, never case content.

    `about_carer` says that the service works with the carer and not with the child.
    """

    id: InvolvementId
    child: ChildId
    carer: CarerId | None
    facts: ChildFacts
    practitioner: PractitionerId
    agency: AgencyId
    service: Service
    sensitive: bool
    consent: Consent
    active: bool
    started_on: date
    ended_on: date | None
    is_lead_professional: bool
    common_assessment_completed: bool
    brokered_contact: str | None
    provenance: Mapping[str, Assertion] = field(default_factory=dict)
    elsewhere: Elsewhere | None = None
    """Set where another authority told the record; then a field may be `None` whatever its type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalAuthority:
    """An agency with statutory duty for an area; known by GSS code, with the older three-digit code beside it."""

    code: AuthorityCode
    legacy_code: str | None
    name: str
    gateway_status: str
    safeguarding_contacts: tuple[SafeguardingContact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """An accredited body that employs practitioners."""

    id: AgencyId
    name: str
    kind: str
    local_authority: AuthorityCode | None
    sensitive: bool
    safeguarding_contacts: tuple[SafeguardingContact, ...]
    elsewhere: Elsewhere | None = None
    """Set where another authority told the record; then a field may be `None` whatever its type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A child that a search may mean, with the grade and the grounds for it; `used` are the Child fields compared."""

    child: Child
    grade: MatchGrade
    reasons: tuple[MatchReason, ...]
    used: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What the register says of one person at one agency in one role; clocks that do not apply are `None`.

    `practitioners` are the person's posts at this agency, `posts` those at any: an involvement counts for the agency
    asked for, a conflict of interest wherever the person works.
    `subject_child` and `subject_carer` are set where the person is registered to see an own record.
    """

    person: PersonId
    name: str
    role: str
    agency: AgencyId
    agency_name: str
    authority: AuthorityCode
    accredited_until: date | None
    training_valid_until: date | None
    check_issued_on: date | None
    suspended: bool
    practitioners: frozenset[PractitionerId]
    posts: frozenset[PractitionerId]
    subject_child: ChildId | None
    subject_carer: CarerId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A recorded, reasoned, one-use opening of named fields of one child's record (domain rules H5, P1)."""

    id: GrantId
    child: ChildId
    home: AuthorityCode
    kind: GrantKind
    ground: GrantGround
    fields: tuple[str, ...]
    reason: str
    necessity: str
    state: GrantState
    requested_by: PersonId
    requested_at: datetime
    expires_at: datetime
    used_at: datetime | None
    reviewed_by: str | None
    reviewed_at: datetime | None
    review: GrantReview | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokeredContact:
    """That somebody who cannot see asked to be put in touch, and what came of it (domain rules H6, V2).

    `home` is the authority whose team answers, `facts` are the child's, `involvement` is what the asker was shown, if
    it is about that. Name and agency of the asker are what the register says of them now. `since` is what has been
    closed about the child since it was answered; `past` says that its time is over, deleted yet or not.
    """

    id: BrokeredContactId
    home: AuthorityCode
    child: ChildId
    facts: ChildFacts
    involvement: InvolvementId | None
    reason: str
    reach_by: str
    asked_at: datetime
    asked_by: PersonId
    asker_name: str | None
    asker_role: str
    asker_agency: str | None
    asked_through: PersonId | None
    outcome: BrokeringOutcome | None
    asker_agrees: bool | None
    other_agrees: bool | None
    answer: str | None
    answered_by: PersonId | None
    answered_at: datetime | None
    since: AnswerSince
    past: bool

    @property
    def state(self) -> BrokeringState:
        """Return how it stands, as far as whoever asked is told."""
        if self.outcome is None:
            return BrokeringState.WAITING
        return BrokeringState.CONNECTED if self.outcome is BrokeringOutcome.CONNECTED else BrokeringState.CLOSED


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsibilityTransfer:
    """An offer of responsibility for a child from one authority to another, and what became of it (domain rule X1).

    `child` and `facts` are `None` where no record here has the offer's NHS number, which is `None` once erased.
    `shielded` says that the offering authority protects the child's whereabouts; `delivered`, that the other authority
    is known to have all that was said here.
    """

    id: TransferId
    home: AuthorityCode
    child: ChildId | None
    facts: ChildFacts | None
    offered_by: AuthorityCode
    offered_to: AuthorityCode
    state: TransferState
    offered_at: datetime
    answered_at: datetime | None
    nhs_number: str | None
    shielded: bool
    delivered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueEntry:
    """That a child waits in a worked queue (domain rule M1): a fact with its age, and what was last done about it.

    `since` is the first day from which the directory knows of no setting; what was done is `None` until somebody has.
    """

    id: UUID
    home: AuthorityCode
    queue: Queue
    child: ChildId
    facts: ChildFacts
    state: QueueState
    since: date
    age_days: int
    owner: PractitionerId | None
    action: QueueAction | None
    outcome: QueueOutcome | None
    reopens_on: date | None
    worked_at: datetime | None
    worked_by: PersonId | None

    @property
    def history(self) -> tuple[Queue, ChildId]:
        """Return what its history is loaded by."""
        return self.queue, self.child


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkedOutcome:
    """One time that an entry was worked, as it stands in its history."""

    action: QueueAction
    outcome: QueueOutcome
    reopens_on: date | None
    recorded_by: PersonId
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A number for planning (domain rule M2); `age_band` is `None` for all ages.

    `small` says that it is below the threshold of the rules, `recoverable` that a small one follows from it.
    """

    id: str
    home: AuthorityCode
    age_band: AgeBand | None
    number: int
    small: bool
    recoverable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspension:
    """That a person may not ask for the time being, by whom and why (domain rule L6)."""

    id: SuspensionId
    person: PersonId
    authority: AuthorityCode
    reason: str
    suspended_by: str
    suspended_at: datetime
    until: datetime | None
    in_force: bool
    lifted_by: str | None
    lifted_at: datetime | None
    lift_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerRecord:
    """Who the gateway thinks the caller is, and what the caller may still ask: the record behind `me`."""

    id: PersonId
    name: str
    role: str
    agency: str | None
    authority: AuthorityCode
    mediated_for: PersonId | None
    standing: CallerStanding
    purposes: tuple[str, ...]
    remaining_searches: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessLogEntry:
    """What one audit entry says of one child, for those who may ask who looked (domain rule L4).

    `id` is the entry's reference, good for this child only, and `number` its place in the whole ledger; `facts` are the
    child's, for the class. `sensitive` says that who looked works for a sensitive service, or for an agency that is not
    known here. `fields` are those told, as `Type.field`, and `actions` what was changed. `erased` says that a key was
    destroyed: what is `None` then is not known any more. `reader` is for whom it is prepared, where it is.
    """

    id: str
    number: str
    child: ChildId
    facts: ChildFacts
    at: datetime
    person: str | None
    role: str | None
    agency: str | None
    sensitive: bool
    authority: str | None
    mediated_for: str | None
    purpose: str | None
    reason: str | None
    case_reference: str | None
    fields: tuple[str, ...]
    fields_in_words: tuple[str, ...]
    actions: tuple[str, ...]
    erased: bool
    reader: LogReader | None
    policy_revision: str | None
    withheld_by: "LogWithholding | None"

    @property
    def withholding(self) -> str | None:
        """Return the id of its withholding, where there is or was one."""
        return None if self.withheld_by is None else str(self.withheld_by.id)

    @property
    def withheld_until(self) -> datetime | None:
        """Return when its withholding ends or ended."""
        return None if self.withheld_by is None else self.withheld_by.ends_at

    @property
    def withheld_ground(self) -> str | None:
        """Return the ground of its withholding."""
        return None if self.withheld_by is None else self.withheld_by.ground


@dataclass(frozen=True, slots=True, kw_only=True)
class LogWithholding:
    """That an entry of a child's access log is kept from the child and carers for a time (domain rule L4).

    `entry` is the entry's number in the ledger. Until a second person confirms it, it ends at `provisional_until`.
    """

    id: WithholdingId
    child: ChildId
    entry: int
    authority: AuthorityCode
    ground: str
    reason: str
    until: datetime
    provisional_until: datetime
    in_force: bool
    asked_by: PersonId
    asked_at: datetime
    confirmed_by: PersonId | None
    confirmed_at: datetime | None
    lifted_by: PersonId | None
    lifted_at: datetime | None
    lift_reason: str | None

    @property
    def ends_at(self) -> datetime:
        """Return when it ends or ended, as things stand."""
        if self.lifted_at is not None:
            return self.lifted_at
        return self.until if self.confirmed_at is not None else min(self.until, self.provisional_until)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessReviewEntry:
    """One entry of the ledger as evidence of how a caller used the directory (domain rule L5).

    `children` stand for children as they do in the ledger, and lead to none; `shield` is the strictest of theirs.
    `after_entries` are the entries by which colleagues looked at the same children shortly before.
    """

    id: int
    authority: AuthorityCode
    caller: PersonId
    shield: Shield
    at: datetime
    purpose: str | None
    outcome: str
    searches: int
    children: tuple[str, ...]
    shielded_children: int
    after_entries: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedOutcome:
    """What one reviewer found, as it stands in the history of a case."""

    outcome: ReviewOutcome
    patterns: tuple[ReviewPattern, ...]
    reason: str
    recorded_by: str
    recorded_at: datetime
    independent: bool
    clears: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessReviewCase:
    """What reviewers found on looking at one caller's asks of a period (domain rule L5), oldest outcome first."""

    id: ReviewCaseId
    authority: AuthorityCode
    person: PersonId
    first_day: date
    last_day: date
    outcomes: tuple[RecordedOutcome, ...]

    @property
    def state(self) -> ReviewState:
        """Return where it stands: what was recorded last counts, and only an outcome that clears closes it."""
        last = self.outcomes[-1] if self.outcomes else None
        if last is None or last.outcome is not ReviewOutcome.EXPLAINED:
            return ReviewState.OPEN
        return ReviewState.CLEARED if last.clears else ReviewState.AWAITING_SECOND_REVIEWER


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessReviewFinding:
    """One pattern in one caller's asks of a period that a person should look at (domain rule L5)."""

    id: str
    authority: AuthorityCode
    person: PersonId
    role: str
    agency: str
    pattern: ReviewPattern
    explanation: str
    measured: float
    threshold: float
    entry_count: int
    entries: tuple[AccessReviewEntry, ...]
    case: AccessReviewCase | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One entry of the ledger, for those who review it (domain rule L5).

    A list of entries holds what the index says; what only the entry itself says is then as unknown as what was sealed
    under a key that was destroyed: `None`, or empty. `agency` is the name behind `agency_code`, which is what was
    claimed; `records` and `sources` are plain JSON, `document` the entry's own bytes as text.

    `stated` is the purpose as far as the rules give it to the role, `None` where nobody could ask under it; `reviewed`
    the one authority whose callers the ask may have reviewed, `None` where it may be any.
    """

    number: int
    at: datetime
    request_id: str
    person: str | None
    role: str | None
    agency: str | None
    agency_code: str | None
    authority: str | None
    purpose: str | None
    outcome: str
    stated: str | None = None
    reviewed: str | None = None
    name: str | None = None
    mediated_for: str | None = None
    peer: str | None = None
    standing: str | None = None
    reason: str | None = None
    case_reference: str | None = None
    codes: tuple[Mapping[str, str], ...] = ()
    searches: int = 0
    searched_by: tuple[str, ...] = ()
    text: str | None = None
    variables: str | None = None
    policy_revision: str | None = None
    engine: str | None = None
    sources: tuple[Mapping[str, Any], ...] = ()
    records: tuple[Mapping[str, Any], ...] = ()
    children: tuple[ChildId, ...] = ()
    leaf_hash: str | None = None
    document: str | None = None
