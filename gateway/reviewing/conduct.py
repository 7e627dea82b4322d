"""What a caller's looks come to in figures, each with the entries that show it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from gateway.errors import BudgetExhausted
from gateway.reviewing.looks import Look, Nearness, Reviewed, Stretch, Touch
from gateway.reviewing.thresholds import LOCAL_TIME, Thresholds

EVIDENCE_LIMIT: Final = 20
"""Entries that a figure keeps to show; it says how many there are in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number, and the looks that make it, the oldest first and at most `EVIDENCE_LIMIT` of them."""

    value: int = 0
    entries: int = 0
    shown: Sequence[Look] = ()

    @classmethod
    def of(cls, value: int, looks: Iterable[Look]) -> "Figure":
        """Return a figure with its evidence."""
        by_number = {look.seq: look for look in looks}
        return cls(value=value, entries=len(by_number), shown=tuple(by_number.values())[:EVIDENCE_LIMIT])


@dataclass(frozen=True, slots=True, kw_only=True)
class Namesakes:
    """Children of the caller's own surname, or in the caller's postcode, with whom the caller does not work.

    `among` are all children looked at with whom the caller does not work; the second pair leaves out those with whom
    the agency works. `days` are the most days on which one of them was looked at.
    """

    hits: Figure
    among: int
    stranger_hits: int
    strangers: int
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What the days before the period say of the same caller."""

    looks: int
    odd_hours: int
    day_children: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conduct:
    """A caller's figures for a period."""

    caller: Reviewed
    looks: int
    children: int
    days: int
    surnames: frozenset[str]
    postcodes: frozenset[str]
    surname: Namesakes
    postcode: Namesakes
    home: Figure
    strangers: Figure
    busiest_day: Figure
    odd_hours: Figure
    shielded: Figure
    followed: Figure
    refusals: Figure
    exhaustions: Figure
    past: Past


def conduct_of(stretch: Stretch, thresholds: Thresholds) -> Conduct:
    """Return what a stretch comes to."""
    looks = stretch.looks
    of_days = _by_day(looks)
    exhausted = [look for look in looks if look.code == BudgetExhausted.code]
    refused = [look for look in looks if look.code not in {None, BudgetExhausted.code}]
    odd = [look for look in looks if look.touches and thresholds.is_odd(look.at)]
    busiest = max(of_days.values(), key=_children, default=[])
    past = [look for look in stretch.past if look.touches]
    return Conduct(
        caller=stretch.caller,
        looks=len(looks),
        children=_children(looks),
        days=len(of_days),
        surnames=stretch.surnames,
        postcodes=stretch.postcodes,
        surname=_namesakes(looks, lambda touch: touch.surname),
        postcode=_namesakes(looks, lambda touch: touch.near is not None),
        home=_figure(looks, _at_home),
        strangers=_figure(looks, lambda touch: touch.stranger),
        busiest_day=Figure.of(_children(busiest), busiest),
        odd_hours=Figure.of(len(odd), odd),
        shielded=_figure(looks, lambda touch: touch.shielded and touch.not_own),
        followed=_figure(looks, lambda touch: touch.after is not None and touch.not_own),
        refusals=Figure.of(len(refused), refused),
        exhaustions=Figure.of(len(exhausted), exhausted),
        past=Past(
            looks=len(past),
            odd_hours=sum(thresholds.is_odd(look.at) for look in past),
            day_children=tuple(sorted(_children(day) for day in _by_day(past).values())),
        ),
    )


def _at_home(touch: Touch) -> bool:
    # To look at one's own child is no part of anybody's work, even where one's agency works with the child.
    return touch.near is Nearness.FAMILY or (touch.near is Nearness.ADDRESS and touch.not_own)


def _figure(looks: Sequence[Look], counts: Callable[[Touch], bool]) -> Figure:
    """Return how many different children count, with the looks at them."""
    counted = [(look, touch.child) for look in looks for touch in look.touches if counts(touch)]
    return Figure.of(len({child for _, child in counted}), (look for look, _ in counted))


def _namesakes(looks: Sequence[Look], is_one: Callable[[Touch], bool]) -> Namesakes:
    touches = [(look, touch) for look in looks for touch in look.touches if touch.not_own]
    days: defaultdict[str, set[date]] = defaultdict(set)
    for look, touch in touches:
        if is_one(touch):
            days[touch.child].add(_day(look))
    strangers = {touch.child for _, touch in touches if touch.stranger}
    return Namesakes(
        hits=Figure.of(len(days), (look for look, touch in touches if touch.child in days)),
        among=len({touch.child for _, touch in touches}),
        stranger_hits=len(strangers & days.keys()),
        strangers=len(strangers),
        days=max((len(of_child) for of_child in days.values()), default=0),
    )


def _by_day(looks: Sequence[Look]) -> Mapping[date, list[Look]]:
    days: defaultdict[date, list[Look]] = defaultdict(list)
    for look in looks:
        days[_day(look)].append(look)
    return days


def _day(look: Look) -> date:
    return look.at.astimezone(LOCAL_TIME).date()


def _children(looks: Iterable[Look]) -> int:
    return len({touch.child for look in looks for touch in look.touches})
