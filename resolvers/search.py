"""Find a child from what a practitioner has: minimum criteria, graded candidates, never a page through everybody."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import timedelta

from gateway.disclosure.question import FieldDecision
from gateway.disclosure.redaction import Disclosed
from gateway.disclosure.road import Selection
from gateway.errors import BadCriteria, BudgetExhausted, TooManyMatches
from gateway.identifiers import compact, nhs_number_fault, upn_fault
from gateway.ports import Criteria
from gateway.record_ids import noted
from gateway.records import Candidate
from gateway.vocabulary import Effect, MatchGrade, RecordType
from resolvers.asking import Asking

MATCH_LIMIT = 50
"""Candidates an answer may hold at most. Source: domain rule S1."""

BUDGET_PERIOD = timedelta(days=1)
NEAR_EXHAUSTION = 0.9
"""Share of the budget from which the caller is warned. Source: domain rule S4."""

RETRY_AFTER = 3600.0
"""Seconds after which some searches of a rolling day are likely to have come free again."""

_WILDCARD = "*"

_CRITERION = {
    "given_name": "givenName",
    "family_name": "familyName",
    "date_of_birth": "dateOfBirth",
    "gender": "gender",
    "postcode": "address",
    "nhs_number": "nhsNumber",
    "upn": "upn",
}
"""The field of a child that each criterion reads: to search by a field is to disclose it."""


def searched_by(criteria: Criteria, *, first: int) -> tuple[Criteria, tuple[str, ...]]:
    """Return criteria with compact identifiers, and the fields of a child that they read.

    Raises:
        BadCriteria: An identifier is malformed, or `first` is out of range.
    """
    if not 1 <= first <= MATCH_LIMIT:
        raise BadCriteria(f"first must be between 1 and {MATCH_LIMIT}; it is {first}.", reason="first-out-of-range")
    criteria = _with_compact_identifiers(criteria)
    return criteria, tuple(
        _CRITERION[name.name] for name in fields(criteria) if getattr(criteria, name.name) is not None
    )


async def found_here(asking: Asking, criteria: Criteria, used: tuple[str, ...]) -> list[Candidate]:
    """Return the candidates of the home directory that this caller may find, best first.

    Raises:
        BadCriteria: The criteria are below the minimum.
        TooManyMatches: There are more than fifty.
    """
    await asking.road.prepare_search(frozenset(used))
    found = await findable(asking, await asking.directory.search(criteria))
    if len(found) > MATCH_LIMIT:
        raise TooManyMatches(
            f"More than {MATCH_LIMIT} children match; add a given name, a gender or a postcode to narrow the search.",
            reason="too-many-matches",
        )
    return found


async def findable(asking: Asking, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return those of the candidates that exist for this caller, in order."""
    return [record for record in await asking.road.findable(candidates) if isinstance(record, Candidate)]


def order_of_candidates(candidate: Candidate, allowed: Callable[[str], bool]) -> tuple[int, str, str]:
    """Return where a candidate stands among those of several authorities: by grade, then authority, then id."""
    grade = list(MatchGrade).index(candidate.grade) if allowed("grade") else len(MatchGrade)
    return (grade, candidate.child.facts.home, noted(candidate.child.id))


async def candidates_for(asking: Asking, criteria: Criteria, selection: Selection, *, first: int) -> list[Disclosed]:
    """Return at most `first` candidates, best first.

    Raises:
        BadCriteria: The criteria are below the minimum, malformed, or not for this role.
        TooManyMatches: More than fifty children match that this caller may find.
        BudgetExhausted: The caller's searches are spent.
    """
    criteria, used = searched_by(criteria, first=first)
    await may_search(asking, used, pattern=pattern_of(criteria))
    found = await found_here(asking, criteria, used)
    return (await asking.road.tell([found], selection, first=first))[0]


async def may_search(asking: Asking, used: tuple[str, ...], *, scope: str = "home", pattern: str = "none") -> None:
    """Count a search and hold it to what this caller may search by; `pattern` is where a wildcard stands.

    Raises:
        BadCriteria: This role may not search by one of the fields, or they are below the minimum.
        BudgetExhausted: The caller's searches are spent.
    """
    road = asking.road
    others = road.begin_search()
    left = await _left(asking, under_way=others)
    record_class = (
        ("budget", _budget(left, asking.search_budget)),
        ("match", _match(frozenset(used))),
        ("pattern", pattern),
        ("scope", scope),
    )
    decision = await road.decisions.decide_fields(RecordType.SEARCH, record_class, used)
    refused = {name: field for name, field in decision.fields.items() if field.effect is not Effect.DISCLOSE}
    if any(field.tell == BudgetExhausted.code for field in refused.values()):
        raise BudgetExhausted(
            f"Your {asking.search_budget} searches of the last day are spent.",
            reason="budget-exhausted",
            retry_after=RETRY_AFTER,
        )
    if refused:
        raise _not_searchable(asking, refused)


def _not_searchable(asking: Asking, refused: Mapping[str, FieldDecision]) -> BadCriteria:
    names = ", ".join(sorted(refused))
    first = refused[min(refused)]
    said = [asking.purposes.sentence(code) for code in (first.tell, first.remedy) if code is not None]
    message = " ".join([*(sentence for sentence in said if sentence), f"You searched by: {names}."])
    return BadCriteria(message, reason=first.reasons[0] if first.reasons else "not-searchable")


def _match(used: frozenset[str]) -> str:
    """Return how the directory looks by these fields: where there is enough to, for slips and spellings as well."""
    by_names = used >= {"givenName", "familyName", "dateOfBirth"}
    by_place = used >= {"dateOfBirth", "gender", "address"} and not used.isdisjoint({"givenName", "familyName"})
    return "fuzzy" if by_names or by_place else "exact"


def pattern_of(criteria: Criteria) -> str:
    """Return whether a wildcard stands `early`, in the first two characters of what is written, `late` or nowhere."""
    written = [
        "".join(character for character in text if character.isalnum() or character == _WILDCARD)
        for text in (criteria.given_name, criteria.family_name, criteria.postcode)
        if text is not None
    ]
    if any(_WILDCARD in text[:2] for text in written):
        return "early"
    return "late" if any(_WILDCARD in text for text in written) else "none"


async def searches_left(asking: Asking) -> int:
    """Return how many searches the caller has left in the rolling day, those under way taken off."""
    return await _left(asking, under_way=asking.road.searches_under_way())


async def _left(asking: Asking, *, under_way: int) -> int:
    ask = asking.road.ask
    spent = await asking.ledger.searches_since(ask.caller.claims.person, ask.at - BUDGET_PERIOD)
    return max(0, asking.search_budget - spent - under_way)


def valid_identifier(value: str, fault_of: Callable[[str], str | None]) -> str:
    """Return an identifier without its spaces.

    Raises:
        BadCriteria: Its form or check digit is wrong.
    """
    identifier = compact(value)
    fault = fault_of(identifier)
    if fault is not None:
        raise BadCriteria(f"The identifier is not valid: {fault}.", reason=fault)
    return identifier


def _with_compact_identifiers(criteria: Criteria) -> Criteria:
    nhs_number, upn = criteria.nhs_number, criteria.upn
    return replace(
        criteria,
        nhs_number=None if nhs_number is None else valid_identifier(nhs_number, nhs_number_fault),
        upn=None if upn is None else valid_identifier(upn, upn_fault),
    )


def _budget(left: int, budget: int) -> str:
    if left <= 0:
        return "exhausted"
    return "near" if left <= budget * (1 - NEAR_EXHAUSTION) else "ample"
