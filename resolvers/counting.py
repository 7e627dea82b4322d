"""How many wait in a queue, as a caller may know: counted over entries that exist for them, small ones marked (M2)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.counting import recoverable, small
from gateway.disclosure.classes import class_of_waiting
from gateway.disclosure.redaction import Disclosed
from gateway.disclosure.road import Selection
from gateway.queues import BANDS, Tally
from gateway.records import Count
from gateway.school_age import age_band
from gateway.vocabulary import AgeBand, Effect, Queue, RecordType
from resolvers.asking import Asking

ALL: Final = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """How many wait: in all, and by age band."""

    total: Count
    by_age: Sequence[Count]


async def counts_of_queue(asking: Asking, queue: Queue) -> Counted:
    """Return the counts of a queue, each with what decides whether it is told.

    An entry that does not exist for the caller is in no count. All are made together, whatever is selected: what is
    kept back of one depends on the others.
    """
    by_age: Counter[AgeBand] = Counter(dict.fromkeys(BANDS[queue], 0))
    for tally in await _of_those_who_exist(asking, queue):
        by_age[age_band(tally.years)] += tally.number
    threshold = asking.purposes.count_threshold()
    kept_back = recoverable(by_age, threshold)

    def count(band: AgeBand | None, number: int) -> Count:
        return Count(
            id=f"{queue.value}:{ALL if band is None else band.value}",
            home=asking.road.ask.home,
            age_band=band,
            number=number,
            small=small(number, threshold),
            recoverable=band in kept_back,
        )

    return Counted(
        total=count(None, by_age.total()),
        by_age=[count(band, number) for band, number in by_age.items()],
    )


async def total_told(asking: Asking, counted: Counted, selection: Selection) -> Disclosed | None:
    """Return what may be told of the number of all who wait."""
    return (await asking.road.tell_each([counted.total], selection))[0]


async def by_age_told(asking: Asking, counted: Counted, selection: Selection) -> list[Disclosed]:
    """Return what may be told of the numbers by age, the youngest first."""
    return (await asking.road.tell([counted.by_age], selection))[0]


async def _of_those_who_exist(asking: Asking, queue: Queue) -> list[Tally]:
    caller, home = asking.road.ask.caller, asking.road.ask.home
    tallies = await asking.queues.tallies(queue, home=home, own=caller.practitioners, posts=caller.posts)
    classes = [(RecordType.QUEUE_ENTRY, class_of_waiting(queue, tally.facts, tally.owner, caller)) for tally in tallies]
    decisions = await asking.road.decisions.decide(classes)
    return [tally for tally, decision in zip(tallies, decisions, strict=True) if decision.exists is Effect.DISCLOSE]
