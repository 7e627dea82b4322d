"""Record what a review of a caller found, and clear a case with a second, independent reviewer (domain rule L5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from gateway.changes import NewOutcome
from gateway.disclosure.classes import RecordClass, class_of_action
from gateway.disclosure.redaction import Disclosed
from gateway.disclosure.road import ActionNote, Selection
from gateway.records import AccessReviewCase
from gateway.reviewing.finding import Period
from gateway.vocabulary import (
    AuthorityCode,
    Effect,
    PersonId,
    RecordType,
    ReviewCaseId,
    ReviewOutcome,
    ReviewPattern,
)
from resolvers.asking import Asking
from resolvers.changing import Changed, Changing, Outcome, Stated, Target, Tell, UserError, known, text_fault
from resolvers.suspending import PERSON_LIMIT

CLEARING = "closeAccessReview"
"""The action, beside the recording itself, that clears a case: decided apart, and not a mutation of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _About:
    """Whom an outcome is about: a case that is open already, or a caller and a period to open one on."""

    person: PersonId
    authority: AuthorityCode
    case: AccessReviewCase | None


async def outcome_recorded(
    asking: Asking,
    stated: Stated,
    selection: Selection,
    *,
    person: str,
    first_day: date,
    last_day: date,
    case: str | None,
    patterns: Sequence[ReviewPattern],
    outcome: ReviewOutcome,
    reason: str,
) -> Outcome:
    """Add an outcome to a caller's case, which is opened with the first one."""

    period = Period(first=first_day, last=last_day)

    async def act(changing: Changing) -> Changed | UserError:
        fault = text_fault(reason, "reason") or _patterns_fault(patterns) or _period_fault(asking, period)
        if fault is not None:
            return fault
        about = await _about(changing, PersonId(person), case)
        if isinstance(about, UserError):
            return about
        record_class = _class(changing, about)
        refusal = await changing.may(Target(record_class=record_class, known=True, field="person"))
        if refusal is not None:
            return refusal
        ask, cases = asking.road.ask, changing.change.review_cases
        case_id = (
            await cases.open(
                about.person,
                authority=about.authority,
                first_day=period.first,
                last_day=period.last,
                at=ask.at,
            )
            if about.case is None
            else about.case.id
        )
        new = NewOutcome(
            outcome=outcome,
            patterns=tuple(dict.fromkeys(patterns)),
            reason=reason,
            by=ask.caller.claims.person,
            authority=ask.caller.claims.authority,
            independent=ask.caller.claims.authority != about.authority,
            clears=outcome is ReviewOutcome.EXPLAINED and await _may_clear(changing, record_class, case_id),
        )
        await cases.add(case_id, new, at=ask.at)
        return Changed(type=RecordType.ACCESS_REVIEW_CASE, id=case_id)

    return await Changing(asking, stated).outcome(act, _teller(asking, selection))


async def _about(changing: Changing, person: PersonId, case: str | None) -> _About | UserError:
    caller = changing.asking.road.ask.caller
    if case is not None:
        found = await _case(changing, case)
        if found is None or found.person != person:
            return await changing.missing(_class_of_nobody(), "case")
        return _About(person=person, authority=found.authority, case=found)
    is_name = len(person) <= PERSON_LIMIT and person.isprintable()
    registered = await changing.change.suspensions.registrations_of(person) if is_name else ()
    authorities = [registration.authority for registration in registered]
    if not authorities:
        return await changing.missing(_class_of_nobody(), "person")
    own = caller.claims.authority
    return _About(person=person, authority=own if own in authorities else authorities[0], case=None)


async def _case(changing: Changing, text: str) -> AccessReviewCase | None:
    try:
        case_id = ReviewCaseId(UUID(text))
    except ValueError:
        return None
    cases = await changing.change.review_cases.by_id([case_id])
    return cases[0] if await known(changing.asking, cases) else None


def _class(changing: Changing, about: _About) -> RecordClass:
    caller = changing.asking.road.ask.caller
    own = about.person in caller.persons
    return class_of_action(
        about="own-authority" if about.authority == caller.claims.authority else "other-authority",
        author="self" if own else "another",
        reviewers=_reviewers(about, caller.persons),
        justification="recorded",
        **{"self": own},
    )


def _reviewers(about: _About, now: frozenset[PersonId]) -> str:
    """Return who finds the caller's asks explained, other than whoever records now; each one's last word counts."""
    earlier = () if about.case is None else about.case.outcomes
    last_words = {one.recorded_by: one for one in earlier if one.recorded_by not in now}
    others = [one for one in last_words.values() if one.outcome is ReviewOutcome.EXPLAINED]
    if any(one.independent for one in others):
        return "independent"
    return "one" if others else "none"


def _class_of_nobody() -> RecordClass:
    return class_of_action(author="another", about="own-authority", justification="recorded")


async def _may_clear(changing: Changing, record_class: RecordClass, case: ReviewCaseId) -> bool:
    """Return whether the rules let this outcome clear the case; what they decided is noted whatever it is."""
    decisions = changing.asking.road.decisions
    decision = await decisions.decide_fields(RecordType.ACTION, record_class, (CLEARING,))
    clears = decision.exists is Effect.DISCLOSE and decision.fields[CLEARING].effect is Effect.DISCLOSE
    changing.asking.road.notes.actions.append(
        ActionNote(
            action=CLEARING,
            change=changing.change.id,
            stated=changing.stated.as_json(),
            decision=decision,
            record_class=record_class,
            changed=(RecordType.ACCESS_REVIEW_CASE, case) if clears else None,
        )
    )
    return clears


def _teller(asking: Asking, selection: Selection) -> Tell:
    async def tell(case: UUID) -> Disclosed | None:
        assert asking.change is not None  # noqa: S101  # only a mutation's root gets here
        found = await asking.change.review_cases.by_id([ReviewCaseId(case)])
        return (await asking.road.tell_each([found[0] if found else None], selection))[0]

    return tell


def _patterns_fault(patterns: Sequence[ReviewPattern]) -> UserError | None:
    if patterns:
        return None
    return UserError(code="PATTERN_NEEDED", message="State at least one pattern.", field="patterns")


def _period_fault(asking: Asking, period: Period) -> UserError | None:
    limit = asking.reviews.days_limit
    if 1 <= period.days <= limit:
        return None
    message = f"`lastDay` is on or after `firstDay`, and a review covers at most {limit} days."
    return UserError(code="BAD_PERIOD", message=message, field="lastDay")
