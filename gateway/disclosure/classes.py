"""Classify: from a record and its caller to the handful of attributes a decision may depend on.

A class says nothing of who the record is about: no name, no date, no identifier.
It depends on the record and the caller only, never on the road by which the record was reached.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from gateway.disclosure.question import Attribute
from gateway.identity import Caller
from gateway.record_ids import ForeignId
from gateway.records import (
    AccessLogEntry,
    AccessReviewCase,
    AccessReviewEntry,
    AccessReviewFinding,
    Agency,
    BrokeredContact,
    CallerRecord,
    Candidate,
    Carer,
    Child,
    ChildFacts,
    Count,
    Grant,
    Involvement,
    LedgerEntry,
    LocalAuthority,
    LogWithholding,
    Practitioner,
    QueueEntry,
    ResponsibilityTransfer,
    Setting,
    Suspension,
)
from gateway.vocabulary import (
    AnswerSince,
    AuthorityCode,
    ChildId,
    Consent,
    PersonId,
    PractitionerId,
    Queue,
    RecordStanding,
    RecordType,
    Shield,
    TransferState,
)

RecordClass = tuple[tuple[str, Attribute], ...]
Record = (
    Child
    | Carer
    | Setting
    | Practitioner
    | Involvement
    | LocalAuthority
    | Agency
    | Candidate
    | CallerRecord
    | AccessLogEntry
    | LedgerEntry
    | LogWithholding
    | Suspension
    | AccessReviewFinding
    | AccessReviewEntry
    | AccessReviewCase
    | Grant
    | ResponsibilityTransfer
    | BrokeredContact
    | QueueEntry
    | Count
)


def class_of(record: Record, caller: Caller) -> tuple[RecordType, RecordClass]:
    """Return the record's type and class for this caller."""
    record_type, classify = _CLASSIFIERS[type(record)]
    return record_type, classify(record, caller)


def _class_of_child(child: Child, caller: Caller) -> RecordClass:
    return _opened(_class_as_found(child, caller), RecordType.CHILD, child.id, caller)


def _class_as_found(child: Child, caller: Caller) -> RecordClass:
    """Return the class of a child whatever a grant opens: no grant finds anybody."""
    own = caller.subject_child == child.id or caller.subject_carer in child.facts.carers
    return _plain(*_facts(child.facts, caller, own=own))


def hidden_candidates(used: frozenset[str]) -> list[tuple[RecordType, RecordClass]]:
    """Return the classes of candidates that most callers may not find by these criteria.

    A search decides them whether or not it has met one, so that meeting one takes no longer.
    """
    criteria = tuple(sorted(used))
    kinds = [(shield, RecordStanding.LIVE) for shield in Shield]
    kinds += [(Shield.NONE, standing) for standing in (RecordStanding.ADULT, RecordStanding.ARCHIVED)]
    return [
        (
            RecordType.CANDIDATE,
            _with(_plain(shield, False, Consent.NONE_NEEDED, False, False, True, standing, False), criteria=criteria),
        )
        for shield, standing in kinds
    ]


def _class_of_candidate(candidate: Candidate, caller: Caller) -> RecordClass:
    return _with(_class_as_found(candidate.child, caller), criteria=tuple(sorted(candidate.used)))


def _class_of_carer(carer: Carer, caller: Caller) -> RecordClass:
    return _plain(*_facts(carer.facts, caller, own=caller.subject_carer == carer.id))


def _class_of_practitioner(practitioner: Practitioner, caller: Caller) -> RecordClass:
    own = practitioner.id in caller.practitioners
    return _public(practitioner.sensitive, involved=own, own=own)


def _class_of_log_entry(entry: AccessLogEntry, caller: Caller) -> RecordClass:
    own = caller.subject_child == entry.child or caller.subject_carer in entry.facts.carers
    shield, _, consent, *others = _facts(entry.facts, caller, own=own)
    held = entry.withheld_by
    known: dict[str, Attribute] = {
        "withholding": "none" if held is None else "in-force" if held.in_force else "lapsed",
        "asker": "own-authority" if entry.authority == caller.claims.authority else "other-authority",
    }
    if entry.purpose is not None:
        known["asked_for"] = entry.purpose
    if entry.reader is not None:
        known["reader"] = entry.reader.value
    if entry.actions:
        known["actions"] = entry.actions
    return _with(_plain(shield, entry.sensitive, consent, *others), **known)


