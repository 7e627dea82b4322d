"""Looking at what only stands for a moment: queues, connections, what is ready, and how late the event loop comes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Final, Protocol

import psutil  # type: ignore[import-untyped]  # it ships no types

from gateway.door import Door
from gateway.errors import DirectoryError
from gateway.health import Health
from gateway.metrics.metrics import Metrics
from gateway.ports import Decider

LOOK: Final = 1.0
"""Seconds from look to look."""

BEAT: Final = 0.1
"""Seconds that the event loop is asked to wait; what it waits longer is its lag."""


class Pool(Protocol):
    """Connections to a database."""

    @property
    def connections(self) -> tuple[int, int]:
        """Return how many are in use and how many are idle."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What is looked at, by how to look."""

    waiting: Callable[[], int]
    pools: Mapping[str, Pool]
    doors: Mapping[str, Door]
    decider: Decider
    health: Health
    signed_at: Callable[[], Awaitable[float | None]]
    """When the newest checkpoint was signed, in seconds since 1970; None while there is none."""
    clock: Callable[[], datetime]
    peers: Callable[[], None] = lambda: None
    """Notes how the ways to other authorities stand."""


class Sampler:
    """Fills the metrics that only stand for a moment."""

    def __init__(self, looked: Looked, metrics: Metrics) -> None:
        """Take what to look at, and where to note it."""
        self._looked = looked
        self._metrics = metrics
        self._revision = ""
        self._process = psutil.Process()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look again and again for the length of the block."""
        tasks = [asyncio.create_task(work(), name="metrics") for work in (self._keep_looking, self._beat)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def look(self) -> None:
        """Note how everything stands at this moment."""
        looked, metrics = self._looked, self._metrics
        metrics.ledger_stands(waiting=looked.waiting())
        for name, pool in looked.pools.items():
            used, idle = pool.connections
            metrics.pool_stands(name, used=used, idle=idle)
        for name, door in looked.doors.items():
            metrics.door_stands(name, inside=door.inside, waiting=door.waiting)
        metrics.process_stands(memory=self._process.memory_info().rss, files=self._process.num_fds())
        self._look_at_rules()
        looked.peers()
        for part, ready in (await looked.health.look()).checks.items():
            metrics.part_stands(part, ready=ready)
        with suppress(DirectoryError):  # the time stays where it was, and so grows old
            signed_at = await looked.signed_at()
            if signed_at is not None:
                metrics.checkpoint_signed(signed_at)

    def _look_at_rules(self) -> None:
        with suppress(DirectoryError):
            revision = self._looked.decider.revision
            if revision != self._revision:
                self._revision = revision
                self._metrics.rules_taken_up(self._looked.clock().timestamp())

    async def _keep_looking(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(LOOK)

    async def _beat(self) -> None:
        while True:
            began = monotonic()
            await asyncio.sleep(BEAT)
            self._metrics.loop_late(max(0.0, monotonic() - began - BEAT))
