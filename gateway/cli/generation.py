"""`gateway data generate`: a made-up local authority, straight into the database."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, NoReturn

import asyncpg
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from connectors.synthetic.claim import GenerationRefused, Plan
from connectors.synthetic.generate import OnProgress
from connectors.synthetic.generate import generate as load
from gateway.cli.running import ready_database_url
from gateway.errors import DirectoryError
from gateway.settings import Settings, SettingsError, read_settings

EXIT_REFUSED = 2
EXIT_FAILED = 3
EXIT_INTERRUPTED = 130
_console = Console(stderr=True)


def generate(
    authority: Annotated[
        str | None, typer.Option(help="GSS code, such as E08000009. Unset: the one this gateway serves.")
    ] = None,
    children: Annotated[int, typer.Option(help="How many children.", min=1, max=12_000_000)] = 2_000,
    seed: Annotated[int, typer.Option(help="The same seed and day give the same data.")] = 1,
    as_of: Annotated[
        datetime | None, typer.Option(help="The day the data is made for. Unset: today.", formats=["%Y-%m-%d"])
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Remove what was generated before, then load.")] = False,
    processes: Annotated[
        int | None, typer.Option(help="Worker processes; the data does not depend on it. Unset: one a core.", min=1)
    ] = None,
) -> None:
    """Fill the database with made-up families, settings, practitioners and services.

    Nobody in it exists. The same seed and the same day give the same data, on any machine.
    After an interruption the same command goes on where it stopped; no child is ever there in part.
    """
    try:
        settings = read_settings()
        plan = Plan(
            authority=authority or settings.authority,
            children=children,
            seed=seed,
            as_of=(as_of or datetime.now(UTC)).date(),
        )
        if replace:
            _console.print("Removing first what was generated before; a large authority takes a minute or two.")
        with _bar(children) as advance:
            written = asyncio.run(_load(settings, plan, replace=replace, processes=processes, on_progress=advance))
    except GenerationRefused as refused:
        _end(str(refused), EXIT_REFUSED)
    except (DirectoryError, SettingsError) as error:
        _end(str(error), EXIT_FAILED)
    except asyncpg.UndefinedTableError:
        _end("The database has no tables yet, or old ones: migrate it first.", EXIT_REFUSED)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        _end(f"The database failed ({type(error).__name__}); repeat the command to go on from there.", EXIT_FAILED)
    except KeyboardInterrupt:
        _end("Stopped; what is there is whole. Repeat the command to go on from there.", EXIT_INTERRUPTED)
    else:
        _console.print(f"{written:,} children written; {plan.authority} now holds {children:,} made-up ones.")


async def _load(
    settings: Settings, plan: Plan, *, replace: bool, processes: int | None, on_progress: OnProgress
) -> int:
    url = await ready_database_url(settings)
    return await load(url, plan, replace_held=replace, processes=processes, on_progress=on_progress)


def _end(message: str, code: int) -> NoReturn:
    _console.print(message, markup=False, soft_wrap=True)
    raise typer.Exit(code)


class _Rate(ProgressColumn):
    """Children a minute."""

    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else f"{task.speed * 60:,.0f} children/min")


@contextmanager
def _bar(children: int) -> Iterator[OnProgress]:
    columns = (
        TextColumn("Generating"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=_console) as progress:
        task = progress.add_task("", total=children)
        yield lambda count: progress.advance(task, count)