def _class_of_ledger_entry(entry: LedgerEntry, caller: Caller) -> RecordClass:
    return class_of_ask(
        of_own_authority=entry.authority == caller.claims.authority,
        own=entry.person in caller.persons,
        stated=entry.stated,
        reviewed_elsewhere=entry.reviewed is not None and entry.reviewed != caller.claims.authority,
    )


def class_of_ask(
    *, of_own_authority: bool, own: bool = False, stated: str | None = None, reviewed_elsewhere: bool = False
) -> RecordClass:
    """Return the class of an entry of the ledger, by whose caller asked; nobody's is no one's own.

    `stated` is the purpose that its asker had; `reviewed_elsewhere` says that it cannot have reviewed the callers of
    the authority of whoever reads it.
    """
    return (
        ("about", "own-authority" if of_own_authority else "other-authority"),
        ("reviewed", "other-authority" if reviewed_elsewhere else "own-authority"),
        ("self", own),
        ("stated", stated or "none"),
    )


def _class_of_involvement(involvement: Involvement, caller: Caller) -> RecordClass:
    facts = involvement.facts
    own = caller.subject_child == involvement.child or caller.subject_carer in facts.carers
    found = _with(
        _plain(
            facts.shield,
            involvement.sensitive,
            involvement.consent,
            involvement.practitioner in caller.practitioners,
            not facts.conflicted.isdisjoint(caller.posts),
            facts.home == caller.claims.authority,
            facts.standing,
            own,
        ),
        active=involvement.active,
        subject="child" if involvement.carer is None else "carer",
    )
    return _opened(found, RecordType.INVOLVEMENT, involvement.child, caller)


_NOTHING_KNOWN: Mapping[str, Attribute] = {
    "about": "other-authority",
    "agreement": "none",
    "author": "none",
    "conflict": False,
    "consent": Consent.NONE_NEEDED.value,
    "earlier": "none",
    "feed": "none",
    "grant": "none",
    "ground": "none",
    "home": "same-authority",
    "involved": False,
    "justification": "missing",
    "reviewers": "none",
    "self": False,
    "sensitive": False,
    "standing": RecordStanding.LIVE.value,
    "subject": "child",
    "understanding": "not-assessed",
}
"""The class of an action of which nothing is known yet; what an action is about is stated on top."""


def class_of_action(**known: Attribute) -> RecordClass:
    """Return the class of a change that a caller asks for: what is known of it, and nothing of the rest."""
    return tuple(sorted({**_NOTHING_KNOWN, **known}.items()))


def class_of_action_on_child(facts: ChildFacts, caller: Caller, *, own: bool, **known: Attribute) -> RecordClass:
    """Return the class of a change to a record that is about a child."""
    _, _, _, involved, conflict, at_home, standing, _ = _facts(facts, caller, own=own)
    return class_of_action(
        **{
            "involved": involved,
            "conflict": conflict,
            "home": "same-authority" if at_home else "other-authority",
            "standing": standing.value,
            "self": own,
            **known,
        }
    )


def _class_of_grant(grant: Grant, caller: Caller) -> RecordClass:
    at_home, own = grant.home == caller.claims.authority, grant.requested_by in caller.persons
    return _plain(Shield.NONE, False, Consent.NONE_NEEDED, False, False, at_home, RecordStanding.LIVE, own)


def _class_of_transfer(transfer: ResponsibilityTransfer, caller: Caller) -> RecordClass:
    at_home = caller.claims.authority in (transfer.offered_by, transfer.offered_to)
    facts = transfer.facts
    if facts is None:
        shield = Shield.ACTIVE if transfer.shielded else Shield.NONE
        return _plain(shield, False, Consent.NONE_NEEDED, False, False, at_home, RecordStanding.LIVE, False)
    own = (transfer.child and caller.subject_child == transfer.child) or caller.subject_carer in facts.carers
    shield, sensitive, consent, involved, conflict, _, standing, own = _facts(facts, caller, own=bool(own))
    # A shield elsewhere protects here as well; with the child it came over, and is reviewed here like any other.
    elsewhere = transfer.home == transfer.offered_to and transfer.state is not TransferState.ACCEPTED
    shield = Shield.ACTIVE if transfer.shielded and elsewhere else shield
    return _plain(shield, sensitive, consent, involved, conflict, at_home, standing, own)


