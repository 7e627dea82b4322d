"""`gateway data destroy`: records whose six years in the archive are over, destroyed; an entry each says so."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Final
from uuid import UUID

import typer
from rich.table import Table

from connectors.postgres.changes import PostgresChange
from connectors.postgres.database import Database
from connectors.postgres.destroying import Due, PostgresDestroying
from gateway.cli.orders import Order, carried_out, orderer
from gateway.cli.running import console, ready_database_url, run, shown
from gateway.settings import Settings
from gateway.vocabulary import AuthorityCode, RecordType

EXIT_NOTHING_DUE: Final = 4


def destroy(
    by: Annotated[str, typer.Option(help="Who orders it; stands in the ledger.")],
    reason: Annotated[str, typer.Option(help="Why; stands in the ledger.")] = "Six years in the archive are over",
    limit: Annotated[int, typer.Option(help="Records at most.", min=1)] = 100,
    yes: Annotated[bool, typer.Option("--yes", help="Destroy them; otherwise they are only listed.")] = False,
) -> None:
    """List the records whose six years in the archive are over or, with --yes, destroy them for good.

    A record goes with all that is about the child, and with the carers who are nobody else's. It waits for the other
    records of the same child, and while a shield on it protects a sibling: a review lifts that. Each has an entry in
    the ledger, recorded before the destruction is kept: `gateway ledger prove` makes the proof of it that an outsider
    can check. Entries about the child stay, sealed; `gateway ledger erase` destroys their keys. Backups hold the
    record until they are gone themselves. Exits with 4 if none is due.
    """

    async def act(settings: Settings) -> None:
        today = datetime.now(UTC).date()
        due = await _due(settings, today, limit)
        if not due:
            console.print("No record is due.")
            raise typer.Exit(EXIT_NOTHING_DUE)
        if not yes:
            console.print(_table(due))
            console.print(f"{len(due)} due; nothing was destroyed. Add --yes to destroy them.")
            return
        for one in due:
            number = await _destroyed(settings, one, by=by, reason=reason, today=today)
            console.print(
                f"{one.child} {'had gone already' if number is None else f'destroyed; entry {number} says so'}"
            )

    run(act)


async def _due(settings: Settings, today: date, limit: int) -> Sequence[Due]:
    database = await Database.open(await ready_database_url(settings), pool_min=1, pool_max=1)
    try:
        return await PostgresDestroying(database).due(today=today, limit=limit)
    finally:
        await database.close()


async def _destroyed(settings: Settings, due: Due, *, by: str, reason: str, today: date) -> int | None:
    order = Order(
        of="data",
        action="destroyRecord",
        stated={"child": str(due.child), "archived_on": due.archived_on.isoformat()},
        reason=reason,
        by=orderer(by),
        authority=AuthorityCode(settings.authority),
        about=(due.child,),
    )

    async def write(change: PostgresChange) -> tuple[RecordType, UUID] | None:
        return (RecordType.CHILD, due.child) if await change.destroying.destroy(due.child, today=today) else None

    return await carried_out(settings, order, write)


def _table(due: Sequence[Due]) -> Table:
    table = Table("child", "archived since")
    for one in due:
        table.add_row(shown(one.child), shown(one.archived_on))
    return table
