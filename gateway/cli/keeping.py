"""`gateway data keep` and `let-go`: who stays in the directory past eighteen, because they agreed to it."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import typer

from connectors.postgres.changes import PostgresChange
from gateway.cli.orders import Order, carried_out, orderer
from gateway.cli.running import console, run
from gateway.settings import Settings, SettingsError
from gateway.vocabulary import AuthorityCode, ChildId, KeptGround, RecordType

_Child = Annotated[str, typer.Argument(help="The young person's record here, by its directory id.", metavar="CHILD")]
_By = Annotated[str, typer.Option(help="Who records it; stands with the consent and in the ledger.")]
_Reason = Annotated[str | None, typer.Option(help="Why; stands in the ledger, sealed under the child's key.")]


def keep(
    child: _Child,
    ground: Annotated[
        KeptGround,
        typer.Option(help="Client of youth support (to 19), care leaver or learning difficulty (both to 25)."),
    ],
    given_on: Annotated[datetime, typer.Option(help="The day of the consent.", formats=["%Y-%m-%d"])],
    by: _By,
    reason: _Reason = None,
) -> None:
    """Record that a young person agrees to stay in the directory past eighteen.

    Those roles see the record that the rules list for it, until the age that goes with the ground or until `let-go`.
    """
    if given_on.date() > datetime.now(UTC).date():
        raise typer.BadParameter("--given-on is today or earlier")
    here = _child_id(child)

    async def write(change: PostgresChange, order: Order) -> bool:
        return await change.keeping.keep(here, ground=ground, given_on=given_on.date(), by=order.by, at=order.at)

    _changed(
        "keepRecord",
        here,
        {"ground": ground.value, "given_on": given_on.date().isoformat()},
        by=by,
        reason=reason,
        act=write,
        nothing="There is no such child here, or this consent stands already.",
    )


def let_go(child: _Child, by: _By, reason: _Reason = None) -> None:
    """Record that a young person no longer agrees: from the very next read the record has left the directory."""
    here = _child_id(child)

    async def write(change: PostgresChange, order: Order) -> bool:
        return await change.keeping.let_go(here, by=order.by, at=order.at)

    _changed(
        "letRecordGo",
        here,
        {},
        by=by,
        reason=reason,
        act=write,
        nothing="No consent keeps this record.",
    )


Act = Callable[[PostgresChange, Order], Coroutine[Any, Any, bool]]
"""Writes the change; False where there is nothing to change."""


def _changed(
    action: str, here: ChildId, stated: dict[str, str], *, by: str, reason: str | None, act: Act, nothing: str
) -> None:
    async def carry_out(settings: Settings) -> None:
        order = Order(
            of="data",
            action=action,
            stated={"child": str(here), **stated},
            reason=reason,
            by=orderer(by),
            authority=AuthorityCode(settings.authority),
            about=(here,),
        )

        async def write(change: PostgresChange) -> tuple[RecordType, UUID] | None:
            return (RecordType.CHILD, here) if await act(change, order) else None

        number = await carried_out(settings, order, write)
        if number is None:
            raise SettingsError(nothing)
        console.print(f"Done; entry {number} says so.")

    run(carry_out)


def _child_id(text: str) -> ChildId:
    try:
        return ChildId(UUID(text))
    except ValueError:
        raise typer.BadParameter("it is no directory id") from None
