"""`gateway serve`: serve the graph, from one process or several."""

import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from connectors.checkpoint_keys import signing_keys
from connectors.development_keys import development_jwks
from connectors.ledger_secret import ledger_master_key
from connectors.postgres.migration import pending
from gateway.caller_tls import CallerFiles, CallerPort
from gateway.cli.running import announce, database_url, run
from gateway.settings import Settings, SettingsError


def serve(
    workers: Annotated[
        int | None, typer.Option(help="Worker processes; otherwise GATEWAY_WORKERS, or this one alone.", min=1, max=64)
    ] = None,
) -> None:
    """Serve the graph until told to stop. Refuses to start on a database that is not migrated.

    SIGTERM lets requests under way finish; SIGHUP reads rules, keys, registry and certificates again.
    """

    async def act(settings: Settings) -> int:
        count = settings.workers if workers is None else workers
        url = database_url(settings)
        outstanding = await pending(url)
        if outstanding:
            raise SettingsError(
                f"The database lacks {len(outstanding)} migrations ({outstanding[0]} …): run `gateway migrate` first."
            )
        return await (_serve_alone(settings, url) if count is None else _serve_by(count, settings))

    code = run(act, serves=True)
    if code:
        raise typer.Exit(code)


async def _serve_alone(settings: Settings, url: str) -> int:
    # Imported here: the whole gateway takes longer to import than most commands take to run.
    from gateway.app.application import application
    from gateway.cli.serving import metrics_socket, serve_on, settled

    bound, peers = _listening(settings)
    metrics = metrics_socket(settings)
    port = caller_port(settings)
    up = _announcing(settings, peers, metrics)
    await serve_on(
        bound,
        application(settings, url=url, port=port),
        once_up=settled(up),
        tls=None if port is None else port.context,
        peers=peers,
        metrics=metrics,
    )
    return 0


async def _serve_by(count: int, settings: Settings) -> int:
    from prometheus_client import CollectorRegistry
    from prometheus_client.multiprocess import MultiProcessCollector

    from gateway.cli.serving import metrics_served, metrics_socket
    from gateway.cli.workers import Workers
    from gateway.metrics.http import metrics_application

    _find_keys(settings)
    bound, peers = _listening(settings)
    metrics = metrics_socket(settings)
    up = _announcing(settings, peers, metrics)
    host, port = bound.getsockname()[:2]
    scheme = "http" if caller_port(settings) is None else "https"
    with TemporaryDirectory(prefix="gateway-metrics-") as folder:
        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]  # it ships none for this
        parent = Workers(count, [bound] if peers is None else [bound, peers], counts=Path(folder))
        async with metrics_served(metrics_application(registry), metrics):
            return await parent.serve(once_up=lambda: up(f"{scheme}://{host}:{port}"))


def _find_keys(settings: Settings) -> None:
    """See that the keys are there, so that the workers find the same ones: in development they may be made just now."""
    ledger_master_key(settings)
    signing_keys(settings)
    if settings.token_jwks is None and settings.env == "development":
        development_jwks(settings.data_dir)


def _listening(settings: Settings) -> tuple[socket.socket, socket.socket | None]:
    from gateway.cli.serving import listening

    bound = listening(settings.host, settings.port)
    return bound, None if settings.peer_port is None else listening(settings.host, settings.peer_port, "PEER_PORT")


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


def caller_port(settings: Settings) -> CallerPort | None:
    """Return the TLS of the port for callers, where it has one.

    Raises:
        SettingsError: Its files cannot be used.
    """
    certificate, key, authorities = settings.tls_cert_file, settings.tls_key_file, settings.tls_client_ca_file
    if certificate is None and key is None and authorities is None:
        return None
    if certificate is None or key is None:
        beside = "" if authorities is None else ", and with GATEWAY_TLS_CLIENT_CA_FILE"
        raise SettingsError(f"GATEWAY_TLS_CERT_FILE and GATEWAY_TLS_KEY_FILE: must be set together{beside}")
    return CallerPort(CallerFiles(certificate=certificate, key=key, authorities=authorities))
