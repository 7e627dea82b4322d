"""How long a gateway that writes is held up by another that is killed, or stands still, in the midst of writing.

    python -m benchmarks.ledger_takeover [--rounds 10]

Starts a PostgreSQL of its own with durable commits. Round after round one process writes beside another on the same
ledger, until it is killed (SIGKILL) or frozen (SIGSTOP) at a random moment; what counts is the longest wait of any
entry of the one that is left, in the two seconds after that moment, beside the longest in the two seconds before.
"""

import argparse
import asyncio
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from connectors.postgres.ledger import PostgresLedgerStore
from connectors.postgres.migration import migrate
from connectors.postgres.server import EmbeddedServer
from gateway.ledger.writer import LedgerWriter
from tests.ledger.entries import an_entry
from tests.support.ledger import sealing_keys

PROJECT = Path(__file__).parents[1]
ASKERS = 8
SECONDS = 2.0
HOW = {"killed": signal.SIGKILL, "frozen": signal.SIGSTOP}


class Survivor:
    """A gateway's worth of writing that goes on, and notes when each entry was asked for and when it was durable."""

    def __init__(self, url: str) -> None:
        """Take the database's URL."""
        self._store = PostgresLedgerStore(url, keys=sealing_keys(), timeout=10)
        self._writer = LedgerWriter(self._store, timeout=10)
        self._waits: list[tuple[float, float]] = []

    async def start(self) -> None:
        """Begin to write."""
        self._writer.start()
        self._asking = [asyncio.create_task(self._ask()) for _ in range(ASKERS)]

    async def stop(self) -> None:
        """Stop, and leave nothing open."""
        for task in self._asking:
            task.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)
        await self._writer.close()
        await self._store.close()

    def longest(self, begin: float, end: float) -> float:
        """Return the longest wait, in seconds, of any entry that waited between two moments."""
        return max(done - asked for asked, done in self._waits if done >= begin and asked <= end)

    async def _ask(self) -> None:
        while True:
            asked = time.monotonic()
            await self._writer.record(an_entry(request_id="survivor"))
            self._waits.append((asked, time.monotonic()))


async def round_of(url: str, survivor: Survivor, sent: signal.Signals) -> tuple[float, float]:
    """Return the longest wait before and after a second writer is sent a signal."""
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.connectors.postgres.writing_process", url, "other",
        cwd=PROJECT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert other.stdout is not None  # noqa: S101 - it was asked for
    try:
        await other.stdout.readline()
        reading = asyncio.create_task(_read_away(other.stdout))
        await asyncio.sleep(SECONDS + random.random())  # noqa: S311 - a moment like any other
        moment = time.monotonic()
        other.send_signal(sent)
        await asyncio.sleep(SECONDS)
        reading.cancel()
        return survivor.longest(moment - SECONDS, moment), survivor.longest(moment, moment + SECONDS)
    finally:
        if other.returncode is None:
            other.kill()
        await other.wait()


async def _read_away(stream: asyncio.StreamReader) -> None:
    while await stream.read(65_536):
        pass


async def main(rounds: int) -> None:
    """Measure both ways in turns and print the figures."""
    figures: dict[str, list[tuple[float, float]]] = {how: [] for how in HOW}
    with tempfile.TemporaryDirectory(prefix="directory-gateway-takeover-", ignore_cleanup_errors=True) as folder:
        server = EmbeddedServer(Path(folder))
        server.start()
        try:
            await migrate(server.url)
            survivor = Survivor(server.url)
            await survivor.start()
            for _ in range(rounds):
                for how, sent in HOW.items():
                    figures[how].append(await round_of(server.url, survivor, sent))
            await survivor.stop()
        finally:
            server.leave()
    say(f"{rounds} rounds; the longest wait in {SECONDS:.0f} s, in ms{'median':>12}{'worst':>10}")
    for how, waits in figures.items():
        row(f"before the other is {how}", [before for before, _ in waits])
        row(f"after the other was {how}", [after for _, after in waits])
    say("load of the machine at the end, over 1 and 5 minutes: {:.1f}, {:.1f}".format(*os.getloadavg()))


def row(label: str, seconds: Sequence[float]) -> None:
    """Print median and worst."""
    say(f"{label:<44}{statistics.median(seconds) * 1e3:>12,.0f}{max(seconds) * 1e3:>10,.0f}")


def say(line: str) -> None:
    """Print one line of the result."""
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    asyncio.run(main(parser.parse_args().rounds))
