"""`gateway migrate`: bring the database to this release's form."""

from typing import Annotated

import typer

from connectors.postgres.migration import migrate, pending
from connectors.postgres.serving_rights import let_serve
from gateway.cli.running import console, database_url, run
from gateway.settings import Settings


def migrate_command(
    check: Annotated[
        bool, typer.Option("--check", help="Only say what is outstanding; exits with 1 if anything.")
    ] = False,
    serve_as: Annotated[
        str | None,
        typer.Option(
            "--serve-as",
            help="The database login of the gateways, which owns nothing: give it what they need. Of the ledger it may "
            "read and add, and neither change nor delete.",
            metavar="LOGIN",
        ),
    ] = None,
) -> None:
    """Apply the migrations that are outstanding, forward only; safe while gateways serve."""

    async def act(settings: Settings) -> None:
        url = database_url(settings)
        if check:
            outstanding = await pending(url)
            for name in outstanding:
                console.print(f"outstanding: {name}")
            raise typer.Exit(1 if outstanding else 0)
        applied = await migrate(url, on_step=lambda name: console.print(f"applying {name}"))
        console.print(f"{len(applied)} migrations applied." if applied else "Nothing to apply.")
        if serve_as is not None:
            await let_serve(url, serve_as)
            console.print(f"{serve_as} may serve, and only add to the ledger.")

    run(act)
