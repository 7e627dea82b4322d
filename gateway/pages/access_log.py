"""The access log as a report: a form at `/access-log`, and the page or PDF that it asks for.

Everything travels in the body of a POST, the token too, so that nothing identifying stands in a URL.
Whoever asks is identified, decided about and recorded as in any other ask. No page holds a script.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Final
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.access_report.asking import Sealed, report_for
from gateway.access_report.page import STYLE, STYLE_HASH, page_of
from gateway.access_report.paper import PaperUnavailable, paper_of
from gateway.access_report.report import Report
from gateway.access_report.words import Words
from gateway.answering import Answering
from gateway.asked import Operation
from gateway.errors import BadRequest
from gateway.http_requests import (
    PLAIN_JSON,
    Refusal,
    body_of,
    json_object,
    reply_to,
    request_id_of,
    response_of,
    status_of,
)
from gateway.identity import Access, Claims
from gateway.pages.graphiql import PagePersona
from gateway.reply import Problem, Reply
from gateway.tokens import TokenReader

FORM: Final = "application/x-www-form-urlencoded"
HTML: Final = "text/html"
PDF: Final = "application/pdf"
PURPOSE: Final = "subject-access"
"""What the form states; an app states its own in the header."""

PAGE_HEADERS: Final = {
    "content-security-policy": "; ".join(
        (
            "default-src 'none'",
            f"style-src '{STYLE_HASH}'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    ),
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "x-content-type-options": "nosniff",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What a request wants: whose log, for whom, in which form; and the request that says who asks."""

    child: str
    reader: str | None
    media_type: str
    request: Request
    by_form: bool


class AccessLogEndpoint:
    """Takes one request for a report to a page, a PDF, or a refusal."""

    def __init__(
        self,
        *,
        answering: Answering,
        tokens: TokenReader,
        words: Words,
        sealed: Sealed,
        clock: Callable[[], datetime],
        body_limit: int,
    ) -> None:
        """Take the road to an answer, the reader of tokens, the words, and what says that the ledger is sealed."""
        self._answering = answering
        self._tokens = tokens
        self.words = words
        self._sealed = sealed
        self._clock = clock
        self._body_limit = body_limit

    async def __call__(self, request: Request) -> Response:
        """Answer a request."""
        request_id = request_id_of(request)
        try:
            wanted = await self._wanted(request)
        except Refusal as refusal:
            reply = Reply(data=None, errors=(Problem(code=BadRequest.code, message=refusal.message),))
            return response_of(reply, request_id, status=refusal.status)
        made = await self._made(wanted, request_id)
        if isinstance(made, Reply):
            return self._refused(made, wanted, request_id)
        headers = PAGE_HEADERS | {"x-request-id": request_id}
        if wanted.media_type == HTML:
            return HTMLResponse(page_of(made), headers=headers)
        try:
            paper = await asyncio.to_thread(paper_of, made)
        except PaperUnavailable:
            return HTMLResponse(
                form_page(self.words, said=self.words.said("page", "no_pdf")), status_code=501, headers=headers
            )
        headers["content-disposition"] = 'attachment; filename="access-log.pdf"'
        return Response(paper, media_type=PDF, headers=headers)

    async def _made(self, wanted: _Wanted, request_id: str) -> Report | Reply:
        made: list[Report] = []

        async def answer(claims: Claims, access: Access) -> Reply:
            async def asked(operation: Operation) -> Reply:
                return await self._answering.answer(claims, access, operation, request_id=request_id)

            report = await report_for(
                wanted.child,
                wanted.reader,
                answer=asked,
                sealed=self._sealed,
                words=self.words,
                clock=self._clock,
            )
            if isinstance(report, Reply):
                return report
            made.append(report)
            return Reply(data={})

        reply = await reply_to(
            wanted.request,
            Operation(text="", name=None, variables={}),
            request_id=request_id,
            tokens=self._tokens,
            answering=self._answering,
            answer=answer,
        )
        return made[0] if made else reply

    async def _wanted(self, request: Request) -> _Wanted:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == FORM:
            return _by_form(request, await body_of(request, limit=self._body_limit))
        if kind == PLAIN_JSON:
            return _by_app(request, json_object(await body_of(request, limit=self._body_limit)))
        raise Refusal(415, f"Send {PLAIN_JSON} or {FORM}.")

    def _refused(self, reply: Reply, wanted: _Wanted, request_id: str) -> Response:
        status = status_of(reply)
        status = 400 if status == 200 else status
        if not wanted.by_form:
            return response_of(reply, request_id, status=status)
        said = " ".join(problem.message for problem in reply.errors)
        return HTMLResponse(
            form_page(self.words, said=said), status_code=status, headers=PAGE_HEADERS | {"x-request-id": request_id}
        )


