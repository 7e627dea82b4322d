"""`gateway federation calls` and `reconcile`: what two authorities recorded of the calls between them, compared."""

from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import orjson
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from connectors.postgres.database import Database
from connectors.postgres.ledger import PostgresLedgerReader
from gateway.cli.ledger_running import ledger_database, written
from gateway.cli.running import console, run
from gateway.federation.reconciling import (
    Call,
    CallsUnreadable,
    Difference,
    Fault,
    Reconciliation,
    calls_in,
    line_of,
    read_calls,
)
from gateway.settings import Settings, SettingsError

EXIT_DIFFERENT: Final = 1
PLACES_ON_SCREEN: Final = 50
_SENTENCES: Final = {
    Fault.LACKED_BY_ANSWERING: "{asking} holds the hash of entry {number} at {answering}, which has no such entry",
    Fault.OTHER_ENTRY: "{answering} has another entry {number} than the one whose hash {asking} holds",
    Fault.LACKED_BY_ASKING: "{answering} has entry {number} of a call that {asking} has not recorded",
    Fault.TWO_ENTRIES: "{answering} states two different entries {number}",
    Fault.OTHER_ASKING_ENTRY: "the entry of {asking} is not the one it committed to before it asked, which entry "
    "{number} at {answering} holds",
}
_out: Final = Console(soft_wrap=True)
With = Annotated[str, typer.Option("--with", help="GSS code of the other authority.")]


def calls_command(
    other: With,
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.", dir_okay=False)],
) -> None:
    """Write the calls between this authority and another as JSON lines: ids and hashes, no person and no child."""

    async def act(settings: Settings) -> int:
        count = 0
        async with ledger_database(settings) as database:
            with written(output) as stream, Progress(console=console, transient=True) as progress:
                async for call in _recorded(database, other, progress):
                    stream.write(line_of(call))
                    count += 1
        return count

    console.print(f"{run(act)} calls with {other} written to {output}.", markup=False)


def reconcile_command(
    other: With,
    theirs: Annotated[Path, typer.Option(help="Their calls, as `gateway federation calls` writes them.", exists=True)],
    ours: Annotated[
        Path | None, typer.Option(help="Our calls, from a file; otherwise from the ledger.", exists=True)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Find the calls between two authorities that one of them lacks or has otherwise. Exits with 1 if there are any."""

    async def act(settings: Settings) -> Reconciliation:
        reconciliation = Reconciliation(ours=settings.authority, theirs=other)
        with Progress(console=console, transient=True) as progress:
            _take(reconciliation, theirs, of=other, progress=progress)
            if ours is not None:
                _take(reconciliation, ours, of=settings.authority, progress=progress)
                return reconciliation
            async with ledger_database(settings) as database:
                async for call in _recorded(database, other, progress):
                    reconciliation.take(call, of=settings.authority)
        return reconciliation

    reconciliation = run(act)
    differences = list(reconciliation.differences())
    if as_json:
        document = {
            "calls": reconciliation.calls,
            "uncommitted": reconciliation.uncommitted,
            "differences": [asdict(one) for one in differences],
        }
        _out.print_json(orjson.dumps(document).decode())
    else:
        _tell(reconciliation, differences)
    if differences:
        raise typer.Exit(EXIT_DIFFERENT)


def _tell(reconciliation: Reconciliation, differences: list[Difference]) -> None:
    if reconciliation.uncommitted:
        _out.print(f"{reconciliation.uncommitted} calls hold no commitment of who asked, as in an older release.")
    if not differences:
        said = (
            f"{reconciliation.calls} calls: neither ledger lacks an entry that the other one names, "
            "and no call began otherwise than was committed to."
        )
        _out.print(said, style="green")
        return
    table = Table(title=f"{len(differences)} differences in {reconciliation.calls} calls", title_justify="left")
    table.add_column("request")
    table.add_column("what is wrong", overflow="fold")
    for one in differences[:PLACES_ON_SCREEN]:
        table.add_row(one.request_id, _SENTENCES[one.fault].format(**asdict(one)))
    _out.print(table)
    if len(differences) > PLACES_ON_SCREEN:
        _out.print(f"… and {len(differences) - PLACES_ON_SCREEN} more; --json lists them all.")


def _take(reconciliation: Reconciliation, path: Path, *, of: str, progress: Progress) -> None:
    with progress.open(path, "rb", description=path.name) as lines:
        try:
            for call in read_calls(lines):
                reconciliation.take(call, of=of)
        except CallsUnreadable as error:
            raise SettingsError(f"{path}: {error}.") from error


async def _recorded(database: Database, other: str, progress: Progress) -> AsyncIterator[Call]:
    reader = PostgresLedgerReader(database)
    bar = progress.add_task("our ledger", total=(await reader.head() or 0) + 1)
    async for stored in reader.entries():
        progress.update(bar, completed=stored.seq + 1)
        for call in calls_in([stored], other=other):
            yield call
