"""Other authorities' gateways over mutual TLS: all asked at once, none waited for longer than there is time.

A reply is read up to a limit of bytes, a slow or dead peer takes a bounded share, and each attempt has an assertion of
its own.
"""

import asyncio
import random
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson

from connectors.peer_answers import Outcome, judged
from connectors.peer_greeting import Greeter
from connectors.peer_lanes import Endpoint, Lane, Lanes
from connectors.peer_names import PeerNames
from connectors.peer_wire import NoAnswer
from gateway.errors import SourceUnavailable
from gateway.federation.asking import PeerAsk, PeerReply
from gateway.federation.assertion import make_assertion
from gateway.federation.registry import Registry
from gateway.federation.restraint import Bulkhead, RetryBudget
from gateway.federation.signed import Key
from gateway.federation.tls import OwnCertificate
from gateway.metrics.metrics import Metrics
from gateway.tracing import span, traceparent
from gateway.vocabulary import AuthorityCode, SourceStatus

MARGIN: Final = 0.05
"""Seconds kept back of the time a peer is given, so that its answer is still of use."""

HEDGE_SHARE: Final = 0.3
"""Share of the time after which another replica of a silent gateway is asked as well."""

JITTER: Final = 0.05
"""Seconds a second attempt waits at most, so that many askers do not come back at the same moment."""

FAIR: Final = 0.25
"""Seconds that a peer must have had before its silence counts against it: a hurried ask says nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What a member publishes, as it came."""

    content: bytes
    etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """One ask at one member, and until when it has to be answered."""

    lane: Lane
    ask: PeerAsk
    body: bytes
    began: float
    until: float
    under_way: dict["asyncio.Task[Outcome]", Endpoint] = field(default_factory=dict)
    """The attempts that have not ended."""


