"""One thread beside the event loop for what takes long and touches no record: new documents, and the schema itself.

Threads take turns at the interpreter: the work costs others a part of the time, and never the whole time it takes.
One piece at a time is worked on, and at a pace.
"""

import asyncio
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
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
    future: asyncio.Future[Any]
    waiting: int = 0


class ReadingThread:
    """Does one piece of work after another, in order of arrival; a few asks may wait for it."""

    def __init__(self, *, waiting: int) -> None:
        """Take how many asks may wait beside the one whose work is done."""
        self._room = waiting + 1
        self._taken = 0
        self._pieces: dict[Hashable, _Piece] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="reading")
        self._pace = Pace()

    async def done(self, key: Hashable, work: Callable[[Pace], Done]) -> Done:
        """Return what a piece of work comes to, which keeps the pace it is given; asks of one key wait for one piece.

        Who waits for it waits outside the door, and keeps nobody out.

        Raises:
            Overloaded: Too many wait already.
        """
        if self._taken >= self._room:
            raise Overloaded(
                f"{self._room - 1} new documents are waiting to be read, the most that may. Ask again in a moment.",
                reason="reading-crowded",
                retry_after=1,
            )
        piece = self._piece(key, work)
        self._taken += 1
        piece.waiting += 1
        try:
            async with outside():
                done: Done = await asyncio.shield(piece.future)
                return done
        finally:
            self._taken -= 1
            piece.waiting -= 1
            if not piece.waiting:
                piece.future.cancel()  # what nobody waits for any more is not begun

    def _piece(self, key: Hashable, work: Callable[[Pace], Done]) -> _Piece:
        known = self._pieces.get(key)
        if known is not None and not known.future.done():
            return known
        piece = _Piece(asyncio.get_running_loop().run_in_executor(self._thread, self._paced, work))
        if key is not NOBODY_ELSES:
            self._pieces[key] = piece
            piece.future.add_done_callback(lambda _: self._forget(key, piece))
        return piece

    def _forget(self, key: Hashable, piece: _Piece) -> None:
        if self._pieces.get(key) is piece:
            del self._pieces[key]

    def _paced(self, work: Callable[[Pace], Done]) -> Done:
        self._pace.begin()
        return work(self._pace)

    def close(self) -> None:
        """Let the thread go; what waits is not begun."""
        self._thread.shutdown(wait=False, cancel_futures=True)
