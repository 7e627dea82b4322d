"""What becomes of asks when there are twice as many as can be answered.

    python -m benchmarks overload [--children 20000] [--seconds 20]

Asks Q1 at a steady pace, whether or not answers come: at 70% of what the server can carry (once more before it counts,
so that nothing is met of what measuring that left behind), at twice that, and at 70% again. Prints the p99 of those
answered and of those turned away, the ratio of the first to that at 70% before and after, and how long it takes after
the crowd until nobody is turned away. Every figure is of one server process with asking side and database beside it.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import cycle
from pathlib import Path
from typing import Final

import psutil

from benchmarks.graph import job_for, known_ids, questions, run, say, serving, tokens, warm
from benchmarks.load import Job
from benchmarks.people import people
from benchmarks.server import GUARDED

LIGHT, HEAVY = 0.7, 2.0
"""Parts of what the server can carry."""

SATURATING: Final = 28
"""Asks at once by which it is measured what the server can carry: fewer than have room inside and before the door."""

GIVEN_UP: Final = 30.0
"""Seconds after which an answer is not waited for any more."""


@dataclass(slots=True)
class Met:
    """What became of the asks of one phase; waits are in seconds, moments since the phase began."""

    told: list[float] = field(default_factory=list)
    turned_away: list[float] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    last_turned_away: float = 0.0

    @staticmethod
    def quantile(waits: list[float], part: float) -> float:
        """Return a quantile in milliseconds."""
        return sorted(waits)[int(part * (len(waits) - 1))] * 1000 if waits else 0.0

    def p99(self, waits: list[float]) -> float:
        """Return the 99th percentile in milliseconds."""
        return self.quantile(waits, 0.99)


class Asking:
    """Asks at a pace over as many connections as it takes."""

    def __init__(self, port: int, requests: Iterator[bytes]) -> None:
        """Take whom to ask, and what."""
        self._port = port
        self._requests = requests
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def keep(self, rate: float, *, seconds: float, into: Met | None = None) -> Met:
        """Ask so many times a second, evenly, and return what came of it, added to what is there already."""
        met, asks = into or Met(), []
        began = time.perf_counter()
        for number in range(int(rate * seconds)):
            due = began + number / rate - time.perf_counter()
            if due > 0:
                await asyncio.sleep(due)
            asks.append(asyncio.create_task(self._ask(met, began)))
        await asyncio.gather(*asks)
        return met

    async def close(self) -> None:
        """Close the connections."""
        for _, writer in self._idle:
            writer.close()

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return a connection that the server has not closed for being idle."""
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        return await asyncio.open_connection("127.0.0.1", self._port)

    async def _ask(self, met: Met, began: float) -> None:
        asked = time.perf_counter()
        try:
            async with asyncio.timeout(GIVEN_UP):
                reader, writer = await self._connection()
                writer.write(next(self._requests))
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            met.others[type(error).__name__] += 1
            return
        self._idle.append((reader, writer))
        status, waited = head.split(b" ", 2)[1], time.perf_counter() - asked
        if status == b"200":
            met.told.append(waited)
        elif status in (b"503", b"429"):
            met.turned_away.append(waited)
            met.last_turned_away = time.perf_counter() - began
        else:
            met.others[status.decode()] += 1


def capacity_of(job: Job, *, seconds: float) -> float:
    """Return how many asks a second are answered where more are always waiting."""
    ran = run(replace(job, concurrent=SATURATING, seconds=seconds))
    return ran["rate"] - ran["wrong"] / seconds


def _show(what: str, rate: float, met: Met) -> None:
    others = ", ".join(f"{kind} {count}" for kind, count in met.others.items()) or "-"
    say(
        f"{what:<28}{rate:>10,.0f}{len(met.told):>10,}{met.quantile(met.told, 0.5):>10.0f}{met.p99(met.told):>10.0f}"
        f"{len(met.turned_away):>12,}"
        f"{met.p99(met.turned_away):>12.0f}  {others}"
    )


async def _phases(job: Job, capacity: float, seconds: float) -> None:
    asking = Asking(job.port, cycle(job.requests))
    answered, away = f"{'answered':>10}{'p50 ms':>10}{'p99 ms':>10}", f"{'turned away':>12}{'p99 ms':>12}"
    say(f"\n{'':<28}{'asked/s':>10}{answered}{away}  others")
    await asking.keep(LIGHT * capacity, seconds=seconds)
    light = await asking.keep(LIGHT * capacity, seconds=seconds)
    _show("at 70%", LIGHT * capacity, light)
    heavy = await asking.keep(HEAVY * capacity, seconds=seconds)
    _show("at twice the load", HEAVY * capacity, heavy)
    after = await asking.keep(LIGHT * capacity, seconds=seconds)
    _show("at 70% again", LIGHT * capacity, after)
    await asking.close()
    if light.told and after.told:
        to_before, to_after = (heavy.p99(heavy.told) / other.p99(other.told) for other in (light, after))
        say(f"p99 of those answered: {to_before:.2f} of that at 70% before the crowd, {to_after:.2f} of that after it")
    say(f"somebody was turned away until {after.last_turned_away:.1f} s after the crowd had gone")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--children", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=20, help="of one phase")
    parser.add_argument("--folder", type=Path, help="where the people are kept; default: under the temporary folder")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.gettempdir()) / "directory-gateway-benchmark" / str(options.children)
    held = people(folder, children=options.children, sample=300)
    bearers = tokens(folder, held)
    with serving(GUARDED, folder, held.url) as server:
        job = job_for(questions(held)[0], server, bearers, asyncio.run(known_ids(folder, held)))
        warm(server, job, concurrent=4)
        capacity = capacity_of(job, seconds=options.seconds)
        say(f"load of the machine: {os.getloadavg()[0]:.1f}; the server carries {capacity:,.0f} asks a second")
        asyncio.run(_phases(job, capacity, options.seconds))
    assert not psutil.pid_exists(server.process.pid)  # noqa: S101 - nothing is left running


if __name__ == "__main__":
    sys.exit(main())