class PeerCalls:
    """Asks members of the registry; satisfies `Peers`."""

    def __init__(
        self,
        *,
        home: AuthorityCode,
        key: Callable[[], Key],
        own: OwnCertificate,
        registry: Callable[[], Registry | None],
        clock: Callable[[], datetime],
        reply_limit: int,
        concurrency: int,
        concurrency_in_all: int,
        seconds: Callable[[], float] = time.monotonic,
        names: PeerNames | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        """Take who asks with which key and certificate, where members are found, and the limits.

        Args:
            home: The asking authority.
            key: The key that signs its assertions, as it is at that moment.
            own: Its certificate.
            registry: The registry in force, if any.
            clock: The time, for assertions.
            reply_limit: Bytes of one reply.
            concurrency: Calls under way at once to one member.
            concurrency_in_all: Calls under way at once to all members.
            seconds: A clock that only goes forward.
            names: How members' hosts are found.
            metrics: Where calls are counted.
        """
        self._home = home
        self._key = key
        self._registry = registry
        self._clock = clock
        self._reply_limit = reply_limit
        self._in_all = Bulkhead(concurrency_in_all)
        self._seconds = seconds
        self._budget = RetryBudget()
        self._lanes = Lanes(
            home=home, own=own, registry=registry, names=names or PeerNames(), concurrency=concurrency
        )  # fmt: skip
        self._greeter = Greeter(self._lanes, members=lambda: tuple(self.members()), seconds=seconds)
        self.metrics = metrics or Metrics()

    def prepare(self) -> None:
        """Begin to make ready for asking every member, so that the first ask need not wait for it."""
        self._lanes.prepare()

    def start(self, *, greeting_interval: float) -> None:
        """Make ready for asking every member, and greet them so often that connections stay open; 0 greets nobody."""
        self.prepare()
        self._greeter.start(interval=greeting_interval)

    async def close(self) -> None:
        """Let all connections go."""
        await self._greeter.close()
        await self._lanes.close()

    def look(self) -> None:
        """Note in the metrics how the ways to members stand at this moment."""
        self.metrics.peers_stand(saved=self._budget.saved, under_way=self._in_all.under_way)
        for lane in self._lanes.held():
            self.metrics.peer_circuit(lane.member.authority, lane.circuit)

    def members(self) -> Mapping[AuthorityCode, str]:
        """Return the names of all other members; none while no registry is in force."""
        registry = self._registry()
        members = {} if registry is None else registry.members
        return {code: member.name for code, member in members.items() if code != self._home}

    async def ask(
        self, authorities: Sequence[AuthorityCode], ask: PeerAsk, *, within: float
    ) -> Mapping[AuthorityCode, PeerReply]:
        """Return a reply for every authority within so many seconds; silence is a reply too, and nothing is raised."""
        body = ask.body or orjson.dumps({"query": ask.text, "variables": dict(ask.variables)})
        until = self._seconds() + within
        replies = await asyncio.gather(*(self._reply(code, ask, body, until) for code in dict.fromkeys(authorities)))
        return {reply.authority: reply for reply in replies}

    async def published(
        self, authority: AuthorityCode, path: str, *, etag: str | None = None, limit: int, within: float
    ) -> Published | None:
        """Return what a member publishes to all others, or None where it is still what has that etag.

        Raises:
            SourceUnavailable: It did not answer within so many seconds, or not with what was asked for.
        """
        try:
            async with asyncio.timeout(within):
                return await self._fetched(await self._lanes.to(authority), path, etag, limit)
        except NoAnswer as nothing:
            raise SourceUnavailable("Another authority did not answer.", reason=nothing.reason) from nothing
        except TimeoutError as late:
            raise SourceUnavailable("Another authority did not answer in time.", reason="peer-late") from late

    async def _fetched(self, lane: Lane, path: str, etag: str | None, limit: int) -> Published | None:
        endpoint = self._admitted(lane.replicas())
        if endpoint is None:
            raise NoAnswer("peer-resting", again=False)
        headers = {} if etag is None else {"if-none-match": etag}
        try:
            reply = await lane.wire.exchange("GET", f"{endpoint.url}{path}", headers=headers, limit=limit)
        except (asyncio.CancelledError, NoAnswer):
            endpoint.breaker.failed(self._seconds())
            raise
        endpoint.breaker.succeeded()
        if reply.status == 304:
            return None
        if reply.status != 200:
            raise NoAnswer(f"peer-published:{reply.status}", again=False)
        return Published(content=reply.content, etag=reply.headers.get("etag", "")[:200])

    async def _reply(self, authority: AuthorityCode, ask: PeerAsk, body: bytes, until: float) -> PeerReply:
        began = self._seconds()
        try:
            async with asyncio.timeout(max(0.0, until - began)):
                lane = await self._lanes.to(authority)
            outcome = await self._outcome(_Call(lane=lane, ask=ask, body=body, began=began, until=until))
        except NoAnswer as nothing:
            outcome = Outcome(status=SourceStatus.UNAVAILABLE, reason=nothing.reason)
        except TimeoutError:
            outcome = _LATE
        took = self._seconds() - began
        if outcome.reason not in _NO_MEMBER:
            self.metrics.peer_asked(authority, outcome.status, reason=outcome.reason, seconds=took)
        tens = -(-took * 1000 // 10)
        return PeerReply(
            authority=authority,
            status=outcome.status,
            reason=outcome.reason,
            elapsed_ms=int(tens) * 10,
            as_of=outcome.as_of,
            data=outcome.data,
            entry=outcome.entry,
        )

    async def _outcome(self, call: _Call) -> Outcome:
        if not call.lane.bulkhead.enter():
            raise NoAnswer("peer-busy", again=False)
        try:
            if not self._in_all.enter():
                raise NoAnswer("peers-busy", again=False)
            try:
                return await self._in_time(call)
            finally:
                self._in_all.leave()
        finally:
            call.lane.bulkhead.leave()

    async def _in_time(self, call: _Call) -> Outcome:
        try:
            async with asyncio.timeout(max(0.0, call.until - self._seconds())):
                return await self._attempted(call)
        except TimeoutError:
            if call.until - call.began >= FAIR:
                for endpoint in call.under_way.values():
                    endpoint.breaker.failed(self._seconds())
            return _LATE
        finally:
            for task in call.under_way:
                task.cancel()

    async def _attempted(self, call: _Call) -> Outcome:
        """Ask one replica; another as well where it stays silent, and one once more where it broke off."""
        waiting = call.lane.replicas()
        first = self._admitted(waiting)
        if first is None:
            raise NoAnswer("peer-resting", again=False)
        self._budget.earned()
        hedge_at = self._seconds() + HEDGE_SHARE * (call.until - self._seconds())
        again = True
        self._begin(first, call)
        while True:
            patience = max(0.0, hedge_at - self._seconds()) if waiting and again else None
            done, _ = await asyncio.wait(call.under_way, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                again = False
                self._hedge(waiting, call)
                continue
            last = [(call.under_way.pop(task), task.result()) for task in done]
            for _, outcome in last:
                if outcome.status is not SourceStatus.UNAVAILABLE:
                    self._outrun(call)
                    return outcome
            endpoint, outcome = last[-1]
            if call.under_way:
                continue
            if not (again and outcome.again and self._budget.spend()):
                return outcome
            again = False
            await asyncio.sleep(random.uniform(0, JITTER))  # noqa: S311  # spreads load, guards nothing
            other = self._admitted([*waiting, endpoint])
            if other is None:
                return outcome
            self.metrics.peer_asked_again(call.lane.member.authority, "retry")
            self._begin(other, call)

    def _hedge(self, waiting: list[Endpoint], call: _Call) -> None:
        other = self._admitted(waiting)
        if other is None:
            return
        if self._budget.spend():
            self.metrics.peer_asked_again(call.lane.member.authority, "hedge")
            self._begin(other, call)
        else:
            other.breaker.abandoned(self._seconds())

    def _outrun(self, call: _Call) -> None:
        """Note of each replica that was silent until another had answered that it did not; it is asked less."""
        for endpoint in call.under_way.values():
            endpoint.breaker.failed(self._seconds())

    def _begin(self, endpoint: Endpoint, call: _Call) -> None:
        work: Coroutine[Any, Any, Outcome] = self._attempt(endpoint, call)
        name = f"ask-{call.lane.member.authority}"
        call.under_way[asyncio.create_task(work, name=name)] = endpoint

    async def _attempt(self, endpoint: Endpoint, call: _Call) -> Outcome:
        try:
            outcome = await self._called(endpoint, call)
        except asyncio.CancelledError:
            endpoint.breaker.abandoned(self._seconds())
            raise
        except NoAnswer as nothing:
            endpoint.breaker.failed(self._seconds())
            return Outcome(status=SourceStatus.UNAVAILABLE, reason=nothing.reason, again=nothing.again)
        endpoint.breaker.succeeded()
        return outcome

    async def _called(self, endpoint: Endpoint, call: _Call) -> Outcome:
        url = f"{endpoint.url}{call.ask.path}"
        with span("peer", outwards=True, member=call.lane.member.authority):
            headers = {
                "authorization": f"Bearer {self._assertion(call)}",
                "content-type": "application/json",
                "x-request-id": call.ask.request_id,
                **traceparent(),
            }
            return judged(
                await call.lane.wire.exchange("POST", url, headers=headers, body=call.body, limit=self._reply_limit)
            )

    def _assertion(self, call: _Call) -> str:
        return make_assertion(
            key=self._key(),
            issuer=self._home,
            audience=call.lane.member.authority,
            certificate=call.lane.certificate,
            body=call.body,
            asker=call.ask.asker,
            access=call.ask.access,
            request_id=call.ask.request_id,
            commitment=call.ask.commitment,
            time_left=max(0.0, call.until - self._seconds() - MARGIN),
            at=self._clock(),
        )

    def _admitted(self, waiting: list[Endpoint]) -> Endpoint | None:
        """Take out the first endpoint that may be asked; its breaker must be told how it went."""
        while waiting:
            endpoint = waiting.pop(0)
            if endpoint.breaker.admits(self._seconds()):
                return endpoint
        return None


_NO_MEMBER: Final = frozenset({"not-a-member", "registry-missing"})
"""Reasons that are about no member: what is counted by member is counted for members only."""

_LATE: Final = Outcome(status=SourceStatus.TIMED_OUT, reason="peer-late")
