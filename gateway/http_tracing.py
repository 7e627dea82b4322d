"""Requests as traces."""

from opentelemetry.trace import Span, SpanKind
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.http_requests import OUTCOME, REQUEST_ID
from gateway.logs import loggable
from gateway.metrics.http import ROUTE
from gateway.tracing import TRACEPARENT, begun, sent, traces


class Traced:
    """An application whose every request is a trace, or goes on with one that its sender has begun."""

    def __init__(self, app: ASGIApp, *, door: str = "caller") -> None:
        """Take the application, and for whom it is there."""
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not traces():
            await self._app(scope, receive, send)
            return
        context = sent(Headers(scope=scope).getlist(TRACEPARENT))
        with begun("request", kind=SpanKind.SERVER, context=context) as request:
            request.set_attributes({"http.route": scope[ROUTE], "gateway.door": self._door})
            request.set_attribute("gateway.request", loggable(scope[REQUEST_ID]))
            try:
                await self._app(scope, receive, _noting(request, send))
            finally:
                request.set_attribute("gateway.outcome", scope.get(OUTCOME, "NONE"))


def _noting(request: Span, send: Send) -> Send:
    async def noted(message: Message) -> None:
        if message["type"] == "http.response.start":
            request.set_attribute("http.response.status_code", message["status"])
        await send(message)

    return noted
