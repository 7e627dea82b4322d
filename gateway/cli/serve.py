"""`gateway serve`: serve the graph."""

import socket
from collections.abc import Awaitable, Callable

from connectors.postgres.migration import pending
from gateway.cli.running import announce, database_url, run
from gateway.federation.tls import CallerPort
from gateway.settings import Settings, SettingsError


def serve() -> None:
    """Serve the graph until told to stop. Refuses to start on a database that is not migrated."""

    async def act(settings: Settings) -> None:
        # Imported here: the whole gateway takes longer to import than most commands take to run.
        from gateway.app import application
        from gateway.cli.serving import listening, metrics_socket, serve_on

        url = database_url(settings)
        outstanding = await pending(url)
        if outstanding:
            raise SettingsError(
                f"The database lacks {len(outstanding)} migrations ({outstanding[0]} …): run `gateway migrate` first."
            )
        bound = listening(settings.host, settings.port)
        peers = None if settings.peer_port is None else listening(settings.host, settings.peer_port, "PEER_PORT")
        metrics = metrics_socket(settings)
        port = _port(settings)
        await serve_on(
            bound,
            application(settings, url=url, port=port),
            once_up=_announcing(settings, peers, metrics),
            tls=None if port is None else port.context,
            peers=peers,
            metrics=metrics,
        )

    run(act, serves=True)


def _announcing(
    settings: Settings, peers: socket.socket | None, metrics: socket.socket | None
) -> Callable[[str], Awaitable[bool]]:
    async def up(address: str) -> bool:
        if peers is not None:
            host, port = peers.getsockname()[:2]
            announce(f"Answering other authorities at https://{host}:{port}", settings)
        if metrics is not None:
            host, port = metrics.getsockname()[:2]
            announce(f"Metrics at http://{host}:{port}/metrics", settings)
        announce(f"Serving the graph at {address}/graphql", settings)
        return True

    return up


def _port(settings: Settings) -> CallerPort | None:
    if settings.tls_cert_file is None and settings.tls_key_file is None:
        return None
    if settings.tls_cert_file is None or settings.tls_key_file is None:
        raise SettingsError("GATEWAY_TLS_CERT_FILE and GATEWAY_TLS_KEY_FILE: must be set together")
    return CallerPort(settings.tls_cert_file, settings.tls_key_file)
