"""What answers other authorities' gateways: an application of its own, behind a TLS of its own."""

from collections.abc import Callable
from datetime import datetime

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect
from starlette.routing import Route

from connectors.postgres.federation import UsedAssertions
from connectors.postgres.ledger import PostgresLedgerReader
from gateway.app.connections import limit_connections
from gateway.app.federation import own_certificate
from gateway.app.running import Gateway
from gateway.federation.assertion import AssertionChecker
from gateway.federation.tls import PeerPort
from gateway.http_requests import Named, client_gone
from gateway.http_rim import Rim, told_in_json
from gateway.http_tracing import Traced
from gateway.metrics.http import Counted
from gateway.metrics.metrics import Metrics
from gateway.refused_connections import RefusedConnections
from gateway.settings import Settings, SettingsError
from gateway.vocabulary import AuthorityCode
from schema.locator_http import LocatorEndpoint
from schema.peer_http import PeerEndpoint
from schema.transfer_http import TransferEndpoint


class PeerSide:
    """What answers other authorities' gateways: an application of its own, behind a TLS of its own."""

    def __init__(
        self,
        *,
        endpoint: PeerEndpoint,
        locating: LocatorEndpoint,
        transfers: TransferEndpoint,
        port: PeerPort,
        settings: Settings,
        metrics: Metrics,
    ) -> None:
        """Take what answers, the TLS in front of it, its limits, and where to count."""
        routes = [
            Route("/graphql", endpoint.graphql, methods=["POST"]),
            Route("/federation/ping", endpoint.ping, methods=["GET"]),
            Route("/federation/locate", locating.locate, methods=["POST"]),
            Route("/federation/transfer", transfers.take, methods=["POST"]),
            Route("/federation/locator", locating.statement, methods=["GET"]),
            Route("/federation/locator/{digest}", locating.setup, methods=["GET"]),
        ]
        self.app = Starlette(
            routes=routes,
            middleware=[
                Middleware(Named),
                Middleware(Counted, metrics=metrics, routes=routes, door="peer"),
                Middleware(Traced, door="peer"),
                Middleware(Rim),
            ],
            exception_handlers={ClientDisconnect: client_gone, HTTPException: told_in_json},
        )
        self.tls = port.context
        limit_connections(self.app, settings, metrics)


def peer_side_of(gateway: Gateway, clock: Callable[[], datetime]) -> PeerSide | None:
    """Return what answers other members, where it has a port of its own.

    Raises:
        SettingsError: There is a port and no registry.
    """
    settings, registry = gateway.settings, gateway.registry
    if settings.peer_port is None:
        return None
    if registry is None:
        raise SettingsError("GATEWAY_REGISTRY: must name the registry of members where GATEWAY_PEER_PORT is set")
    home = AuthorityCode(settings.authority)
    refused = RefusedConnections(counted=gateway.metrics.peer_refused)
    endpoint = PeerEndpoint(
        home=home,
        answering=gateway.answering,
        checker=AssertionChecker(home=home, seen=UsedAssertions(gateway.database), clock=clock),
        registry=registry.in_force,
        body_limit=settings.body_limit,
        clock=clock,
        leaf_of=PostgresLedgerReader(gateway.database).leaf,
        door=gateway.peer_door,
        refused=refused,
    )
    locating = LocatorEndpoint(
        peers=endpoint,
        answering=gateway.answering,
        locator=lambda: None if gateway.locator is None else gateway.locator.answers,
    )
    transfers = TransferEndpoint(
        peers=endpoint,
        answering=gateway.answering,
        exchange=None if gateway.transfers is None else gateway.transfers.exchange,
        clock=clock,
    )
    port = PeerPort(own_certificate(settings), lambda: registry.latest, refused=refused)
    return PeerSide(
        endpoint=endpoint,
        locating=locating,
        transfers=transfers,
        port=port,
        settings=settings,
        metrics=gateway.metrics,
    )
