"""GraphiQL with a chooser of personas, for development and demonstration.

The bundle under `static/graphiql` is made by `make graphiql`.
Each persona is an address of its own (`/graphiql?persona=key`), so that a page can be linked to and nothing of one
persona stays behind for the next.
"""

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

STATIC = Path(__file__).parent / "static" / "graphiql"
MEDIA_TYPES = {"graphiql.js": "text/javascript", "graphiql.css": "text/css"}
NO_SNIFFING = {"x-content-type-options": "nosniff"}

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'nonce-{nonce}'",
        "img-src data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PagePersona:
    """A made-up person whom the page can ask as: the headers it sends and the query it starts with."""

    key: str
    title: str
    token: str
    purpose: str
    reason: str
    example: str

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers of an ask; an empty reason is not sent."""
        headers = {"Authorization": f"Bearer {self.token}", "Access-Purpose": self.purpose}
        return headers | ({"Access-Reason": self.reason} if self.reason else {})


def graphiql_routes(*, personas: Sequence[PagePersona], endpoint: str = "/graphql") -> list[BaseRoute]:
    """Return the routes of the page at `/graphiql` and of its two static files.

    The page holds the personas' tokens: mount it in development only.
    Without personas it starts with no headers, for callers who bring their own token.
    """
    assets = {name: _asset_route(name, media_type) for name, media_type in MEDIA_TYPES.items()}
    template = Template((STATIC / "page.html").read_text(encoding="utf-8"))
    by_key = {persona.key: persona for persona in personas}

    async def page(request: Request) -> Response:
        key = request.query_params.get("persona")
        chosen = by_key.get(key) if key is not None else next(iter(personas), None)
        if key is not None and chosen is None:
            return PlainTextResponse("There is no such persona.\n", status_code=404, headers=NO_SNIFFING)
        nonce = secrets.token_urlsafe(16)
        html = template.substitute(
            title=escape(f"{chosen.title} | GraphiQL" if chosen else "GraphiQL"),
            style=assets["graphiql.css"].path,
            script=assets["graphiql.js"].path,
            chooser=_chooser(personas, chosen),
            configuration=_configuration(chosen, endpoint=endpoint, nonce=nonce),
        )
        return HTMLResponse(html, headers=_page_headers(nonce))

    return [Route("/graphiql", page), *assets.values()]


def _asset_route(name: str, media_type: str) -> Route:
    content = (STATIC / name).read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:16]
    headers = {"cache-control": "no-store"} | NO_SNIFFING

    async def asset(_: Request) -> Response:
        return Response(content, media_type=media_type, headers=headers)

    return Route(f"/graphiql/{digest}/{name}", asset)


def _page_headers(nonce: str) -> dict[str, str]:
    return {
        "content-security-policy": CONTENT_SECURITY_POLICY.format(nonce=nonce),
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
    } | NO_SNIFFING


def _chooser(personas: Sequence[PagePersona], chosen: PagePersona | None) -> str:
    if chosen is None:
        return ""
    links = "".join(
        f'<li><a href="?persona={escape(persona.key)}"{_current(persona is chosen)}>{escape(persona.title)}</a></li>'
        for persona in personas
    )
    why = f"Purpose: {chosen.purpose}" + (f" | Reason: {chosen.reason}" if chosen.reason else "")
    return f'<nav class="personas" aria-label="Ask as"><ul>{links}</ul><p>{escape(why)}</p></nav>'


def _current(is_chosen: bool) -> str:
    return ' aria-current="page"' if is_chosen else ""


def _configuration(chosen: PagePersona | None, *, endpoint: str, nonce: str) -> str:
    configuration = {
        "endpoint": endpoint,
        "headers": chosen.headers if chosen else {},
        "example": chosen.example if chosen else "",
        "nonce": nonce,
    }
    return json.dumps(configuration).replace("<", "\\u003c")  # nothing in it can close the script element
