"""Counts for planning: which of them are small, and which give a small one away (domain rule M2).

The threshold comes from the rules, and the rules decide what is told; here is only arithmetic.
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar

Key = TypeVar("Key")


def small(number: int, threshold: int) -> bool:
    """Return whether a count is below the threshold."""
    return number < threshold


def recoverable(parts: Mapping[Key, int], threshold: int) -> frozenset[Key]:
    """Return the parts of a told total that must be kept back beside the small ones, the smallest first.

    One small part follows from the total and the others; several together follow as a sum, which must not be small
    either. Of a total that is small itself every part is.
    """
    hidden = {key for key, number in parts.items() if small(number, threshold)}
    more: list[Key] = []
    for key in _smallest_first(parts, without=hidden):
        if not hidden or not _given_away([parts[one] for one in (*hidden, *more)], threshold):
            break
        more.append(key)
    return frozenset(more)


def _given_away(hidden: Sequence[int], threshold: int) -> bool:
    return len(hidden) == 1 or small(sum(hidden), threshold)


def _smallest_first(parts: Mapping[Key, int], *, without: set[Key]) -> list[Key]:
    return sorted((key for key in parts if key not in without), key=lambda key: parts[key])
