"""The issuer's public keys: from a file or an https URL, read again when a token names a key that is not known."""

import asyncio
import time
from pathlib import Path

import httpx
import orjson
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from gateway.errors import SourceUnavailable

REFRESH = 300.0
"""Seconds after which the keys are read again without cause."""

COOLDOWN = 10.0
"""Seconds between two readings that unknown keys cause, so that junk tokens cannot drive requests."""

SIZE_LIMIT = 256 * 1024


class IssuerKeys:
    """Keeps the keys in force; an issuer that cannot be reached leaves the last known ones standing."""

    def __init__(self, location: str, *, timeout: float = 2.0) -> None:
        """Read from a file path or an https URL; `timeout` is in seconds."""
        self._location = location
        self._timeout = timeout
        self._known: KeySet | None = None
        self._read_at = 0.0
        self._lock = asyncio.Lock()

    async def keys(self, *, unknown: str | None = None) -> KeySet:
        """Return the keys in force.

        Raises:
            SourceUnavailable: No keys have ever been had.
        """
        age = time.monotonic() - self._read_at
        wanted = self._known is None or age > REFRESH or (unknown is not None and age > COOLDOWN)
        if wanted:
            async with self._lock:
                if time.monotonic() - self._read_at >= age:
                    await self._refresh()
        if self._known is None:
            raise SourceUnavailable("The issuer's keys cannot be had; nobody can be identified.", reason="keys-missing")
        return self._known

    async def _refresh(self) -> None:
        self._read_at = time.monotonic()
        try:
            content = await self._content()
            self._known = KeySet.import_key_set(orjson.loads(content))
        except (httpx.HTTPError, OSError, ValueError, KeyError, TypeError, JoseError):
            # The last known keys stand: an issuer's outage is not a revocation.
            return

    async def _content(self) -> bytes:
        if not self._location.startswith("https://"):
            return await asyncio.to_thread(Path(self._location).read_bytes)
        async with httpx.AsyncClient(timeout=self._timeout, follow_redirects=False) as client:
            answer = await client.get(self._location)
            answer.raise_for_status()
            if len(answer.content) > SIZE_LIMIT:
                raise ValueError("the key set is too large")
            return answer.content
