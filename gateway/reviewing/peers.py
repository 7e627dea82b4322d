"""Whom a caller is compared with: those of the same role and agency; where they are few, of the role; or everybody."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from gateway.reviewing.conduct import Conduct
from gateway.reviewing.spread import Spread

Measure = Callable[[Conduct], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What a caller had to exceed, and in words what is usual among whom."""

    bound: float
    usual: str


class Peers:
    """The callers of a period in their groups."""

    def __init__(self, conducts: Iterable[Conduct], *, enough: int) -> None:
        """Group the callers; a group with fewer than `enough` members gives way to a wider one."""
        self._enough = enough
        self._groups: defaultdict[tuple[str, ...], list[Conduct]] = defaultdict(list)
        self._spreads: dict[tuple[Measure, tuple[str, ...]], Spread] = {}
        for conduct in conducts:
            for group in _groups_of(conduct):
                self._groups[group].append(conduct)

    def bar(self, conduct: Conduct, measure: Measure, *, deviations: float) -> Bar:
        """Return what the caller has to exceed in a figure to stand out from the peers."""
        group = next((one for one in _groups_of(conduct) if len(self._groups[one]) >= self._enough), None)
        if group is None:
            return Bar(bound=0.0, usual="there are too few callers to compare with")
        if (measure, group) not in self._spreads:
            self._spreads[measure, group] = Spread(measure(one) for one in self._groups[group])
        spread = self._spreads[measure, group]
        return Bar(
            bound=spread.bound(measure(conduct), deviations=deviations),
            usual=f"the middle of the {spread.members} callers {_WIDTH[len(group)]} is {spread.middle:g}",
        )


_WIDTH = {2: "of the same role and agency", 1: "of the same role", 0: "of the authority"}


def _groups_of(conduct: Conduct) -> Sequence[tuple[str, ...]]:
    return ((conduct.caller.role, conduct.caller.agency), (conduct.caller.role,), ())
