"""GraphQL over HTTP: the form of requests and replies at `/graphql`."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from gateway.answering import Answering
from gateway.asked import Operation
from gateway.documents import TrustedDocuments, digest_of
from gateway.errors import AskRefused, BadRequest, Overloaded
from gateway.http_negotiation import accepted
from gateway.http_requests import (
    GRAPHQL_JSON,
    PLAIN_JSON,
    Refusal,
    json_body,
    json_object,
    reply_to,
    request_id_of,
    response_of,
    status_of,
)
from gateway.identity import Access, Claims
from gateway.reply import Problem, Reply
from gateway.tokens import TokenReader
from gateway.turns import Turns

_KEEPS_STATUS: Final = frozenset({401, 405, 429})
"""Statuses of well-formed requests that clients of the older media type get as well: nothing of them was asked."""
_PARAMETERS: Final = ("query", "documentId", "operationName", "variables", "extensions")
_SHA256: Final = re.compile(r"(?:sha256:)?[0-9a-fA-F]{64}")

NOTHING: Final = Operation(text="", name=None, variables={})
"""The operation of a request that holds none."""


class GraphQLEndpoint:
    """Takes one HTTP request to one reply."""

    def __init__(
        self,
        *,
        answering: Answering,
        tokens: TokenReader,
        body_limit: int,
        body_timeout: float,
        get_queries: bool,
        address_limit: int,
        documents: TrustedDocuments,
        refusals: Turns,
    ) -> None:
        """Take the road to an answer, the reader of tokens, what requests may be like, and the pace of refusals."""
        self._answering = answering
        self._tokens = tokens
        self._body_limit = body_limit
        self._body_timeout = body_timeout
        self._address_limit = address_limit
        self._documents = documents
        self._refusals = refusals
        self._methods = ("GET", "POST") if get_queries else ("POST",)

    async def __call__(self, request: Request) -> Response:
        """Answer a request."""
        request_id = request_id_of(request)
        media_type = PLAIN_JSON
        try:
            media_type = _accepted_media_type(request)
            operation = await self._operation(request)
        except Refusal as refusal:
            reply = await self._refused(request, refusal, request_id)
            await self._pace(reply)
            status = refusal.status if reply.errors[0].code == BadRequest.code else status_of(reply)
            return response_of(reply, request_id, status=status, media_type=media_type, headers=refusal.headers)
        reply = await self._reply(request, operation, request_id)
        await self._pace(reply)
        status = status_of(reply)
        if media_type == PLAIN_JSON and status not in _KEEPS_STATUS and not _turned_away(reply):
            # Clients of the older media type read errors from the body of a 200 only.
            status = 200
        headers = {"allow": "POST"} if status == 405 else {}
        return response_of(reply, request_id, status=status, media_type=media_type, headers=headers)

    async def _pace(self, reply: Reply) -> None:
        """Let a refusal wait for its turn; what went wrong on our side is told at once."""
        if reply.errors and status_of(reply) < 500:
            await self._refusals.wait()

    async def _operation(self, request: Request) -> Operation:
        """Return what a request asks.

        Raises:
            Refusal: It is of no form that is served.
        """
        if request.method not in self._methods:
            allowed = ", ".join(self._methods)
            raise Refusal(405, f"Send {' or '.join(self._methods)}.", headers={"allow": allowed})
        if request.method == "GET":
            parameters = _parameters(request, limit=self._address_limit)
            return replace(operation_in(parameters, documents=self._documents), safe=True)
        body = await json_body(request, limit=self._body_limit, within=self._body_timeout)
        return operation_in(body, documents=self._documents)

    async def _refused(self, request: Request, refusal: Refusal, request_id: str) -> Reply:
        """Return the refusal of a request of another form; that of a caller who can be identified is recorded."""

        async def refuse(claims: Claims, access: Access) -> Reply:
            error = BadRequest(refusal.message, reason=f"request-form:{refusal.status}")
            return await self._answering.refuse(
                error, claims=claims, access=access, operation=None, request_id=request_id
            )

        if "authorization" not in request.headers:
            return Reply(data=None, errors=(Problem(code=BadRequest.code, message=refusal.message),))
        return await reply_to(
            request,
            NOTHING,
            request_id=request_id,
            tokens=self._tokens,
            answering=self._answering,
            answer=refuse,
        )

    async def _reply(self, request: Request, operation: Operation, request_id: str) -> Reply:
        async def answer(claims: Claims, access: Access) -> Reply:
            try:
                self._documents.hold(operation)
            except AskRefused as error:
                return await self._answering.refuse(
                    error, claims=claims, access=access, operation=operation, request_id=request_id
                )
            return await self._answering.answer(claims, access, operation, request_id=request_id)

        return await reply_to(
            request,
            operation,
            request_id=request_id,
            tokens=self._tokens,
            answering=self._answering,
            answer=answer,
        )


def operation_in(document: Mapping[str, Any], *, documents: TrustedDocuments | None = None) -> Operation:
    """Return the operation in a request's parameters; of others nothing is understood, so they are ignored.

    Where documents are given, one of them may be asked for by its hash; of one that is not known there is no text.

    Raises:
        Refusal: There is none.
    """
    text, name, variables = document.get("query"), document.get("operationName"), document.get("variables")
    digest = None if documents is None else _digest(document)
    if documents is not None and digest is not None:
        text = _by_digest(digest, text, documents)
    elif not isinstance(text, str) or not text.strip():
        raise Refusal(400, "`query` must be a GraphQL document.")
    if name is not None and not isinstance(name, str):
        raise Refusal(400, "`operationName` must be a string or null.")
    if variables is not None and not isinstance(variables, dict):
        raise Refusal(400, "`variables` must be an object or null.")
    if not isinstance(document.get("extensions", {}), dict | None):
        raise Refusal(400, "`extensions` must be an object or null.")
    return Operation(text=text, name=name or None, variables=variables or {}, digest=digest)


def _digest(document: Mapping[str, Any]) -> str | None:
    """Return the hash by which a document is asked for: in `documentId`, or where Apollo's clients have it."""
    stated, extensions = document.get("documentId"), document.get("extensions")
    persisted = extensions.get("persistedQuery") if isinstance(extensions, dict) else None
    if stated is None and persisted is None:
        return None
    if persisted is not None:
        if not isinstance(persisted, dict) or persisted.get("version") != 1:
            raise Refusal(400, "`extensions.persistedQuery` must be an object of version 1.")
        if stated is not None:
            raise Refusal(400, "Ask for a document by `documentId` or by `persistedQuery`, not by both.")
        stated = persisted.get("sha256Hash")
    if not isinstance(stated, str) or not _SHA256.fullmatch(stated):
        raise Refusal(400, "A document is asked for by its SHA-256: 64 digits, `sha256:` before them in `documentId`.")
    return stated.removeprefix("sha256:").lower()


