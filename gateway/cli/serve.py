"""`gateway serve`: serve the graph."""

import socket
import ssl
from collections.abc import Awaitable, Callable

from connectors.postgres.migration import pending
from gateway.cli.running import console, database_url, run
from gateway.federation.tls import caller_context
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
        await serve_on(
            bound,
            application(settings, url=url),
            once_up=_announce(peers, metrics),
            tls=_tls(settings),
            peers=peers,
            metrics=metrics,
        )

    run(act)


def _announce(peers: socket.socket | None, metrics: socket.socket | None) -> Callable[[str], Awaitable[bool]]:
    async def announce(address: str) -> bool:
        if peers is not None:
            host, port = peers.getsockname()[:2]
            console.print(f"Answering other authorities at https://{host}:{port}")
        if metrics is not None:
            host, port = metrics.getsockname()[:2]
            console.print(f"Metrics at http://{host}:{port}/metrics")
        console.print(f"Serving the graph at [link]{address}/graphql[/link]")
        return True

    return announce


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if settings.tls_cert_file is None and settings.tls_key_file is None:
        return None
    if settings.tls_cert_file is None or settings.tls_key_file is None:
        raise SettingsError("GATEWAY_TLS_CERT_FILE and GATEWAY_TLS_KEY_FILE: must be set together")
    return caller_context(settings.tls_cert_file, settings.tls_key_file)
