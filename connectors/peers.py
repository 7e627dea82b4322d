"""Other authorities' gateways over mutual TLS: all asked at once, none waited for longer than there is time.

A reply is read up to a limit of bytes, a slow or dead peer takes a bounded share, and each attempt has an assertion of
its own.
"""

import asyncio
import random
import re
import ssl
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

import httpx
import orjson

from gateway.errors import (
    AuditUnavailable,
    DecisionUnavailable,
    DirectoryError,
    SourceFailed,
    SourceUnavailable,
)
from gateway.federation.asking import LEDGER_ENTRY, PeerAsk, PeerReply
from gateway.federation.assertion import make_assertion
from gateway.federation.enrolment import CertificateRefused, der_of
from gateway.federation.registry import Member, Registry
from gateway.federation.restraint import Breaker, Bulkhead, RetryBudget
from gateway.federation.signed import Key
from gateway.federation.tls import OwnCertificate, asking_context
from gateway.settings import SettingsError
from gateway.vocabulary import AuthorityCode, SourceStatus

MARGIN: Final = 0.05
"""Seconds kept back of the time a peer is given, so that its answer is still of use."""

HEDGE_SHARE: Final = 0.3
"""Share of the time after which another replica of a silent gateway is asked as well."""

JITTER: Final = 0.05
"""Seconds a second attempt waits at most, so that many askers do not come back at the same moment."""

CONNECT_SHARE: Final = 0.9
"""Share of the time after which a connection that is not made is given up."""

KEEP_ALIVE: Final = 4.0
"""Seconds an idle connection is kept: less than the other side keeps it."""

_ENTRY: Final = re.compile(r"(?P<number>[0-9]{1,18}) (?P<leaf>[0-9a-f]{64})")

_FAILED_THERE: Final = frozenset(
    {DirectoryError.code, SourceFailed.code, DecisionUnavailable.code, AuditUnavailable.code}
)
"""Codes by which a gateway says that it could not answer; every other code says that it would not."""


