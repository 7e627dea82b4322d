"""How long commands take to begin, and a gateway from its start until it is ready, beside Python's own start.

    python -m benchmarks start [--rounds 5] [--workers 2]

Each line is the median of so many processes, one after the other, and its ratio to a Python that does nothing. `killed`
is from SIGKILL under an idle gateway to the next one's readiness on the same port; the promise is ten seconds.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.ledger import say
from connectors.postgres.migration import migrate
from connectors.postgres.server import EmbeddedServer
from tests.support.processes import a_served_gateway, command_of, environment_of, free_port, is_ready, until

NOTHING = [sys.executable, "-c", "pass"]


def ran(command: Sequence[str], folder: Path) -> float:
    """Return the seconds that a command takes."""
    began = time.perf_counter()
    subprocess.run(command, env=environment_of(data_dir=folder), stdout=subprocess.DEVNULL, check=True)  # noqa: S603
    return time.perf_counter() - began


async def started(folder: Path, url: str, **settings: Any) -> tuple[float, float]:
    """Return the seconds until a gateway is ready, and those from its end by SIGKILL until the next one is."""
    settings |= {"port": free_port(), "policies_dir": None}  # the packaged rules, with all of their golden answers
    began = time.perf_counter()
    async with a_served_gateway(folder, url=url, **settings) as gateway:
        await until(lambda: is_ready(gateway.address))
        first = time.perf_counter() - began
        gateway.kill()
        began = time.perf_counter()
        async with a_served_gateway(folder, url=url, **settings) as next_one:
            await until(lambda: is_ready(next_one.address))
            return first, time.perf_counter() - began


async def measured(folder: Path, url: str, rounds: int, workers: int) -> None:
    """Measure and print."""
    taken: dict[str, list[float]] = {}
    for _ in range(rounds):
        taken.setdefault("python -c pass", []).append(ran(NOTHING, folder))
        for words in (["--help"], ["ledger", "--help"], ["serve", "--help"]):
            taken.setdefault(f"gateway {' '.join(words)}", []).append(ran(command_of(*words), folder))
        for name, settings in (("one process", {}), (f"{workers} workers", {"workers": workers})):
            ready, again = await started(folder, url, **settings)
            taken.setdefault(f"ready, {name}", []).append(ready)
            if not settings:
                taken.setdefault("killed, and ready again", []).append(again)
    least = statistics.median(taken["python -c pass"])
    say(f"load of the machine: {os.getloadavg()[0]:.1f}")
    say(f"{'':<28}{'median s':>10}{'worst s':>10}{'to Python':>12}")
    for name, times in taken.items():
        middle = statistics.median(times)
        say(f"{name:<28}{middle:>10.2f}{max(times):>10.2f}{middle / least:>12.0f}")


def main() -> None:
    """Measure on a database of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="directory-gateway-start-") as name:
        folder = Path(name)
        server = EmbeddedServer(folder / "database")
        server.start()
        try:
            asyncio.run(migrate(server.url))
            asyncio.run(measured(folder / "gateway", server.url, options.rounds, options.workers))
        finally:
            server.stop()
            server.leave()


if __name__ == "__main__":
    main()
