"""`gateway data unlink`: undo a link between two records that turned out not to be one child."""

from datetime import UTC, datetime
from typing import Annotated, Final
from uuid import UUID

import typer

from connectors.postgres.database import Database
from connectors.postgres.links import unlink
from gateway.cli.running import console, ready_database_url, run
from gateway.settings import Settings, SettingsError

EXAMPLE: Final = (
    "Example: `gateway data unlink 0190f2b0-0000-7000-8000-000000000001 0190f2b0-0000-7000-8000-000000000002 "
    "--by directory.price`"
)


def unlink_records(
    child: Annotated[UUID, typer.Argument(help="The record that was joined to the other.")],
    survivor: Annotated[UUID, typer.Argument(help="The record that it was joined to.")],
    by: Annotated[str, typer.Option(help="Who decided it; stands in the link's history.")],
) -> None:
    """Undo a link between two records. Each gets its own number back; a shield of either stays on both."""

    async def act(settings: Settings) -> None:
        database = await Database.open(
            await ready_database_url(settings), pool_min=1, pool_max=1, timeout=settings.database_timeout
        )
        try:
            async with database.transaction() as connection:
                undone = await unlink(connection, child, survivor, by=by, at=datetime.now(UTC))
        finally:
            await database.close()
        if not undone:
            raise SettingsError("There is no link in force from the first record to the second.")
        console.print("The link is undone; both records stand for themselves again.")

    run(act)