def _class_of_contact(contact: BrokeredContact, caller: Caller) -> RecordClass:
    shield, sensitive, consent, involved, conflict, _, standing, own = _facts(
        contact.facts, caller, own=contact.asked_by in caller.persons
    )
    # Whose it is to answer, wherever responsibility for the child has gone.
    at_home = contact.home == caller.claims.authority
    return _with(
        _plain(shield, sensitive, consent, involved, conflict, at_home, standing, own),
        since=contact.since.value,
        age="past" if contact.past else "in-time",
    )


def class_of_contact_of_another(home: AuthorityCode, caller: Caller) -> RecordClass:
    """Return the class of a request for contact by somebody else, of which nothing more is known."""
    at_home = home == caller.claims.authority
    plain = _plain(Shield.NONE, False, Consent.NONE_NEEDED, False, False, at_home, RecordStanding.LIVE, False)
    return _with(plain, since=AnswerSince.NO_ANSWER.value, age="in-time")


def _class_of_queue_entry(entry: QueueEntry, caller: Caller) -> RecordClass:
    return class_of_waiting(entry.queue, entry.facts, entry.owner, caller)


def class_of_waiting(queue: Queue, facts: ChildFacts, owner: PractitionerId | None, caller: Caller) -> RecordClass:
    """Return the class of an entry of a queue, of which these are the child's facts and the owner."""
    shield, _, _, _, conflict, at_home, standing, _ = _facts(facts, caller, own=False)
    return (
        ("conflict", conflict),
        ("home", "same-authority" if at_home else "other-authority"),
        ("owner", "none" if owner is None else "caller" if owner in caller.practitioners else "another"),
        ("queue", queue.value),
        ("shield", shield.value),
        ("standing", standing.value),
    )


def _class_of_count(count: Count, caller: Caller) -> RecordClass:
    return (
        ("home", "same-authority" if count.home == caller.claims.authority else "other-authority"),
        ("recoverable", count.recoverable),
        ("size", "below" if count.small else "at-or-above"),
    )


def _class_of_suspension(suspension: Suspension, caller: Caller) -> RecordClass:
    return _of_review(suspension.authority, caller, own=suspension.person in caller.persons)


def _class_of_withholding(withholding: LogWithholding, caller: Caller) -> RecordClass:
    return _of_review(withholding.authority, caller, own=withholding.asked_by in caller.persons)


def _of_review(authority: AuthorityCode, caller: Caller, *, own: bool) -> RecordClass:
    """Return the class of a record about the log or its callers, kept by an authority."""
    at_home = authority == caller.claims.authority
    return _plain(Shield.NONE, False, Consent.NONE_NEEDED, False, False, at_home, RecordStanding.LIVE, own)


def class_of_review(
    authority: AuthorityCode, person: PersonId | None, caller: Caller, *, shield: Shield = Shield.NONE
) -> RecordClass:
    """Return the class of what a review says of a person who asks, or of nobody in particular."""
    at_home = authority == caller.claims.authority
    plain = _plain(
        shield,
        False,
        Consent.NONE_NEEDED,
        False,
        False,
        at_home,
        RecordStanding.LIVE,
        person is not None and person in caller.persons,
    )
    return _with(plain, asker="own-authority" if at_home else "other-authority")


def _facts(
    facts: ChildFacts, caller: Caller, *, own: bool
) -> tuple[Shield, bool, Consent, bool, bool, bool, RecordStanding, bool]:
    return (
        facts.shield,
        False,
        Consent.NONE_NEEDED,
        not facts.practitioners.isdisjoint(caller.practitioners),
        not facts.conflicted.isdisjoint(caller.posts),
        facts.home == caller.claims.authority,
        facts.standing,
        own,
    )


