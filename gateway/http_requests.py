"""What every HTTP form of asking shares: the request's id and JSON body, who asks and why, and the reply as JSON."""

import asyncio
import re
import uuid
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from math import ceil
from typing import Any, TypeVar

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.answering import Answering, Reply, problem_of
from gateway.asked import Operation
from gateway.errors import (
    AccessLapsed,
    AskRefused,
    AuditUnavailable,
    BadRequest,
    BudgetExhausted,
    CallerLeft,
    DecisionUnavailable,
    DirectoryError,
    NotForRole,
    Overloaded,
    PurposeRequired,
    QueryTooCostly,
    SourceUnavailable,
    Unauthenticated,
)
from gateway.identity import REASON_LIMIT, Access, Claims
from gateway.metrics.metrics import ANSWERED
from gateway.tokens import RefusedToken, TokenReader

PLAIN_JSON = "application/json"

STATUS: Mapping[str, int] = {
    Unauthenticated.code: 401,
    AccessLapsed.code: 403,
    PurposeRequired.code: 403,
    NotForRole.code: 403,
    BadRequest.code: 400,
    QueryTooCostly.code: 400,
    BudgetExhausted.code: 429,
    DecisionUnavailable.code: 503,
    AuditUnavailable.code: 503,
    SourceUnavailable.code: 503,
    Overloaded.code: 503,
    CallerLeft.code: 499,
    DirectoryError.code: 500,
}
"""HTTP status by error code; a refusal that needed the data to be looked at (TOO_MANY_MATCHES) is a 200."""

OUTCOME = "gateway.outcome"
"""Where a request's scope has what a reply came to, for whoever counts."""

NUMBER_LIMIT = 30
"""Digits of a number in a request body: longer ones cost more to read than they can mean."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_CODE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LONG_NUMBER = re.compile(rb"(?<![\"\w])-?\d{%d,}" % (NUMBER_LIMIT + 1))


Done = TypeVar("Done")


class Refusal(Exception):
    """A request that is not of the form served here; nothing of it is asked."""

    def __init__(self, status: int, message: str) -> None:
        """Keep the HTTP status and the sentence."""
        super().__init__(message)
        self.status = status
        self.message = message


class ReplyResponse(Response):
    """A reply on its way back; once it goes, the request's scope has its outcome."""

    outcome = ANSWERED

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        scope[OUTCOME] = self.outcome
        await super().__call__(scope, receive, send)


def request_id_of(request: Request) -> str:
    """Return the id the client gave, or a new one."""
    given = request.headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else str(uuid.uuid4())


