"""Insiders of several kinds among people who do their work: what each does beside it, and what should show it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from random import Random
from uuid import UUID

from connectors.synthetic.draw import stream
from connectors.synthetic.month import Place, Planned, Worker, look, moment
from gateway.errors import BadCriteria, BudgetExhausted
from gateway.vocabulary import ReviewPattern


class Insider(StrEnum):
    """A kind of insider."""

    NEIGHBOUR = "curious neighbour"
    FORMER_PARTNER = "former partner with the child's surname"
    CROWD = "looks up everybody in the news on one day"
    SHIELD_HUNTER = "looks for shielded children"
    FOLLOWER = "looks at what colleagues have just looked at"
    NIGHT_BROWSER = "browses in the evenings and at weekends"
    BROWSER = "looks at children that nobody in the agency knows"
    PROBER = "tries searches until one is let through"
    EXHAUSTER = "searches until the budget is spent"


SHOWN_BY: Mapping[Insider, ReviewPattern] = {
    Insider.NEIGHBOUR: ReviewPattern.SAME_ADDRESS,
    Insider.FORMER_PARTNER: ReviewPattern.SAME_SURNAME,
    Insider.CROWD: ReviewPattern.UNUSUAL_VOLUME,
    Insider.SHIELD_HUNTER: ReviewPattern.SHIELDED_RECORDS,
    Insider.FOLLOWER: ReviewPattern.AFTER_COLLEAGUE,
    Insider.NIGHT_BROWSER: ReviewPattern.UNUSUAL_HOURS,
    Insider.BROWSER: ReviewPattern.NO_RELATIONSHIP,
    Insider.PROBER: ReviewPattern.REPEATED_REFUSALS,
    Insider.EXHAUSTER: ReviewPattern.BUDGET_EXHAUSTED,
}
"""The pattern that should show each; others may as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """One insider: who it is, what was done, and, of a neighbour, a child of the same street.

    `share` is how much was done of what insiders of the kind do: a quiet one does a fifth.
    """

    kind: Insider
    share: float
    worker: Worker
    asks: Sequence[Planned]
    lives_by: UUID | None = None


def planted(
    place: Place,
    work: Sequence[Planned],
    *,
    first: date,
    days: int,
    seed: int,
    each: int,
    shares: Sequence[float] = (1.0,),
) -> list[Planted]:
    """Return so many insiders of each kind and share, each another person; fewer where nobody is there to be one."""
    free = list(place.workers)
    stream(seed, "insiders").shuffle(free)
    found = []
    for kind, plant in _KINDS.items():
        planting = _Planting(place, work, first, days, stream(seed, "insider", kind))
        for share in [share for share in shares for _ in range(each)]:
            made = next(((one, asks) for one in free if (asks := plant(planting, one))), None)
            if made is None:
                break
            worker, asks = made
            free.remove(worker)
            lives_by = asks[0].children[0] if kind is Insider.NEIGHBOUR else None
            done = asks[: max(1, round(len(asks) * share))]
            found.append(Planted(kind=kind, share=share, worker=worker, asks=done, lives_by=lives_by))
    return found


@dataclass(frozen=True, slots=True, kw_only=False)
class _Planting:
    place: Place
    work: Sequence[Planned]
    first: date
    days: int
    random: Random

    def day(self) -> date:
        """Return a working day of the month."""
        working = [day for number in range(self.days) if (day := self.first + timedelta(days=number)).weekday() < 5]
        return self.random.choice(working)

    def others(self, worker: Worker, count: int, *, among: Sequence[UUID] | None = None) -> list[UUID]:
        """Return different children with whom the worker does not work, as many as there are."""
        cases = set(worker.caseload)
        known = [child for child in (self.place.children if among is None else among) if child not in cases]
        return self.random.sample(known, min(count, len(known)))


def _neighbour(planting: _Planting, worker: Worker) -> list[Planned]:
    by_street: dict[str, list[UUID]] = {}
    for child, street in planting.place.streets.items():
        by_street.setdefault(street, []).append(child)
    streets = [children for children in by_street.values() if len(children) >= 3]
    if not streets:
        return []
    children = planting.others(worker, 3, among=planting.random.choice(streets))
    return [look(worker, child, moment(planting.day(), 12.2 + planting.random.random())) for child in children]


def _former_partner(planting: _Planting, worker: Worker) -> list[Planned]:
    surname = worker.name.split()[-1]
    family = planting.others(
        worker, 1, among=[child for child, name in planting.place.families.items() if name == surname]
    )
    days = {planting.first + timedelta(days=number) for number in range(1, planting.days, 4)}
    return [
        look(worker, child, moment(day, 13 + 3 * planting.random.random())) for child in family for day in sorted(days)
    ]


def _crowd(planting: _Planting, worker: Worker) -> list[Planned]:
    day = planting.day()
    children = planting.others(worker, 60)
    return [look(worker, child, moment(day, 9 + 8 * planting.random.random())) for child in children]


def _shield_hunter(planting: _Planting, worker: Worker) -> list[Planned]:
    children = planting.others(worker, 8, among=sorted(planting.place.shielded))
    if len(children) < 4:
        return []
    return [look(worker, child, moment(planting.day(), 9 + 8 * planting.random.random())) for child in children]


def _follower(planting: _Planting, worker: Worker) -> list[Planned]:
    cases = set(worker.caseload)
    seen = {
        ask.children[0]: ask
        for ask in planting.work
        if not ask.searching and not ask.code and ask.worker.agency == worker.agency and ask.worker != worker
        and ask.children[0] not in cases
    }  # fmt: skip
    if len(seen) < 12:
        return []
    return [
        look(worker, child, seen[child].at + timedelta(minutes=1 + 6 * planting.random.random()))
        for child in planting.random.sample(sorted(seen), 12)
    ]


def _night_browser(planting: _Planting, worker: Worker) -> list[Planned]:
    if not worker.caseload:
        return []
    days = [planting.first + timedelta(days=number) for number in range(0, planting.days, 2)]
    return [
        look(worker, planting.random.choice(worker.caseload), moment(day, 21 + 2 * planting.random.random()))
        for day in days
        for _ in range(2)
    ]


def _browser(planting: _Planting, worker: Worker) -> list[Planned]:
    if not worker.caseload:
        return []
    children = planting.others(worker, 40)
    return [look(worker, child, moment(planting.day(), 9 + 8 * planting.random.random())) for child in children]


def _prober(planting: _Planting, worker: Worker) -> list[Planned]:
    return [
        Planned(
            at=moment(planting.day(), 9 + 8 * planting.random.random()),
            worker=worker,
            searching=True,
            code=BadCriteria.code,
        )
        for _ in range(25)
    ]


def _exhauster(planting: _Planting, worker: Worker) -> list[Planned]:
    day = planting.day()
    return [
        Planned(at=moment(day, 17 + number / 100), worker=worker, searching=True, code=BudgetExhausted.code)
        for number in range(3)
    ]


_KINDS: Mapping[Insider, Callable[[_Planting, Worker], list[Planned]]] = {
    Insider.SHIELD_HUNTER: _shield_hunter,
    Insider.FORMER_PARTNER: _former_partner,
    Insider.FOLLOWER: _follower,
    Insider.NEIGHBOUR: _neighbour,
    Insider.CROWD: _crowd,
    Insider.NIGHT_BROWSER: _night_browser,
    Insider.BROWSER: _browser,
    Insider.PROBER: _prober,
    Insider.EXHAUSTER: _exhauster,
}
