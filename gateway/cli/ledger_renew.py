"""`gateway ledger renew-secret`: say that the secret behind the commitments is lost, and let another be made."""

from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from connectors.postgres.secret_check import lost_secrets
from gateway.cli.ledger_orders import ReasonOption, TwoPeople, appended, operators_entry, stated_reason, two_people
from gateway.cli.ledger_running import ledger_database
from gateway.cli.running import console, ready_database_url, run
from gateway.settings import Settings

EXIT_NOT_LOST: Final = 4


def renew_secret(
    by: TwoPeople = None,
    reason: ReasonOption = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,
) -> None:
    """Record that the secret behind the commitments is lost, so that a gateway starts again and makes another.

    Only where no backup has the row of `ledger_key` any more: what was told until now can then never be shown, and
    every id that callers and other authorities know becomes another. Exits with 4 if the secret is there.
    """
    people, why = two_people(by), stated_reason(reason)

    async def act(settings: Settings) -> None:
        async with ledger_database(settings) as database:
            lost = await lost_secrets(database)
        if not lost:
            console.print("The secret that the newest entries name is there.")
            raise typer.Exit(EXIT_NOT_LOST)
        if not yes:
            typer.confirm("Give up all that was committed to, and all ids that were told?", abort=True, err=True)
        entry = operators_entry(
            settings,
            action="renew-secret",
            stated={"by": people},
            reason=why,
            by=people[0],
            at=datetime.now(UTC),
            erased=sorted(lost),
        )
        number = await appended(settings, await ready_database_url(settings), entry)
        console.print(f"Entry {number} says so; the next gateway that starts makes another secret.")

    run(act)
