"""What an application's connections are held to."""

from starlette.applications import Starlette

from gateway.http_protocol import ConnectionLimits
from gateway.http_turning_away import TurningAway
from gateway.metrics.metrics import Metrics
from gateway.settings import Settings


def limit_connections(app: Starlette, settings: Settings, metrics: Metrics) -> None:
    """State what connections to the application are held to, what turns asks away, and where both are counted."""
    app.state.connection_limits = ConnectionLimits(
        address=settings.address_limit,
        headers=settings.header_limit,
        header_bytes=settings.header_bytes_limit,
        head_timeout=settings.head_timeout,
        taking_timeout=settings.taking_timeout,
        connections=settings.connection_limit,
    )
    app.state.connection_refused = metrics.connection_refused
    app.state.turning_away = TurningAway(metrics)
