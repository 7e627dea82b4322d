"""The issuer's public keys: from a file or an https URL, read again when a token names a key that is not known."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

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

RSA_BITS = 2048
"""Bits of an RSA key at least. Source: RFC 7518, 3.3."""

BITS_OF_A_LETTER = 6
"""Base64."""


class IssuerKeys:
    """Keeps the keys in force; an issuer that cannot be reached leaves the last known ones standing."""

    def __init__(self, location: str, *, timeout: float = 2.0) -> None:
        """Read from a file path or an https URL; `timeout` is in seconds."""
        self._location = location
        self._timeout = timeout
        self._known: KeySet | None = None
        self._read_at = 0.0
        self._reading: asyncio.Task[None] | None = None

    async def keys(self, *, unknown: str | None = None) -> KeySet:
        """Return the keys in force.

        Raises:
            SourceUnavailable: No keys have ever been had.
        """
        age = time.monotonic() - self._read_at
        wanted = self._known is None or age > REFRESH or (unknown is not None and age > COOLDOWN)
        if wanted:
            if self._reading is None or self._reading.done():
                # A task of its own, so that whoever waits first and goes away takes nobody else's keys along.
                self._reading = asyncio.create_task(self._refresh())
            await asyncio.shield(self._reading)
        if self._known is None:
            raise SourceUnavailable("The issuer's keys cannot be had; nobody can be identified.", reason="keys-missing")
        return self._known

    async def reload(self) -> bool:
        """Read the keys again, and return whether they could be had; if not, the last known ones stand."""
        before = self._known
        await self._refresh()
        return self._known is not before

    async def _refresh(self) -> None:
        self._read_at = time.monotonic()
        try:
            content = await self._content()
            self._known = _usable(orjson.loads(content))
        except (httpx.HTTPError, OSError, ValueError, KeyError, TypeError, JoseError, TimeoutError):
            # The last known keys stand: an issuer's outage is not a revocation.
            return

    async def _content(self) -> bytes:
        if not self._location.startswith("https://"):
            return await asyncio.to_thread(Path(self._location).read_bytes)
        content = bytearray()
        async with (
            asyncio.timeout(self._timeout),  # a reply that trickles is no reply either
            httpx.AsyncClient(timeout=self._timeout, follow_redirects=False) as client,
            client.stream("GET", self._location) as answer,
        ):
            answer.raise_for_status()
            async for chunk in answer.aiter_bytes():
                content.extend(chunk)
                if len(content) > SIZE_LIMIT:
                    raise ValueError("the key set is too large")
        return bytes(content)


def _usable(document: Mapping[str, Any]) -> KeySet:
    """Return the keys that may sign: the others count as if they were not published.

    Raises:
        ValueError: None may.
    """
    usable = [key for key in document["keys"] if _may_sign(key)]
    if not usable:
        raise ValueError("no key of the set may sign")
    return KeySet.import_key_set({"keys": usable})


def _may_sign(key: Mapping[str, Any]) -> bool:
    # Told from the text: the library warns of a weak key, and takes it.
    if key["kty"] == "RSA":
        return len(key["n"]) * BITS_OF_A_LETTER >= RSA_BITS
    return (key["kty"], key.get("crv")) in (("EC", "P-256"), ("OKP", "Ed25519"))
