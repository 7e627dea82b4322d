"""How long a page of a worked queue and its counts take; run with `python -m benchmarks.queues`.

A database of its own is started under a temporary folder and thrown away afterwards. Statements are timed as the
gateway runs them, over one connection, beside the read of one child; the ratio to a tenth of the children says how the
cost grows.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from connectors.postgres.database import Database
from connectors.postgres.directory import PostgresDirectory
from connectors.postgres.migration import migrate
from connectors.postgres.queues import PostgresQueues
from connectors.postgres.server import EmbeddedServer
from connectors.synthetic.claim import Plan
from connectors.synthetic.generate import generate
from gateway.vocabulary import AuthorityCode, Queue, QueueState

AS_OF = date(2026, 11, 22)
HOME = AuthorityCode("E08000009")
TIMES = 15


def main() -> None:
    """Measure at the number of children given, and at a tenth of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", type=int, default=200_000)
    given = parser.parse_args()
    few, many = (_measured(children) for children in (given.children // 10, given.children))
    for what, seconds in many.items():
        _say(f"{what:<44}{seconds * 1000:>9.1f} ms {seconds / few[what]:>7.1f} x of a tenth of the children")


def _measured(children: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedServer(Path(folder))
        server.start()
        try:
            return asyncio.run(_timed(server.url, children))
        finally:
            server.stop()


async def _timed(url: str, children: int) -> dict[str, float]:
    await migrate(url)
    await generate(url, Plan(authority=HOME, children=children, seed=1, as_of=AS_OF), processes=2)
    database = await Database.open(url, pool_min=1, pool_max=1, timeout=30)
    queues = PostgresQueues(database, now=_now)
    nobody: frozenset[Any] = frozenset()
    seconds = {}
    for queue in Queue:

        async def page(queue: Queue = queue, after: Any = None, size: int = 101) -> Any:
            return await queues.page(queue, home=HOME, state=QueueState.OPEN, owners=None, after=after, size=size)

        async def counts(queue: Queue = queue) -> Any:
            return await queues.tallies(queue, home=HOME, own=nobody, posts=nobody)

        waiting = await page(size=1_000_000)
        middle = waiting[len(waiting) // 2].child
        _say(f"{children:,} children: {len(waiting):,} in {queue.value}")
        seconds[f"{queue.value}: first page of 100"] = await _median(page)
        seconds[f"{queue.value}: page in the middle"] = await _median(lambda page=page, at=middle: page(after=at))
        seconds[f"{queue.value}: counts"] = await _median(counts)
    directory = PostgresDirectory(database, today=_now)
    seconds["one child"] = await _median(lambda: directory.children([middle]))
    await database.close()
    return seconds


async def _median(act: Callable[[], Awaitable[Any]]) -> float:
    await act()
    taken = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        await act()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def _now() -> datetime:
    return datetime(AS_OF.year, AS_OF.month, AS_OF.day, 10, tzinfo=UTC)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
