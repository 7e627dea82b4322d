"""What in the asks of an authority's callers a person should look at (domain rule L5)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from gateway.disclosure.classes import class_of_review
from gateway.disclosure.redaction import Disclosed
from gateway.disclosure.road import Selection
from gateway.errors import BadCriteria
from gateway.ledger.entry import OutcomeStatus
from gateway.records import AccessReviewCase, AccessReviewEntry, AccessReviewFinding, Agency
from gateway.reviewing.finding import Finding, Period, reference
from gateway.reviewing.looks import Look, Reviewed
from gateway.reviewing.reviewing import Review, review
from gateway.vocabulary import AgencyId, AuthorityCode, Effect, RecordType, ReviewPattern, Shield
from resolvers.asking import Asking

PAGE_LIMIT = 40
"""Findings on one page at most: with their evidence, what one answer may touch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPage:
    """One page of findings, and how many callers and entries the whole period has; `None` where nothing is told."""

    findings: Sequence[Disclosed]
    has_more: bool
    callers: int | None = None
    entries: int | None = None


_NOTHING = ReviewPage(findings=(), has_more=False)


async def review_of_callers(
    asking: Asking,
    selection: Selection,
    *,
    period: Period,
    authority: AuthorityCode,
    patterns: Collection[ReviewPattern],
    first: int,
    after: str | None,
) -> ReviewPage:
    """Return a page of findings about an authority's callers; for whoever may not review them it is empty.

    Raises:
        BadCriteria: The period or `first` is out of range, or `after` is not a cursor of this list.
    """
    _check(asking, period, first)
    # Decided first: who may not review puts nobody to the work of it.
    if not await _may_review(asking, authority):
        return _NOTHING
    found = await review(
        asking.reviews.looks, authority, period, thresholds=asking.reviews.thresholds, patterns=patterns
    )
    page, has_more = _page(found, period, first=first, after=after)
    told = (await asking.road.tell([await _records(asking, page, period, authority)], selection))[0]
    return ReviewPage(findings=told, has_more=has_more, callers=found.callers, entries=found.looks)


async def entries_of_findings(
    asking: Asking, findings: Sequence[Disclosed], selection: Selection
) -> list[list[Disclosed]]:
    """Return the entries that show each finding."""
    return await asking.road.tell([finding.keys["entries"] for finding in findings], selection)


async def cases_of_findings(
    asking: Asking, findings: Sequence[Disclosed], selection: Selection
) -> list[Disclosed | None]:
    """Return the case that a reviewer opened about each finding's caller and period, if one did."""
    return await asking.road.tell_each([finding.keys["case"] for finding in findings], selection)


def _check(asking: Asking, period: Period, first: int) -> None:
    limit = asking.reviews.days_limit
    if not 1 <= period.days <= limit:
        raise BadCriteria(
            f"`to` is on or after `from`, and a review covers at most {limit} days.", reason="period-out-of-range"
        )
    if not 1 <= first <= PAGE_LIMIT:
        raise BadCriteria(f"first must be between 1 and {PAGE_LIMIT}; it is {first}.", reason="first-out-of-range")


async def _may_review(asking: Asking, authority: AuthorityCode) -> bool:
    record_class = class_of_review(authority, None, asking.road.ask.caller)
    decision = (await asking.road.decisions.decide([(RecordType.ACCESS_REVIEW_FINDING, record_class)]))[0]
    return decision.exists is Effect.DISCLOSE


def _page(found: Review, period: Period, *, first: int, after: str | None) -> tuple[Sequence[Finding], bool]:
    begin = 0
    if after is not None:
        places = [place for place, finding in enumerate(found.findings) if reference(period, finding) == after]
        if not places:
            raise BadCriteria("`after` is not a cursor of this list.", reason="cursor-malformed")
        begin = places[0] + 1
    return found.findings[begin : begin + first], len(found.findings) > begin + first


async def _records(
    asking: Asking, findings: Sequence[Finding], period: Period, authority: AuthorityCode
) -> list[AccessReviewFinding]:
    persons = list(dict.fromkeys(finding.caller.person for finding in findings))
    cases = await asking.reviews.cases.latest(persons, authority, first_day=period.first, last_day=period.last)
    ids = {agency for finding in findings if (agency := _agency_id(finding.caller.agency)) is not None}
    agencies = {str(agency): record for agency, record in (await asking.directory.agencies(list(ids))).items()}
    return [
        _record(
            finding,
            period,
            case=cases.get(finding.caller.person),
            agency=agencies.get(finding.caller.agency),
        )
        for finding in findings
    ]


def _agency_id(text: str) -> AgencyId | None:
    try:
        return AgencyId(UUID(text))
    except ValueError:
        return None


def _record(
    finding: Finding, period: Period, *, case: AccessReviewCase | None, agency: Agency | None
) -> AccessReviewFinding:
    caller = finding.caller
    return AccessReviewFinding(
        id=reference(period, finding),
        authority=caller.authority,
        person=caller.person,
        role=caller.role,
        agency=caller.agency if agency is None else agency.name,
        pattern=finding.pattern,
        explanation=finding.explanation,
        measured=round(finding.measured, 3),
        threshold=round(finding.threshold, 3),
        entry_count=finding.entry_count,
        entries=tuple(_entry(look, caller) for look in finding.shown),
        case=case,
    )


def _entry(look: Look, caller: Reviewed) -> AccessReviewEntry:
    shielded = sum(touch.shielded for touch in look.touches)
    return AccessReviewEntry(
        id=look.seq,
        authority=caller.authority,
        caller=caller.person,
        shield=Shield.ACTIVE if shielded else Shield.NONE,
        at=look.at,
        purpose=look.purpose,
        outcome=look.code or OutcomeStatus.ANSWERED.value,
        searches=look.searches,
        children=tuple(touch.child for touch in look.touches),
        shielded_children=shielded,
        after_entries=tuple(dict.fromkeys(touch.after for touch in look.touches if touch.after is not None)),
    )