def _public(sensitive: bool = False, *, involved: bool = False, own: bool = False) -> RecordClass:
    """Return the class of a record that is about no child."""
    return _plain(Shield.NONE, sensitive, Consent.NONE_NEEDED, involved, False, True, RecordStanding.LIVE, own)


@lru_cache(maxsize=4096)
def _plain(
    shield: Shield,
    sensitive: bool,
    consent: Consent,
    involved: bool,
    conflict: bool,
    at_home: bool,
    standing: RecordStanding,
    own: bool,
) -> RecordClass:
    return (
        ("conflict", conflict),
        ("consent", consent.value),
        ("home", "same-authority" if at_home else "other-authority"),
        ("involved", involved),
        ("self", own),
        ("sensitive", sensitive),
        ("shield", shield.value),
        ("standing", standing.value),
    )


def _opened(found: RecordClass, record_type: RecordType, child: ChildId, caller: Caller) -> RecordClass:
    """Return a class with the fields that the grant in use names on the record, if it is for this child."""
    if caller.opens is None or child not in caller.opens.children:
        return found
    fields = caller.opens.on(record_type.value)
    return _with(found, granted=fields) if fields else found


def _with(plain: RecordClass, **more: Attribute) -> RecordClass:
    return tuple(sorted((*plain, *more.items())))


_CLASSIFIERS: Mapping[type, tuple[RecordType, Callable[[Any, Caller], RecordClass]]] = {
    Child: (RecordType.CHILD, _class_of_child),
    Carer: (RecordType.CARER, _class_of_carer),
    Involvement: (RecordType.INVOLVEMENT, _class_of_involvement),
    Practitioner: (RecordType.PRACTITIONER, _class_of_practitioner),
    Setting: (RecordType.SETTING, lambda _record, _caller: _public()),
    Agency: (
        RecordType.AGENCY,
        lambda agency, caller: _public(agency.sensitive, involved=caller.agency == agency.id),
    ),
    LocalAuthority: (RecordType.LOCAL_AUTHORITY, lambda _record, _caller: _public()),
    Candidate: (RecordType.CANDIDATE, _class_of_candidate),
    CallerRecord: (RecordType.CALLER, lambda _record, _caller: _public(own=True)),
    LedgerEntry: (RecordType.LEDGER_ENTRY, _class_of_ledger_entry),
    AccessLogEntry: (RecordType.ACCESS_LOG_ENTRY, _class_of_log_entry),
    LogWithholding: (RecordType.LOG_WITHHOLDING, _class_of_withholding),
    Suspension: (RecordType.SUSPENSION, _class_of_suspension),
    AccessReviewFinding: (
        RecordType.ACCESS_REVIEW_FINDING,
        lambda finding, caller: class_of_review(finding.authority, finding.person, caller),
    ),
    AccessReviewEntry: (
        RecordType.ACCESS_REVIEW_ENTRY,
        lambda entry, caller: class_of_review(entry.authority, entry.caller, caller, shield=entry.shield),
    ),
    AccessReviewCase: (
        RecordType.ACCESS_REVIEW_CASE,
        lambda case, caller: class_of_review(case.authority, case.person, caller),
    ),
    Grant: (RecordType.GRANT, _class_of_grant),
    ResponsibilityTransfer: (RecordType.RESPONSIBILITY_TRANSFER, _class_of_transfer),
    BrokeredContact: (RecordType.BROKERED_CONTACT, _class_of_contact),
    QueueEntry: (RecordType.QUEUE_ENTRY, _class_of_queue_entry),
    Count: (RecordType.COUNT, _class_of_count),
}


def home_of(record: Record, home: AuthorityCode) -> AuthorityCode:
    """Return the authority that holds the record; what is about no child belongs to this gateway."""
    match record:
        case Child() | Carer() | Involvement() | AccessLogEntry():
            return record.facts.home
        case Candidate():
            return record.child.facts.home
        case LocalAuthority():
            return record.code
        case Suspension() | AccessReviewFinding() | AccessReviewEntry() | AccessReviewCase() | LogWithholding():
            return record.authority
        case Grant() | ResponsibilityTransfer() | BrokeredContact() | QueueEntry() | Count():
            return record.home
        case Setting() | Practitioner() | Agency():
            return record.id.authority if isinstance(record.id, ForeignId) else home
        case _:
            return home
