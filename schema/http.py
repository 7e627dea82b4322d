"""GraphQL over HTTP: the form of requests and replies at `POST /graphql`."""

import re
import uuid
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from gateway.answering import Answering, Problem, Reply
from gateway.asked import Operation
from gateway.errors import (
    AccessLapsed,
    AskRefused,
    AuditUnavailable,
    BadRequest,
    BudgetExhausted,
    DecisionUnavailable,
    DirectoryError,
    PurposeRequired,
    QueryTooCostly,
    SourceUnavailable,
    Unauthenticated,
)
from gateway.identity import REASON_LIMIT, Access, Claims
from gateway.tokens import RefusedToken, TokenReader

GRAPHQL_JSON = "application/graphql-response+json"
PLAIN_JSON = "application/json"

_STATUS: Mapping[str, int] = {
    Unauthenticated.code: 401,
    AccessLapsed.code: 403,
    PurposeRequired.code: 403,
    BadRequest.code: 400,
    QueryTooCostly.code: 400,
    BudgetExhausted.code: 429,
    DecisionUnavailable.code: 503,
    AuditUnavailable.code: 503,
    SourceUnavailable.code: 503,
    DirectoryError.code: 500,
}
"""HTTP status by error code; a refusal that needed the data to be looked at (TOO_MANY_MATCHES) is a 200."""

_BEFORE_GRAPHQL = frozenset({401, 413, 415, 406, 405})
"""Statuses that say the same to clients of the older media type: the request did not reach the graph."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_CODE = re.compile(r"[A-Za-z0-9_-]{1,64}")
NUMBER_LIMIT = 30
"""Digits of a number in a request body: longer ones cost more to read than they can mean."""

_LONG_NUMBER = re.compile(rb"(?<![\"\w])-?\d{%d,}" % (NUMBER_LIMIT + 1))


class Refusal(Exception):
    """A request that is not GraphQL over HTTP as served here; nothing of it is asked."""

    def __init__(self, status: int, message: str) -> None:
        """Keep the HTTP status and the sentence."""
        super().__init__(message)
        self.status = status
        self.message = message


class GraphQLEndpoint:
    """Takes one HTTP request to one reply."""

    def __init__(self, *, answering: Answering, tokens: TokenReader, body_limit: int) -> None:
        """Take the road to an answer, the reader of tokens, and how many bytes a body may have."""
        self._answering = answering
        self._tokens = tokens
        self._body_limit = body_limit

    async def __call__(self, request: Request) -> Response:
        """Answer a request."""
        request_id = _request_id(request)
        media_type = PLAIN_JSON
        try:
            media_type = _accepted_media_type(request)
            operation = _operation(await self._body(request))
        except Refusal as refusal:
            reply = Reply(data=None, errors=(Problem(code=BadRequest.code, message=refusal.message),))
            return _response(reply, media_type, request_id, status=refusal.status)
        except ClientDisconnect:
            return Response(status_code=499)
        return _response(await self._reply(request, operation, request_id), media_type, request_id)

    async def _reply(self, request: Request, operation: Operation, request_id: str) -> Reply:
        access, fault = _access(request)
        claims: Claims | None = None
        try:
            claims = await self._tokens.read(request.headers.get("authorization"))
        except RefusedToken as refused:
            return await self._refused(refused, refused.claims, access, operation, request_id)
        except (Unauthenticated, SourceUnavailable) as error:
            # Nobody can be held to this ask, so there is nothing to record of anybody.
            return Reply(data=None, errors=(Problem(code=error.code, message=error.message),))
        if fault is not None:
            return await self._refused(fault, claims, access, operation, request_id)
        return await self._answering.answer(claims, access, operation, request_id=request_id)

    async def _refused(
        self, error: AskRefused, claims: Claims | None, access: Access, operation: Operation, request_id: str
    ) -> Reply:
        return await self._answering.refuse(
            error, claims=claims, access=access, operation=operation, request_id=request_id
        )

    async def _body(self, request: Request) -> Mapping[str, Any]:
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type != PLAIN_JSON:
            raise Refusal(415, "Send application/json.")
        if request.headers.get("content-encoding", "identity").lower() != "identity":
            raise Refusal(415, "Send the body uncompressed.")
        body = bytearray()
        async for chunk in request.stream():
            body.extend(chunk)
            if len(body) > self._body_limit:
                raise Refusal(413, f"The body is over the limit of {self._body_limit} bytes.")
        if _LONG_NUMBER.search(body):
            raise Refusal(400, f"A number in the body has more than {NUMBER_LIMIT} digits.")
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise Refusal(400, "The body is not JSON in UTF-8.") from None
        if not isinstance(document, dict):
            raise Refusal(400, "The body must be a JSON object; batches are not served.")
        return document


def _operation(document: Mapping[str, Any]) -> Operation:
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


def _access(request: Request) -> tuple[Access, AskRefused | None]:
    """Return the stated access, and the fault if a header cannot be taken as it is."""
    purpose = (request.headers.get("access-purpose") or "").strip() or None
    reason = (request.headers.get("access-reason") or "").strip() or None
    case = (request.headers.get("access-case") or "").strip() or None
    grant = (request.headers.get("access-grant") or "").strip() or None
    fault: AskRefused | None = None
    if purpose is not None and not _CODE.fullmatch(purpose):
        # An unheard-of form is an unknown purpose, which is the policies' to refuse, without keeping its text.
        purpose = "malformed"
    for header, text in (("Access-Reason", reason), ("Access-Case", case), ("Access-Grant", grant)):
        if text is not None and len(text) > REASON_LIMIT:
            fault = BadRequest(f"{header} is over {REASON_LIMIT} characters.", reason="header-too-long")
    if fault is not None:
        reason, case, grant = (text and text[:REASON_LIMIT] for text in (reason, case, grant))
    return Access(purpose=purpose, reason=reason, case=case, grant=grant), fault


def _request_id(request: Request) -> str:
    given = request.headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else str(uuid.uuid4())


def _accepted_media_type(request: Request) -> str:
    accepted = request.headers.get("accept", "*/*").lower()
    ranges = [part.partition(";")[0].strip() for part in accepted.split(",")]
    for wanted in ranges:
        if wanted in (GRAPHQL_JSON, PLAIN_JSON):
            return wanted
    if any(wanted in ("*/*", "application/*", "") for wanted in ranges):
        return GRAPHQL_JSON
    raise Refusal(406, f"Accept {GRAPHQL_JSON} or {PLAIN_JSON}.")


def _response(reply: Reply, media_type: str, request_id: str, *, status: int | None = None) -> Response:
    document: dict[str, Any] = {}
    if reply.errors:
        document["errors"] = [
            {"message": problem.message, "extensions": {"code": problem.code}} for problem in reply.errors
        ]
    if reply.data is not None:
        document["data"] = reply.data
    decided = status or (_STATUS.get(reply.errors[0].code, 200) if reply.errors else 200)
    if reply.errors and decided == 200:
        document["data"] = None
    if media_type == PLAIN_JSON and decided not in _BEFORE_GRAPHQL:
        # Clients of the older media type read errors from the body of a 200 only.
        decided = 200
    headers = {"cache-control": "no-store", "x-request-id": request_id, "x-content-type-options": "nosniff"}
    if decided == 401:
        headers["www-authenticate"] = "Bearer"
    if reply.errors and reply.errors[0].code == BudgetExhausted.code:
        headers["retry-after"] = "3600"
    return Response(
        orjson.dumps(document), status_code=decided, media_type=f"{media_type}; charset=utf-8", headers=headers
    )
