"""The rim of an application: by which names it is asked for, what every response says, and what an error comes to."""

import logging
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.errors import BadRequest, DirectoryError
from gateway.http_requests import refusal, request_id_of, response_of
from gateway.logs import loggable, places
from gateway.reply import Problem, Reply

log = logging.getLogger("gateway.http")

MISDIRECTED: Final = 421
"""The status of a request that asks for another host than this one."""

SAID: Final = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
"""What a response says where it does not say otherwise itself."""

STRICT_TRANSPORT: Final = "max-age=63072000"
"""Two years of TLS only, said over TLS."""

OF_THIS_MACHINE: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})


class Rim:
    """An application as the outside meets it."""

    def __init__(self, app: ASGIApp, *, hosts: frozenset[str] | None = None) -> None:
        """Take the application and the names it may be asked for by; None lets in any."""
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; what nobody expected is told as INTERNAL, and logged without its own words."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sending = _Sending(send, secure=scope["scheme"] == "https")
        if self._hosts is not None and host_of(scope) not in self._hosts:
            await _misdirected(Request(scope))(scope, receive, sending)
            return
        try:
            await self._app(scope, receive, sending)
        except ClientDisconnect:
            raise
        except Exception as error:  # the handler at this rim: logs a code and tells nothing
            request_id = request_id_of(Request(scope))
            log.error("unexpected %s: request %s: %s", type(error).__name__, loggable(request_id), places(error))
            if not sending.begun:
                unexpected = refusal(DirectoryError("Unexpected error."))
                await response_of(unexpected, request_id, status=500)(scope, receive, sending)


class _Sending:
    """Sends a response with what every response says."""

    def __init__(self, send: Send, *, secure: bool) -> None:
        self._send = send
        self._secure = secure
        self.begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            headers = MutableHeaders(scope=message)
            for name, text in SAID.items():
                headers.setdefault(name, text)
            if self._secure:
                headers.setdefault("strict-transport-security", STRICT_TRANSPORT)
        await self._send(message)


def hosts_of(stated: str | None, *, development: bool, host: str) -> frozenset[str] | None:
    """Return the names that an application may be asked for by; None is any.

    In development a name that leads here by somebody else's DNS would let their page read what this one holds.
    """
    if stated is not None:
        return frozenset(name.strip().lower().rstrip(".") for name in stated.split(",") if name.strip())
    return OF_THIS_MACHINE | {host.lower()} if development else None


def host_of(scope: Scope) -> str | None:
    """Return the name a request asks for, without its port; None where it names none, or several."""
    stated = Headers(scope=scope).getlist("host")
    if len(stated) != 1:
        return None
    name = stated[0].lower()
    without_port, colon, port = name.rpartition(":")
    if colon and port.isdigit() and (not without_port.count(":") or without_port.endswith("]")):
        name = without_port
    return name.rstrip(".")


async def told_in_json(request: Request, error: Exception) -> Response:
    """Return what the framework refuses (no such address, another method) in the form of all our errors."""
    assert isinstance(error, HTTPException)  # noqa: S101  # it is registered for this kind
    what = "There is nothing at this address." if error.status_code == 404 else "This is not served here."
    if error.status_code == 405:
        what = f"Send {(error.headers or {}).get('Allow', 'another method')}."
    reply = Reply(data=None, errors=(Problem(code=BadRequest.code, message=what),))
    return response_of(reply, request_id_of(request), status=error.status_code, headers=error.headers)


def _misdirected(request: Request) -> Response:
    what = "This gateway is not asked for by that name; its operator lists names in GATEWAY_ALLOWED_HOSTS."
    reply = Reply(data=None, errors=(Problem(code=BadRequest.code, message=what),))
    return response_of(reply, request_id_of(request), status=MISDIRECTED)
