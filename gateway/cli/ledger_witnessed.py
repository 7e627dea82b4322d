"""`gateway ledger witnessed`: the largest checkpoint of another ledger that this gateway has cosigned."""

import sys
from typing import Annotated

import typer

from connectors.postgres.checkpoints import CheckpointReader
from gateway.cli.ledger_running import EXIT_NO_SUCH_ENTRY, ledger_database
from gateway.cli.running import console, run
from gateway.settings import Settings


def witnessed(
    origin: Annotated[str, typer.Argument(help="The ledger's name, the first line of its checkpoints.")],
) -> None:
    """Print the largest checkpoint of another ledger that this gateway has cosigned: what it holds that ledger to.

    It is the evidence where that ledger has lost entries, and stays here. Exits with 4 if nothing was cosigned.
    """

    async def act(settings: Settings) -> None:
        async with ledger_database(settings) as database:
            note = await CheckpointReader(database).witnessed(origin)
        if note is None:
            console.print(f"No checkpoint of {origin} was cosigned here.", markup=False)
            raise typer.Exit(EXIT_NO_SUCH_ENTRY)
        sys.stdout.write(note)

    run(act)
