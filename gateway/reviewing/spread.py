"""What is usual among many: the median and the spread around it, which a few unusual callers cannot move."""

import math
from bisect import bisect_left
from collections.abc import Iterable
from statistics import median
from typing import Final

NORMAL: Final = 1.4826
"""The median absolute deviation times this is the standard deviation, where values are spread normally."""
UPPER_SHARE: Final = 0.95
RARE: Final = 0.25
"""What stands for the middle of a group in which most have none, when it is asked how far chance spreads a count."""


class Spread:
    """How one figure is spread over a group."""

    def __init__(self, values: Iterable[float]) -> None:
        """Take the figure of each member."""
        self._sorted = sorted(values)
        self.members = len(self._sorted)
        self.middle = median(self._sorted) if self._sorted else 0.0
        around = median(abs(value - self.middle) for value in self._sorted) if self._sorted else 0.0
        # Counts have no smaller spread than chance gives them, even where most of the group have the same.
        self.deviation = max(NORMAL * around, math.sqrt(max(self.middle, RARE)))

    def bound(self, own: float, *, deviations: float) -> float:
        """Return what a member with this figure has to exceed to stand out from the others.

        Both are asked: so many deviations above the middle, and above 95 in 100 of the others. The second is for
        groups of two halves, such as a ward whose night staff are the smaller one.
        """
        return max(self.middle + deviations * self.deviation, self._upper_of_others(own))

    def _upper_of_others(self, own: float) -> float:
        others = self.members - 1
        if others < 1:
            return 0.0
        # Of few others it is the second highest: one more who stands out must not hide this one.
        place = int(UPPER_SHARE * (others - 1))
        # The member's own figure is left out: whoever stands out must not raise the bar for themselves.
        left_out = bisect_left(self._sorted, own)
        return self._sorted[place if place < left_out else place + 1]


def chance_of(hits: int, *, among: int, share: float) -> float:
    """Return how likely at least so many hits are by chance, if each of `among` is one with probability `share`."""
    if hits <= 0:
        return 1.0
    if hits > among:
        return 0.0
    if share >= 1.0:
        return 1.0
    term = (1.0 - share) ** among
    below = 0.0
    for count in range(hits):
        below += term
        term *= (among - count) / (count + 1) * share / (1.0 - share)
    return max(0.0, 1.0 - below)
