"""The keys by which children are found: what is compared instead of names, postcodes and dates as written.

Names are compared by letters alone (O'Brien, OBrien and Ó Briain's accents do not matter) and by sound.
The keys are computed here and stored, so that the database needs no extension.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta

import jellyfish
from anyascii import anyascii

SIMILAR = 0.88
"""Jaro-Winkler similarity from which two spellings may be one name."""

_NOT_LETTERS = re.compile(r"[^a-z]")
_NOT_POSTCODE = re.compile(r"[^A-Z0-9]")
_HALF_VOWELS = str.maketrans("", "", "HWY")
_WORD_BREAKS = re.compile(r"[\s\-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class NameKeys:
    """The keys of one name; the given ones are None where no given name is known."""

    family: str
    family_sound: str
    given: str | None
    given_first: str | None
    given_sound: str | None


def name_keys(*, given_name: str | None, family_name: str) -> NameKeys:
    """Return the keys of a name as written in a record."""
    given = name_key(given_name) if given_name else ""
    first = first_name_key(given_name) if given_name else ""
    family = name_key(family_name)
    return NameKeys(
        family=family,
        family_sound=sound(family),
        given=given or None,
        given_first=first or None,
        given_sound=sound(first) if first else None,
    )


def name_key(name: str) -> str:
    """Return a name as its letters alone: lower case, without accents, apostrophes, hyphens and spaces."""
    return _NOT_LETTERS.sub("", anyascii(name).lower())


def first_name_key(given_name: str) -> str:
    """Return the key of the first of several given names; of Jean-Luc it is jean."""
    words = (name_key(word) for word in _WORD_BREAKS.split(given_name))
    return next((word for word in words if word), "")


def sound(key: str) -> str:
    """Return the phonetic code of a name key; a key without one sounds like itself.

    Past the first, the half-vowels of the code are left out: Ayesha and Aisha, O'Brien and O'Bryan, Khan and Kahn.
    """
    code = jellyfish.metaphone(key).replace(" ", "") or key.upper()
    return code[:1] + code[1:].translate(_HALF_VOWELS)


def similar(key: str, other: str) -> bool:
    """Say whether two keys are so alike that one may be a slip of the other."""
    return jellyfish.jaro_winkler_similarity(key, other) >= SIMILAR


def postcode_key(postcode: str) -> str:
    """Return a postcode in capitals without its space."""
    return _NOT_POSTCODE.sub("", postcode.upper())


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """What a caller wrote for a name or postcode: whole, or with `*` for any letters.

    `low` and `high` enclose what the pattern can match, for an index: `low <= key < high`.
    """

    key: str

    @property
    def exact(self) -> bool:
        """Say whether there is no wildcard."""
        return "*" not in self.key

    @property
    def too_wide(self) -> bool:
        """Say whether there is a wildcard in the first two characters."""
        return "*" in self.key[:2]

    @property
    def low(self) -> str:
        """Return the least key that can match."""
        return self.key.split("*", 1)[0]

    @property
    def high(self) -> str:
        """Return a key above all that can match; stored keys are ASCII letters and digits."""
        return self.low + ("\x01" if self.exact else "\x7f")

    def matches(self, key: str | None) -> bool:
        """Say whether a stored key is one that was asked for."""
        if key is None:
            return False
        expression = ".*".join(re.escape(part) for part in self.key.split("*"))
        return re.fullmatch(expression, key) is not None


def name_pattern(written: str) -> Pattern | None:
    """Return the pattern for a name, or None if nothing is left of it."""
    return _pattern("*".join(name_key(part) for part in written.split("*")))


def postcode_pattern(written: str) -> Pattern | None:
    """Return the pattern for a postcode, or None if nothing is left of it."""
    return _pattern("*".join(postcode_key(part) for part in written.split("*")))


def _pattern(key: str) -> Pattern | None:
    collapsed = re.sub(r"\*+", "*", key)
    return Pattern(key=collapsed) if collapsed else None


def near_dates(born: date) -> list[date]:
    """Return the dates that a slip could turn into this one, itself first.

    A slip is: day and month swapped, one digit wrong, a day or a year out.
    """
    written = f"{born:%Y%m%d}"
    slips = [written[:4] + written[6:] + written[4:6]]
    slips += [
        written[:position] + digit + written[position + 1 :] for position in range(2, 8) for digit in "0123456789"
    ]
    dates = [_read(slip) for slip in slips]
    dates += [born - timedelta(days=1), born + timedelta(days=1), _year_out(born, -1), _year_out(born, 1)]
    return list(dict.fromkeys([born, *(day for day in dates if day is not None)]))


def _read(written: str) -> date | None:
    try:
        return date(int(written[:4]), int(written[4:6]), int(written[6:]))
    except ValueError:
        return None


def _year_out(born: date, years: int) -> date | None:
    return _read(f"{born.year + years:04}{born:%m%d}")
