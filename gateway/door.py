"""The door: so many asks are inside at once, a few wait for a moment, and everybody else is turned away at once.

What is let in keeps its time: an ask that waited behind all others would be late for everybody.
An ask that waits for other authorities steps outside meanwhile: a slow peer must not keep local asks out.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec, TypeVar

from gateway.errors import Overloaded

Stated = ParamSpec("Stated")
Told = TypeVar("Told")


class Door:
    """Counts who is inside and who waits, in one event loop; who waits is let in by order of arrival."""

    def __init__(self, *, places: int, waiting: int, patience: float) -> None:
        """Take how many may be inside, how many may wait, and for how many seconds."""
        self._places = places
        self._room = waiting
        self._patience = patience
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._returning: deque[asyncio.Future[None]] = deque()
        self.inside = 0
        """Asks that are being answered."""
        self.turned_away = 0
        """Asks turned away since the start."""

    @property
    def waiting(self) -> int:
        """Return how many wait to be let in."""
        return len(self._waiting)

    @property
    def full(self) -> bool:
        """Return whether there is no room inside, and none to wait."""
        return self.inside >= self._places and len(self._waiting) >= self._room

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Be inside for the length of the block.

        Raises:
            Overloaded: Too many wait already, or nobody left in time.
        """
        await self._enter()
        place = _Place(self)
        token = _PLACE.set(place)
        try:
            yield
        finally:
            _PLACE.reset(token)
            place.close()

    async def _enter(self) -> None:
        if self.full:
            raise self.turn_away()
        try:
            async with asyncio.timeout(self._patience):
                await self.let_in(self._waiting)
        except TimeoutError:
            raise self.turn_away() from None

    async def let_in(self, queue: deque[asyncio.Future[None]]) -> None:
        """Wait in a queue for a place."""
        if self.inside < self._places:
            self.inside += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except BaseException:
            with suppress(ValueError):  # it was passed over already
                queue.remove(turn)
            if turn.done() and not turn.cancelled():
                self.leave()  # the place was given in the moment in which nobody wanted it any more
            raise

    async def come_back(self) -> None:
        """Take a place again, before anybody who is new, however long it takes."""
        await self.let_in(self._returning)

    def leave(self) -> None:
        """Give the place to whoever has waited longest, those who come back first, or keep it free."""
        for queue in (self._returning, self._waiting):
            while queue:
                turn = queue.popleft()
                if not turn.done():
                    turn.set_result(None)
                    return
        self.inside -= 1

    def turn_away(self) -> Overloaded:
        """Count one more who is turned away, and return what they are told."""
        self.turned_away += 1
        return Overloaded(
            "The gateway has more to answer than it can; ask again in a moment.", reason="door-crowded", retry_after=1
        )


class _Place:
    """One ask's place; what the ask does at the same time may wait outside together."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._held = True
        self._waits = 0

    def step_out(self) -> None:
        self._waits += 1
        if self._held:
            self._held = False
            self._door.leave()

    async def come_back(self) -> None:
        self._waits -= 1
        if not self._waits and not self._held:
            await self._door.come_back()
            self._held = True

    def close(self) -> None:
        if self._held:
            self._held = False
            self._door.leave()


_PLACE: ContextVar[_Place | None] = ContextVar("place", default=None)


@asynccontextmanager
async def outside() -> AsyncIterator[None]:
    """Wait outside for the length of the block: what this ask waits for is not this gateway's work."""
    place = _PLACE.get()
    if place is None:
        yield
        return
    place.step_out()
    try:
        yield
    finally:
        await place.come_back()


def waits_outside(method: Callable[Stated, Awaitable[Told]]) -> Callable[Stated, Awaitable[Told]]:
    """Let a method that only waits for others be waited for outside."""

    @wraps(method)
    async def called(*arguments: Stated.args, **named: Stated.kwargs) -> Told:
        async with outside():
            return await method(*arguments, **named)

    return called
