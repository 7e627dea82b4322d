"""Serve an application on a socket until told to stop."""

import asyncio
import gc
import signal
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from types import FrameType
from typing import Final

import uvicorn
from starlette.applications import Starlette

from gateway.http_protocol import ConnectionLimits, LimitedProtocol, limited
from gateway.memory import give_back
from gateway.reloading import Reloading
from gateway.settings import Settings, SettingsError
from gateway.tls_protocol import TlsProtocol

GRACE: Final = 10
"""Seconds that requests under way may take to finish when the server is told to stop."""

KEEP_ALIVE: Final = 5
"""Seconds an idle connection is kept."""

PEER_KEEP_ALIVE: Final = 120
"""Seconds for a peer's: more than the asking side keeps it, so that it is not let go at the moment of an ask."""


TURN: Final = 0.0005
"""Seconds for which a thread that reads a document may keep the others waiting; Python's own are ten times that."""


def metrics_socket(settings: Settings) -> socket.socket | None:
    """Return the socket of the metrics, if the settings want them served.

    Raises:
        SettingsError: The address cannot be had.
    """
    if settings.metrics_port is None:
        return None
    return listening(settings.metrics_host, settings.metrics_port, "METRICS_PORT")


def listening(host: str, port: int, setting: str = "PORT") -> socket.socket:
    """Return a socket bound to an address; port 0 takes any free one.

    Raises:
        SettingsError: The address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise SettingsError(f"{host}:{port} cannot be listened on; choose another with GATEWAY_{setting}.") from None
    return bound


def settle() -> None:
    """Give back what is not used, keep what is out of the collector's rounds, and let threads take short turns."""
    gc.collect()
    gc.freeze()
    give_back()
    sys.setswitchinterval(TURN)


def settled(once_up: Callable[[str], Awaitable[bool]]) -> Callable[[str], Awaitable[bool]]:
    """Return what lets the process settle before it says that it is up; for whoever serves until the process ends.

    What is there by then mostly stays as long as the process. Each full round of the garbage collector would go over
    all of it, and hold up every ask for as long as that takes; from here on it goes over what was made since.
    """

    async def up(address: str) -> bool:
        settle()
        return await once_up(address)

    return up


async def serve_on(
    bound: socket.socket,
    app: Starlette,
    *,
    once_up: Callable[[str], Awaitable[bool]] | None = None,
    tls: ssl.SSLContext | None = None,
    peers: socket.socket | None = None,
    metrics: socket.socket | None = None,
) -> None:
    """Serve until told to stop; `once_up` is called with the address, and ends the serving by returning False.

    Args:
        bound: The socket for callers.
        app: The application; where `peers` is given, its state has a `peer_side` once it has started.
        once_up: What to do when callers can ask.
        tls: The TLS of the socket for callers; without one they ask in the clear, or through a proxy.
        peers: The socket for other authorities' gateways.
        metrics: The socket for whoever may read the metrics.

    Raises:
        DirectoryError: The application could not start.
    """
    server = _Server(_config(app, tls))
    # The lifespan runs here and not in uvicorn, which would turn a failed start into a stack trace.
    async with (
        app.router.lifespan_context(app),
        _peers_served(app, peers),
        metrics_served(app.state.metrics_side if metrics is not None else app, metrics),
        _reloading_when_told(app),
    ):
        serving = asyncio.create_task(server.serve(sockets=[bound]))
        up = asyncio.create_task(server.up.wait())
        await asyncio.wait({serving, up}, return_when=asyncio.FIRST_COMPLETED)
        up.cancel()
        host, port = bound.getsockname()[:2]
        scheme = "http" if tls is None else "https"
        if once_up is not None and not serving.done() and not await once_up(f"{scheme}://{host}:{port}"):
            server.should_exit = True
        await serving


@asynccontextmanager
async def serving_beside(app: Starlette, bound: socket.socket, *, peers: socket.socket) -> AsyncIterator[str]:
    """Serve an application for the length of the block beside whatever else the process serves; yield its address."""
    async with app.router.lifespan_context(app), _served(app, None, bound), _peers_served(app, peers):
        host, port = bound.getsockname()[:2]
        yield f"http://{host}:{port}"


