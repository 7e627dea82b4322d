"""How well one stored name, with its date, gender and postcode, answers a search: the grounds and the grade (S2)."""

from collections.abc import Iterable
from dataclasses import dataclass

from connectors.postgres.criteria import Asked
from connectors.postgres.facts import Row
from connectors.postgres.keys import similar
from gateway.vocabulary import ChildId, Gender, MatchGrade, MatchReason

GRADES = tuple(MatchGrade)
"""Best first."""

_ORDER = {reason: position for position, reason in enumerate(MatchReason)}
_IDENTIFIERS = {MatchReason.IDENTIFIER_EQUAL, MatchReason.IDENTIFIER_SUPERSEDED}
_FAMILY = {MatchReason.FAMILY_NAME_EQUAL, MatchReason.FAMILY_NAME_PATTERN, MatchReason.FAMILY_NAME_SOUNDS_ALIKE}
_GIVEN = {MatchReason.GIVEN_NAME_EQUAL, MatchReason.GIVEN_NAME_PATTERN, MatchReason.GIVEN_NAME_SOUNDS_ALIKE}
_BORN = {MatchReason.DATE_OF_BIRTH_EQUAL, MatchReason.DATE_OF_BIRTH_NEAR}
_PLACE = {MatchReason.POSTCODE_EQUAL, MatchReason.POSTCODE_PATTERN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A child that a search may mean; `child` is the record that stands for its identity."""

    child: ChildId
    grade: MatchGrade
    reasons: tuple[MatchReason, ...]
    used: frozenset[str]


def match(asked: Asked, row: Row) -> Match | None:
    """Return how a row of search keys answers the search, or None if it does not."""
    reasons = {*_identifier(row), *_family(asked, row), *_given(asked, row), *_birth(asked, row), *_place(asked, row)}
    gender_fits = row["gender"] in (asked.gender, Gender.NOT_SPECIFIED)
    if not (reasons & _IDENTIFIERS or _is_enough(asked, reasons, gender_fits=gender_fits)):
        return None
    # A name that only a joined record bears is not the one in use either.
    former = bool(row["former"]) or (row["elsewhere"] and not reasons & _IDENTIFIERS)
    if former:
        reasons.add(MatchReason.FORMER_NAME)
    return Match(
        child=row["surviving"],
        grade=_grade(asked, reasons),
        reasons=tuple(sorted(reasons, key=_ORDER.__getitem__)),
        used=asked.used | {"formerNames"} if former else asked.used,
    )


def best(matches: Iterable[Match]) -> dict[ChildId, Match]:
    """Return the best match of each child.

    A current name comes before any former one, so that whoever may not see former names still finds by the current.
    """
    found: dict[ChildId, Match] = {}
    for candidate in matches:
        known = found.get(candidate.child)
        if known is None or _rank(candidate) < _rank(known):
            found[candidate.child] = candidate
    return found


def _rank(candidate: Match) -> tuple[bool, int, int]:
    former = MatchReason.FORMER_NAME in candidate.reasons
    return former, GRADES.index(candidate.grade), -len(candidate.reasons)


def _identifier(row: Row) -> set[MatchReason]:
    return {MatchReason(row["identifier"])} if row["identifier"] else set()


def _family(asked: Asked, row: Row) -> set[MatchReason]:
    key = row["family_key"]
    if asked.family is None or key is None:
        return set()
    if asked.family.matches(key):
        return {MatchReason.FAMILY_NAME_EQUAL if asked.family.exact else MatchReason.FAMILY_NAME_PATTERN}
    if asked.family.exact and (asked.family_sound == row["family_sound"] or similar(asked.family.key, key)):
        return {MatchReason.FAMILY_NAME_SOUNDS_ALIKE}
    return set()


def _given(asked: Asked, row: Row) -> set[MatchReason]:
    key, first = row["given_key"], row["given_first_key"]
    if asked.given is None or key is None:
        return set()
    if not asked.given.exact:
        return {MatchReason.GIVEN_NAME_PATTERN} if asked.given.matches(key) or asked.given.matches(first) else set()
    # One who gives a single name means the first; one who gives several may meet a record that has only the first.
    if asked.given.key in (key, first) or asked.given_first == key:
        return {MatchReason.GIVEN_NAME_EQUAL}
    if asked.given_sound == row["given_sound"] or similar(asked.given_first, first):
        return {MatchReason.GIVEN_NAME_SOUNDS_ALIKE}
    return set()


def _birth(asked: Asked, row: Row) -> set[MatchReason]:
    reasons = set()
    if row["date_of_birth"] == asked.born:
        reasons.add(MatchReason.DATE_OF_BIRTH_EQUAL)
    elif row["date_of_birth"] in asked.near:
        reasons.add(MatchReason.DATE_OF_BIRTH_NEAR)
    if asked.gender is not None and row["gender"] == asked.gender:
        reasons.add(MatchReason.GENDER_EQUAL)
    return reasons


def _place(asked: Asked, row: Row) -> set[MatchReason]:
    if asked.postcode is None or not asked.postcode.matches(row["postcode_key"]):
        return set()
    return {MatchReason.POSTCODE_EQUAL if asked.postcode.exact else MatchReason.POSTCODE_PATTERN}


def _is_enough(asked: Asked, reasons: set[MatchReason], *, gender_fits: bool) -> bool:
    """Say whether what agrees is one of the combinations that were asked for."""
    same_day = MatchReason.DATE_OF_BIRTH_EQUAL in reasons
    written_so = not reasons.isdisjoint(_FAMILY - {MatchReason.FAMILY_NAME_SOUNDS_ALIKE})
    family, given, born, place = (not reasons.isdisjoint(kind) for kind in (_FAMILY, _GIVEN, _BORN, _PLACE))
    return (
        (asked.by_name and written_so and same_day)
        or (asked.by_both_names and family and given and born)
        or (asked.by_place and (family or given) and born and place and gender_fits)
    )


def _grade(asked: Asked, reasons: set[MatchReason]) -> MatchGrade:
    if reasons & _IDENTIFIERS:
        return MatchGrade.CERTAIN
    if MatchReason.DATE_OF_BIRTH_EQUAL not in reasons:
        return MatchGrade.POSSIBLE
    family, given = MatchReason.FAMILY_NAME_EQUAL in reasons, MatchReason.GIVEN_NAME_EQUAL in reasons
    supported = not reasons.isdisjoint({MatchReason.POSTCODE_EQUAL, MatchReason.GENDER_EQUAL})
    if family and given and supported:
        # A name that is no longer borne cannot make a match certain.
        return MatchGrade.PROBABLE if MatchReason.FORMER_NAME in reasons else MatchGrade.CERTAIN
    if family and (given or asked.given is None):
        return MatchGrade.PROBABLE
    if given and (not reasons.isdisjoint(_FAMILY) or MatchReason.POSTCODE_EQUAL in reasons):
        return MatchGrade.PROBABLE
    return MatchGrade.POSSIBLE
