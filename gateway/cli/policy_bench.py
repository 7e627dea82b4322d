"""`gateway policy bench`: how long decisions take here, beside what they are meant to take."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path
from typing import Annotated, Final

import orjson
import typer
from rich.table import Table

from connectors.opa import OpaDecider
from connectors.opa_command import find_opa
from connectors.rule_set import RuleSet
from gateway.cli.policy_matrix import terminal
from gateway.cli.policy_rules import AsJson, Engine, Folder, complaints, engine_over, explained, printed
from gateway.cli.running import loop_factory
from gateway.disclosure.decisions import Decisions, Memory
from gateway.disclosure.question import Item, Question
from gateway.ports import Decider
from gateway.settings import PACKAGED_POLICIES
from gateway.vocabulary import RecordType
from gateway.workbench.axes import Approach, RecordClass, class_with
from gateway.workbench.book import Book

RECORDS: Final = 50
FIELDS: Final = 12
_MEMOISED_ITEMS: Final = 1_000

TARGETS: Final = {
    ("opa", "one cold decision"): 5e-3,
    ("opa", "a batch of 600 decisions"): 60e-3,
    ("embedded", "a batch of 600 decisions"): 120e-3,
    ("memory", "one memoised decision"): 20e-6,
}
"""Seconds that the median should stay under."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """How long one thing took, over and over: the median and the 95th percentile, in seconds."""

    engine: str
    what: str
    times: int
    median: float
    slow: float
    road: float | None = None
    """What the same question takes over the same road to a rule that answers at once, where there is a road."""

    @property
    def target(self) -> float | None:
        """Return what the median should stay under, if anything was promised."""
        return TARGETS.get((self.engine, self.what))

    @property
    def to_road(self) -> float | None:
        """Return how many times as long as the road alone it took, which machines agree on more than on seconds."""
        return None if self.road is None else self.median / self.road


def bench(
    policies: Folder = PACKAGED_POLICIES,
    times: Annotated[int, typer.Option(help="How often each is measured.", min=3)] = 30,
    as_json: AsJson = False,
) -> None:
    """Measure decisions: cold, in a batch of 600, and remembered; on the embedded engine and on OPA where installed.

    OPA answers over HTTP on the loopback interface. The road is what the same question takes to a rule that answers
    at once; how many times as long a decision takes says more than seconds, which differ from machine to machine.
    The event loop is the one that `gateway serve` runs on.
    Prints measured and target; always exits with 0, unless the rules do not decide at all (1).
    """
    with explained(), asyncio.Runner(loop_factory=loop_factory()) as runner:
        figures = runner.run(_measured(policies, times))
    if as_json:
        printed(orjson.dumps([_document(figure) for figure in figures], option=orjson.OPT_INDENT_2).decode(), None)
    else:
        terminal().print(_table(figures))
        if find_opa() is None:
            complaints.print("opa is not installed, so it was not measured")


async def _measured(policies: Path, times: int) -> list[Figure]:
    book = Book(RuleSet.read(policies).data)
    engines = [Engine.EMBEDDED, *([Engine.OPA] if find_opa() else [])]
    figures: list[Figure] = []
    for engine in engines:
        async with AsyncExitStack() as opened:
            decider = await opened.enter_async_context(engine_over(policies, engine))
            classes = _classes(book)
            cold, batch = _question(classes[:1], book), _question(classes, book)
            figures.append(await _timed(decider, "one cold decision", cold, times))
            figures.append(await _timed(decider, f"a batch of {RECORDS * FIELDS} decisions", batch, times))
            if engine is Engine.EMBEDDED:
                figures.append(await _memoised(decider, book, times))
    return figures


async def _timed(decider: Decider, what: str, question: Question, times: int) -> Figure:
    async def ask() -> None:
        await decider.decide(question)

    await ask()
    taken = await _seconds(ask, times)
    return _figure(decider.name, what, taken, road=await _road(decider, question, times))


async def _road(decider: Decider, question: Question, times: int) -> float | None:
    if not isinstance(decider, OpaDecider):
        return None

    async def travel() -> None:
        await decider.travel(question)

    return statistics.median(await _seconds(travel, times))


async def _memoised(decider: Decider, book: Book, times: int) -> Figure:
    approach = _approach(book)
    decisions = Decisions(decider=decider, memory=Memory(), caller=approach.caller(), access=approach.access())
    level = [(RecordType.CHILD, record_class) for record_class in _classes(book)[:5]] * (_MEMOISED_ITEMS // 5)

    async def ask() -> None:
        await decisions.decide(level)

    await ask()
    taken = [seconds / len(level) for seconds in await _seconds(ask, times)]
    return _figure("memory", "one memoised decision", taken)


async def _seconds(ask: Callable[[], Awaitable[None]], times: int) -> list[float]:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        await ask()
        taken.append(time.perf_counter() - began)
    return taken


def _figure(engine: str, what: str, taken: list[float], *, road: float | None = None) -> Figure:
    ordered = sorted(taken)
    return Figure(
        engine=engine,
        what=what,
        times=len(taken),
        median=statistics.median(ordered),
        slow=ordered[int(0.95 * (len(ordered) - 1))],
        road=road,
    )


def _classes(book: Book) -> list[RecordClass]:
    """Return distinct classes of a child, ordinary and not."""
    names = book.attributes_of(RecordType.CHILD)
    varied: Iterator[RecordClass] = (
        class_with(RecordType.CHILD, dict(zip(names, values, strict=True)), book)
        for values in product(*(book.values_of(name) for name in names))
    )
    return list(islice(varied, RECORDS))


def _question(classes: list[RecordClass], book: Book) -> Question:
    approach = _approach(book)
    fields = book.fields_of(RecordType.CHILD)[:FIELDS]
    items = {
        f"k{number}": Item(type=RecordType.CHILD, fields=fields, record_class=record_class)
        for number, record_class in enumerate(classes)
    }
    return Question(caller=approach.caller(), access=approach.access(), items=items)


def _approach(book: Book) -> Approach:
    role = book.roles[0]
    return Approach(role=role, purpose=next(iter(book.purposes_of(role)), None))


def _document(figure: Figure) -> dict[str, object]:
    return {
        "engine": figure.engine,
        "what": figure.what,
        "times": figure.times,
        "median_seconds": figure.median,
        "p95_seconds": figure.slow,
        "target_seconds": figure.target,
        "road_seconds": figure.road,
        "times_the_road": figure.to_road,
    }


def _table(figures: list[Figure]) -> Table:
    drawn = Table("engine", "what", "median", "95th percentile", "target", "", "road", "times the road")
    for figure in figures:
        met = "" if figure.target is None else "met" if figure.median < figure.target else "MISSED"
        drawn.add_row(
            *(figure.engine, figure.what, _shown(figure.median), _shown(figure.slow), _shown(figure.target), met),
            *(_shown(figure.road), "-" if figure.to_road is None else f"{figure.to_road:.1f}"),
        )
    return drawn


def _shown(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return f"{seconds * 1e3:.1f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.1f} µs"
