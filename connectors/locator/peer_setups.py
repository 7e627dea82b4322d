"""What other authorities have published, kept at hand: used while it is looked for again, never past its expiry."""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from connectors.locator.keys import Kind
from connectors.locator.psi import Setup, Unusable
from connectors.locator.statement import Statement, StatementRefused, read_statement
from connectors.peers import PeerCalls
from connectors.postgres.locator import KeptStatement, PeerSetupStore
from gateway.errors import DirectoryError, SourceUnavailable
from gateway.federation.registry import Member, Registry
from gateway.metrics.metrics import Metrics
from gateway.vocabulary import AuthorityCode

log = logging.getLogger("gateway.locator")

STATEMENT_LIMIT: Final = 16_000
SETUP_LIMIT: Final = 16_000_000
"""Bytes: a set of 4,194,304 words, more than any authority's children."""
STATEMENT_TIMEOUT: Final = 5.0
FETCH_TIMEOUT: Final = 20.0
AT_ONCE: Final = 16
"""Members looked at at the same time: so many may be silent before the others are looked at later for it."""

FETCHED_AT_ONCE: Final = 4
"""Members whose setups are fetched at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerSetups:
    """The setups of one authority, and what it states of them."""

    statement: Statement
    text: str
    etag: str
    setups: Mapping[Kind, Setup]


class FollowedSetups:
    """The setups of all other members, looked for again every so often."""

    def __init__(
        self,
        *,
        home: AuthorityCode,
        peers: PeerCalls,
        registry: Callable[[], Registry | None],
        store: PeerSetupStore,
        clock: Callable[[], datetime],
        metrics: Metrics,
    ) -> None:
        """Take how members are called, where they are listed, where what they publish is kept, and what counts."""
        self._home = home
        self._peers = peers
        self._registry = registry
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._held: dict[AuthorityCode, PeerSetups] = {}
        self._looking: dict[AuthorityCode, asyncio.Task[None]] = {}
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._fetching = asyncio.Semaphore(FETCHED_AT_ONCE)
        self._following: asyncio.Task[None] | None = None
        self._complaints: dict[AuthorityCode, str] = {}

    def start(self, *, interval: float) -> None:
        """Look at all members now and every `interval` seconds."""
        self._following = asyncio.create_task(self._follow(interval), name="follow-setups")

    async def close(self) -> None:
        """Stop looking."""
        tasks = [task for task in (self._following, *self._looking.values()) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def of(self, authority: AuthorityCode) -> PeerSetups | None:
        """Return the setups of a member that count at this moment, or None; then they are looked for."""
        held = self._held.get(authority)
        if held is not None and held.statement.expires > self._clock():
            return held
        self.look(authority)
        return None

    def look(self, authority: AuthorityCode) -> asyncio.Task[None]:
        """Look for what a member publishes now, once at a time; nobody need wait for it."""
        task = self._looking.get(authority)
        if task is None or task.done():
            task = self._looking[authority] = asyncio.create_task(self._looked(authority), name=f"look-{authority}")
        return task

    async def look_at_all(self) -> None:
        """Look at all members, and wait until that is done; what cannot be had is logged."""
        registry = self._registry()
        members = () if registry is None else registry.members
        for gone in self._held.keys() - set(members):
            del self._held[gone]
        others = [code for code in members if code != self._home]
        await asyncio.gather(*map(self.look, others))
        at = self._clock()
        held = sum(code in self._held and self._held[code].statement.expires > at for code in others)
        self._metrics.locator_holds(held=held, lacking=len(others) - held)

    async def _follow(self, interval: float) -> None:
        while True:
            await self.look_at_all()
            await asyncio.sleep(interval)

    async def _looked(self, authority: AuthorityCode) -> None:
        registry = self._registry()
        member = None if registry is None else registry.members.get(authority)
        if member is None:
            return
        try:
            async with self._turn:
                await self._refresh(member)
        except (DirectoryError, StatementRefused, Unusable) as error:
            self._complain(authority, str(getattr(error, "reason", error)))
        else:
            self._complaints.pop(authority, None)

    def _complain(self, authority: AuthorityCode, why: str) -> None:
        if self._complaints.get(authority) != why:
            log.warning("no newer setups of %s: %s", authority, why)
        self._complaints[authority] = why

    async def _refresh(self, member: Member) -> None:
        held = self._held.get(member.authority) or await self._kept(member)
        published = await self._peers.published(
            member.authority,
            "/federation/locator",
            etag=None if held is None else held.etag,
            limit=STATEMENT_LIMIT,
            within=STATEMENT_TIMEOUT,
        )
        if published is None:
            return
        text = published.content.decode("ascii", "replace")
        statement = read_statement(text, member=member, at=self._clock())
        async with self._fetching:
            contents = await self._contents(member, statement)
        await self._hold(statement, text, published.etag, contents)
        kept = KeptStatement(text=text, etag=published.etag, looked_at=self._clock())
        await self._store.keep(member.authority, kept, contents)

    async def _contents(self, member: Member, statement: Statement) -> dict[str, bytes]:
        known = await self._store.contents(member.authority)
        return {
            digest: known[digest] if digest in known else await self._fetched(member, digest)
            for digest in statement.setups.values()
        }

    async def _fetched(self, member: Member, digest: str) -> bytes:
        published = await self._peers.published(
            member.authority, f"/federation/locator/{digest}", limit=SETUP_LIMIT, within=FETCH_TIMEOUT
        )
        if published is None or hashlib.sha256(published.content).hexdigest() != digest:
            raise SourceUnavailable("A setup is not the one that was stated.", reason="locator-digest")
        return published.content

    async def _kept(self, member: Member) -> PeerSetups | None:
        """Take up what was kept before a restart, or by another gateway; what may not be used is fetched anew."""
        kept = await self._store.statement(member.authority)
        if kept is None:
            return None
        try:
            statement = read_statement(kept.text, member=member, at=self._clock())
            contents = await self._store.contents(member.authority)
            return await self._hold(statement, kept.text, kept.etag, contents)
        except (StatementRefused, Unusable, KeyError):
            return None

    async def _hold(self, statement: Statement, text: str, etag: str, contents: Mapping[str, bytes]) -> PeerSetups:
        setups = {kind: Setup(contents[digest]) for kind, digest in statement.setups.items()}
        held = PeerSetups(statement=statement, text=text, etag=etag, setups=setups)
        self._held[statement.authority] = held
        return held
