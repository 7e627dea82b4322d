"""What the locator compares: a few words for each child, made alike by every authority (derivation 1).

- `nhs:9434765919` and `upn:B801200005001`: identifiers; superseded ones lead as well.
- `name:KN:MR:2015-03-04`: sound of the whole family name, sound of the first given name, date of birth - the sounds
  that search compares (`connectors.postgres.keys`), so spellings, accents, hyphens and later given names do not matter.

Each child is there under one name word: the current name. Former names are not: that somebody once bore a name is for
the rules to tell. Slips are looked for on the asking side, by words more: day and month swapped, a day or a year out,
given and family name swapped. A family name alone, a gender or a postcode make no word: too many children share one.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from connectors.postgres.keys import first_name_key, name_key, sound
from gateway.errors import BadCriteria
from gateway.ports import Criteria

DERIVATION: Final = 1
"""Which words are made, and how; two authorities of different numbers cannot be compared."""

ELEMENTS: Final = 9
"""Words that one ask has room for: two identifiers, a name with its date, and six slips."""

_DAYS: Final = range(1, date.max.toordinal() + 1)

NO_WORDS: Final = (
    "The locator needs an NHS number, a UPN, or given name, family name and date of birth, without wildcards. "
    "Name the authorities to ask instead."
)


class Kind(StrEnum):
    """A kind of words, with a setup of its own."""

    NHS = "nhs"
    UPN = "upn"
    NAME = "name"


IDENTIFIERS: Final = frozenset({Kind.NHS, Kind.UPN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One word that is looked for."""

    kind: Kind
    word: str


def identifier_word(kind: Kind, value: str) -> str:
    """Return the word of an identifier."""
    return f"{kind.value}:{value.replace(' ', '').upper()}"


def name_word(given_name: str | None, family_name: str, born: date) -> str | None:
    """Return the word of a name and date of birth; without a given name there is none."""
    sounds = _sounds(given_name or "", family_name)
    return None if sounds is None else _word(*sounds, born)


def wanted_words(criteria: Criteria) -> Sequence[Wanted]:
    """Return the words to look for, identifiers first, at most `ELEMENTS`.

    Raises:
        BadCriteria: They make no word.
    """
    words = dict.fromkeys(_wanted(criteria))
    if not words:
        raise BadCriteria(NO_WORDS, reason="locator-criteria")
    return tuple(words)


def _wanted(criteria: Criteria) -> Iterator[Wanted]:
    for kind, value in ((Kind.NHS, criteria.nhs_number), (Kind.UPN, criteria.upn)):
        if value:
            yield Wanted(kind=kind, word=identifier_word(kind, value))
    given, family, born = criteria.given_name or "", criteria.family_name or "", criteria.date_of_birth
    sounds = _sounds(given, family)
    if sounds is None or born is None or "*" in given + family:
        return
    for day in _near(born):
        yield Wanted(kind=Kind.NAME, word=_word(*sounds, day))
    swapped = _sounds(family, given)
    if swapped is not None:
        yield Wanted(kind=Kind.NAME, word=_word(*swapped, born))


def _sounds(given_name: str, family_name: str) -> tuple[str, str] | None:
    family, given = name_key(family_name), first_name_key(given_name)
    return (sound(family), sound(given)) if family and given else None


def _word(family: str, given: str, born: date) -> str:
    return f"{Kind.NAME.value}:{family}:{given}:{born.isoformat()}"


def _near(born: date) -> Iterator[date]:
    yield born
    yield from (date.fromordinal(number) for number in (born.toordinal() - 1, born.toordinal() + 1) if number in _DAYS)
    for year, month, day in (
        (born.year, born.day, born.month),
        (born.year - 1, born.month, born.day),
        (born.year + 1, born.month, born.day),
    ):
        with suppress(ValueError):  # there is no such day, so nobody was born on it
            yield date(year, month, day)
