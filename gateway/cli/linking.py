"""`gateway data link`, `unlink` and `links`: which records are one child, here and at other authorities."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Final
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from connectors.postgres.changes import PostgresChange
from connectors.postgres.database import Database
from connectors.postgres.links import unlink
from connectors.postgres.links_elsewhere import LinkRow, PostgresLinks
from gateway.cli.orders import Order, carried_out, orderer
from gateway.cli.running import console, ready_database_url, run, shown
from gateway.record_ids import ForeignId, foreign_id
from gateway.settings import Settings, SettingsError
from gateway.vocabulary import AuthorityCode, ChildId, RecordType

_THERE: Final = "E08000003.chd-0190f2b0000070008000000000000002"

_Child = Annotated[str, typer.Argument(help="The child's record here, by its directory id.", metavar="CHILD")]
_By = Annotated[str, typer.Option(help="Who decided it; stands in the link's history.")]
_Reason = Annotated[str | None, typer.Option(help="Why; stands in the ledger, sealed under the child's key.")]


def link_records(
    child: _Child,
    elsewhere: Annotated[str, typer.Argument(help="The record of another authority, as `links` or an entry has it.")],
    by: _By,
    reason: _Reason = None,
) -> None:
    """Say that a record here and one of another authority are one child, or confirm a link that waits.

    Whoever asks for the child across the border is told from then on what that authority tells of it.
    """
    here, there = _child(child), _foreign(elsewhere)

    async def act(settings: Settings) -> None:
        _held_elsewhere(settings, there)
        order = _order(settings, "linkRecords", here, there, by=by, reason=reason)

        async def write(change: PostgresChange) -> tuple[RecordType, UUID] | None:
            made = await change.links.say(here, there.authority, there.there, by=order.by, at=order.at)
            return (RecordType.CHILD, here) if made else None

        number = await carried_out(settings, order, write)
        if number is None:
            raise SettingsError("There is no such child here, or the link is in force already.")
        console.print(f"The two are linked; entry {number} says so.")

    run(act)


def unlink_records(
    child: Annotated[str, typer.Argument(help="The record that was joined to the other.", metavar="CHILD")],
    other: Annotated[
        str, typer.Argument(help="The record that it was joined to: an id of this directory or of another authority.")
    ],
    by: _By,
    reason: _Reason = None,
) -> None:
    """Undo a link between two records, or refuse one that waits.

    Of two records here each gets its own number back, and a shield of either stays on both.
    What another authority tells is gone from the very next read, and no gateway makes that link again by itself.
    """
    here, there = _child(child), foreign_id(other)

    async def act(settings: Settings) -> None:
        if there is None:
            await _part(settings, here, _child(other), by=by)
            console.print("The link is undone; both records stand for themselves again.")
            return
        order = _order(settings, "unlinkRecords", here, there, by=by, reason=reason)

        async def write(change: PostgresChange) -> tuple[RecordType, UUID] | None:
            undone = await change.links.undo(here, there.authority, there.there, by=order.by, at=order.at)
            return (RecordType.CHILD, here) if undone else None

        number = await carried_out(settings, order, write)
        if number is None:
            raise SettingsError(_NO_LINK)
        console.print(f"The link is undone; entry {number} says so.")

    run(act)


def list_links(
    child: Annotated[str | None, typer.Argument(help="Only this child's, those undone among them.")] = None,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only those that wait for a person to decide.")] = False,
) -> None:
    """List the links to records of other authorities, oldest first."""
    here = None if child is None else _child(child)

    async def act(settings: Settings) -> None:
        database = await Database.open(await ready_database_url(settings), pool_min=1, pool_max=1)
        try:
            links = PostgresLinks(database, now=lambda: datetime.now(UTC))
            found = await (links.waiting() if waiting else links.history(here))
        finally:
            await database.close()
        kept = [row for row in found if here is None or not waiting or row.child == here]
        Console(width=None if sys.stdout.isatty() else 240).print(_table(kept))

    run(act)


_NO_LINK: Final = "There is no link in force from the first record to the second."


async def _part(settings: Settings, child: ChildId, survivor: ChildId, *, by: str) -> None:
    database = await Database.open(
        await ready_database_url(settings), pool_min=1, pool_max=1, timeout=settings.database_timeout
    )
    try:
        async with database.transaction() as connection:
            undone = await unlink(connection, child, survivor, by=by, at=datetime.now(UTC))
    finally:
        await database.close()
    if not undone:
        raise SettingsError(_NO_LINK)


def _order(settings: Settings, action: str, here: ChildId, there: ForeignId, *, by: str, reason: str | None) -> Order:
    return Order(
        of="data",
        action=action,
        stated={"child": str(here), "elsewhere": there.text},
        reason=reason,
        by=orderer(by),
        authority=AuthorityCode(settings.authority),
        about=(here,),
    )


def _child(text: str) -> ChildId:
    try:
        return ChildId(UUID(text))
    except ValueError:
        raise typer.BadParameter("it is no directory id") from None


def _foreign(text: str) -> ForeignId:
    found = foreign_id(text)
    if found is None or found.type is not RecordType.CHILD:
        raise typer.BadParameter(f"it is no id of a child of another authority, such as {_THERE}")
    return found


def _held_elsewhere(settings: Settings, there: ForeignId) -> None:
    if there.authority == settings.authority:
        raise SettingsError("Both records are this authority's; a link across borders leads to another one's.")


def _table(rows: Sequence[LinkRow]) -> Table:
    table = Table("child", "elsewhere", "state", "grade", "grounds", "made", "by", "confirmed", "by", "undone", "by")
    for row in rows:
        cells = (
            row.child,
            f"{row.authority}.{row.there}",
            row.state.value,
            row.grade.value,
            ", ".join(row.reasons),
            row.made_at,
            row.made_by,
            row.confirmed_at,
            row.confirmed_by,
            row.undone_at,
            row.undone_by,
        )
        table.add_row(*map(shown, cells))
    return table
