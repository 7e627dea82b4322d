"""Pages written by hand: one document, and files under an address made of their content; no build, no other host."""

import hashlib
import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.pages.graphiql import PagePersona

STATIC: Final = Path(__file__).parent / "static"
PARTS: Final = STATIC / "parts"
"""Files that several pages have."""
MEDIA_TYPES: Final = {".js": "text/javascript", ".css": "text/css"}
NO_SNIFFING: Final = {"x-content-type-options": "nosniff"}

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


def page_routes(name: str, *, personas: Sequence[PagePersona] = ()) -> list[BaseRoute]:
    """Return the routes of the page `/name` and of its files, which lie in the folder of that name.

    With personas the page holds a token of the one that its address names: give them in development only.
    """
    folder = STATIC / name
    files = {
        path.name: path.read_bytes()
        for path in sorted([*PARTS.iterdir(), *folder.iterdir()])
        if path.suffix in MEDIA_TYPES
    }
    # One address for all files, made of what is in them: the modules import each other by relative names.
    digest = hashlib.sha256(b"\0".join([*map(str.encode, files), *files.values()])).hexdigest()[:16]
    template = Template((folder / "page.html").read_text(encoding="utf-8"))
    by_key = {persona.key: persona for persona in personas}

    async def page(request: Request) -> Response:
        key = request.query_params.get("persona")
        chosen = None if key is None else by_key.get(key)
        if key is not None and chosen is None:
            return PlainTextResponse("There is no such persona.\n", status_code=404, headers=NO_SNIFFING)
        html = template.substitute(
            files=f"/{name}/{digest}",
            personas=_chooser(personas, chosen),
            configuration=_configuration(chosen),
        )
        return HTMLResponse(html, headers=PAGE_HEADERS)

    return [
        Route(f"/{name}", page),
        *(_file_route(f"/{name}/{digest}/{file}", file, content) for file, content in files.items()),
    ]


def _file_route(path: str, name: str, content: bytes) -> Route:
    headers = {"cache-control": "no-store"} | NO_SNIFFING

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
