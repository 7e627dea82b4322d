"""Identifiers that are well formed, belong to nobody and follow from an index: no counter, no look-up, no collision."""

from functools import cache
from hashlib import sha256

UPN_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"

SLOTS = 200
"""Ranges of numbers set apart for authorities, so that their identifiers do not meet."""
DEMO_SLOT = SLOTS - 1
NHS_PAIRS_PER_SLOT = 247_500
_UPN_SCHOOLS = 9_900
_NHS_PAIRS = SLOTS * NHS_PAIRS_PER_SLOT
_SLOT_OF_FIRST_AUTHORITY = {"E06": 0, "E08": 69, "E09": 109, "E10": 149}
_SCATTER = 104_729
"""A prime that divides no range here: neighbours in a family get numbers far apart."""


def slot_of(authority: str) -> int:
    """Return the range of numbers an authority draws from; authorities outside England share the last but one."""
    first = _SLOT_OF_FIRST_AUTHORITY.get(authority[:3])
    return DEMO_SLOT - 1 if first is None else (first + int(authority[3:])) % (DEMO_SLOT - 1)


def nhs_number(index: int, *, slot: int) -> str:
    """Return a valid NHS number that begins with 9, from the range that is never given to a patient.

    Of two neighbouring numbers at least one has a check digit, so each index owns a pair.
    A load beyond 247,500 children runs on into the next authority's range.
    """
    body = _nhs_body(index, slot=slot)
    return _checked(body) or _checked(body + 1) or ""


def former_nhs_number(index: int, *, slot: int) -> str | None:
    """Return the other number of the pair, for a superseded one, or None if it has no check digit."""
    body = _nhs_body(index, slot=slot)
    return _checked(body + 1) if _checked(body) else None


def _nhs_body(index: int, *, slot: int) -> int:
    block, place = divmod(index, NHS_PAIRS_PER_SLOT)
    pair = (slot + block) * NHS_PAIRS_PER_SLOT + place * _SCATTER % NHS_PAIRS_PER_SLOT
    return 900_000_000 + 2 * (pair % _NHS_PAIRS)


def _checked(body: int) -> str | None:
    head, tail = divmod(body, 10_000)
    check = 11 - (_weighted(head, 10) + _weighted(tail + 100_000, 5)) % 11
    return None if check == 10 else f"{body}{check % 11}"


@cache
def _weighted(digits: int, first_weight: int) -> int:
    """Return the weighted sum of five digits, or of the last four of six; memoised, as halves recur."""
    text = str(digits)
    return sum(int(digit) * (first_weight - place) for place, digit in enumerate(text[-4:] if len(text) == 6 else text))


def upn(index: int, *, authority: str, year: int, slot: int) -> str | None:
    """Return a permanent UPN issued in a year; None beyond 9.9 million children, for which there is no room.

    The number of the authority tells authorities apart; the demonstration has the last hundred schools to itself.
    """
    school, pupil = divmod(index, 1000)
    if slot == DEMO_SLOT:
        school += _UPN_SCHOOLS
    elif school >= _UPN_SCHOOLS:
        return None
    digits = f"{authority}{school * 7919 % 10_000:04d}{year % 100:02d}{pupil:03d}"
    total = sum(place * int(digit) for place, digit in enumerate(digits, start=2))
    return UPN_LETTERS[total % 23] + digits


def marker(namespace: str, authority: str) -> str:
    """Return the eight hexadecimal digits that begin every identifier of an authority's made-up rows."""
    return sha256(f"{namespace}:{authority}".encode()).hexdigest()[:8]


def id_prefix(mark: str, *, kind: int, seed: int) -> str:
    """Return a UUID (version 8) save its last twelve digits, which are an index.

    Rows written together stand together in the index, and all of an authority's rows are one range of it.
    """
    digest = sha256(f"seed:{seed}".encode()).hexdigest()
    return f"{mark}-{kind:04x}-8{digest[:3]}-8{digest[3:6]}-"


def id_range(mark: str) -> tuple[str, str]:
    """Return the first and the last UUID that begins with a marker."""
    return f"{mark}-0000-0000-0000-000000000000", f"{mark}-ffff-ffff-ffff-ffffffffffff"
