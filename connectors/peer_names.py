"""Where members' hosts are: looked up in threads of their own, so that a silent name server keeps nothing else waiting.

The event loop's own look-ups share a few threads with everything else that a gateway does.
"""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiohttp.abc import AbstractResolver, ResolveResult

KEPT: Final = 60.0
"""Seconds for which an address counts; afterwards it is still used while it is looked up again."""

LookUp = Callable[[str], Sequence[tuple[Any, ...]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """The addresses of a host, and until when nobody looks for others."""

    addresses: Sequence[tuple[int, str]]
    until: float


class PeerNames(AbstractResolver):
    """Finds hosts; one look-up of a host is under way at a time, whoever waits for it."""

    def __init__(self, look_up: LookUp | None = None, *, seconds: Callable[[], float] = time.monotonic) -> None:
        """Take how a host is looked up, which may block, and a clock that only goes forward."""
        self._look_up = look_up or _system
        self._seconds = seconds
        self._found: dict[str, _Found] = {}
        self._looking: dict[str, asyncio.Future[None]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a host; those known are used while newer ones are looked for.

        Raises:
            OSError: It is not known, and cannot be found.
        """
        found = self._found.get(host)
        if found is None or found.until <= self._seconds():
            looking = self._look(host)
            if found is None:
                await asyncio.shield(looking)
                found = self._found[host]
        return [
            ResolveResult(hostname=host, host=address, port=port, family=kind, proto=socket.IPPROTO_TCP, flags=_NUMERIC)
            for kind, address in found.addresses
            if family in (socket.AF_UNSPEC, kind)
        ]

    async def close(self) -> None:
        """Nothing is held that would have to be let go: a thread that still looks ends by itself."""

    def _look(self, host: str) -> "asyncio.Future[None]":
        looking = self._looking.get(host)
        if looking is None:
            loop = asyncio.get_running_loop()
            looking = self._looking[host] = loop.create_future()
            # Whoever waits may have given up long before: then nobody is told.
            looking.add_done_callback(lambda done: done.exception())
            # No pool: a thread that waits for a silent name server would take the place of one that finds something.
            threading.Thread(target=self._looked, args=(host, loop), name=f"look-up-{host}", daemon=True).start()
        return looking

    def _looked(self, host: str, loop: asyncio.AbstractEventLoop) -> None:
        error: OSError | None = None
        addresses: list[tuple[int, str]] = []
        try:
            addresses = list(dict.fromkeys((int(kind), str(where[0])) for kind, *_, where in self._look_up(host)))
        except OSError as failed:
            error = failed
        except UnicodeError:
            error = OSError("no name of a host")
        try:
            loop.call_soon_threadsafe(self._done, host, addresses, error)
        except RuntimeError:
            return  # the loop has ended, and with it whoever waited

    def _done(self, host: str, addresses: Sequence[tuple[int, str]], error: OSError | None) -> None:
        looking = self._looking.pop(host)
        if error is not None:
            looking.set_exception(error)
            return
        self._found[host] = _Found(addresses=addresses, until=self._seconds() + KEPT)
        looking.set_result(None)


_NUMERIC: Final = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV


def _system(host: str) -> Sequence[tuple[Any, ...]]:
    return socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