async def json_body(request: Request, *, limit: int) -> Mapping[str, Any]:
    """Return the JSON object a request brings.

    Raises:
        Refusal: It brings none, or one over the limit.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != PLAIN_JSON:
        raise Refusal(415, "Send application/json.")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Refusal(415, "Send the body uncompressed.")
    return json_object(await body_of(request, limit=limit))


async def body_of(request: Request, *, limit: int) -> bytes:
    """Return the bytes a request brings.

    Raises:
        Refusal: They are over the limit.
    """
    body = bytearray()
    async for chunk in request.stream():
        body.extend(chunk)
        if len(body) > limit:
            raise Refusal(413, f"The body is over the limit of {limit} bytes.")
    return bytes(body)


def json_object(body: bytes) -> Mapping[str, Any]:
    """Return the JSON object in a body.

    Raises:
        Refusal: There is none, or a number in it is too long.
    """
    if _LONG_NUMBER.search(body):
        raise Refusal(400, f"A number in the body has more than {NUMBER_LIMIT} digits.")
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refusal(400, "The body is not JSON in UTF-8.") from None
    if not isinstance(document, dict):
        raise Refusal(400, "The body must be a JSON object; batches are not served.")
    return document


async def reply_to(
    request: Request,
    operation: Operation,
    *,
    request_id: str,
    tokens: TokenReader,
    answering: Answering,
    answer: Callable[[Claims, Access], Coroutine[Any, Any, Reply]],
) -> Reply:
    """Return what `answer` says to whoever asks, or the refusal of one who may not be answered at all.

    Raises:
        ClientDisconnect: The client has gone, and the work was stopped.
    """
    try:
        async with answering.door.place():
            return await _let_in(
                request, operation, request_id=request_id, tokens=tokens, answering=answering, answer=answer
            )
    except Overloaded as error:
        # Nothing was looked at yet, the token included, so there is nothing to record of anybody.
        return refusal(error)


async def _let_in(
    request: Request,
    operation: Operation,
    *,
    request_id: str,
    tokens: TokenReader,
    answering: Answering,
    answer: Callable[[Claims, Access], Coroutine[Any, Any, Reply]],
) -> Reply:
    access, fault = _access(request)
    try:
        claims = await tokens.read(request.headers.get("authorization"))
    except RefusedToken as refused:
        return await answering.refuse(
            refused, claims=refused.claims, access=access, operation=operation, request_id=request_id
        )
    except (Unauthenticated, SourceUnavailable) as error:
        # Nobody can be held to this ask, so there is nothing to record of anybody.
        return refusal(error)
    if fault is not None:
        return await answering.refuse(fault, claims=claims, access=access, operation=operation, request_id=request_id)
    return await unless_left(request, answer(claims, access))


async def unless_left(request: Request, work: Coroutine[Any, Any, Done]) -> Done:
    """Return what work for a request comes to; where the client goes away first the work is stopped.

    The request's body must have been read: what arrives from then on can only be that the client has gone.

    Raises:
        ClientDisconnect: The client has gone, and the work has ended.
    """
    working = asyncio.create_task(work)
    leaving = asyncio.create_task(_left(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
            raise ClientDisconnect
        return working.result()
    finally:
        leaving.cancel()
        working.cancel()  # where this request itself is being ended


async def client_gone(request: Request, error: Exception) -> Response:
    """Return what stands for the reply to a client that has gone; nobody receives it."""
    return Response(status_code=STATUS[CallerLeft.code])


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def refusal(error: DirectoryError) -> Reply:
    """Return the reply that says an error and nothing else."""
    return Reply(data=None, errors=(problem_of(error),))


def status_of(reply: Reply) -> int:
    """Return the HTTP status of a reply."""
    return STATUS.get(reply.errors[0].code, 200) if reply.errors else 200


def response_of(reply: Reply, request_id: str, *, status: int, media_type: str = PLAIN_JSON) -> Response:
    """Return a reply as JSON that nobody keeps."""
    document: dict[str, Any] = {}
    if reply.errors:
        document["errors"] = [
            {"message": problem.message, "extensions": {"code": problem.code}} for problem in reply.errors
        ]
    if reply.data is not None or (reply.errors and status_of(reply) == 200):
        document["data"] = reply.data
    headers = {"cache-control": "no-store", "x-request-id": request_id, "x-content-type-options": "nosniff"}
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    if reply.errors and reply.errors[0].retry_after is not None:
        headers["retry-after"] = str(ceil(reply.errors[0].retry_after))
    response = ReplyResponse(
        orjson.dumps(document), status_code=status, media_type=f"{media_type}; charset=utf-8", headers=headers
    )
    response.outcome = reply.errors[0].code if reply.errors else ANSWERED
    return response


def _header(request: Request, name: str) -> str | None:
    """Return a header's text, or None; what clients send as UTF-8 is read so, and everything else as Latin-1."""
    text = request.headers.get(name, "")
    with suppress(UnicodeError):  # it is Latin-1 indeed
        text = text.encode("latin-1").decode("utf-8")
    return text.strip() or None


def _access(request: Request) -> tuple[Access, AskRefused | None]:
    """Return the stated access, and the fault if a header cannot be taken as it is."""
    purpose, reason, case, grant = (
        _header(request, name) for name in ("access-purpose", "access-reason", "access-case", "access-grant")
    )
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
