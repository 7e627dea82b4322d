"""What every HTTP form of asking shares: the request's id and JSON body, who asks and why, and the reply as JSON."""

import asyncio
import json
import re
import uuid
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from math import ceil
from typing import Any, TypeVar

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.answering import Answering
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
    DocumentNotTrusted,
    DocumentUnknown,
    MediationNotListed,
    NotForRole,
    Overloaded,
    PurposeRequired,
    QueryTooCostly,
    SourceUnavailable,
    Unauthenticated,
)
from gateway.http_negotiation import media_type_of
from gateway.identity import REASON_LIMIT, Access, Claims
from gateway.logs import REQUEST, loggable
from gateway.metrics.metrics import ANSWERED
from gateway.reply import Reply, problem_of
from gateway.shown_certificate import shown_in
from gateway.tokens import RefusedToken, TokenReader

PLAIN_JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"

STATUS: Mapping[str, int] = {
    Unauthenticated.code: 401,
    AccessLapsed.code: 403,
    MediationNotListed.code: 403,
    PurposeRequired.code: 403,
    NotForRole.code: 403,
    BadRequest.code: 400,
    QueryTooCostly.code: 400,
    DocumentUnknown.code: 400,
    DocumentNotTrusted.code: 400,
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

REQUEST_ID = "gateway.request-id"
"""Where a request's scope has its id."""

BODY_TIMEOUT = 5.0
"""Seconds within which a body must be there, where nothing else is stated."""

DIGITS = 15
"""Digits of a length that are read; with more it is over any limit all the same."""

NUMBER_LIMIT = 30
"""Digits of a number in a request body: longer ones cost more to read than they can mean."""

NESTING_LIMIT = 64
"""Levels of objects and lists in a request body; no input of the graph has ten."""

_SPACE = b" \t\r\n"
REQUEST_ID_FORM = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_CODE = re.compile(r"[A-Za-z0-9_-]{1,64}")


Done = TypeVar("Done")


class Refusal(Exception):
    """A request that is not of the form served here; nothing of it is asked."""

    def __init__(self, status: int, message: str, *, headers: Mapping[str, str] | None = None) -> None:
        """Keep the HTTP status, the sentence, and what the reply says in headers beside it."""
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers or {}


class ReplyResponse(Response):
    """A reply on its way back; once it goes, the request's scope has its outcome."""

    outcome = ANSWERED

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        scope[OUTCOME] = self.outcome
        await super().__call__(scope, receive, send)


class Named:
    """An application whose every request has an id, which its log lines name."""

    def __init__(self, app: ASGIApp) -> None:
        """Take the application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope[REQUEST_ID] = request_id_of(Request(scope))
        token = REQUEST.set(loggable(scope[REQUEST_ID]))
        try:
            await self._app(scope, receive, send)
        finally:
            REQUEST.reset(token)


def request_id_of(request: Request) -> str:
    """Return the id the client gave, or the one that the request was given here."""
    known = request.scope.get(REQUEST_ID)
    if isinstance(known, str):
        return known
    given = request.headers.get("x-request-id", "")
    return given if REQUEST_ID_FORM.fullmatch(given) else new_request_id()


def new_request_id() -> str:
    """Return an id for a request that brought none of its own."""
    return str(uuid.uuid4())


async def json_body(request: Request, *, limit: int, within: float = BODY_TIMEOUT) -> Mapping[str, Any]:
    """Return the JSON object a request brings.

    Raises:
        Refusal: It brings none, or one over a limit, or takes longer than `within` seconds to bring it.
    """
    stated = request.headers.getlist("content-type")
    media_type = media_type_of(stated[0]) if len(stated) == 1 else None
    if media_type is None or media_type.name != PLAIN_JSON or not media_type.is_utf_8:
        raise Refusal(415, f"Send {PLAIN_JSON} in UTF-8.", headers={"accept": PLAIN_JSON})
    if any(coding.strip().lower() != "identity" for coding in request.headers.getlist("content-encoding")):
        raise Refusal(415, "Send the body uncompressed.", headers={"accept-encoding": "identity"})
    return json_object(await body_of(request, limit=limit, within=within))


async def body_of(request: Request, *, limit: int, within: float = BODY_TIMEOUT) -> bytes:
    """Return the bytes a request brings.

    Raises:
        Refusal: They are over the limit, or were not there within so many seconds.
    """
    body, stated = bytearray(), request.headers.get("content-length", "")
    if stated.isdecimal() and int(stated[:DIGITS]) > limit:
        raise _too_large(limit)  # nothing of it is read
    try:
        async with asyncio.timeout(within):
            async for chunk in request.stream():
                body.extend(chunk)
                if len(body) > limit:
                    raise _too_large(limit)
    except TimeoutError:
        raise Refusal(408, f"The body was not there within {within:g} s. Send it again.") from None
    return bytes(body)


def _too_large(limit: int) -> Refusal:
    return Refusal(413, f"The body is over the limit of {limit} bytes. Send less at once.")


def json_object(body: bytes) -> Mapping[str, Any]:
    """Return the JSON object in a body.

    Raises:
        Refusal: There is none, or it can be read in two ways, or a number or the nesting in it is over its limit.
    """
    if body.lstrip(_SPACE)[:1] == b"[":
        raise Refusal(400, "The body must be one JSON object; batches are not served. Send one request after another.")
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if "depth" in str(error):
            raise _nested() from None
        raise Refusal(400, "The body is not JSON in UTF-8.") from None
    if not isinstance(document, dict):
        raise Refusal(400, "The body must be a JSON object.")
    _hold_nesting(document)
    # Read once more by a reader that shows names as they stand and numbers as they are written.
    json.loads(body, object_pairs_hook=_named_once, parse_int=_short, parse_float=_short)
    return document


def _hold_nesting(document: object) -> None:
    level, depth = [document], 0
    while level:
        depth += 1
        if depth > NESTING_LIMIT:
            raise _nested()
        held = [one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list)]
        level = [part for parts in held for part in parts if isinstance(part, dict | list)]


def _nested() -> Refusal:
    return Refusal(400, f"The body is nested deeper than {NESTING_LIMIT} levels. Send flatter variables.")


def _named_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Refusal(400, "A name stands twice in one object of the body. Say once what is meant.")
    return found


def _short(digits: str) -> int:
    if len(digits.lstrip("-")) > NUMBER_LIMIT:
        raise Refusal(400, f"A number in the body has more than {NUMBER_LIMIT} digits. Send shorter ones.")
    return 0


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
    if len(request.headers.getlist("authorization")) > 1:
        return refusal(Unauthenticated("A bearer token is required, and one only.", reason="token-twice"))
    try:
        claims = await tokens.read(request.headers.get("authorization"), shown=shown_in(request.scope))
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
            leaving.result()  # a way of receiving that fails is a defect, and no client that has gone
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
    if not reply.errors:
        return 200
    return reply.errors[0].status or STATUS.get(reply.errors[0].code, 200)


def response_of(
    reply: Reply,
    request_id: str,
    *,
    status: int,
    media_type: str = PLAIN_JSON,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a reply as JSON that nobody keeps."""
    document: dict[str, Any] = {}
    if reply.errors:
        document["errors"] = [
            {"message": problem.message, "extensions": {"code": problem.code}} for problem in reply.errors
        ]
    if reply.data is not None or (reply.errors and status_of(reply) == 200):
        document["data"] = reply.data
    sent = {"cache-control": "no-store", "x-request-id": request_id, "x-content-type-options": "nosniff"}
    if status == 401:
        sent["www-authenticate"] = reply.errors[0].challenge
    if reply.errors and reply.errors[0].retry_after is not None:
        sent["retry-after"] = str(ceil(reply.errors[0].retry_after))
    response = ReplyResponse(
        orjson.dumps(document),
        status_code=status,
        media_type=f"{media_type}; charset=utf-8",
        headers={**sent, **(headers or {})},
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
    for header in ("Access-Purpose", "Access-Reason", "Access-Case", "Access-Grant"):
        if len(request.headers.getlist(header)) > 1:
            fault = BadRequest(f"{header} is stated twice.", reason="header-twice")
    for header, text in (("Access-Reason", reason), ("Access-Case", case), ("Access-Grant", grant)):
        if text is not None and len(text) > REASON_LIMIT:
            fault = BadRequest(f"{header} is over {REASON_LIMIT} characters.", reason="header-too-long")
    if fault is not None:
        reason, case, grant = (text and text[:REASON_LIMIT] for text in (reason, case, grant))
    return Access(purpose=purpose, reason=reason, case=case, grant=grant), fault