class _NoAnswer(Exception):
    """An attempt came to nothing; `again` says whether another may come to more."""

    def __init__(self, reason: str, *, again: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.again = again


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What a member publishes, as it came."""

    content: bytes
    etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What one attempt came to."""

    status: SourceStatus
    reason: str
    again: bool = False
    as_of: datetime | None = None
    data: Mapping[str, Any] | None = None
    entry: tuple[int, str] | None = None


@dataclass(slots=True)
class _Endpoint:
    """One gateway of a member."""

    url: str
    client: httpx.AsyncClient
    breaker: Breaker


@dataclass(slots=True)
class _Lane:
    """The way to one member."""

    member: Member
    certificate: bytes
    made_of: tuple[int, ...]
    endpoints: list[_Endpoint]
    bulkhead: Bulkhead
    asked: int = 0


@dataclass(slots=True, kw_only=True)
class _Attempts:
    """The attempts of one ask at one member."""

    under_way: dict["asyncio.Task[_Outcome]", _Endpoint] = field(default_factory=dict)


class PeerCalls:
    """Asks members of the registry; satisfies `Peers`."""

    def __init__(
        self,
        *,
        home: AuthorityCode,
        key: Key,
        own: OwnCertificate,
        registry: Callable[[], Registry | None],
        clock: Callable[[], datetime],
        reply_limit: int,
        concurrency: int,
        concurrency_in_all: int,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take who asks with which key and certificate, where members are found, and the limits.

        Args:
            home: The asking authority.
            key: The key that signs its assertions.
            own: Its certificate.
            registry: The registry in force, if any.
            clock: The time, for assertions.
            reply_limit: Bytes of one reply.
            concurrency: Calls under way at once to one member.
            concurrency_in_all: Calls under way at once to all members.
            seconds: A clock that only goes forward.
        """
        self._home = home
        self._key = key
        self._own = own
        self._registry = registry
        self._clock = clock
        self._reply_limit = reply_limit
        self._concurrency = concurrency
        self._in_all = Bulkhead(concurrency_in_all)
        self._seconds = seconds
        self._budget = RetryBudget()
        self._lanes: dict[AuthorityCode, _Lane] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self.outcomes: Counter[tuple[AuthorityCode, SourceStatus, str]] = Counter()
        """How asks have ended, by member, for the metrics."""

    async def close(self) -> None:
        """Let all connections go."""
        for lane in self._lanes.values():
            self._retire(lane)
        self._lanes.clear()
        await asyncio.gather(*self._closing, return_exceptions=True)

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
        for reply in replies:
            self.outcomes[reply.authority, reply.status, reply.reason] += 1
        return {reply.authority: reply for reply in replies}

    async def published(
        self, authority: AuthorityCode, path: str, *, etag: str | None = None, limit: int, within: float
    ) -> Published | None:
        """Return what a member publishes to all others, or None where it is still what has that etag.

        Raises:
            SourceUnavailable: It did not answer within so many seconds, or not with what was asked for.
        """
        try:
            lane = self._lane(authority)
            endpoint = self._admitted(self._replicas(lane))
            if endpoint is None:
                raise _NoAnswer("peer-resting", again=False)
            async with asyncio.timeout(within):
                return await self._fetched(endpoint, path, etag, limit, self._seconds() + within)
        except _NoAnswer as nothing:
            raise SourceUnavailable("Another authority did not answer.", reason=nothing.reason) from nothing
        except TimeoutError as late:
            raise SourceUnavailable("Another authority did not answer in time.", reason="peer-late") from late

    async def _fetched(
        self, endpoint: _Endpoint, path: str, etag: str | None, limit: int, until: float
    ) -> Published | None:
        headers = {"accept-encoding": "identity"} | ({} if etag is None else {"if-none-match": etag})
        try:
            async with endpoint.client.stream(
                "GET", f"{endpoint.url}{path}", headers=headers, timeout=self._connecting(until)
            ) as response:
                content = await self._read(response, limit)
        except asyncio.CancelledError:
            endpoint.breaker.failed(self._seconds())
            raise
        except _NoAnswer:
            endpoint.breaker.failed(self._seconds())
            raise
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            endpoint.breaker.failed(self._seconds())
            raise _NoAnswer(f"peer-connection:{type(error).__name__}", again=False) from error
        endpoint.breaker.succeeded()
        if response.status_code == 304:
            return None
        if response.status_code != 200:
            raise _NoAnswer(f"peer-published:{response.status_code}", again=False)
        return Published(content=content, etag=response.headers.get("etag", "")[:200])

    async def _reply(self, authority: AuthorityCode, ask: PeerAsk, body: bytes, until: float) -> PeerReply:
        began = self._seconds()
        try:
            outcome = await self._outcome(authority, ask, body, until)
        except _NoAnswer as nothing:
            outcome = _Outcome(status=SourceStatus.UNAVAILABLE, reason=nothing.reason)
        tens = -(-(self._seconds() - began) * 1000 // 10)
        return PeerReply(
            authority=authority,
            status=outcome.status,
            reason=outcome.reason,
            elapsed_ms=int(tens) * 10,
            as_of=outcome.as_of,
            data=outcome.data,
            entry=outcome.entry,
        )

    async def _outcome(self, authority: AuthorityCode, ask: PeerAsk, body: bytes, until: float) -> _Outcome:
        lane = self._lane(authority)
        if not lane.bulkhead.enter():
            raise _NoAnswer("peer-busy", again=False)
        try:
            if not self._in_all.enter():
                raise _NoAnswer("peers-busy", again=False)
            try:
                return await self._in_time(lane, ask, body, until)
            finally:
                self._in_all.leave()
        finally:
            lane.bulkhead.leave()

    async def _in_time(self, lane: _Lane, ask: PeerAsk, body: bytes, until: float) -> _Outcome:
        attempts = _Attempts()
        try:
            async with asyncio.timeout(max(0.0, until - self._seconds())):
                return await self._attempted(lane, ask, body, until, attempts)
        except TimeoutError:
            for endpoint in attempts.under_way.values():
                endpoint.breaker.failed(self._seconds())
            return _Outcome(status=SourceStatus.TIMED_OUT, reason="peer-late")
        finally:
            for task in attempts.under_way:
                task.cancel()

    async def _attempted(self, lane: _Lane, ask: PeerAsk, body: bytes, until: float, attempts: _Attempts) -> _Outcome:
        """Ask one replica; another as well where it stays silent, and one once more where it broke off."""
        self._budget.earned()
        waiting = self._replicas(lane)
        first = self._admitted(waiting)
        if first is None:
            raise _NoAnswer("peer-resting", again=False)
        hedge_at = self._seconds() + HEDGE_SHARE * (until - self._seconds())
        again = True
        self._begin(first, lane, ask, body, until, attempts)
        while True:
            patience = max(0.0, hedge_at - self._seconds()) if waiting and again else None
            done, _ = await asyncio.wait(attempts.under_way, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                again = False
                other = self._admitted(waiting)
                if other is not None and self._budget.spend():
                    self._begin(other, lane, ask, body, until, attempts)
                continue
            last = [(attempts.under_way.pop(task), task.result()) for task in done]
            for _, outcome in last:
                if outcome.status is not SourceStatus.UNAVAILABLE:
                    return outcome
            endpoint, outcome = last[-1]
            if attempts.under_way:
                continue
            if not (again and outcome.again and self._budget.spend()):
                return outcome
            again = False
            await asyncio.sleep(random.uniform(0, JITTER))  # noqa: S311  # spreads load, guards nothing
            other = self._admitted([*waiting, endpoint])
            if other is None:
                return outcome
            self._begin(other, lane, ask, body, until, attempts)

    def _begin(
        self, endpoint: _Endpoint, lane: _Lane, ask: PeerAsk, body: bytes, until: float, attempts: _Attempts
    ) -> None:
        work: Coroutine[Any, Any, _Outcome] = self._attempt(endpoint, lane, ask, body, until)
        attempts.under_way[asyncio.create_task(work, name=f"ask-{lane.member.authority}")] = endpoint

    async def _attempt(self, endpoint: _Endpoint, lane: _Lane, ask: PeerAsk, body: bytes, until: float) -> _Outcome:
        try:
            outcome = await self._called(endpoint, lane, ask, body, until)
        except asyncio.CancelledError:
            endpoint.breaker.abandoned(self._seconds())
            raise
        except _NoAnswer as nothing:
            endpoint.breaker.failed(self._seconds())
            return _Outcome(status=SourceStatus.UNAVAILABLE, reason=nothing.reason, again=nothing.again)
        if outcome.status is not SourceStatus.TIMED_OUT:
            endpoint.breaker.succeeded()
        return outcome

    async def _called(self, endpoint: _Endpoint, lane: _Lane, ask: PeerAsk, body: bytes, until: float) -> _Outcome:
        headers = {
            "authorization": f"Bearer {self._assertion(lane, ask, body, until)}",
            "content-type": "application/json",
            "accept-encoding": "identity",
            "x-request-id": ask.request_id,
        }
        try:
            async with endpoint.client.stream(
                "POST", f"{endpoint.url}{ask.path}", content=body, headers=headers, timeout=self._connecting(until)
            ) as response:
                return _judged(response, await self._read(response, self._reply_limit))
        except httpx.ConnectTimeout:
            endpoint.breaker.failed(self._seconds())
            return _Outcome(status=SourceStatus.TIMED_OUT, reason="peer-late")
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            raise _NoAnswer(f"peer-connection:{type(error).__name__}", again=True) from error

    def _connecting(self, until: float) -> httpx.Timeout:
        # Cancelled in the middle of a handshake, the HTTP client leaves the socket open: it must give up by itself.
        return httpx.Timeout(None, connect=max(0.001, CONNECT_SHARE * (until - self._seconds())))

    async def _read(self, response: httpx.Response, limit: int) -> bytes:
        content = bytearray()
        async for chunk in response.aiter_raw():
            content += chunk
            if len(content) > limit:
                raise _NoAnswer("peer-reply-too-long", again=False)
        return bytes(content)

    def _assertion(self, lane: _Lane, ask: PeerAsk, body: bytes, until: float) -> str:
        return make_assertion(
            key=self._key,
            issuer=self._home,
            audience=lane.member.authority,
            certificate=lane.certificate,
            body=body,
            asker=ask.asker,
            access=ask.access,
            request_id=ask.request_id,
            time_left=max(0.0, until - self._seconds() - MARGIN),
            at=self._clock(),
        )

    def _replicas(self, lane: _Lane) -> list[_Endpoint]:
        """Return a member's gateways, each ask beginning with the next one."""
        lane.asked += 1
        start = lane.asked % len(lane.endpoints)
        return lane.endpoints[start:] + lane.endpoints[:start]

    def _admitted(self, waiting: list[_Endpoint]) -> _Endpoint | None:
        """Take out the first endpoint that may be asked; its breaker must be told how it went."""
        while waiting:
            endpoint = waiting.pop(0)
            if endpoint.breaker.admits(self._seconds()):
                return endpoint
        return None

    def _lane(self, authority: AuthorityCode) -> _Lane:
        registry = self._registry()
        if registry is None:
            raise _NoAnswer("registry-missing", again=False)
        member = registry.members.get(authority)
        if member is None or authority == self._home:
            raise _NoAnswer("not-a-member", again=False)
        lane = self._lanes.get(authority)
        if lane is not None and _same(lane.member, member) and lane.made_of == self._own.version():
            lane.member = member
            return lane
        made = self._made(member)
        if lane is not None:
            self._retire(lane)
        self._lanes[authority] = made
        return made

    def _made(self, member: Member) -> _Lane:
        made_of = self._own.version()
        try:
            context = asking_context(self._own, member)
            certificate = der_of(self._own.certificate.read_bytes())
        except (SettingsError, CertificateRefused, OSError) as error:
            raise _NoAnswer("own-certificate", again=False) from error
        limits = httpx.Limits(
            max_connections=2 * self._concurrency,
            max_keepalive_connections=self._concurrency,
            keepalive_expiry=KEEP_ALIVE,
        )
        return _Lane(
            member=member,
            certificate=certificate,
            made_of=made_of,
            endpoints=[
                _Endpoint(url=url, client=_client(context, limits), breaker=Breaker()) for url in member.endpoints
            ],
            bulkhead=Bulkhead(self._concurrency),
        )

    def _retire(self, lane: _Lane) -> None:
        for endpoint in lane.endpoints:
            task = asyncio.create_task(endpoint.client.aclose())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)


def _client(context: ssl.SSLContext, limits: httpx.Limits) -> httpx.AsyncClient:
    # Time-outs of its own would only blur the one that counts: that of the ask.
    return httpx.AsyncClient(verify=context, limits=limits, timeout=httpx.Timeout(None), trust_env=False)


def _same(known: Member, listed: Member) -> bool:
    return known is listed or known.document() == listed.document()


def _judged(response: httpx.Response, content: bytes) -> _Outcome:
    """Return what a reply says.

    Raises:
        _NoAnswer: It says nothing that could be read, or that the peer could not answer.
    """
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise _NoAnswer("peer-malformed", again=False) from error
    if not isinstance(document, dict):
        raise _NoAnswer("peer-malformed", again=False)
    if document.get("errors"):
        return replace(_not_answered(_code(document["errors"])), entry=_entry(response))
    data = document.get("data")
    if response.status_code != 200 or not isinstance(data, dict):
        raise _NoAnswer("peer-malformed", again=False)
    return _Outcome(
        status=SourceStatus.ANSWERED, reason="answered", as_of=_as_of(response), data=data, entry=_entry(response)
    )


def _not_answered(code: str | None) -> _Outcome:
    if code is None:
        raise _NoAnswer("peer-malformed", again=False)
    if code in _FAILED_THERE:
        raise _NoAnswer(f"peer-failed:{code}", again=code != DirectoryError.code)
    return _Outcome(status=SourceStatus.REFUSED, reason=f"peer-refused:{code}")


def _code(errors: object) -> str | None:
    """Return the code of the first error, if it is one that a gateway could have."""
    try:
        code = errors[0]["extensions"]["code"]  # type: ignore[index]  # whatever is not so is caught
    except (LookupError, TypeError):
        return None
    return code if isinstance(code, str) and code.isupper() and len(code) <= 40 else None


def _entry(response: httpx.Response) -> tuple[int, str] | None:
    """Return the number and leaf hash of the entry that the other side says it made of the call."""
    match = _ENTRY.fullmatch(response.headers.get(LEDGER_ENTRY, ""))
    return None if match is None else (int(match["number"]), match["leaf"])


def _as_of(response: httpx.Response) -> datetime | None:
    try:
        moment = datetime.fromisoformat(response.headers.get("answered-at", ""))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
