"""Several worker processes behind one set of sockets, and the parent that keeps them: it answers nobody itself.

Each worker is a process of its own, started afresh and not forked, over the sockets that the parent holds. What waits
to be accepted is accepted by whichever worker is there, so a worker that dies takes only its own connections along.
"""

import asyncio
import logging
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final

from prometheus_client.multiprocess import mark_process_dead

from gateway.cli.serving import GRACE
from gateway.cli.worker import UP
from gateway.settings import environment_with

log = logging.getLogger("gateway.workers")

COUNTS: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Where the metrics' library lets each worker count, so that the parent can tell all counts together."""

BACKLOG: Final = 2_048
REST: Final = 1.0
"""Seconds before a worker that died is followed by another, doubled each time one dies young."""
LONGEST_REST: Final = 30.0
YOUNG: Final = 60.0
"""Seconds after which a worker that dies has served."""
STOP_TIMEOUT: Final = 2.0 * GRACE
"""Seconds that a worker may take to stop before it is killed."""


@dataclass(slots=True)
class _Place:
    """A place for one worker, and who holds it."""

    number: int
    process: Process | None = None
    serving: bool = False
    served: bool = False
    """Whether anybody ever served in it."""


class Workers:
    """Keeps so many workers serving until told to stop."""

    def __init__(self, count: int, sockets: Sequence[socket.socket], *, counts: Path) -> None:
        """Take how many, the sockets that they serve on, and the folder in which they count."""
        self._places = [_Place(number) for number in range(1, count + 1)]
        self._sockets = sockets
        self._counts = counts
        self._stopping = asyncio.Event()
        self._announced = False
        self._code = 0

    async def serve(self, *, once_up: Callable[[], Awaitable[bool]]) -> int:
        """Serve until SIGTERM or SIGINT, and return the exit code; SIGHUP is passed on to the workers.

        Where the first workers cannot start, all are stopped and the code is that of the first to fail.
        """
        for bound in self._sockets:
            bound.listen(BACKLOG)
        self._heed_signals()
        keeping = [
            asyncio.create_task(self._keep(place, once_up), name=f"worker-{place.number}") for place in self._places
        ]
        await self._stopping.wait()
        for bound in self._sockets:
            bound.close()  # the workers have their own; with this one open, nobody would be refused
        self._send(signal.SIGTERM)
        await asyncio.gather(*keeping)
        return self._code

    def _heed_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        loop.add_signal_handler(signal.SIGHUP, self._reload)

    def _stop(self) -> None:
        if self._stopping.is_set():
            self._send(signal.SIGKILL)  # told twice
        self._stopping.set()

    def _reload(self) -> None:
        for place in self._places:
            if place.process is not None and place.serving:  # one that begins reads everything anyway
                place.process.send_signal(signal.SIGHUP)

    def _send(self, number: signal.Signals) -> None:
        for place in self._places:
            if place.process is not None and place.process.returncode is None:
                place.process.send_signal(number)

    async def _keep(self, place: _Place, once_up: Callable[[], Awaitable[bool]]) -> None:
        """Keep one place filled."""
        rest = REST
        while not self._stopping.is_set():
            began = monotonic()
            code = await self._filled(place, once_up)
            if self._stopping.is_set():
                return
            if not place.served:
                self._code = code if code > 0 else 1
                self._stopping.set()
                return
            rest = REST if monotonic() - began > YOUNG else rest
            log.error("worker %d ended with %d; another begins in %g s", place.number, code, rest)
            await self._rested(rest)
            rest = min(LONGEST_REST, 2 * rest)

    async def _rested(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    async def _filled(self, place: _Place, once_up: Callable[[], Awaitable[bool]]) -> int:
        """Start a worker, see it up, wait for its end, and return its exit code."""
        numbers = [bound.fileno() for bound in self._sockets]
        process = place.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "gateway.cli.worker", *map(str, numbers),
            stdin=PIPE, stdout=PIPE, pass_fds=numbers, env=environment_with({COUNTS: str(self._counts)}),
        )  # fmt: skip
        assert process.stdout is not None  # noqa: S101  # as asked for
        if self._stopping.is_set():
            process.terminate()
        if await process.stdout.readline() == UP:
            place.serving = place.served = True
            await self._are_all_up(once_up)
        code = await self._ended(process)
        place.serving = False
        await asyncio.to_thread(mark_process_dead, process.pid, str(self._counts))
        return code

    async def _are_all_up(self, once_up: Callable[[], Awaitable[bool]]) -> None:
        if all(place.served for place in self._places) and not self._announced:
            self._announced = True
            await once_up()

    async def _ended(self, process: Process) -> int:
        """Wait for a worker to end; once all are to stop, not for longer than that may take."""
        ended, stopping = asyncio.create_task(process.wait()), asyncio.create_task(self._stopping.wait())
        await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        try:
            async with asyncio.timeout(STOP_TIMEOUT if self._stopping.is_set() else None):
                return await ended
        except TimeoutError:
            log.error("a worker did not stop in %g s and is killed", STOP_TIMEOUT)
            process.kill()
            return await process.wait()
