"""A month of normal work over a made-up authority: who looks at whom, when and why, from a seed alone.

Shifts, school hours and nights, caseloads, duty desks, leave and who covers it, newly referred children, meetings in
which a team looks at one child, searches first, slips of the keyboard and lapsed training: all that makes honest work
look odd here and there.
"""

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from connectors.synthetic.draw import stream
from gateway.errors import AccessLapsed, BadCriteria

LOCAL_TIME = ZoneInfo("Europe/London")


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A practitioner who may ask; `caseload` are the children that the register says this person works with."""

    person: str
    name: str
    role: str
    title: str
    agency: str
    caseload: Sequence[UUID]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A made-up authority as far as looks depend on it; `coming` are involvements that begin in the month."""

    authority: str
    workers: Sequence[Worker]
    children: Sequence[UUID]
    families: Mapping[UUID, str]
    streets: Mapping[UUID, str]
    shielded: frozenset[UUID]
    coming: Mapping[str, Sequence[tuple[date, UUID]]]
    colleagues: Mapping[str, Sequence[Worker]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One ask: a look at one child, a search that tells candidates apart, or one that was refused."""

    at: datetime
    worker: Worker
    children: tuple[UUID, ...] = ()
    searching: bool = False
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """How a kind of post works: looks a shift, how many of ten thousand are at children of each kind, and when."""

    looks: float
    team: int = 400
    elsewhere: int = 250
    panel: int = 0
    nights: float = 0.0
    school: bool = False


_USUAL = Habit(looks=2.2)
_HABITS: Mapping[str, Habit] = {
    "Social worker": Habit(looks=3.5, team=1_500, elsewhere=900, nights=0.06),
    "Child protection officer": Habit(looks=3.0, team=1_500, elsewhere=2_500, nights=0.25),
    "Paediatric nurse": Habit(looks=4.0, team=1_500, elsewhere=4_000, nights=0.4),
    "General practitioner": Habit(looks=2.0, panel=180, elsewhere=150),
    "Designated safeguarding lead": Habit(looks=1.2, panel=150, elsewhere=100, school=True),
    "Directory officer": Habit(looks=9.0, team=0, elsewhere=9_500),
    "Health visitor": Habit(looks=3.0, team=900),
    "School nurse": Habit(looks=2.5, team=900, school=True),
}
"""Guesses, for want of a place's own log: the figures that follow from them are as good as they are."""
_MEETINGS = 0.02
_SEARCH_FIRST = 0.5
_SLIPS = 0.015
_LAPSED = 0.015
_ON_LEAVE = 0.2


def worked(place: Place, *, first: date, days: int, seed: int) -> list[Planned]:
    """Return the asks of so many days, oldest first."""
    planned = [ask for worker in place.workers for ask in _of_worker(place, worker, first=first, days=days, seed=seed)]
    return sorted(planned, key=lambda ask: (ask.at, ask.worker.person))


def moment(day: date, hour: float) -> datetime:
    """Return an instant on a day, by the clock on the wall; hours past 24 are in the night that follows."""
    return (datetime.combine(day, time(), tzinfo=LOCAL_TIME) + timedelta(hours=hour)).astimezone(UTC)


def look(worker: Worker, child: UUID, at: datetime) -> Planned:
    """Return a look at one child."""
    return Planned(at=at, worker=worker, children=(child,))


def _of_worker(place: Place, worker: Worker, *, first: date, days: int, seed: int) -> Iterator[Planned]:
    random = stream(seed, "work", worker.person, first)
    habit = _HABITS.get(worker.title, _USUAL)
    # Whether somebody works nights is a matter of the post, not of the month.
    by_night = stream(seed, "rota", worker.person).random() < habit.nights
    work = _Work(place, worker, habit, random)
    leave = int(random.random() * days) if random.random() < _ON_LEAVE else None
    lapsed = random.random() < _LAPSED
    for number in range(days):
        day = first + timedelta(days=number)
        if (leave is not None and leave <= number < leave + 7) or not _on_shift(day, by_night=by_night, random=random):
            continue
        asks = list(work.shift(day, by_night=by_night))
        if lapsed and number > days - 4:
            yield from (Planned(at=ask.at, worker=worker, code=AccessLapsed.code) for ask in asks)
        else:
            yield from asks


def _on_shift(day: date, *, by_night: bool, random: Random) -> bool:
    return random.random() < 0.45 if by_night else day.weekday() < 5


class _Work:
    """How one worker comes by children to look at."""

    def __init__(self, place: Place, worker: Worker, habit: Habit, random: Random) -> None:
        self.place, self.worker, self.habit, self.random = place, worker, habit, random
        self.team = place.colleagues.get(worker.agency, ())
        # A panel is a practice's list or a school's roll: children of a place, whatever the register says of it.
        chosen = stream("panel", worker.agency, len(place.children))
        self.panel = [chosen.choice(place.children) for _ in range(habit.panel)]
        self.covered = self.random.choice(self.team).caseload if self.team and random.random() < _ON_LEAVE else ()

    def shift(self, day: date, *, by_night: bool) -> Iterator[Planned]:
        """Yield the asks of one shift."""
        for _ in range(_poisson(self.random, self.habit.looks)):
            at = moment(day, self._hour(by_night=by_night))
            child = self._child(day)
            if self.random.random() < _SLIPS:
                yield Planned(at=at - timedelta(minutes=3), worker=self.worker, searching=True, code=BadCriteria.code)
            if self.random.random() < _SEARCH_FIRST:
                others = [self.random.choice(self.place.children) for _ in range(int(self.random.random() * 4))]
                found = tuple(dict.fromkeys((child, *others)))
                yield Planned(at=at - timedelta(seconds=40), worker=self.worker, children=found, searching=True)
            yield look(self.worker, child, at)
            if self.team and self.random.random() < _MEETINGS:
                yield look(self.random.choice(self.team), child, at + timedelta(minutes=2 + 10 * self.random.random()))

    def _hour(self, *, by_night: bool) -> float:
        if by_night:
            return 20 + 11 * self.random.random()
        begins, ends = (8.3, 15.7) if self.habit.school else (8.0, 18.0)
        # Now and then somebody stays late.
        late = 3.0 if self.random.random() < 0.02 else 0.0
        return late + begins + (ends - begins) * (self.random.random() + self.random.random()) / 2

    def _child(self, day: date) -> UUID:
        random, kind = self.random, self.random.random() * 10_000
        coming = [
            child for begins, child in self.place.coming.get(self.worker.person, ()) if 0 <= (begins - day).days <= 7
        ]
        if coming and kind > 8_500:
            return random.choice(coming)
        if kind < self.habit.elsewhere:
            return random.choice(self.place.children)
        if kind < self.habit.elsewhere + self.habit.team and self.team:
            cases = random.choice(self.team).caseload
            if cases:
                return random.choice(cases)
        if self.covered and random.random() < 0.25:
            return random.choice(self.covered)
        own = self.panel or self.worker.caseload or self._of_colleagues()
        return random.choice(own) if own else random.choice(self.place.children)

    def _of_colleagues(self) -> Sequence[UUID]:
        # Who has no caseload yet sits in with somebody who has.
        cases = [colleague.caseload for colleague in self.team if colleague.caseload]
        return self.random.choice(cases) if cases else ()


def _poisson(random: Random, mean: float) -> int:
    limit, count, product = math.exp(-mean), 0, random.random()
    while product > limit:
        product *= random.random()
        count += 1
    return count


def between(planned: Sequence[Planned], begins: datetime, ends: datetime) -> Sequence[Planned]:
    """Return the asks of a stretch of time; `planned` is in order."""
    instants = [ask.at for ask in planned]
    return planned[bisect_left(instants, begins) : bisect_left(instants, ends)]
