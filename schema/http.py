"""GraphQL over HTTP: the form of requests and replies at `POST /graphql`."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway.answering import Answering, Problem, Reply
from gateway.asked import Operation
from gateway.errors import BadRequest
from gateway.http_requests import PLAIN_JSON, Refusal, json_body, reply_to, request_id_of, response_of, status_of
from gateway.identity import Access, Claims
from gateway.tokens import TokenReader

GRAPHQL_JSON = "application/graphql-response+json"

_BEFORE_GRAPHQL = frozenset({401, 413, 415, 406, 405})
"""Statuses that say the same to clients of the older media type: the request did not reach the graph."""


NOTHING = Operation(text="", name=None, variables={})
"""The operation of a request that holds none."""


class GraphQLEndpoint:
    """Takes one HTTP request to one reply."""

    def __init__(self, *, answering: Answering, tokens: TokenReader, body_limit: int) -> None:
        """Take the road to an answer, the reader of tokens, and how many bytes a body may have."""
        self._answering = answering
        self._tokens = tokens
        self._body_limit = body_limit

    async def __call__(self, request: Request) -> Response:
        """Answer a request."""
        request_id = request_id_of(request)
        media_type = PLAIN_JSON
        try:
            media_type = _accepted_media_type(request)
            operation = operation_in(await json_body(request, limit=self._body_limit))
        except Refusal as refusal:
            reply = await self._refused(request, refusal, request_id)
            status = refusal.status if reply.errors[0].code == BadRequest.code else status_of(reply)
            return _response(reply, media_type, request_id, status=status)
        reply = await self._reply(request, operation, request_id)
        return _response(reply, media_type, request_id, status=status_of(reply))

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
            return await self._answering.answer(claims, access, operation, request_id=request_id)

        return await reply_to(
            request,
            operation,
            request_id=request_id,
            tokens=self._tokens,
            answering=self._answering,
            answer=answer,
        )


def operation_in(document: Mapping[str, Any]) -> Operation:
    """Return the operation in a request's JSON object.

    Raises:
        Refusal: There is none.
    """
    text, name, variables = document.get("query"), document.get("operationName"), document.get("variables")
    if not isinstance(text, str) or not text.strip():
        raise Refusal(400, "`query` must be a GraphQL document.")
    if name is not None and not isinstance(name, str):
        raise Refusal(400, "`operationName` must be a string or null.")
    if variables is not None and not isinstance(variables, dict):
        raise Refusal(400, "`variables` must be an object or null.")
    if not isinstance(document.get("extensions", {}), dict | None):
        raise Refusal(400, "`extensions` must be an object or null.")
    return Operation(text=text, name=name or None, variables=variables or {})


def _accepted_media_type(request: Request) -> str:
    accepted = request.headers.get("accept", "*/*").lower()
    ranges = [part.partition(";")[0].strip() for part in accepted.split(",")]
    for wanted in ranges:
        if wanted in (GRAPHQL_JSON, PLAIN_JSON):
            return wanted
    if any(wanted in ("*/*", "application/*", "") for wanted in ranges):
        return GRAPHQL_JSON
    raise Refusal(406, f"Accept {GRAPHQL_JSON} or {PLAIN_JSON}.")


def _response(reply: Reply, media_type: str, request_id: str, *, status: int) -> Response:
    if media_type == PLAIN_JSON and status not in _BEFORE_GRAPHQL:
        # Clients of the older media type read errors from the body of a 200 only.
        status = 200
    return response_of(reply, request_id, status=status, media_type=media_type)