def _by_digest(digest: str, text: object, documents: TrustedDocuments) -> str:
    """Return the document with a hash, from beside it or else from those known; where there is none, no text."""
    if text is None or text == "":
        return documents.text_of(digest) or ""
    if not isinstance(text, str) or digest_of(text) != digest:
        raise Refusal(400, "The hash is not that of `query`. Leave one of them out.")
    return text


def _parameters(request: Request, *, limit: int) -> Mapping[str, Any]:
    """Return the parameters in a request's address; an empty one is as good as none."""
    query = request.scope["query_string"]
    if len(query) > limit:
        raise Refusal(414, f"The address is over the limit of {limit} bytes. Send the same by POST.")
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        raise Refusal(400, "The address holds no parameters in UTF-8.") from None
    names = [name for name, _ in pairs if name in _PARAMETERS]
    if len(set(names)) < len(names):
        raise Refusal(400, "A parameter stands twice in the address. Say once what is meant.")
    found: dict[str, Any] = {name: text for name, text in pairs if name in _PARAMETERS and text}
    for name in ("variables", "extensions"):
        if name in found:
            found[name] = json_object(found[name].encode())
    return found


def _accepted_media_type(request: Request) -> str:
    media_type = accepted(request.headers.getlist("accept"), (GRAPHQL_JSON, PLAIN_JSON))
    if media_type is None:
        raise Refusal(406, f"Accept {GRAPHQL_JSON} or {PLAIN_JSON}.")
    return media_type


def _turned_away(reply: Reply) -> bool:
    """Return whether nothing was asked for want of a place: balancers have to see that, whatever the client reads."""
    return bool(reply.errors) and reply.errors[0].code == Overloaded.code
