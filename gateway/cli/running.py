"""What every command does alike: read the settings, say what is wrong in one sentence, and serve on a socket."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeVar

import typer
import uvicorn
from rich.console import Console
from starlette.applications import Starlette

from connectors.embedded_engine import RulesDoNotBuild
from connectors.postgres.migration import MigrationRefused
from connectors.rule_set import RuleSetUnreadable
from gateway.errors import DirectoryError
from gateway.settings import Settings, SettingsError, read_settings

console: Final = Console(stderr=True)
EXIT_UNAVAILABLE: Final = 3
EXIT_REFUSED: Final = 2
GRACE: Final = 10
"""Seconds that requests under way may take to finish when the server is told to stop."""

Returned = TypeVar("Returned")


def run(act: Callable[[Settings], Coroutine[Any, Any, Returned]]) -> Returned:
    """Run a command with the settings; what goes wrong on purpose ends it with one sentence and exit code 2 or 3."""
    try:
        return asyncio.run(act(read_settings()))
    except (SettingsError, MigrationRefused, RuleSetUnreadable, RulesDoNotBuild) as error:
        console.print(str(error), markup=False, style="red")
        raise typer.Exit(EXIT_REFUSED) from error
    except DirectoryError as error:
        console.print(error.message, markup=False, style="red")
        raise typer.Exit(EXIT_UNAVAILABLE) from error
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def refuse_in_production(settings: Settings, what: str) -> None:
    """End the command where made-up people or development keys have no place.

    Raises:
        SettingsError: The gateway is configured for production.
    """
    if settings.env == "production":
        raise SettingsError(f"{what} is for development only; GATEWAY_ENV is production.")


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
    """A server that says when it is up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()
