"""Counting requests on their way through an application, and the page that tells the counts."""

from collections.abc import Sequence
from time import perf_counter
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.http_requests import OUTCOME
from gateway.metrics.metrics import Metrics

NO_ROUTE: Final = "none"

ROUTE: Final = "gateway.route"
"""Where a request's scope has its route as it is declared."""


class Counted:
    """An application whose every request is counted by its door, route and outcome."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, routes: Sequence[BaseRoute], door: str = "caller") -> None:
        """Take the application, its routes, where to count, and for whom it is there."""
        self._door = door
        self._app = app
        self._metrics = metrics
        self._plain = {route.path for route in routes if isinstance(route, Route) and not route.param_convertors}
        self._varied = [route for route in routes if isinstance(route, Route) and route.param_convertors]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = perf_counter(), 500
        scope[ROUTE] = self._route(scope)

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._metrics.request_begun()
        try:
            await self._app(scope, receive, noted)
        finally:
            self._metrics.request_ended(
                door=self._door,
                route=scope[ROUTE],
                outcome=scope.get(OUTCOME, str(status)),
                seconds=perf_counter() - began,
            )

    def _route(self, scope: Scope) -> str:
        """Return the path of the route as it is declared: what stands in a path may be anything."""
        path: str = scope["path"]
        if path in self._plain:
            return path
        return next((route.path for route in self._varied if route.matches(scope)[0] is not Match.NONE), NO_ROUTE)


def metrics_application(registry: CollectorRegistry) -> Starlette:
    """Return what serves `/metrics`, on a port of its own, to whoever reaches that port."""

    async def metrics(request: Request) -> Response:
        encoder, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encoder(registry), headers={"content-type": content_type, "cache-control": "no-store"})

    return Starlette(routes=[Route("/metrics", metrics, methods=["GET"])])
