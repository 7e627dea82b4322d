"""Who asks and why: the token, the register's word on the person's standing, and the stated purpose of access."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from math import inf
from typing import Final
from zoneinfo import ZoneInfo

from gateway.disclosure.question import AccessAttributes, CallerAttributes
from gateway.errors import Unauthenticated
from gateway.known_ids import IdScope
from gateway.ports import Register
from gateway.records import Registration
from gateway.vocabulary import (
    AgencyId,
    AuthorityCode,
    CallerStanding,
    CarerId,
    ChildId,
    PersonId,
    PractitionerId,
)

LOCAL_TIME: Final = ZoneInfo("Europe/London")
"""Where a day begins for training, checks and accreditation."""

CHECK_VALID_YEARS = 3
"""Years an enhanced DBS check counts. Source: domain rule A1."""

REASON_LIMIT = 500
"""Characters of a stated reason that are kept; more is refused, never cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """What another authority's gateway answers for: the role and standing of the person it asks for (X3).

    `mediator` is the role and standing of who asks there for that person (A4).
    """

    peer: AuthorityCode
    role: str
    standing: CallerStanding
    mediator: tuple[str, CallerStanding] | None = None
    commitment: str | None = None
    """What the peer committed its own entry to before it asked; nothing in an older release."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a verified token says; standing is never a claim, save where another authority's gateway vouches for it."""

    person: PersonId
    name: str
    role: str
    agency: str
    authority: AuthorityCode
    mediated_for: PersonId | None
    token: str
    vouched: Vouched | None = None

    @property
    def id_scope(self) -> IdScope:
        """Return among whom the ids told to this caller are the same."""
        if self.vouched is not None:
            return IdScope(self.vouched.peer, None)
        return IdScope(self.authority, self.agency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a grant in use opens: fields, as `Type.field`, on the records of one child."""

    children: frozenset[ChildId]
    fields: frozenset[str]

    def on(self, record_type: str) -> tuple[str, ...]:
        """Return the fields opened on a type of record, sorted."""
        return tuple(
            sorted(name for kind, _, name in (one.partition(".") for one in self.fields) if kind == record_type)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks in this request, with the standing the register gives at this moment."""

    claims: Claims
    agency: AgencyId | None
    agency_name: str | None
    standing: CallerStanding
    acts_for: tuple[str, str] | None
    practitioners: frozenset[PractitionerId]
    """The posts by which an involvement counts as the caller's own; none where a mediator asks for somebody."""
    posts: frozenset[PractitionerId]
    """All posts whose conflicts of interest bind: the caller's and those of the person asked for."""
    subject_child: ChildId | None
    subject_carer: CarerId | None

    through: tuple[str, str] | None = None
    """Role and standing of a mediator elsewhere, through whom a peer asks for the person."""

    opens: Opened | None = None
    """What the grant that this ask uses opens."""

    @property
    def persons(self) -> frozenset[PersonId]:
        """Return who asks: the caller and, in mediated access, the person asked for."""
        return frozenset({self.claims.person, self.claims.mediated_for or self.claims.person})

    def attributes(self) -> CallerAttributes:
        """Return what of the caller a decision may depend on."""
        return CallerAttributes(
            role=self.claims.role,
            agency=self.claims.agency,
            authority=self.claims.authority,
            standing=self.standing.value,
            acts_for=self.acts_for,
            through=self.through,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Why and how the caller asks (domain rule A2); what was not stated is `None`."""

    purpose: str | None
    reason: str | None
    case: str | None
    grant: str | None
    origin: str = "local"

    def attributes(self, at: datetime) -> AccessAttributes:
        """Return what of the access a decision may depend on; the time is cut to the minute, to be rememberable."""
        minute = at.replace(second=0, microsecond=0)
        # A grant that nobody has checked opens nothing, and may not make one ask be decided apart from another.
        return AccessAttributes(purpose=self.purpose, origin=self.origin, grant=None, now=minute.isoformat())


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request: who, why, when, and under which id it stands in the ledger."""

    request_id: str
    at: datetime
    home: AuthorityCode
    caller: Caller
    access: Access
    commitment: Callable[[], str]
    """Returns what the entry is committed to before other authorities are asked."""
    until: float = inf
    """When the answer has to be there, by the clock of the event loop."""


async def identify(claims: Claims, *, register: Register, today: date) -> Caller:
    """Return the caller behind verified claims, with current standing.

    Raises:
        SourceUnavailable: The register did not answer; nobody may ask until it does.
        Unauthenticated: The token names a mediated person whom the register does not know.
    """
    if claims.vouched is not None:
        return _vouched_for(claims, claims.vouched)
    key = (claims.person, claims.role)
    registration = (await register.registrations([key])).get(key)
    acts_for = None
    mediated_posts: frozenset[PractitionerId] = frozenset()
    if claims.mediated_for is not None:
        mediated = await register.registration_of(claims.mediated_for)
        if mediated is None:
            raise Unauthenticated("The person asked for is not registered.", reason="mediated-person-unknown")
        acts_for = (mediated.role, standing_of(mediated, today).value)
        mediated_posts = mediated.posts
    if registration is None or not _agrees(registration, claims):
        return Caller(
            claims=claims,
            agency=None,
            agency_name=None,
            standing=CallerStanding.UNREGISTERED,
            acts_for=acts_for,
            practitioners=frozenset(),
            posts=mediated_posts,
            subject_child=None,
            subject_carer=None,
        )
    return Caller(
        claims=claims,
        agency=registration.agency,
        agency_name=registration.agency_name,
        standing=standing_of(registration, today),
        acts_for=acts_for,
        # A mediated ask is decided as the narrower of two persons: what only one of them is close to opens nothing.
        practitioners=registration.practitioners if acts_for is None else frozenset(),
        posts=registration.posts | mediated_posts,
        subject_child=registration.subject_child if acts_for is None else None,
        subject_carer=registration.subject_carer if acts_for is None else None,
    )


def _vouched_for(claims: Claims, vouched: Vouched) -> Caller:
    """Return the caller whom a peer asks for: nobody here, so close to no record of ours by post or as its subject.

    The peer's own standing is its membership, which was seen when it called.
    """
    return Caller(
        claims=claims,
        agency=None,
        agency_name=None,
        standing=CallerStanding.CURRENT,
        acts_for=(vouched.role, vouched.standing.value),
        through=None if vouched.mediator is None else (vouched.mediator[0], vouched.mediator[1].value),
        practitioners=frozenset(),
        posts=frozenset(),
        subject_child=None,
        subject_carer=None,
    )


def _agrees(registration: Registration, claims: Claims) -> bool:
    return str(registration.agency) == claims.agency and registration.authority == claims.authority


def standing_of(registration: Registration, today: date) -> CallerStanding:
    """Return the standing of a person in one role on a local day."""
    if registration.suspended:
        return CallerStanding.SUSPENDED
    if registration.accredited_until is None or registration.accredited_until < today:
        return CallerStanding.ACCREDITATION_LAPSED
    if registration.subject_child is not None or registration.subject_carer is not None:
        return CallerStanding.CURRENT
    if registration.training_valid_until is None or registration.training_valid_until < today:
        return CallerStanding.TRAINING_LAPSED
    if registration.check_issued_on is None or _years_later(registration.check_issued_on) < today:
        return CallerStanding.CHECK_LAPSED
    return CallerStanding.CURRENT


def _years_later(issued: date) -> date:
    try:
        return issued.replace(year=issued.year + CHECK_VALID_YEARS)
    except ValueError:
        # 29 February has no namesake: the check lapses with the last day of that month.
        return issued.replace(year=issued.year + CHECK_VALID_YEARS, day=28)
