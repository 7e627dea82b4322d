"""Keeps this authority's setups fresh: looks for changes, builds in a process of its own, and publishes all or nothing.

A key lasts a quarter. Where a child is withdrawn by a shield there is a new key at once, and the old ones answer
nobody: else whoever kept an older setup could go on finding the child by it.
"""

import asyncio
import hashlib
import logging
import secrets
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from connectors.locator.keys import Kind
from connectors.locator.psi import Unusable, bucket, new_key
from connectors.postgres.locator import Changed, PostgresLocator, Published, Release, WrappedKey
from gateway.errors import DirectoryError
from gateway.ledger.master_key import MasterKey, NotWrappedByThis
from gateway.ledger.sealing import KeyName, SealingKey
from gateway.metrics.metrics import Metrics

log = logging.getLogger("gateway.locator")

LOOK: Final = 1.0
"""Seconds from look to look for changes."""
PATIENCE: Final = 12
"""Times the debounce after which changes that never settle are taken in."""
LONGEST: Final = timedelta(days=1)
"""Age at which a release is renewed without a change: people come of age."""
OVERLAP: Final = timedelta(days=7)
"""How long the key of the quarter before still answers."""
BUILD_TIMEOUT: Final = 900.0
PUBLISH_TIMEOUT: Final = 30.0
LOCAL_TIME: Final = ZoneInfo("Europe/London")

_LOCATING: Final = UUID(int=2)
"""Stands for a child in the name under which the master key wraps the locator's keys."""
_ROOT: Final = Path(__file__).resolve().parents[2]


def quarter_of(at: datetime) -> int:
    """Return the number of a quarter: year * 4 + quarter from 0."""
    return at.year * 4 + (at.month - 1) // 3


class LocatorKeys:
    """Makes, wraps and unwraps the keys of the set."""

    def __init__(self, master: MasterKey) -> None:
        """Take the gateway's master key."""
        self._master = master

    def make(self, quarter: int) -> WrappedKey:
        """Return a new key of a quarter."""
        wrapped = self._master.wrap(KeyName(_LOCATING, quarter), SealingKey.of(new_key()))
        return WrappedKey(id=secrets.token_hex(8), quarter=quarter, wrapped=wrapped)

    def unwrapped(self, key: WrappedKey) -> bytes | None:
        """Return the key, or None where another master key wrapped it: then a new one is made."""
        try:
            return self._master.unwrap(KeyName(_LOCATING, key.quarter), key.wrapped).secret
        except NotWrappedByThis:
            return None


class SetupBuilder:
    """Follows the changes of the records; one of all gateways on a database builds at a time."""

    def __init__(
        self,
        locator: PostgresLocator,
        keys: LocatorKeys,
        *,
        clock: Callable[[], datetime],
        debounce: float,
        metrics: Metrics,
    ) -> None:
        """Take where all of it is kept, for how many seconds changes must have settled, and what counts."""
        self._locator = locator
        self._keys = keys
        self._clock = clock
        self._debounce = debounce
        self._metrics = metrics
        self._following: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to follow."""
        self._following = asyncio.create_task(self._follow(), name="locator-setups")

    async def close(self) -> None:
        """Stop, also in the middle of building."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)

    async def look(self) -> bool:
        """Build and publish if it is time to, and return whether that was done.

        Raises:
            SourceUnavailable: The database did not answer.
            Unusable: A setup could not be built.
        """
        changed = await self._locator.changed()
        release = await self._locator.release()
        if release is not None:
            self._metrics.locator_released(release.made_at.timestamp())
        if not self._due(release, changed):
            return False
        if not await self._locator.lease(seconds=2 * BUILD_TIMEOUT):
            return False
        try:
            await self._build(changed)
        finally:
            with suppress(DirectoryError):  # it runs out by itself
                await self._locator.give_back()
        return True

    def _due(self, release: Release | None, changed: Changed | None) -> bool:
        now = self._clock()
        if release is None or release.quarter != quarter_of(now) or now - release.made_at > LONGEST:
            return True
        if changed is None:
            return False
        settled = changed.settled_for >= self._debounce or changed.waiting_for >= PATIENCE * self._debounce
        return changed.withdraws or settled

    async def _build(self, changed: Changed | None) -> None:
        now = self._clock()
        withdraws = changed is not None and changed.withdraws
        key, secret = await self._key(quarter_of(now), fresh=withdraws)
        words = await self._locator.words(today=now.astimezone(LOCAL_TIME).date())
        setups = [await _setup(kind, secret, found) for kind, found in words.items()]
        await self._locator.publish(
            key,
            setups,
            at=now,
            taken_in=() if changed is None else changed.ids,
            others_until=now if withdraws else now + OVERLAP,
            within=PUBLISH_TIMEOUT,
        )
        self._metrics.locator_built("published")
        self._metrics.locator_released(now.timestamp())
        log.info("locator: %s published under key %s", ", ".join(f"{one.size} {one.kind}" for one, _ in setups), key.id)

    async def _key(self, quarter: int, *, fresh: bool) -> tuple[WrappedKey, bytes]:
        known = None if fresh else await self._locator.newest_key(quarter=quarter)
        secret = None if known is None else self._keys.unwrapped(known)
        if known is not None and secret is not None:
            return known, secret
        made = self._keys.make(quarter)
        secret = self._keys.unwrapped(made)
        assert secret is not None  # noqa: S101  # this process has just wrapped it
        return made, secret

    async def _follow(self) -> None:
        while True:
            try:
                await self.look()
            except (DirectoryError, Unusable) as error:
                self._metrics.locator_built("failed")
                log.error("locator: no new setups (%s)", getattr(error, "reason", error))
            await asyncio.sleep(LOOK)


async def _setup(kind: Kind, key: bytes, words: Sequence[str]) -> tuple[Published, bytes]:
    content = await _built(key, words)
    digest = hashlib.sha256(content).hexdigest()
    return Published(kind=kind, digest=digest, size=bucket(len(words))), content


async def _built(key: bytes, words: Sequence[str]) -> bytes:
    """Return a setup built elsewhere; the process ends with this call, however that ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-P", "-B", "-m", "connectors.locator.building_worker"),
        env={"PYTHONPATH": str(_ROOT)},
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
    )
    try:
        async with asyncio.timeout(BUILD_TIMEOUT):
            content, _ = await process.communicate(orjson.dumps({"key": key.hex(), "words": words}))
    except TimeoutError:
        raise Unusable("a setup was not built in time") from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode != 0:
        raise Unusable("a setup could not be built")
    return content
