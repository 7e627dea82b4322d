"""The door: so many asks are inside at once, a few wait for a moment, and everybody else is turned away at once.

What is let in keeps its time: an ask that waited behind all others would be late for everybody.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.errors import Overloaded


class Door:
    """Counts who is inside and who waits, in one event loop; who waits is let in by order of arrival."""

    def __init__(self, *, places: int, waiting: int, patience: float) -> None:
        """Take how many may be inside, how many may wait, and for how many seconds."""
        self._places = places
        self._room = waiting
        self._patience = patience
        self._waiting: deque[asyncio.Future[None]] = deque()
        self.inside = 0
        """Asks that are being answered."""
        self.turned_away = 0
        """Asks turned away since the start."""

    @property
    def waiting(self) -> int:
        """Return how many wait to be let in."""
        return len(self._waiting)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Be inside for the length of the block.

        Raises:
            Overloaded: Too many wait already, or nobody left in time.
        """
        await self._enter()
        try:
            yield
        finally:
            self._leave()

    async def _enter(self) -> None:
        if self.inside < self._places:
            self.inside += 1
            return
        if len(self._waiting) >= self._room:
            raise self._turned_away()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(self._patience):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self._leave()  # the place was given in the moment in which nobody wanted it any more
            else:
                self._waiting.remove(turn)
            if isinstance(error, TimeoutError):
                raise self._turned_away() from None
            raise

    def _leave(self) -> None:
        """Give the place to whoever has waited longest, or keep it free."""
        if self._waiting:
            self._waiting.popleft().set_result(None)
        else:
            self.inside -= 1

    def _turned_away(self) -> Overloaded:
        self.turned_away += 1
        return Overloaded(
            "The gateway has more to answer than it can; ask again in a moment.", reason="door-crowded", retry_after=1
        )
