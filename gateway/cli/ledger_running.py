"""What the commands around the ledger's proof do alike."""

import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TimeRemainingColumn

from connectors.postgres.database import Database
from gateway.cli.running import console, ready_database_url
from gateway.ledger.checkpoint import Checkpoint, read_checkpoint, trusted
from gateway.ledger.notes import MalformedNote, VerifierKey
from gateway.settings import Settings

EXIT_NO_SUCH_ENTRY: Final = 4
WORTH_WORKERS: Final = 50_000
"""Entries from which more than one process is worth its start."""
REPORT_TIMEOUT: Final = 60.0
"""Seconds a statement may take: a report may take longer than a request."""

KeyOption = Annotated[
    list[str] | None,
    typer.Option("--key", help="Key of the ledger, as `name+hash+key`; several while one follows another."),
]
WitnessOption = Annotated[
    list[str] | None, typer.Option("--witness", help="Key of a witness that must have cosigned; may be repeated.")
]


@asynccontextmanager
async def ledger_database(settings: Settings) -> AsyncIterator[Database]:
    """Lend a pool for a report."""
    timeout = max(REPORT_TIMEOUT, settings.database_timeout)
    database = await Database.open(await ready_database_url(settings), pool_min=1, pool_max=2, timeout=timeout)
    try:
        yield database
    finally:
        await database.close()


@contextmanager
def written(output: Path | None) -> Iterator[BinaryIO]:
    """Lend standard output, or a file that has its name only once it is whole."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    partial = output.with_name(f"{output.name}.partial")
    with partial.open("wb") as stream:
        yield stream
    partial.replace(output)


@contextmanager
def counted(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a bar on a terminal for the length of the block, and lend what moves it on."""
    columns = (BarColumn(), TaskProgressColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(label, *columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(label, total=total)
        yield lambda number: progress.advance(task, number)


@contextmanager
def workers(entries: int, number: int | None) -> Iterator[Executor | None]:
    """Lend processes to check with, one for each core; None where one is enough."""
    wanted = number or (os.cpu_count() or 1)
    if wanted == 1 or (number is None and entries < WORTH_WORKERS):
        yield None
        return
    with ProcessPoolExecutor(wanted, mp_context=get_context("spawn")) as pool:
        yield pool


def verifier_keys(texts: Sequence[str] | None, option: str) -> list[VerifierKey]:
    """Return the keys of an option."""
    try:
        return [VerifierKey.parse(text) for text in texts or ()]
    except MalformedNote as error:
        raise typer.BadParameter(f"{option}: {error}") from error


def held_checkpoint(file: Path, keys: Sequence[VerifierKey]) -> Checkpoint:
    """Return the checkpoint in a file that somebody kept, once one of the keys is found to have signed it."""
    try:
        checkpoint, note = read_checkpoint(file.read_text(encoding="utf-8"))
    except (MalformedNote, UnicodeDecodeError, OSError) as error:
        raise typer.BadParameter(f"{file.name} is no checkpoint") from error
    if not trusted(note, keys):
        raise typer.BadParameter(f"{file.name} is signed by none of the keys")
    return checkpoint
