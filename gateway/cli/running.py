"""What every command does alike: read the settings, find the database, and say what is wrong in one sentence."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

import typer
from rich.console import Console

from connectors.embedded_engine import RulesDoNotBuild
from connectors.golden import EnginesDiffer
from connectors.postgres.migration import MigrationRefused, migrate
from connectors.postgres.server import embedded_server
from connectors.rule_set import RuleSetUnreadable
from connectors.rule_signature import RulesNotTrusted
from gateway.errors import DirectoryError
from gateway.settings import Settings, SettingsError, read_settings

console: Final = Console(stderr=True)
EXIT_UNAVAILABLE: Final = 3
EXIT_REFUSED: Final = 2
Returned = TypeVar("Returned")


def run(act: Callable[[Settings], Coroutine[Any, Any, Returned]]) -> Returned:
    """Run a command with the settings; what goes wrong on purpose ends it with one sentence and exit code 2 or 3."""
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(act(read_settings()))
    except (
        SettingsError,
        MigrationRefused,
        RuleSetUnreadable,
        RulesDoNotBuild,
        EnginesDiffer,
        RulesNotTrusted,
    ) as error:
        console.print(str(error), markup=False, style="red")
        raise typer.Exit(EXIT_REFUSED) from error
    except DirectoryError as error:
        console.print(error.message, markup=False, style="red")
        raise typer.Exit(EXIT_UNAVAILABLE) from error
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
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
