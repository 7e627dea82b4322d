"""`gateway ledger follow`: entries as they become durable, for whatever ships logs to a collector."""

import os
import sys
from typing import Annotated, Final

import typer

from connectors.postgres.ledger import PostgresLedgerReader
from gateway.cli.ledger_running import ledger_database
from gateway.cli.running import console, run
from gateway.errors import AuditUnavailable
from gateway.ledger.export import line_of
from gateway.ledger.following import EntryMissing, follow
from gateway.settings import Settings

EXIT_MISSING: Final = 10


def follow_command(
    after: Annotated[int, typer.Option(help="Number of the last entry that was had; -1 for none.", min=-1)] = -1,
    interval: Annotated[float, typer.Option(help="Seconds between looks.", min=0.01)] = 0.25,
) -> None:
    """Print entries as JSON lines, as `export` writes them, for as long as it runs.

    An entry is printed once it is durable, in order, none left out. Whoever ships them keeps the number of the last
    whole line and begins again after it, whatever ended this command; the last line of one that was killed may be cut.
    A database that does not answer is waited for. What is printed is sealed as it is in the ledger.

    Exits with 10 if the next entry is not there: it was archived, and is in the archive's file, or it was taken out.
    """

    async def act(settings: Settings) -> None:
        async with ledger_database(settings) as database:
            async for stored in follow(PostgresLedgerReader(database), after=after, interval=interval, on_trouble=_say):
                if stored is None:
                    sys.stdout.buffer.flush()
                else:
                    sys.stdout.buffer.write(line_of(stored))

    try:
        run(act)
    except EntryMissing as missing:
        sys.stdout.buffer.flush()
        console.print(
            f"{missing} If it was archived, its file has it: begin again with --after {missing.found - 1}. "
            "Otherwise run `gateway ledger verify`.",
            markup=False,
        )
        raise typer.Exit(EXIT_MISSING) from missing
    except BrokenPipeError:
        # Nobody reads any more. What is left in the buffer must not fail once again on the way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from None


def _say(trouble: AuditUnavailable | None) -> None:
    console.print("The database answers again." if trouble is None else f"{trouble.message} Waiting for it.")
