"""The ways to members' gateways, made once for each entry of the registry and each certificate of our own.

A TLS context takes milliseconds to make, so it is made in a thread, and for all members before anybody asks them.
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from connectors.peer_names import PeerNames
from connectors.peer_wire import NoAnswer, PeerWire
from gateway.federation.enrolment import CertificateRefused, der_of
from gateway.federation.registry import Member, Registry
from gateway.federation.restraint import Breaker, Bulkhead, Circuit
from gateway.federation.tls import OwnCertificate, asking_context
from gateway.settings import SettingsError
from gateway.vocabulary import AuthorityCode

_ATTEMPTS: Final = 2
"""Connections that one call may take at once: its own, and that of its second attempt."""


@dataclass(slots=True, kw_only=True)
class Endpoint:
    """One gateway of a member."""

    url: str
    breaker: Breaker


@dataclass(slots=True, kw_only=True)
class Lane:
    """The way to one member."""

    member: Member
    certificate: bytes
    """Ours, as the connections show it (DER)."""
    made_of: tuple[int, ...]
    wire: PeerWire
    endpoints: list[Endpoint]
    bulkhead: Bulkhead
    asked: int = 0

    @property
    def circuit(self) -> Circuit:
        """Return how the breaker of the gateway stands that is best to be reached."""
        states = {endpoint.breaker.state for endpoint in self.endpoints}
        return next(state for state in (Circuit.CLOSED, Circuit.PROBING, Circuit.OPEN) if state in states)

    def replicas(self) -> list[Endpoint]:
        """Return the member's gateways, each ask beginning with the next one."""
        self.asked += 1
        start = self.asked % len(self.endpoints)
        return self.endpoints[start:] + self.endpoints[:start]


class Lanes:
    """The ways to all members in force."""

    def __init__(
        self,
        *,
        home: AuthorityCode,
        own: OwnCertificate,
        registry: Callable[[], Registry | None],
        names: PeerNames,
        concurrency: int,
    ) -> None:
        """Take who asks and with which certificate, where members are listed, and how many calls go to one at once."""
        self._home = home
        self._own = own
        self._registry = registry
        self._names = names
        self._concurrency = concurrency
        self._lanes: dict[AuthorityCode, Lane] = {}
        self._making: dict[AuthorityCode, asyncio.Task[None]] = {}
        self._prepared: tuple[Registry | None, tuple[int, ...]] = (None, ())
        self._preparing: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def to(self, authority: AuthorityCode) -> Lane:
        """Return the way to a member.

        Raises:
            NoAnswer: There is none: no registry is in force, it does not list the authority, or our certificate is bad.
        """
        self.prepare()
        while True:
            member = self._listed(authority)
            lane = self._lanes.get(authority)
            if lane is not None and _same(lane.member, member) and lane.made_of == self._own.version():
                lane.member = member
                return lane
            await asyncio.shield(self._make(member))

    def _listed(self, authority: AuthorityCode) -> Member:
        registry = self._registry()
        if registry is None:
            raise NoAnswer("registry-missing", again=False)
        member = registry.members.get(authority)
        if member is None or authority == self._home:
            raise NoAnswer("not-a-member", again=False)
        return member

    def prepare(self) -> None:
        """Begin to make the ways to all members, unless that has been done for this registry and this certificate."""
        registry = self._registry()
        now = (registry, self._own.version())
        if registry is None or (now[0] is self._prepared[0] and now[1] == self._prepared[1]):
            return
        self._prepared = now
        if self._preparing is not None:
            self._preparing.cancel()
        self._preparing = asyncio.create_task(self._prepare(registry), name="prepare-peers")

    async def close(self) -> None:
        """Let all connections go."""
        making = [task for task in (self._preparing, *self._making.values()) if task is not None]
        for task in making:
            task.cancel()
        await asyncio.gather(*making, return_exceptions=True)
        for lane in self._lanes.values():
            self._retire(lane)
        self._lanes.clear()
        await asyncio.gather(*self._closing, return_exceptions=True)

    def held(self) -> list[Lane]:
        """Return the ways that there are at this moment."""
        return list(self._lanes.values())

    async def _prepare(self, registry: Registry) -> None:
        for gone in self._lanes.keys() - registry.members.keys():
            self._retire(self._lanes.pop(gone))
        for authority in registry.members:
            try:
                await self.to(authority)
            except NoAnswer:
                continue  # said to whoever asks

    def _make(self, member: Member) -> "asyncio.Task[None]":
        making = self._making.get(member.authority)
        if making is None:
            making = asyncio.create_task(self._made(member), name=f"way-to-{member.authority}")
            self._making[member.authority] = making
            # Whoever waits may have given up before: then nobody is told.
            making.add_done_callback(lambda done: done.cancelled() or done.exception())
        return making

    async def _made(self, member: Member) -> None:
        """Make the way to a member; it is there, and no longer being made, before anybody who waits goes on."""
        made_of = self._own.version()
        try:
            context, certificate = await asyncio.to_thread(self._read, member)
        except (SettingsError, CertificateRefused, OSError) as error:
            raise NoAnswer("own-certificate", again=False) from error
        finally:
            del self._making[member.authority]
        before = self._lanes.get(member.authority)
        self._lanes[member.authority] = Lane(
            member=member,
            certificate=certificate,
            made_of=made_of,
            wire=PeerWire(context, names=self._names, connections=_ATTEMPTS * self._concurrency),
            endpoints=[Endpoint(url=url, breaker=Breaker()) for url in member.endpoints],
            bulkhead=Bulkhead(self._concurrency),
        )
        if before is not None:
            self._retire(before)

    def _read(self, member: Member) -> tuple[ssl.SSLContext, bytes]:
        return asking_context(self._own, member), der_of(self._own.certificate.read_bytes())

    def _retire(self, lane: Lane) -> None:
        task = asyncio.create_task(lane.wire.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def _same(known: Member, listed: Member) -> bool:
    return known is listed or known.document() == listed.document()