def access_log_routes(*, personas: Sequence[PagePersona] = ()) -> list[BaseRoute]:
    """Return the routes of the form and of the report, answered by `app.state.access_log`, an `AccessLogEndpoint`.

    With personas the form holds a token of the one that its address names: give them in development only.
    """
    by_key = {persona.key: persona for persona in personas}

    async def form(request: Request) -> Response:
        key = request.query_params.get("persona")
        if key is not None and key not in by_key:
            return PlainTextResponse("There is no such persona.\n", status_code=404)
        endpoint: AccessLogEndpoint = request.app.state.access_log
        token = "" if key is None else by_key[key].token
        return HTMLResponse(form_page(endpoint.words, token=token), headers=PAGE_HEADERS)

    async def report(request: Request) -> Response:
        endpoint: AccessLogEndpoint = request.app.state.access_log
        return await endpoint(request)

    return [Route("/access-log", form), Route("/access-log/report", report, methods=["POST"])]


def form_page(words: Words, *, said: str | None = None, token: str = "") -> str:
    """Return the form; `said` is why the last try came to nothing."""

    def say(key: str) -> str:
        return escape(words.said("page", key))

    alert = "" if said is None else f'<p class="alert" role="alert">{escape(said)}</p>'
    readers = "".join(
        f'<option value="{value}">{say(key)}</option>'
        for value, key in (("", "reader_self"), ("CHILD", "reader_child"), ("CARER", "reader_carer"))
    )
    return (
        f'<!doctype html><html lang="{escape(words.language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{say('title')}</title><style>{STYLE}</style></head><body><header><h1>{say('title')}</h1></header><main>"
        f"<p>{say('intro')}</p><p>{say('logged')}</p>{alert}"
        '<form method="post" action="/access-log/report" autocomplete="off">'
        f'<p><label for="token">{say("token")}<span class="help">{say("token_help")}</span></label>'
        f'<input id="token" name="access_token" type="password" required value="{escape(token)}"></p>'
        f'<p><label for="child">{say("child")}<span class="help">{say("child_help")}</span></label>'
        '<input id="child" name="child" required></p>'
        f'<p><label for="reader">{say("reader")}</label><select id="reader" name="reader">{readers}</select></p>'
        f'<p><label for="reason">{say("reason")}</label>'
        f'<input id="reason" name="reason" required maxlength="500" value="{say("reason_value")}"></p>'
        f'<p><button name="form" value="{HTML}">{say("show")}</button>'
        f'<button name="form" value="{PDF}">{say("save")}</button></p></form></main></body></html>'
    )


def _by_form(request: Request, body: bytes) -> _Wanted:
    try:
        fields = {name: values[-1] for name, values in parse_qs(body.decode("ascii"), max_num_fields=10).items()}
    except ValueError:
        raise Refusal(400, "The body is not a form.") from None
    stated = {
        "authorization": f"Bearer {fields.get('access_token', '')}",
        "access-purpose": PURPOSE,
        "access-reason": " ".join(fields.get("reason", "").split()),
    }
    headers = [(name.encode(), text.encode()) for name, text in stated.items()]
    asked = Request({**request.scope, "headers": headers}, request.receive)
    return _Wanted(
        child=fields.get("child", "").strip(),
        reader=fields.get("reader") or None,
        media_type=PDF if fields.get("form") == PDF else HTML,
        request=asked,
        by_form=True,
    )


def _by_app(request: Request, document: Mapping[str, object]) -> _Wanted:
    child, reader = document.get("child"), document.get("reader")
    if not isinstance(child, str) or not isinstance(reader, str | None):
        raise Refusal(400, "`child` must be a string, and `reader` a string or null.")
    accepted = request.headers.get("accept", HTML)
    return _Wanted(
        child=child, reader=reader, media_type=PDF if PDF in accepted else HTML, request=request, by_form=False
    )
