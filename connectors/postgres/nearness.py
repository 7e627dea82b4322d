"""Whether two homes are one: by the property's number, else by postcode and first line; or near, by postcode alone."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from connectors.postgres.keys import postcode_key
from gateway.reviewing.looks import Nearness

_NOT_PLAIN = re.compile(r"[^a-z0-9]")
_UNKNOWN: Final = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """What of an address is compared; an empty text is not known and equals nothing."""

    uprn: str
    postcode: str
    line: str


@lru_cache(maxsize=20_000)
def home_of(uprn: str | None, postcode: str | None, line: str | None) -> Home:
    """Return a home from its UPRN, postcode and first line as the database has them."""
    return Home(
        uprn=uprn or _UNKNOWN,
        postcode=postcode_key(postcode or _UNKNOWN),
        line=_NOT_PLAIN.sub("", (line or _UNKNOWN).lower()),
    )


def nearness(*, own: Sequence[Home], carer: bool, homes: Sequence[Home]) -> Nearness | None:
    """Return what ties a child to a caller with these homes; `carer` says that the caller is on record as one."""
    if carer:
        return Nearness.FAMILY
    pairs = [(mine, other) for mine in own for other in homes]
    if any(_one(mine, other) for mine, other in pairs):
        return Nearness.ADDRESS
    if any(mine.postcode and mine.postcode == other.postcode for mine, other in pairs):
        return Nearness.POSTCODE
    return None


def _one(mine: Home, other: Home) -> bool:
    if mine.uprn and other.uprn:
        return mine.uprn == other.uprn
    return bool(mine.postcode and mine.line) and (mine.postcode, mine.line) == (other.postcode, other.line)
