"""What a gateway keeps of memory and open files over a long time of steady asking.

    python -m benchmarks soak [--minutes 60] [--rate 55] [--workers 2] [--children 5000] [--settling 15]

Serves from several workers as `gateway serve` does, with its door, and asks a mixture without a pause: of twenty asks
twelve for one child, four searches, one in a document that nobody has asked before, one misspelt, one with a forged
token and one without any. Before that each worker is asked more new documents than it remembers, so that what grows
afterwards is not that. Without `--rate` it asks at 70% of what is carried, which is measured first. Prints resident
memory and open files of all processes once a minute, and then the slope of memory for each in per cent an hour: a line
of least squares through all that was taken after settling, and through the later half of that.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count, cycle
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import psutil

from benchmarks.abuse import request_of
from benchmarks.graph import Server, job_for, known_ids, questions, say, tokens, warm
from benchmarks.load import Job
from benchmarks.overload import LIGHT, Asking, Met, capacity_of
from benchmarks.people import AUTHORITY, people
from benchmarks.server import BUDGETS, settings_in
from schema.reading import REMEMBERED
from tests.support.gateway import PATIENT
from tests.support.processes import a_served_gateway

SAMPLED: Final = 10.0
"""Seconds between two looks."""

FILLED: Final = 40
"""New documents asked a second before anything counts."""

PARENT: Final = "parent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a process has at a moment: hours since the beginning, resident MB, open files."""

    at: float
    memory: float
    files: int


def mixture(jobs: Sequence[Job], bearer: str) -> Iterator[bytes]:
    """Return one ask after the other: those of the questions mostly, and what else comes to a gateway."""
    child, search = (cycle(job.requests or jobs[0].requests) for job in jobs)
    for number in count():
        yield from (next(search if turn % 4 == 3 else child) for turn in range(16))
        yield request_of(_body(f"query New{number} {{ me {{ role }} }}"), bearer)
        yield request_of(_body(f"{{ searchChildre{number} }}"), bearer)
        yield request_of(_body("{ me { role } }"), bearer[:-20] + "A" * 20)
        yield request_of(_body("{ me { role } }"), "")


async def fill(port: int, bearers: Sequence[str], workers: int) -> None:
    """Ask as many new documents as all workers remember, and half as many more: none is given exactly its part."""
    number = int(1.5 * REMEMBERED * workers)
    asks = (
        request_of(_body(f"query Filling{one} {{ me {{ role }} }}"), bearers[one % len(bearers)]) for one in count()
    )
    filling = Asking(port, asks)
    await filling.keep(FILLED, seconds=number / FILLED)
    await filling.close()


def _body(text: str) -> bytes:
    return json.dumps({"query": text}).encode()


def looked_at(parent: psutil.Process, hours: float) -> dict[str, Seen]:
    """Return what the gateway's processes have, by a name for each that stays the same while it lives."""
    seen = {}
    for process in (parent, *parent.children()):
        with suppress(psutil.NoSuchProcess):
            name = PARENT if process == parent else f"process {process.pid}"
            seen[name] = Seen(at=hours, memory=process.memory_info().rss / 2**20, files=process.num_fds())
    return seen


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return by how much the second value grows where the first grows by one, by least squares."""
    middle = [sum(values) / len(points) for values in zip(*points, strict=True)]
    across = sum((x - middle[0]) ** 2 for x, _ in points)
    return sum((x - middle[0]) * (y - middle[1]) for x, y in points) / across if across else 0.0


def growth(taken: Sequence[Seen]) -> float:
    """Return the growth of memory in per cent an hour."""
    return slope([(seen.at, seen.memory) for seen in taken]) / taken[0].memory * 100


async def soaked(asking: Asking, parent: psutil.Process, rate: float, minutes: float) -> dict[str, list[Seen]]:
    """Ask for so long, print as it goes, and return what was seen of each process."""
    taken: dict[str, list[Seen]] = {}
    loop = asyncio.get_running_loop()
    began, met = loop.time(), Met()
    for number in count(1):
        await asking.keep(rate, seconds=min(SAMPLED, minutes * 60), into=met)
        passed = loop.time() - began
        for name, seen in looked_at(parent, passed / 3600).items():
            taken.setdefault(name, []).append(seen)
        over = passed >= minutes * 60
        if over or number % 6 == 0:
            _show(passed / 60, [of[-1] for of in taken.values()], met)
            met = Met()
        if over:
            return taken
    raise AssertionError  # it is over at some time


def _show(minute: float, seen: Sequence[Seen], met: Met) -> None:
    others = ", ".join(f"{kind} {number:,}" for kind, number in sorted(met.others.items())) or "-"
    say(
        f"{minute:>6.1f} min {sum(one.memory for one in seen):>8.1f} MB {sum(one.files for one in seen):>5} files"
        f"  {len(met.told):>6,} answered, p99 {met.p99(met.told):.0f} ms, {len(met.turned_away)} turned away; {others}"
    )


def _summary(taken: Mapping[str, Sequence[Seen]], settling: float) -> None:
    say(f"\n{'after settling':<20}{'MB':>18}{'% an hour':>11}{'later half':>12}{'files':>12}")
    for name, seen in taken.items():
        settled = [one for one in seen if one.at >= settling] or seen
        files = [one.files for one in settled]
        say(
            f"{name:<20}{f'{settled[0].memory:.1f} to {settled[-1].memory:.1f}':>18}{growth(settled):>11.2f}"
            f"{growth(settled[len(settled) // 2 :]):>12.2f}{f'{min(files)} to {max(files)}':>12}"
        )


async def measured(folder: Path, options: argparse.Namespace) -> None:
    """Serve, ask, and print."""
    held = await asyncio.to_thread(people, folder, children=options.children, sample=300)
    bearers, known, settings = tokens(folder, held), await known_ids(folder, held), settings_in(folder)
    shipped = dict.fromkeys(PATIENT)
    served = BUDGETS | shipped | {
        "workers": options.workers, "policies_dir": None, "requests_at_once": None, "authority": AUTHORITY,
        "token_issuer": settings.token_issuer, "token_audience": settings.token_audience,
    }  # fmt: skip
    async with a_served_gateway(folder, url=held.url, **served) as running:
        server = Server(kind="gateway", port=urlsplit(running.address).port or 0, process=psutil.Process(running.pid))
        jobs = [job_for(question, server, bearers, known) for question in questions(held)]
        await asyncio.to_thread(warm, server, jobs[0], concurrent=4)
        if not options.unfilled:
            await fill(server.port, bearers, options.workers)
        rate = options.rate or LIGHT * await asyncio.to_thread(capacity_of, jobs[0], seconds=20)
        say(f"load of the machine: {os.getloadavg()[0]:.1f}; {rate:.0f} asks a second of {options.workers} workers")
        asking = Asking(server.port, mixture(jobs, bearers[0]))
        try:
            taken = await soaked(asking, server.process, rate, options.minutes)
        finally:
            await asking.close()
        _summary(taken, options.settling / 60)
        say(f"load of the machine: {os.getloadavg()[0]:.1f}")


def main() -> None:
    """Measure on a gateway of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=float, default=0, help="asks a second; default: 70%% of what is carried")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--children", type=int, default=5_000)
    parser.add_argument("--unfilled", action="store_true", help="let the documents that are remembered come by and by")
    parser.add_argument("--settling", type=float, default=15, help="minutes that do not count")
    parser.add_argument("--folder", type=Path, help="where the people are kept; default: under the temporary folder")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.gettempdir()) / "directory-gateway-benchmark" / str(options.children)
    asyncio.run(measured(folder, options))


if __name__ == "__main__":
    sys.exit(main())
