"""What every command does alike: read the settings, find the database, and say what is wrong in one sentence."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any, Final, TypeVar

import typer
from rich.console import Console

from connectors.embedded_engine import RulesDoNotBuild
from connectors.golden import EnginesDiffer
from connectors.postgres.migration import MigrationRefused, migrate
from connectors.postgres.server import embedded_server
from connectors.rule_set import RuleSetUnreadable
from connectors.rule_signature import RulesNotTrusted
from gateway import logs
from gateway.errors import DirectoryError
from gateway.settings import Settings, SettingsError, read_settings

console: Final = Console(stderr=True)
EXIT_UNAVAILABLE: Final = 3
EXIT_REFUSED: Final = 2
Returned = TypeVar("Returned")
log = logging.getLogger("gateway.cli")


def run(act: Callable[[Settings], Coroutine[Any, Any, Returned]], *, serves: bool = False) -> Returned:
    """Run a command with the settings; what goes wrong on purpose ends it with one sentence and exit code 2 or 3.

    One that serves writes log lines in the form that the settings say; every other one speaks to people.
    """
    machine = False
    try:
        settings = read_settings()
        machine = serves and settings.logs_for_machines
        logs.configure(machine=machine, level=settings.log_level)
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            return runner.run(act(settings))
    except (
        SettingsError,
        MigrationRefused,
        RuleSetUnreadable,
        RulesDoNotBuild,
        EnginesDiffer,
        RulesNotTrusted,
    ) as error:
        _complain(str(error), machine=machine)
        raise typer.Exit(EXIT_REFUSED) from error
    except DirectoryError as error:
        _complain(error.message, machine=machine)
        raise typer.Exit(EXIT_UNAVAILABLE) from error
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def announce(text: str, settings: Settings) -> None:
    """Say what whoever started a server waits for: a log line where those are for machines."""
    if settings.logs_for_machines:
        log.info(text)
    else:
        console.print(text)


def _complain(text: str, *, machine: bool) -> None:
    if machine:
        log.critical(text)
    else:
        console.print(text, markup=False, style="red")


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes the event loop that commands and servers run on; None is asyncio's own."""
    try:
        import uvloop  # imported here: it has no build for every platform
    except ImportError:
        return None
    return uvloop.new_event_loop


def refuse_in_production(settings: Settings, what: str) -> None:
    """End the command where made-up people or development keys have no place.

    Raises:
        SettingsError: The gateway is configured for production.
    """
    if settings.env == "production":
        raise SettingsError(f"{what} is for development only; GATEWAY_ENV is production.")


def database_url(settings: Settings) -> str:
    """Return where the database is; without one in the settings the embedded one is started.

    Raises:
        SourceUnavailable: The embedded one cannot be started.
    """
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return embedded_server(settings.data_dir)


async def ready_database_url(settings: Settings) -> str:
    """Return where the database is, the embedded one migrated; a configured one is the operator's to migrate."""
    url = database_url(settings)
    if settings.database_url is None:
        await migrate(url)
    return url


def shown(value: object) -> str:
    """Return what a cell of a table shows of a value: nothing that people wrote is obeyed."""
    if value is None:
        return "-"
    text = value.strftime("%Y-%m-%d %H:%M") if isinstance(value, datetime) else str(value)
    return "".join(char if char.isprintable() else "\ufffd" for char in text).replace("[", "\\[")
