"""Refusals are told in turn, so many a second: who sends what is refused waits for the next place to send more.

A refusal costs a good part of what an answer does, and whoever is refused can ask again at once, for ever. Told at a
pace, refusals take a bounded part of the time, however many connections they are asked over. Answers never wait.
"""

import asyncio
from typing import Final

AT_ONCE: Final = 20
"""Refusals that are told without waiting, after a while without any."""

LONGEST: Final = 5.0
"""Seconds that a refusal waits at most."""


class Turns:
    """Gives each refusal the moment at which it is told."""

    def __init__(self, *, rate: float) -> None:
        """Take how many are told in a second."""
        self._apart = 1 / rate
        self._next = 0.0

    async def wait(self) -> None:
        """Return when the next refusal may be told."""
        now = asyncio.get_running_loop().time()
        self._next = min(max(self._next, now - AT_ONCE * self._apart) + self._apart, now + LONGEST)
        if self._next > now:
            await asyncio.sleep(self._next - now)
