"""Reloading: what lies in files is read again while the gateway serves; what cannot be used leaves what was."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from gateway.errors import DirectoryError
from gateway.settings import SettingsError

log = logging.getLogger("gateway.reloading")

Reload = Callable[[], Awaitable[str]]
"""Reads one part again, and returns what came of it in a word or two; raises where it cannot be used."""


class Reloading:
    """Reloads all parts, one reload at a time."""

    def __init__(self, parts: Mapping[str, Reload]) -> None:
        """Take how each part is read again."""
        self._parts = parts
        self._turn = asyncio.Lock()

    async def reload(self) -> Mapping[str, str]:
        """Read every part again, say in one log line what came of it, and return it."""
        async with self._turn:
            outcomes = {part: await _outcome(part, reload) for part, reload in self._parts.items()}
            log.info("reloaded: %s", ", ".join(f"{part} {outcome}" for part, outcome in outcomes.items()))
            return outcomes


async def _outcome(part: str, reload: Reload) -> str:
    try:
        return await reload()
    except (DirectoryError, SettingsError) as error:
        log.error("reloading: the %s stay as they were: %s", part, getattr(error, "reason", error))
        return "refused"
