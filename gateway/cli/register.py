"""`gateway register`: suspend somebody's access at once where no supervisor is at hand, and see who is suspended."""

import getpass
import hashlib
import sys
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import UUID, uuid4

import orjson
import typer
from rich.console import Console
from rich.table import Table

from connectors.ledger_secret import ledger_master_key
from connectors.postgres.changes import PostgresChange, PostgresChanges
from connectors.postgres.database import Database
from connectors.postgres.ledger import PostgresLedgerStore
from connectors.postgres.ledger_keys import SealingKeys
from connectors.postgres.suspensions import PostgresSuspensions
from gateway.changes import Claim
from gateway.cli.running import console, ready_database_url, run
from gateway.ledger.canonical import prepare
from gateway.ledger.commitments import Commitments
from gateway.ledger.entry import (
    AccessNote,
    AuditEntry,
    CallerNote,
    OperationNote,
    OutcomeNote,
    OutcomeStatus,
    RecordNote,
)
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

    async def act(change: PostgresChange, order: "_Order") -> UUID | None:
        if not await change.suspensions.registrations_of(order.person):
            return None
        return await change.suspensions.suspend(
            order.person, authority=order.authority, reason=order.reason, by=order.by, at=order.at, until=ends
        )

    _changed("suspendCaller", person, reason, by, act)


@register_app.command("reinstate", epilog="Example: `gateway register reinstate nurse.okafor --reason 'New token'`")
def reinstate(person: Person, reason: Reason, by: By = None) -> None:
    """Lift this authority's suspensions of a person. Exits with 4 if none is in force."""

    async def act(change: PostgresChange, order: "_Order") -> UUID | None:
        held = [one.id for one in await change.suspensions.in_force(order.person, order.authority)]
        if not held:
            return None
        await change.suspensions.lift(held, reason=order.reason, by=order.by, at=order.at)
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


class _Order:
    """What the operator orders."""

    def __init__(self, settings: Settings, *, person: str, reason: str, by: str | None) -> None:
        self.person = PersonId(person)
        self.reason = reason
        self.by = PersonId(by or getpass.getuser())
        self.at = _now()
        self.authority = AuthorityCode(settings.authority)


def _changed(
    action: str,
    person: str,
    reason: str,
    by: str | None,
    act: Callable[[PostgresChange, _Order], Coroutine[Any, Any, UUID | None]],
) -> None:
    if not reason.strip() or len(reason) > TEXT_LIMIT:
        raise typer.BadParameter(f"give a --reason of 1 to {TEXT_LIMIT} characters")

    async def carry_out(settings: Settings) -> None:
        url = await ready_database_url(settings)
        database = await Database.open(url, pool_min=1, pool_max=2)
        order = _Order(settings, person=person, reason=reason, by=by)
        change = PostgresChanges(database, now=lambda: order.at).open()
        try:
            made = await _begun(change, order, action, act)
            if made is None:
                console.print("There is nobody of that name to change anything for.")
                raise typer.Exit(EXIT_NOBODY)
            seq = await _record(settings, database, order, action=action, change=change.id, suspension=made)
            await change.keep()
        finally:
            await change.undo()
            await database.close()
        console.print(f"Done; entry {seq} says so.")

    run(carry_out)


async def _begun(
    change: PostgresChange,
    order: _Order,
    action: str,
    act: Callable[[PostgresChange, _Order], Coroutine[Any, Any, UUID | None]],
) -> UUID | None:
    key = str(uuid4())
    await change.begin(
        Claim(
            person=order.by,
            key=key,
            digest=hashlib.sha256(orjson.dumps([action, order.person, order.reason])).digest(),
            action=action,
            request_id=str(change.id),
            at=order.at,
        )
    )
    made = await act(change, order)
    if made is not None:
        await change.done(RecordType.SUSPENSION, made)
    return made


async def _record(
    settings: Settings, database: Database, order: _Order, *, action: str, change: UUID, suspension: UUID
) -> int:
    """Record the change before it is kept, as the graph does."""
    keys, salt = SealingKeys(ledger_master_key(settings)), Commitments.new_salt()
    commitments = await keys.commitments(database)
    stated = orjson.dumps([action, order.person, order.reason])
    records = (
        RecordNote(
            type=RecordType.ACTION,
            id=str(change),
            home=None,
            disclosed=commitments.commit(salt, RecordType.ACTION.value, str(change), {action: stated}),
        ),
        RecordNote(type=RecordType.SUSPENSION, id=str(suspension), home=settings.authority),
    )
    entry = AuditEntry(
        request_id=str(change),
        at=order.at,
        gateway=settings.authority,
        caller=CallerNote(person=order.by, name=None, role="operator", agency="", authority=settings.authority),
        access=AccessNote(purpose="administration", reason=order.reason),
        operation=OperationNote(
            hash="", name=action, text=f"register: {action}", variables=orjson.dumps({"person": order.person}).decode()
        ),
        policy=None,
        outcome=OutcomeNote(status=OutcomeStatus.ANSWERED),
        salt=salt,
        records=records,
    )
    store = PostgresLedgerStore(database.url, keys=keys, timeout=settings.ledger_timeout)
    try:
        return await store.append([prepare(entry)])
    finally:
        await store.close()


def _table(found: Sequence[Suspension]) -> Table:
    table = Table("person", "since", "until", "by", "reason", "lifted", "by")
    for one in found:
        table.add_row(
            *map(
                _shown,
                (one.person, one.suspended_at, one.until, one.suspended_by, one.reason, one.lifted_at, one.lifted_by),
            )
        )
    return table


def _shown(value: object) -> str:
    if value is None:
        return "-"
    text = value.strftime("%Y-%m-%d %H:%M") if isinstance(value, datetime) else str(value)
    # What people wrote is shown, and never obeyed.
    return "".join(char if char.isprintable() else "\ufffd" for char in text).replace("[", "\\[")


def _now() -> datetime:
    return datetime.now(UTC)
