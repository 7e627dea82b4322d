"""What the port for peers serves of the locator: what is published to every member, and locate asks."""

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from starlette.requests import Request
from starlette.responses import Response

from gateway.answering import Answering
from gateway.asked import Operation
from gateway.disclosure.road import Notes
from gateway.errors import BadRequest, SourceFailed, Unauthenticated
from gateway.federation.assertion import Said
from gateway.http_requests import Refusal, json_object, refusal, request_id_of, response_of, status_of
from gateway.identity import Caller
from gateway.reply import Reply
from gateway.vocabulary import AuthorityCode, PersonId
from schema.peer_http import MARGIN, PeerEndpoint

OPERATION: Final = "locate"
"""The name under which a locate ask stands in the ledger, on both sides."""

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class LocatorAnswering(Protocol):
    """What answers."""

    async def statement(self, *, known: str | None) -> tuple[str, str | None]:
        """Return the etag in force and, unless it is the known one, the statement; raises `SourceUnavailable`."""
        ...

    async def setup(self, digest: str) -> bytes | None:
        """Return a published setup, or None; raises `SourceUnavailable`."""
        ...

    async def answer(
        self, stated: Mapping[str, Any], *, authority: AuthorityCode, person: PersonId
    ) -> Mapping[str, Any]:
        """Return the answer to a locate ask; raises any `DirectoryError`."""
        ...


class LocatorEndpoint:
    """Takes one request about the locator to one response."""

    def __init__(
        self, *, peers: PeerEndpoint, answering: Answering, locator: Callable[[], LocatorAnswering | None]
    ) -> None:
        """Take the check of who calls, the road that records, and what answers."""
        self._peers = peers
        self._answering = answering
        self._locator = locator

    async def statement(self, request: Request) -> Response:
        """Publish which setups are in force; any member may read it, and no person is named."""
        known = request.headers.get("if-none-match")
        try:
            self._peers.caller(request)
            etag, text = await self._in_use().statement(known=known)
        except (Unauthenticated, SourceFailed) as error:
            return _refused(request, error)
        headers = {"etag": etag, "cache-control": "no-cache"}
        if text is None:
            return Response(status_code=304, headers=headers)
        return Response(text, media_type="application/jwt", headers=headers)

    async def setup(self, request: Request) -> Response:
        """Publish one setup by its digest."""
        digest = request.path_params["digest"]
        try:
            self._peers.caller(request)
            content = await self._in_use().setup(digest) if _DIGEST.fullmatch(digest) else None
        except (Unauthenticated, SourceFailed) as error:
            return _refused(request, error)
        if content is None:
            return Response(status_code=404)
        return Response(content, media_type="application/octet-stream", headers={"cache-control": "no-cache"})

    async def locate(self, request: Request) -> Response:
        """Answer a locate ask, once it is recorded: its entry knows who asks and why, and not whom they look for."""
        stated: dict[str, Any] = {}

        def read(body: bytes) -> tuple[Operation, BadRequest | None]:
            noted = {"bytes": len(body), "digest": hashlib.sha256(body).hexdigest()}
            operation = Operation(text="", name=OPERATION, variables=noted)
            try:
                stated.update(json_object(body))
            except Refusal as refused:
                return operation, BadRequest(refused.message, reason=f"request-form:{refused.status}")
            return operation, None

        async def answer(said: Said, operation: Operation) -> Reply:
            async def work(caller: Caller, _notes: Notes, _commitment: str) -> Mapping[str, Any]:
                claims = caller.claims
                return await self._in_use().answer(stated, authority=claims.authority, person=claims.person)

            return await self._answering.locate(
                said.claims,
                said.access,
                operation,
                request_id=said.request_id,
                work=work,
                within=max(0.0, said.time_left - MARGIN),
            )

        return await self._peers.called(request, read=read, answer=answer)

    def _in_use(self) -> LocatorAnswering:
        locator = self._locator()
        if locator is None:
            raise SourceFailed("This gateway keeps no locator.", reason="locator-none")
        return locator


def _refused(request: Request, error: Unauthenticated | SourceFailed) -> Response:
    reply = refusal(error)
    return response_of(reply, request_id_of(request), status=status_of(reply))
