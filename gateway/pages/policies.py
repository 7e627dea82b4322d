"""The policy workbench at `/policies`: a page without a rule in it, and the views that it asks for.

Whoever asks for a view is identified, decided about and recorded as in any other ask.
The page is written by hand, without a build: `static/policies` is what the browser gets.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any, Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.answering import Answering, Problem, Reply
from gateway.asked import Operation
from gateway.errors import BadRequest
from gateway.http_requests import Refusal, json_body, reply_to, request_id_of, response_of, status_of
from gateway.identity import Access, Claims
from gateway.pages.graphiql import PagePersona
from gateway.pages.policy_asks import ASKS, note_of, read_ask
from gateway.pages.policy_views import PolicyViews
from gateway.pages.trials import RULES_LIMIT
from gateway.tokens import TokenReader

STATIC: Final = Path(__file__).parent / "static" / "policies"
MEDIA_TYPES: Final = {".js": "text/javascript", ".css": "text/css"}
NO_SNIFFING: Final = {"x-content-type-options": "nosniff"}
WITHIN: Final = 120.0
"""Seconds that a view may take, waiting for its turn included."""
BODY_LIMIT: Final = 2 * RULES_LIMIT
"""Bytes of a request: rules in base64 or as a JSON string are longer than the rules."""

PAGE_HEADERS: Final = {
    "content-security-policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
} | NO_SNIFFING


class PolicyEndpoint:
    """Takes one request for a view to one reply."""

    def __init__(self, *, answering: Answering, tokens: TokenReader, views: PolicyViews) -> None:
        """Take the road to an answer, the reader of tokens, and the views."""
        self._answering = answering
        self._tokens = tokens
        self._views = views

    async def __call__(self, request: Request) -> Response:
        """Answer a request for the view that its path names."""
        request_id = request_id_of(request)
        view = request.path_params["view"]
        try:
            ask = read_ask(view, await json_body(request, limit=BODY_LIMIT))
            proposal = None if ask.proposal is None else ask.proposal.proposal()
        except Refusal as refusal:
            reply = Reply(data=None, errors=(Problem(code=BadRequest.code, message=refusal.message),))
            return response_of(reply, request_id, status=refusal.status)
        except ClientDisconnect:
            return Response(status_code=499)
        operation = Operation(text=f"workbench: {view}", name=view, variables=note_of(ask))

        async def work() -> Mapping[str, Any]:
            return await self._views.show(ask, proposal)

        async def answer(claims: Claims, access: Access) -> Reply:
            return await self._answering.try_rules(
                claims, access, operation, request_id=request_id, work=work, within=WITHIN
            )

        reply = await reply_to(
            request,
            operation,
            request_id=request_id,
            tokens=self._tokens,
            answering=self._answering,
            answer=answer,
        )
        return response_of(reply, request_id, status=status_of(reply))


def policies_routes(*, personas: Sequence[PagePersona] = ()) -> list[BaseRoute]:
    """Return the routes of the page, of its files and of its views.

    The views are answered by `app.state.policies`, a `PolicyEndpoint`.
    With personas the page holds a token of the one that its address names: give them in development only.
    """
    files = {path.name: path.read_bytes() for path in sorted(STATIC.iterdir()) if path.suffix in MEDIA_TYPES}
    # One address for all files, made of what is in them: the modules import each other by relative names.
    digest = hashlib.sha256(b"\0".join([*map(str.encode, files), *files.values()])).hexdigest()[:16]
    template = Template((STATIC / "page.html").read_text(encoding="utf-8"))
    by_key = {persona.key: persona for persona in personas}

    async def page(request: Request) -> Response:
        key = request.query_params.get("persona")
        chosen = None if key is None else by_key.get(key)
        if key is not None and chosen is None:
            return PlainTextResponse("There is no such persona.\n", status_code=404, headers=NO_SNIFFING)
        html = template.substitute(
            style=f"/policies/{digest}/page.css",
            script=f"/policies/{digest}/page.js",
            personas=_chooser(personas, chosen),
            configuration=_configuration(chosen),
        )
        return HTMLResponse(html, headers=PAGE_HEADERS)

    async def view(request: Request) -> Response:
        if request.path_params["view"] not in ASKS:
            return PlainTextResponse("There is no such view.\n", status_code=404, headers=NO_SNIFFING)
        endpoint: PolicyEndpoint = request.app.state.policies
        return await endpoint(request)

    return [
        Route("/policies", page),
        Route("/policies/api/{view}", view, methods=["POST"]),
        *(_file_route(f"/policies/{digest}/{name}", name, content) for name, content in files.items()),
    ]


def _file_route(path: str, name: str, content: bytes) -> Route:
    headers = {"cache-control": "public, max-age=31536000, immutable"} | NO_SNIFFING

    async def file(_: Request) -> Response:
        return Response(content, media_type=MEDIA_TYPES[Path(name).suffix], headers=headers)

    return Route(path, file)


def _chooser(personas: Sequence[PagePersona], chosen: PagePersona | None) -> str:
    if not personas:
        return ""
    links = "".join(
        f'<li><a href="?persona={escape(persona.key)}"{_current(persona is chosen)}>{escape(persona.title)}</a></li>'
        for persona in personas
    )
    return (
        '<details class="personas"><summary>Ask as a persona of the demonstration</summary>'
        f'<nav aria-label="Ask as"><ul>{links}</ul></nav></details>'
    )


def _current(is_chosen: bool) -> str:
    return ' aria-current="page"' if is_chosen else ""


def _configuration(chosen: PagePersona | None) -> str:
    configuration = (
        {}
        if chosen is None
        else {"token": chosen.token, "purpose": chosen.purpose, "reason": chosen.reason, "title": chosen.title}
    )
    return json.dumps(configuration).replace("<", "\\u003c")  # nothing in it can close the script element
