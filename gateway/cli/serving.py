"""Serve an application on a socket until told to stop."""

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Final

import uvicorn
from starlette.applications import Starlette

from gateway.settings import SettingsError

GRACE: Final = 10
"""Seconds that requests under way may take to finish when the server is told to stop."""


def listening(host: str, port: int) -> socket.socket:
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
        raise SettingsError(f"{host}:{port} cannot be listened on; choose another with GATEWAY_PORT.") from None
    return bound


async def serve_on(
    bound: socket.socket, app: Starlette, *, once_up: Callable[[str], Awaitable[bool]] | None = None
) -> None:
    """Serve until told to stop; `once_up` is called with the address, and ends the serving by returning False.

    Raises:
        DirectoryError: The application could not start.
    """
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,  # a request's line says nothing that the ledger does not, and less safely
        server_header=False,
        timeout_graceful_shutdown=GRACE,
        lifespan="off",
    )
    server = _Server(config)
    # The lifespan runs here and not in uvicorn, which would turn a failed start into a stack trace.
    async with app.router.lifespan_context(app):
        serving = asyncio.create_task(server.serve(sockets=[bound]))
        up = asyncio.create_task(server.up.wait())
        await asyncio.wait({serving, up}, return_when=asyncio.FIRST_COMPLETED)
        up.cancel()
        host, port = bound.getsockname()[:2]
        if once_up is not None and not serving.done() and not await once_up(f"http://{host}:{port}"):
            server.should_exit = True
        await serving


class _Server(uvicorn.Server):
    """A server that says when it is up, and leaves the process running when it has stopped."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop; a second Ctrl-C stops without waiting.

        uvicorn's own raises the signal again once it has stopped, which would end the process before the lifespan
        ends: with the ledger not flushed and the embedded database left running.
        """
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True
