"""`gateway data load`: files of national registers and services."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from connectors.feeds.files import read_file
from connectors.feeds.load import load_patients, load_practices, load_schools
from connectors.feeds.outcome import FeedUnreadable, LoadReport, Outcome
from connectors.feeds.setting_store import Progress as OnProgress
from connectors.postgres.database import Database
from gateway.cli.running import ready_database_url
from gateway.errors import DirectoryError
from gateway.settings import Settings, SettingsError, read_settings

load_app = typer.Typer(
    help="Load files of national registers and services. Loading a file again changes nothing.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

_console: Final = Console(stderr=True)
EXIT_UNREADABLE: Final = 2
EXIT_UNAVAILABLE: Final = 3
PROGRESS_FROM: Final = 1_000
"""Rows from which a bar is shown."""

AsJson = Annotated[bool, typer.Option("--json", help="Print the report as JSON, with every refused row.")]
Load = Callable[[Database, OnProgress], Awaitable[Sequence[LoadReport]]]


@load_app.command("ods", epilog="Example: `gateway data load ods epraccur.csv`")
def ods(
    file: Annotated[Path, typer.Argument(help="The practice file (`epraccur`) of the Organisation Data Service.")],
    as_json: AsJson = False,
) -> None:
    """Load GP practices. Exits with 2 if the file cannot be read: then nothing is loaded."""

    async def act(database: Database, progress: OnProgress) -> list[LoadReport]:
        return [await load_practices(database, read_file(file), now=datetime.now(UTC), progress=progress)]

    _load(act, as_json=as_json)


@load_app.command(
    "gias", epilog="Example: `gateway data load gias edubasealldata.csv --links links_edubasealldata.csv`"
)
def gias(
    file: Annotated[Path, typer.Argument(help="The establishment file of Get Information About Schools.")],
    links: Annotated[Path | None, typer.Option(help="The links between establishments.")] = None,
    as_json: AsJson = False,
) -> None:
    """Load schools, and which school took the place of which. Exits with 2 if a file cannot be read."""

    async def act(database: Database, progress: OnProgress) -> list[LoadReport]:
        linked = read_file(links) if links else None
        return await load_schools(database, read_file(file), links=linked, now=datetime.now(UTC), progress=progress)

    _load(act, as_json=as_json)


@load_app.command("pds", epilog="Example: `gateway data load pds patient.json searchset.json`")
def pds(
    files: Annotated[list[Path], typer.Argument(help="Patients or search sets of the demographics service (FHIR R4).")],
    include_adults: Annotated[
        bool,
        typer.Option(
            "--include-adults",
            help="Load people of 18 and over as though they were children: for demonstration files, "
            "refused in production.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Load children's demographics. Exits with 2 if a file cannot be read: then none is loaded."""
    settings = _settings()
    if include_adults and settings.env == "production":
        raise typer.BadParameter("not in production", param_hint="--include-adults")

    async def act(database: Database, progress: OnProgress) -> list[LoadReport]:
        return await load_patients(
            database,
            [read_file(file, number=number) for number, file in enumerate(files, 1)],
            authority=settings.authority,
            now=datetime.now(UTC),
            include_adults=include_adults,
            progress=progress,
        )

    _load(act, as_json=as_json)


def _load(act: Load, *, as_json: bool) -> None:
    settings = _settings()
    try:
        with _bar() as progress:
            reports = asyncio.run(_with_database(settings, act, progress))
    except FeedUnreadable as error:
        _console.print(f"Nothing was loaded. {error.message}", markup=False, soft_wrap=True)
        raise typer.Exit(EXIT_UNREADABLE) from None
    except DirectoryError as error:
        _console.print(f"Nothing was loaded. {error.message} ({error.reason})", markup=False, soft_wrap=True)
        raise typer.Exit(EXIT_UNAVAILABLE) from None
    if as_json:
        sys.stdout.write(json.dumps({"loads": [report.as_document() for report in reports]}, indent=2) + "\n")
    else:
        _show(reports)


async def _with_database(settings: Settings, act: Load, progress: OnProgress) -> Sequence[LoadReport]:
    url = await ready_database_url(settings)
    database = await Database.open(url, pool_min=1, pool_max=2, timeout=settings.database_timeout)
    try:
        return await act(database, progress)
    finally:
        await database.close()


def _settings() -> Settings:
    try:
        return read_settings()
    except SettingsError as error:
        _console.print(str(error), markup=False)
        raise typer.Exit(EXIT_UNREADABLE) from None


@contextmanager
def _bar() -> Iterator[OnProgress]:
    columns = (TextColumn("Loading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=_console, transient=True)
    task = bar.add_task("rows")

    def show(done: int, of: int) -> None:
        if of >= PROGRESS_FROM:
            bar.start()
            bar.update(task, completed=done, total=of)

    try:
        yield show
    finally:
        if bar.live.is_started:
            bar.stop()


def _show(reports: Sequence[LoadReport]) -> None:
    console = Console(width=None if sys.stdout.isatty() else 120)
    table = Table("Feed", "File", *(outcome.value.capitalize() for outcome in Outcome), "Seconds")
    for column in table.columns[2:]:
        column.justify = "right"
    for report in reports:
        counts = (f"{report.counts[outcome]:,}" for outcome in Outcome)
        table.add_row(report.feed, report.file_name, *counts, f"{report.seconds:.2f}")
    if len(reports) > 1:
        totals = (f"{sum(report.counts[outcome] for report in reports):,}" for outcome in Outcome)
        table.add_section()
        table.add_row("all", "", *totals, f"{sum(report.seconds for report in reports):.2f}")
    console.print(table)
    reasons = _reasons(reports)
    if reasons.row_count:
        console.print(reasons)


def _reasons(reports: Sequence[LoadReport]) -> Table:
    table = Table("Outcome", "Reason", "Field", "Count", "First at")
    seen: dict[tuple[str, str, str], list[str]] = {}
    for report in reports:
        for finding in report.findings:
            outcome = finding.refusal.outcome.value if finding.whole_row else "field left out"
            key = (outcome, finding.refusal.reason, finding.refusal.field or "")
            seen.setdefault(key, []).append(f"{report.file_name}:{finding.row}")
    for (outcome, reason, field), places in sorted(seen.items()):
        table.add_row(outcome, reason, field, f"{len(places):,}", places[0])
    return table
