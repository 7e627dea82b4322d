"""Asking 150 authorities of which 45 are broken, 20 of which one is slow, and what a slow one does to local answers.

    python -m benchmarks peers [--peers 150] [--broken 45] [--seconds 60] [--parts crowd,slowest,local]

The members are simulated, each with a TLS 1.3 server and a certificate of its own, held by three processes; what is
measured is a process that asks them: the calls alone, and for `local` a whole gateway on a PostgreSQL of its own with
durable commits. Healthy members answer at once, the broken ones hang, reset, trickle, lie about length, answer garbage
or 100 MB, are not there, or show an expired certificate.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import psutil
import uvloop

from benchmarks.slow_peer import measure_local
from connectors.peers import PeerCalls
from gateway.federation.asking import PeerAsk, PeerReply
from gateway.federation.registry import read_registry
from gateway.vocabulary import AuthorityCode, SourceStatus
from tests.support.federation import ACCESS, COMMITMENT, HERE, NURSE, RegistryFile, enrolled
from tests.support.peer_crowd import Crowd, a_crowd

DEADLINE: Final = 3.0
ROUNDS: Final = 8
FRESH_ROUNDS: Final = 15
SHOWN: Final = (0, FRESH_ROUNDS - 1)
GREETED: Final = 15.0
"""Seconds in which all members have been greeted once."""

SPREAD: Final = [0.05 * number for number in range(1, 21)]
"""Seconds that each of twenty members takes: the slowest a second, together ten and a half."""

ASK: Final = PeerAsk(
    text="{ me { role } }",
    variables={},
    asker=NURSE,
    access=ACCESS,
    request_id="measured",
    commitment=COMMITMENT,
)
PARTS: Final = ("crowd", "slowest", "local")


def say(line: str) -> None:
    """Print one line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Measured:
    """A process's own processor time, memory and files, and the time that passes."""

    def __init__(self) -> None:
        """Begin now."""
        self._process = psutil.Process()
        self.began, self.used = time.perf_counter(), time.process_time()

    @property
    def seconds(self) -> float:
        """Return the seconds since the beginning."""
        return time.perf_counter() - self.began

    @property
    def busy(self) -> float:
        """Return the milliseconds of processor time since then."""
        return (time.process_time() - self.used) * 1000

    @property
    def memory(self) -> float:
        """Return the resident memory in MB."""
        return float(self._process.memory_info().rss) / 2**20

    @property
    def files(self) -> int:
        """Return the files and sockets that are open."""
        return int(self._process.num_fds())


def calls_in(folder: Path, crowd: Crowd) -> PeerCalls:
    """Return the asking side of a crowd, with the limits of a gateway as it is shipped."""
    here, now = enrolled(folder, HERE), datetime.now(UTC)
    registry = RegistryFile(folder, here).publish(here, *crowd.members, issued=now)
    in_force = read_registry(registry.file.read_text(), keys=[registry.key], at=now)
    return PeerCalls(
        home=AuthorityCode(HERE),
        key=lambda: here.key,
        own=here.own,
        registry=lambda: in_force,
        clock=lambda: datetime.now(UTC),
        reply_limit=1_000_000,
        concurrency=16,
        concurrency_in_all=256,
    )


async def measure_crowd(folder: Path, count: int, broken: int) -> int:
    """Ask a crowd again and again; return how many healthy answers were missed or silences unnamed."""
    say(f"\n{count} authorities, {broken} of them broken, {DEADLINE:g} s to answer")
    say(f"{'':<24}{'answered':>10}{'named':>8}{'slowest ms':>12}{'over ms':>9}{'busy ms':>9}{'MB':>6}{'files':>7}")
    wrong = 0
    async with a_crowd(folder, count, broken=broken) as crowd:
        calls = calls_in(folder, crowd)
        calls.start(greeting_interval=60)
        await asyncio.sleep(GREETED)
        for number in range(ROUNDS):
            wrong += await _round(calls, crowd, f"after greeting, ask {number + 1}")
        await calls.close()
        for number in range(FRESH_ROUNDS):
            calls = calls_in(folder, crowd)
            missed = await _round(calls, crowd, f"nothing ready, time {number + 1}", shown=number in SHOWN)
            wrong += missed
            await calls.close()
    return wrong


async def _round(calls: PeerCalls, crowd: Crowd, what: str, *, shown: bool = True) -> int:
    measured = Measured()
    replies = await calls.ask(crowd.codes, ASK, within=DEADLINE)
    over, busy = max(0.0, measured.seconds - DEADLINE) * 1000, measured.busy
    answered = {code for code, reply in replies.items() if reply.status is SourceStatus.ANSWERED}
    healthy = set(crowd.codes) - set(crowd.broken)
    named = {code for code in crowd.broken if replies[AuthorityCode(code)].status is not SourceStatus.ANSWERED}
    slowest = max((_took(replies[AuthorityCode(code)]) for code in answered), default=0)
    if shown:
        say(
            f"{what:<24}{f'{len(answered & healthy)}/{len(healthy)}':>10}{f'{len(named)}/{len(crowd.broken)}':>8}"
            f"{slowest:>12}{over:>9.0f}{busy:>9.0f}{measured.memory:>6.0f}{measured.files:>7}"
        )
    return len(healthy - answered) + len(crowd.broken) - len(named)


def _took(reply: PeerReply) -> int:
    return reply.elapsed_ms


async def measure_slowest(folder: Path) -> None:
    """Ask more and more members that take their time."""
    say("\nMembers that take 50 ms to a second each")
    say(f"{'asked':>6}{'slowest ms':>12}{'sum ms':>9}{'took ms':>9}{'to slowest':>12}{'to sum':>9}")
    async with a_crowd(folder, len(SPREAD), delays=dict(enumerate(SPREAD))) as crowd:
        calls = calls_in(folder, crowd)
        for count in (1, 5, 10, 20):
            chosen = range(len(SPREAD) - count, len(SPREAD))
            codes = [crowd.codes[number] for number in chosen]
            delays = [SPREAD[number] for number in chosen]
            measured = Measured()
            await calls.ask(codes, ASK, within=DEADLINE)
            took = measured.seconds
            say(
                f"{count:>6}{max(delays) * 1000:>12.0f}{sum(delays) * 1000:>9.0f}{took * 1000:>9.0f}"
                f"{took / max(delays):>12.2f}{took / sum(delays):>9.2f}"
            )
        await calls.close()


async def measure(options: argparse.Namespace, folder: Path) -> int:
    """Measure the parts that are wanted."""
    wrong = 0
    if "crowd" in options.parts:
        wrong = await measure_crowd(folder / "crowd", options.peers, options.broken)
    if "slowest" in options.parts:
        await measure_slowest(folder / "slowest")
    if "local" in options.parts:
        await measure_local(folder / "local", seconds=options.seconds, rounds=options.rounds, say=say)
    return wrong


def main() -> int:
    """Measure, and print ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=int, default=150)
    parser.add_argument("--broken", type=int, default=45)
    parser.add_argument("--seconds", type=float, default=60.0, help="of `local`, for each kind of authority")
    parser.add_argument("--rounds", type=int, default=4, help="in which `local` takes turns")
    parser.add_argument("--parts", type=lambda text: text.split(","), default=list(PARTS))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="directory-gateway-peers-", ignore_cleanup_errors=True) as folder:
        wrong = uvloop.run(measure(options, Path(folder)))
    say(f"\nload of the machine over the last minute: {os.getloadavg()[0]:.1f}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
