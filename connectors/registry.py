"""The registry that a gateway follows: read from a file or an https URL, checked, and taken up while it serves.

One that is refused leaves the one in force standing until that expires; then no peer is asked or answered.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

import httpx
import orjson

from connectors.postgres.federation import NewestRelease
from gateway.errors import SourceFailed
from gateway.federation.registry import Registry, RegistryRefused, read_registry
from gateway.federation.signed import SIZE_LIMIT, Key, KeyUnusable, read_keys

log = logging.getLogger("gateway.registry")

FETCH_TIMEOUT: Final = 10.0


class Releases(Protocol):
    """Which releases were used before."""

    async def newest(self) -> NewestRelease | None:
        """Return the newest, or None."""
        ...

    async def take_up(self, registry: Registry, *, digest: str, at: datetime) -> None:
        """Remember one; raises `RegistryRefused` for one that is older."""
        ...


class FollowedRegistry:
    """The registry in force, looked for again every so often."""

    def __init__(
        self, location: str, *, operator_keys: Path, releases: Releases, clock: Callable[[], datetime]
    ) -> None:
        """Name where the registry is (file or https URL), and the file with its operator's public keys (JWK set)."""
        self._location = location
        self._operator_keys = operator_keys
        self._releases = releases
        self._clock = clock
        self._latest: Registry | None = None
        self._digest = ""
        self._complaint = ""
        self._following: asyncio.Task[None] | None = None

    async def start(self, *, interval: float) -> None:
        """Take up the registry that is there, then look again every `interval` seconds; 0 looks never again.

        A registry that cannot be had does not stop the start: local answers need none.
        """
        await self.reload()
        if interval > 0:
            self._following = asyncio.create_task(self._follow(interval), name="follow-registry")

    async def close(self) -> None:
        """Stop looking."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)

    @property
    def latest(self) -> Registry | None:
        """Return the last registry taken up, expired or not."""
        return self._latest

    @property
    def complaint(self) -> str:
        """Return why the last look took up nothing new; empty where nothing was wrong."""
        return self._complaint

    def in_force(self) -> Registry | None:
        """Return the registry by which peers may be asked and answered at this moment, or None."""
        latest = self._latest
        return None if latest is None or latest.expired(self._clock()) else latest

    async def reload(self) -> bool:
        """Look once, and return whether another registry was taken up."""
        try:
            return await self._take_up(await registry_text(self._location))
        except RegistryRefused as refused:
            self._complain(str(refused))
        except SourceFailed as error:
            self._complain(f"the database did not answer ({error.reason})")
        return False

    async def _take_up(self, text: str) -> bool:
        digest = hashlib.sha256(text.strip().encode()).hexdigest()
        if digest == self._digest and self.in_force() is not None:
            self._complaint = ""
            return False
        newest = await self._releases.newest()
        keys = believed(await asyncio.to_thread(pinned_keys, self._operator_keys), newest)
        registry = await asyncio.to_thread(read_registry, text, keys=keys, at=self._clock())
        await self._releases.take_up(registry, digest=digest, at=self._clock())
        self._latest, self._digest, self._complaint = registry, digest, ""
        log.info("registry number %d taken up: %d members", registry.sequence, len(registry.members))
        return True

    async def _follow(self, interval: float) -> None:
        while True:
            await asyncio.sleep(interval)
            await self.reload()

    def _complain(self, why: str) -> None:
        if why != self._complaint:
            log.error("no new registry: %s", why)
        self._complaint = why


def believed(pinned: tuple[Key, ...], newest: NewestRelease | None) -> list[Key]:
    """Return the keys that may sign the next registry: those pinned and those the newest names, less the withdrawn."""
    if newest is None:
        return list(pinned)
    keys = {key.thumbprint(): key for key in (*pinned, *newest.operator_keys)}
    return [key for kid, key in keys.items() if kid not in newest.withdrawn]


def pinned_keys(path: Path) -> tuple[Key, ...]:
    """Return the operator's public keys in a file.

    Raises:
        RegistryRefused: The file cannot be read, or holds none.
    """
    try:
        return read_keys(orjson.loads(path.read_bytes()))
    except OSError as error:
        raise RegistryRefused("the file with the operator's keys cannot be read") from error
    except (ValueError, KeyUnusable) as error:
        raise RegistryRefused("the file with the operator's keys is no JWK set") from error


async def registry_text(location: str) -> str:
    """Return the signed registry at a file or an https URL.

    Raises:
        RegistryRefused: It cannot be had.
    """
    try:
        if location.startswith("https://"):
            return (await _fetched(location)).decode("ascii")
        return await asyncio.to_thread(_read, Path(location))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise RegistryRefused(f"the registry cannot be fetched ({type(error).__name__})") from error
    except OSError as error:
        raise RegistryRefused(f"the registry's file cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise RegistryRefused("the registry is not a signed document") from error


def _read(path: Path) -> str:
    if path.stat().st_size > SIZE_LIMIT:
        raise RegistryRefused(f"the registry has more than {SIZE_LIMIT} bytes")
    return path.read_text(encoding="ascii")


async def _fetched(url: str) -> bytes:
    content = bytearray()
    async with (
        httpx.AsyncClient(timeout=FETCH_TIMEOUT, follow_redirects=False) as client,
        client.stream("GET", url) as answer,
    ):
        answer.raise_for_status()
        async for chunk in answer.aiter_bytes():
            content += chunk
            if len(content) > SIZE_LIMIT:
                raise RegistryRefused(f"the registry has more than {SIZE_LIMIT} bytes")
    return bytes(content)