@asynccontextmanager
async def _reloading_when_told(app: Starlette) -> AsyncIterator[None]:
    """Read again what lies in files whenever SIGHUP comes, for the length of the block."""
    reloading: Reloading | None = getattr(app.state, "reloading", None)
    if reloading is None:
        yield
        return
    loop, under_way = asyncio.get_running_loop(), set[asyncio.Task[object]]()

    def begin() -> None:
        task = asyncio.create_task(reloading.reload(), name="reload")
        under_way.add(task)
        task.add_done_callback(under_way.discard)

    loop.add_signal_handler(signal.SIGHUP, begin)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
        await asyncio.gather(*under_way, return_exceptions=True)


@asynccontextmanager
async def _peers_served(app: Starlette, bound: socket.socket | None) -> AsyncIterator[None]:
    """Serve peers for the length of the block, on a socket of their own."""
    if bound is None:
        yield
        return
    side = app.state.peer_side
    async with _served(side.app, side.tls, bound, keep_alive=PEER_KEEP_ALIVE):
        yield


@asynccontextmanager
async def metrics_served(app: Starlette, bound: socket.socket | None) -> AsyncIterator[None]:
    """Serve the metrics for the length of the block, on a socket of their own, if there is one."""
    if bound is None:
        yield
        return
    async with _served(app, None, bound):
        yield


@asynccontextmanager
async def _served(
    app: Starlette, tls: ssl.SSLContext | None, bound: socket.socket, *, keep_alive: int = KEEP_ALIVE
) -> AsyncIterator[None]:
    server = _FurtherServer(_config(app, tls, keep_alive=keep_alive))
    serving = asyncio.create_task(server.serve(sockets=[bound]))
    up = asyncio.create_task(server.up.wait())
    await asyncio.wait({serving, up}, return_when=asyncio.FIRST_COMPLETED)
    up.cancel()
    try:
        yield
    finally:
        server.should_exit = True
        await serving


def _config(app: Starlette, tls: ssl.SSLContext | None, *, keep_alive: int = KEEP_ALIVE) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,  # the process has one form of lines
        access_log=False,  # a request's line says nothing that the ledger does not, and less safely
        server_header=False,
        proxy_headers=False,  # a sender's address is the connection's, whatever a header says
        timeout_graceful_shutdown=GRACE,
        timeout_keep_alive=keep_alive,
        lifespan="off",
        http=protocol_of(app, LimitedProtocol if tls is None else TlsProtocol),
        ws="none",
        ssl_context_factory=None if tls is None else lambda _config, _default: tls,
    )


def protocol_of(app: Starlette, protocol: type[LimitedProtocol]) -> type[LimitedProtocol]:
    """Return the protocol with the limits that the application's state states, where it states any."""
    limits = getattr(app.state, "connection_limits", ConnectionLimits())
    return limited(
        limits,
        getattr(app.state, "connection_refused", lambda _status: None),
        turning_away=getattr(app.state, "turning_away", None),
        protocol=protocol,
    )


class _Server(uvicorn.Server):
    """A server that says when it is up, and leaves the process running when it has stopped."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen; TLS has to be there as soon as a head has, where uvicorn would wait for a minute."""
        await super().startup([])
        loop, tls = asyncio.get_running_loop(), self.config.ssl
        within = (
            None if tls is None else getattr(self.config.http_protocol_class, "limits", ConnectionLimits()).head_timeout
        )
        for bound in sockets or ():
            listening = await loop.create_server(
                self._connection, sock=bound, ssl=tls, backlog=self.config.backlog, ssl_handshake_timeout=within
            )
            self.servers.append(listening)
        self.up.set()

    def _connection(self) -> asyncio.Protocol:
        made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]  # as uvicorn calls it
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop; a second Ctrl-C stops without waiting.

        uvicorn's own raises the signal again once it has stopped, which would end the process before the lifespan
        ends: with the ledger not flushed and the embedded database left running.
        """
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


class _FurtherServer(_Server):
    """A further server in the process: it leaves the signals to the first one, and stops with its block."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield
