"""The ASGI application: the composition root, which puts the parts together."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from gateway.app.chosen import hosts_chosen, proxies_chosen
from gateway.app.clock import utc_now
from gateway.app.connections import limit_connections
from gateway.app.operation import documents_of, health_of, healthz, readyz, reloading_of, sampler_of
from gateway.app.pages import access_log_of, ledger_page_of, ledger_requests_of, policies_of
from gateway.app.peer_side import peer_side_of
from gateway.app.running import running
from gateway.caller_tls import CallerPort
from gateway.federation.asking import Peers
from gateway.http_requests import Named, client_gone
from gateway.http_rim import Rim, told_in_json
from gateway.http_tracing import Traced
from gateway.ledger.writer import LedgerWriter
from gateway.ledger_requests import ledger_routes
from gateway.metrics.http import Counted, metrics_application
from gateway.metrics.metrics import Metrics
from gateway.pages.access_log import access_log_routes
from gateway.pages.graphiql import PagePersona, graphiql_routes
from gateway.pages.ledger import ledger_page_routes
from gateway.pages.policies import policies_routes
from gateway.ports import Decider
from gateway.refused_connections import CALLERS, RefusedConnections
from gateway.settings import Settings
from gateway.shown_certificate import Certified
from gateway.turns import Turns
from schema.http import GraphQLEndpoint


def application(
    settings: Settings,
    *,
    url: str,
    personas: Sequence[PagePersona] = (),
    clock: Callable[[], datetime] = utc_now,
    decider: Decider | None = None,
    ledger: LedgerWriter | None = None,
    peers: Peers | None = None,
    port: CallerPort | None = None,
) -> Starlette:
    """Return the ASGI application; its parts start and stop with its lifespan."""
    metrics = Metrics()
    if port is not None and port.takes_certificates:
        RefusedConnections(counted=metrics.caller_refused, log=CALLERS).watch(port.context)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with (
            running(
                settings, url=url, clock=clock, decider=decider, ledger=ledger, peers=peers, metrics=metrics
            ) as gateway,
            sampler_of(gateway, health := health_of(gateway), clock).running(),
        ):
            app.state.health = health
            documents = documents_of(settings)
            app.state.reloading = reloading_of(gateway, port, documents)
            app.state.gateway = gateway
            app.state.turning_away.door = gateway.answering.door
            app.state.endpoint = GraphQLEndpoint(
                answering=gateway.answering,
                tokens=gateway.tokens,
                body_limit=settings.body_limit,
                body_timeout=settings.request_timeout,
                get_queries=settings.get_queries,
                address_limit=settings.address_limit,
                documents=documents,
                refusals=Turns(rate=settings.refusal_rate),
            )
            app.state.policies = policies_of(gateway)
            app.state.access_log = access_log_of(gateway, clock)
            app.state.ledger_page = ledger_page_of(gateway, clock)
            app.state.ledger = ledger_requests_of(gateway)
            app.state.peer_side = peer_side_of(gateway, clock)
            if gateway.locator is not None:
                gateway.locator.start()
            if gateway.transfers is not None:
                gateway.transfers.start(gateway.answering)
            yield

    routes: list[BaseRoute] = [
        Route("/graphql", _GraphQL()),
        Route("/healthz", healthz),
        Route("/readyz", readyz),
    ]
    routes += ledger_routes()
    shown = personas if settings.env == "development" else ()
    routes += [
        *policies_routes(personas=shown),
        *ledger_page_routes(personas=shown),
        *access_log_routes(personas=shown),
    ]
    if settings.env == "development":
        routes += graphiql_routes(personas=personas)
    app = Starlette(
        routes=routes,
        lifespan=lifespan,
        middleware=[
            Middleware(Named),
            Middleware(Counted, metrics=metrics, routes=routes),
            Middleware(Traced),
            Middleware(Certified, proxies=proxies_chosen(settings)),
            Middleware(Rim, hosts=hosts_chosen(settings)),
        ],
        exception_handlers={ClientDisconnect: client_gone, HTTPException: told_in_json},
    )
    app.state.metrics_side = metrics_application(metrics.registry)
    limit_connections(app, settings, metrics)
    return app


class _GraphQL:
    """The graph's address: whatever the method, the endpoint says what is wrong with it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        endpoint: GraphQLEndpoint = request.app.state.endpoint
        response = await endpoint(request)
        await response(scope, receive, send)
