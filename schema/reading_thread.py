"""One thread beside the event loop for what takes long and touches no record: new documents, and the schema itself.

Threads take turns at the interpreter: the work costs others a part of the time, and never the whole time it takes.
One piece at a time is worked on, and at a pace.
"""

import asyncio
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from gateway.door import outside
from gateway.errors import Overloaded
from schema.pace import Pace

Done = TypeVar("Done")
NOBODY_ELSES: Final = None
"""The key of work that nobody else waits for."""


@dataclass(slots=True)
class _Piece:
    work: Future[Any]
    done: asyncio.Future[Any]
    waiting: int = 0


class ReadingThread:
    """Does one piece of work after another, in order of arrival; a few may wait to be begun."""

    def __init__(self, *, waiting: int) -> None:
        """Take how many pieces may wait beside the one that is worked on."""
        self._room = waiting + 1
        self._taken = 0
        self._pieces: dict[Hashable, _Piece] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="reading")
        self._pace = Pace()

    async def done(self, key: Hashable, work: Callable[[Pace], Done]) -> Done:
        """Return what a piece of work comes to, which keeps the pace it is given; asks of one key wait for one piece.

        Who waits for it waits outside the door, and keeps nobody out.

        Raises:
            Overloaded: It would be one more piece than may wait.
        """
        piece = self._pieces.get(key) or self._taken_on(key, work)
        piece.waiting += 1
        try:
            async with outside():
                done: Done = await asyncio.shield(piece.done)
                return done
        finally:
            piece.waiting -= 1
            if not piece.waiting:
                self._pieces.pop(key, None)
                piece.work.cancel()  # what nobody waits for any more is not begun

    def _taken_on(self, key: Hashable, work: Callable[[Pace], Any]) -> _Piece:
        if self._taken >= self._room:
            raise Overloaded(
                f"{self._room - 1} new documents are waiting to be read, the most that may. Ask again in a moment.",
                reason="reading-crowded",
                retry_after=1,
            )
        loop = asyncio.get_running_loop()
        begun = self._thread.submit(self._paced, work)
        self._taken += 1

        def over(_: Future[Any]) -> None:
            with suppress(RuntimeError):  # the loop has ended before the thread has
                loop.call_soon_threadsafe(self._leave)

        # A piece keeps its place until the thread is done with it, whoever has given up waiting.
        begun.add_done_callback(over)
        piece = _Piece(begun, asyncio.wrap_future(begun))
        piece.done.add_done_callback(_looked_at)
        if key is not NOBODY_ELSES:
            self._pieces[key] = piece
        return piece

    def _leave(self) -> None:
        self._taken -= 1

    def _paced(self, work: Callable[[Pace], Done]) -> Done:
        self._pace.begin()
        return work(self._pace)

    def close(self) -> None:
        """Let the thread go; what waits is not begun."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def _looked_at(done: asyncio.Future[Any]) -> None:
    """Look at what went wrong, for whoever gave up waiting for it; those who wait are told."""
    if not done.cancelled():
        done.exception()
