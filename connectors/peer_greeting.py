"""Greets all members so often that connections to them stay open, and that who is gone is known before anybody asks.

A connection made at the moment of an ask costs that ask a handshake; a hundred and fifty cost all asks of that moment.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from connectors.peer_lanes import Endpoint, Lane, Lanes
from connectors.peer_wire import NoAnswer
from gateway.vocabulary import AuthorityCode

PATH: Final = "/federation/ping"
PATIENCE: Final = 10.0
"""Seconds a member has to return a greeting: longer than an ask can wait, so that a slow handshake ends at last."""

AT_ONCE: Final = 8
"""Members greeted at the same time."""

_LIMIT: Final = 20_000
"""Bytes of a greeting that are read."""


class Greeter:
    """Greets; what comes back counts for the breaker of an endpoint and is otherwise not looked at."""

    def __init__(
        self, lanes: Lanes, *, members: Callable[[], tuple[AuthorityCode, ...]], seconds: Callable[[], float]
    ) -> None:
        """Take the ways to members, who they are at this moment, and a clock that only goes forward."""
        self._lanes = lanes
        self._members = members
        self._seconds = seconds
        self._greeting: asyncio.Task[None] | None = None

    def start(self, *, interval: float) -> None:
        """Greet all members now and every `interval` seconds; 0 greets nobody."""
        if interval > 0:
            self._greeting = asyncio.create_task(self._keep_on(interval), name="greet-peers")

    async def close(self) -> None:
        """Stop."""
        if self._greeting is not None:
            self._greeting.cancel()
            await asyncio.gather(self._greeting, return_exceptions=True)

    async def greet_all(self) -> None:
        """Greet all members once, a few at a time."""
        turn = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(self._greet(authority, turn) for authority in self._members()))

    async def _keep_on(self, interval: float) -> None:
        while True:
            await self.greet_all()
            await asyncio.sleep(interval)

    async def _greet(self, authority: AuthorityCode, turn: asyncio.Semaphore) -> None:
        async with turn:
            try:
                lane = await self._lanes.to(authority)
            except NoAnswer:
                return
            for endpoint in lane.endpoints:
                if endpoint.breaker.admits(self._seconds()):
                    await self._greeted(lane, endpoint)

    async def _greeted(self, lane: Lane, endpoint: Endpoint) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await lane.wire.exchange("GET", f"{endpoint.url}{PATH}", headers={}, limit=_LIMIT)
        except (NoAnswer, TimeoutError):
            endpoint.breaker.failed(self._seconds())
        except asyncio.CancelledError:
            endpoint.breaker.abandoned(self._seconds())
            raise
        else:
            endpoint.breaker.succeeded()
