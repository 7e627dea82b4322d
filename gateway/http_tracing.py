"""Requests as traces."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.http_requests import OUTCOME, REQUEST_ID
from gateway.logs import loggable
from gateway.metrics.http import ROUTE
from gateway.tracing import TRACEPARENT, Span, tracer


class Traced:
    """An application whose every request is a trace, or goes on with one that its sender has begun."""

    def __init__(self, app: ASGIApp, *, door: str = "caller") -> None:
        """Take the application, and for whom it is there."""
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        taking = tracer()
        if scope["type"] != "http" or taking is None:
            await self._app(scope, receive, send)
            return
        with taking.request(Headers(scope=scope).getlist(TRACEPARENT)) as request:
            request.note("http.route", scope[ROUTE])
            request.note("gateway.door", self._door)
            request.note("gateway.request", loggable(scope[REQUEST_ID]))
            try:
                await self._app(scope, receive, _noting(request, send))
            finally:
                request.note("gateway.outcome", scope.get(OUTCOME, "NONE"))


def _noting(request: Span, send: Send) -> Send:
    async def noted(message: Message) -> None:
        if message["type"] == "http.response.start":
            request.note("http.response.status_code", message["status"])
        await send(message)

    return noted
