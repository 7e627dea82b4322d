"""`gateway register`: suspend somebody's access at once where no supervisor is at hand, and see who is suspended."""

import sys
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from connectors.postgres.changes import PostgresChange
from connectors.postgres.database import Database
from connectors.postgres.suspensions import PostgresSuspensions
from gateway.cli.orders import Order, carried_out, orderer
from gateway.cli.running import console, ready_database_url, run, shown
from gateway.records import Suspension
from gateway.settings import Settings
from gateway.vocabulary import AuthorityCode, PersonId, RecordType

register_app = typer.Typer(
    help="Who may ask: suspend somebody at once, give access back, see who is suspended.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
EXIT_NOBODY: Final = 4
TEXT_LIMIT: Final = 500

Person = Annotated[str, typer.Argument(help="The person, as the `sub` of their token names them.")]
Reason = Annotated[str, typer.Option(help="Why, in up to 500 characters; it is kept, and stands in the ledger.")]
By = Annotated[str | None, typer.Option(help="Who orders it; otherwise the name of this login.")]


@register_app.command(
    "suspend", epilog="Example: `gateway register suspend nurse.okafor --reason 'Token stolen, told by telephone'`"
)
def suspend(
    person: Person,
    reason: Reason,
    until: Annotated[
        datetime | None,
        typer.Option(help="Until when, in UTC; otherwise until it is lifted.", formats=["%Y-%m-%dT%H:%M"]),
    ] = None,
    by: By = None,
) -> None:
    """Suspend a person in every role, from the next request on, on every gateway. Exits with 4 if there is nobody.

    For emergencies: no rule is asked, and the ledger says who did it at this machine.
    """
    ends = None if until is None else until.replace(tzinfo=UTC)
    if ends is not None and ends <= datetime.now(UTC):
        raise typer.BadParameter("--until is later than now")

    async def act(change: PostgresChange, order: Order) -> UUID | None:
        if not await change.suspensions.registrations_of(PersonId(person)):
            return None
        return await change.suspensions.suspend(
            PersonId(person), authority=order.authority, reason=reason, by=order.by, at=order.at, until=ends
        )

    _changed("suspendCaller", person, reason, by, act)


@register_app.command("reinstate", epilog="Example: `gateway register reinstate nurse.okafor --reason 'New token'`")
def reinstate(person: Person, reason: Reason, by: By = None) -> None:
    """Lift this authority's suspensions of a person. Exits with 4 if none is in force."""

    async def act(change: PostgresChange, order: Order) -> UUID | None:
        held = [one.id for one in await change.suspensions.in_force(PersonId(person), order.authority)]
        if not held:
            return None
        await change.suspensions.lift(held, reason=reason, by=order.by, at=order.at)
        return held[-1]

    _changed("reinstateCaller", person, reason, by, act)


@register_app.command("list", epilog="Examples: `gateway register list`; `gateway register list nurse.okafor`")
def list_suspensions(
    person: Annotated[str | None, typer.Argument(help="Only this person's, those that ended among them.")] = None,
) -> None:
    """List the suspensions in force, or all of one person."""

    async def act(settings: Settings) -> None:
        database = await Database.open(await ready_database_url(settings), pool_min=1, pool_max=1)
        try:
            suspensions = PostgresSuspensions(database, now=_now)
            found = await suspensions.of(None if person is None else PersonId(person))
        finally:
            await database.close()
        Console(width=None if sys.stdout.isatty() else 160).print(_table(found))

    run(act)


Act = Callable[[PostgresChange, Order], Coroutine[Any, Any, UUID | None]]
"""Writes a suspension or lifts one, and returns its id; None where there is nobody."""


def _changed(action: str, person: str, reason: str, by: str | None, act: Act) -> None:
    if not reason.strip() or len(reason) > TEXT_LIMIT:
        raise typer.BadParameter(f"give a --reason of 1 to {TEXT_LIMIT} characters")

    async def carry_out(settings: Settings) -> None:
        order = Order(
            of="register",
            action=action,
            stated={"person": person},
            reason=reason,
            by=orderer(by),
            authority=AuthorityCode(settings.authority),
        )

        async def write(change: PostgresChange) -> tuple[RecordType, UUID] | None:
            made = await act(change, order)
            return None if made is None else (RecordType.SUSPENSION, made)

        number = await carried_out(settings, order, write)
        if number is None:
            console.print("There is nobody of that name to change anything for.")
            raise typer.Exit(EXIT_NOBODY)
        console.print(f"Done; entry {number} says so.")

    run(carry_out)


def _table(found: Sequence[Suspension]) -> Table:
    table = Table("person", "since", "until", "by", "reason", "lifted", "by")
    for one in found:
        table.add_row(
            *map(
                shown,
                (one.person, one.suspended_at, one.until, one.suspended_by, one.reason, one.lifted_at, one.lifted_by),
            )
        )
    return table


def _now() -> datetime:
    return datetime.now(UTC)
