"""What the port for peers serves: the graph, to members' gateways that ask for a named person, and a ping."""

import ssl
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from gateway.answering import Answering
from gateway.asked import Operation
from gateway.door import Door
from gateway.errors import (
    AskRefused,
    AuditUnavailable,
    BadRequest,
    Overloaded,
    SourceFailed,
    SourceUnavailable,
    Unauthenticated,
)
from gateway.federation.asking import LEDGER_ENTRY
from gateway.federation.assertion import (
    ORIGIN,
    AssertionChecker,
    AssertionRefused,
    Said,
    organisation,
)
from gateway.federation.certificates import holder_of, issuing_members
from gateway.federation.registry import Member, Registry
from gateway.http_requests import (
    Refusal,
    body_of,
    json_object,
    refusal,
    request_id_of,
    response_of,
    status_of,
    unless_left,
)
from gateway.identity import Access
from gateway.refused_connections import Fault, RefusedConnections
from gateway.reply import Reply
from gateway.vocabulary import AuthorityCode
from schema.http import NOTHING, operation_in

MARGIN: Final = 0.05
"""Seconds kept back of a peer's remaining time, so that the answer is there before it stops waiting."""

ANSWERED_AT: Final = "answered-at"
"""The header with the moment a reply speaks of."""


class CertificateUnfit(Unauthenticated):
    """A certificate that a member's issuer made, and that counts for nothing; `member` is held to the call."""

    def __init__(self, fault: Fault, member: Member) -> None:
        """Keep who has to answer for it."""
        super().__init__(_UNFIT[fault], reason=fault.value)
        self.member = member


_NO_OTHERS: Final = "The certificate is not one of another member."
_UNFIT: Final = {
    Fault.CERTIFICATE_EXPIRED: "The certificate has expired since the connection was made.",
    Fault.CERTIFICATE_MISNAMED: "The certificate is not in the name of the member whose issuer made it.",
}


class PeerEndpoint:
    """Takes one call of a member's gateway to one reply; what is refused of a known member is recorded."""

    def __init__(
        self,
        *,
        home: AuthorityCode,
        answering: Answering,
        checker: AssertionChecker,
        registry: Callable[[], Registry | None],
        body_limit: int,
        clock: Callable[[], datetime],
        leaf_of: Callable[[int], Awaitable[bytes | None]],
        door: Door,
        refused: RefusedConnections,
    ) -> None:
        """Take the road to an answer, the check of assertions, and where registry and entries' hashes are found.

        Calls that no member can be held to go to `refused`.
        """
        self._home = home
        self._answering = answering
        self._checker = checker
        self._registry = registry
        self._body_limit = body_limit
        self._clock = clock
        self._leaf_of = leaf_of
        self._door = door
        self._refused_connections = refused

    async def graphql(self, request: Request) -> Response:
        """Answer an ask of the graph."""

        async def answer(said: Said, operation: Operation) -> Reply:
            return await self._answering.answer(
                said.claims,
                said.access,
                operation,
                request_id=said.request_id,
                within=max(0.0, said.time_left - MARGIN),
            )

        return await self.called(request, read=_operation, answer=answer)

    async def called(
        self,
        request: Request,
        *,
        read: Callable[[bytes], tuple[Operation, BadRequest | None]],
        answer: Callable[[Said, Operation], Coroutine[Any, Any, Reply]],
    ) -> Response:
        """Answer a call, once its connection, its assertion and its body have been found good; refusals are recorded.

        Args:
            request: The call.
            read: What the body asks, and what is wrong with it.
            answer: How a good call is answered.
        """
        request_id = request_id_of(request)
        try:
            member, certificate = self.caller(request)
        except CertificateUnfit as unfit:
            return await self._refused(unfit, unfit.member, request_id)
        except (Unauthenticated, SourceUnavailable) as error:
            # No member can be held to this call, so there is nothing to record of anybody.
            return self._response(refusal(error), request_id)
        try:
            body = await body_of(request, limit=self._body_limit)
        except Refusal as too_long:
            unread = BadRequest(too_long.message, reason=f"request-form:{too_long.status}")
            return await self._refused(unread, member, request_id)
        try:
            async with self._door.place():
                return await self._let_in(
                    request, *read(body), member=member, certificate=certificate, body=body, answer=answer
                )
        except Overloaded as error:
            return self._response(refusal(error), request_id)

    async def _let_in(
        self,
        request: Request,
        operation: Operation,
        fault: BadRequest | None,
        *,
        member: Member,
        certificate: bytes,
        body: bytes,
        answer: Callable[[Said, Operation], Coroutine[Any, Any, Reply]],
    ) -> Response:
        request_id = request_id_of(request)
        try:
            said = await self._checker.check(_assertion(request), member=member, certificate=certificate, body=body)
        except AssertionRefused as refused:
            return await self._recorded(refused, refused.said, member, operation, request_id)
        except SourceFailed as error:
            return self._response(refusal(error), request_id)
        if fault is not None:
            return await self._recorded(fault, said, member, operation, said.request_id)
        return await self._committed(await unless_left(request, answer(said, operation)), said.request_id)

    async def ping(self, request: Request) -> Response:
        """Tell a member's gateway who answers here, what the registry says of it, and what the time is."""
        request_id = request_id_of(request)
        try:
            member, _ = self.caller(request)
            registry = self._in_force()
        except (Unauthenticated, SourceUnavailable) as error:
            return self._response(refusal(error), request_id)
        document = {
            "authority": self._home,
            "now": self._clock().isoformat(),
            "registry": {"sequence": registry.sequence, "expires": registry.expires.isoformat()},
            "you": {
                "authority": member.authority,
                "keys": [key.thumbprint() for key in member.keys],
                "roles": sorted(member.roles),
            },
        }
        return Response(orjson.dumps(document), media_type="application/json", headers={"cache-control": "no-store"})

    def caller(self, request: Request) -> tuple[Member, bytes]:
        """Return whose gateway calls, and its certificate.

        Raises:
            CertificateUnfit: Another member's issuer made it, in another name or for a time that is over.
            Unauthenticated: It is no other member's.
            SourceUnavailable: No registry is in force.
        """
        registry = self._in_force()
        tls = request.scope.get("extensions", {}).get("tls", {})
        certificate = self._certificate(tls)
        member = holder_of(certificate, registry)
        if member is None:
            raise self._of_no_holder(issuing_members(certificate, registry))
        if member.authority == self._home:
            raise self._of_nobody(_NO_OTHERS, Fault.CERTIFICATE_UNKNOWN)
        if tls.get("client_cert_error") is not None:
            raise self._unfit(Fault.CERTIFICATE_EXPIRED, member)
        return member, certificate

    def _certificate(self, tls: Mapping[str, Any]) -> bytes:
        """Return the caller's certificate (DER), as the server puts it into the ASGI scope."""
        for pem in tls.get("client_cert_chain", ()):
            return ssl.PEM_cert_to_DER_cert(pem)
        raise self._of_nobody("A certificate is required.", Fault.CERTIFICATE_MISSING)

    def _of_no_holder(self, issuing: Sequence[Member]) -> Unauthenticated:
        """Return the refusal of a certificate in no member's name; who alone has its issuer is held to it."""
        if all(member.authority == self._home for member in issuing):
            return self._of_nobody(_NO_OTHERS, Fault.CERTIFICATE_UNKNOWN)
        if len(issuing) > 1:
            return self._of_nobody(_NO_OTHERS, Fault.CERTIFICATE_MISNAMED)
        return self._unfit(Fault.CERTIFICATE_MISNAMED, issuing[0])

    def _of_nobody(self, message: str, fault: Fault) -> Unauthenticated:
        self._refused_connections.note(fault)
        return Unauthenticated(message, reason=fault.value)

    def _unfit(self, fault: Fault, member: Member) -> CertificateUnfit:
        self._refused_connections.note(fault)
        return CertificateUnfit(fault, member)

    def _in_force(self) -> Registry:
        registry = self._registry()
        if registry is None:
            raise SourceUnavailable("No registry of members is in force here.", reason="registry-missing")
        return registry

    async def _refused(self, error: AskRefused, member: Member, request_id: str) -> Response:
        """Record what came to no assertion, inside the door: an entry is work that many calls may bring at once."""
        try:
            async with self._door.place():
                return await self._recorded(error, None, member, NOTHING, request_id)
        except Overloaded as crowded:
            return self._response(refusal(crowded), request_id)

    async def _recorded(
        self, error: AskRefused, said: Said | None, member: Member, operation: Operation, request_id: str
    ) -> Response:
        request_id = request_id if said is None else said.request_id
        reply = await self._answering.refuse(
            error,
            claims=organisation(member) if said is None else said.claims,
            access=_UNSTATED if said is None else said.access,
            operation=operation,
            request_id=request_id,
        )
        return await self._committed(reply, request_id)

    async def _committed(self, reply: Reply, request_id: str) -> Response:
        """Return a reply with the entry that was made of the call, for the asking side to keep beside its own."""
        response = self._response(reply, request_id)
        try:
            leaf = None if reply.entry is None else await self._leaf_of(reply.entry)
        except AuditUnavailable as unavailable:
            return self._response(refusal(unavailable), request_id)
        if leaf is not None:
            response.headers[LEDGER_ENTRY] = f"{reply.entry} {leaf.hex()}"
        return response

    def _response(self, reply: Reply, request_id: str) -> Response:
        response = response_of(reply, request_id, status=status_of(reply))
        response.headers[ANSWERED_AT] = self._clock().isoformat()
        return response


_UNSTATED: Final = Access(purpose=None, reason=None, case=None, grant=None, origin=ORIGIN)


def _operation(body: bytes) -> tuple[Operation, BadRequest | None]:
    try:
        return operation_in(json_object(body)), None
    except Refusal as refused:
        return NOTHING, BadRequest(refused.message, reason=f"request-form:{refused.status}")


def _assertion(request: Request) -> str | None:
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else None
