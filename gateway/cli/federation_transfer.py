"""`gateway federation transfer`: responsibility for a child, offered and answered at the operator's desk."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import uuid4

import orjson
import typer
from rich.console import Console
from rich.table import Table

from connectors.postgres.database import Database
from connectors.postgres.transfers import PostgresTransferOutbox, PostgresTransfers
from connectors.transfer_parts import TransferParts
from gateway.app.clock import utc_now
from gateway.app.running import Gateway, running
from gateway.asked import Operation
from gateway.cli.federation_locate import claims_of
from gateway.cli.running import console, database_url, ready_database_url, run
from gateway.cli.stated_ids import known_id
from gateway.federation.assertion import Asker
from gateway.federation.delivering import Attempt
from gateway.identity import Access, Claims
from gateway.known_ids import KnownIds
from gateway.reply import Reply
from gateway.settings import Settings, SettingsError
from gateway.transfers import KeptTransfer
from gateway.vocabulary import CallerStanding, PersonId, RecordType, TransferId, TransferStep

transfer_app = typer.Typer(
    help="Responsibility for a child, as it moves between authorities by offer and answer.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
EXIT_REFUSED: Final = 1
PURPOSE: Final = "administration"
"""What an operator's step and a repetition of it are for, unless another purpose is stated."""

_ALL: Final = 1_000
_ANSWER_EXAMPLE: Final = (
    "Example: `gateway federation transfer {} 6f1c… --person team.shah --reason 'Agreed by telephone'`"
)
_STEP: Final = """mutation Transfer($input: TransferResponsibilityInput!) {
  transferResponsibility(input: $input) { transfer { id state delivered } errors { code message } }
}"""
_NAMED: Final = {"child": RecordType.CHILD, "transfer": RecordType.RESPONSIBILITY_TRANSFER}
"""What a step names by its id."""

_out: Final = Console(soft_wrap=True)
Person = Annotated[str, typer.Option(help="Who decides: a person of the register.")]
Reason = Annotated[str, typer.Option(help="Why, in the person's own words; it stays here.")]
Id = Annotated[str, typer.Argument(help="The transfer's id, as `list` or the graph tells it.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """A transfer as the operator sees it: of whom it is, is for the directory team to see."""

    id: str
    offered_by: str
    offered_to: str
    state: str
    offered_at: str
    told: str


@transfer_app.command("list", epilog="Examples: `gateway federation transfer list`; `… list --all --json`")
def list_command(
    every: Annotated[bool, typer.Option("--all", help="Those that were answered as well.")] = False,
    as_json: AsJson = False,
) -> None:
    """List transfers, the oldest first, and what the other side may not have of them."""

    async def act(settings: Settings) -> list[_Listed]:
        database = await Database.open(database_url(settings), pool_min=1, pool_max=1)
        try:
            kept = await PostgresTransfers(database).page(after=None, size=_ALL, unanswered=not every)
            faults = await PostgresTransferOutbox(database, now=utc_now).faults()
        finally:
            await database.close()
        return [_listed(one, faults.get(one.transfer.id)) for one in kept]

    listed = run(act)
    if as_json:
        _out.print_json(orjson.dumps(listed).decode())
        return
    table = Table(title=f"{len(listed)} transfers")
    for heading in ("transfer", "from", "to", "state", "offered at", "the other side"):
        table.add_column(heading, overflow="fold")
    for one in listed:
        table.add_row(one.id, one.offered_by, one.offered_to, one.state, one.offered_at, one.told)
    Console().print(table)


@transfer_app.command(
    "offer",
    epilog="Example: `gateway federation transfer offer 0190… --to E08000003 --person team.shah --reason 'Moved away'`",
)
def offer(
    child: Annotated[str, typer.Argument(help="The child's directory id, or the one that the graph tells the person.")],
    to: Annotated[str, typer.Option(help="GSS code of the authority that is asked.")],
    person: Person,
    reason: Reason,
) -> None:
    """Offer responsibility for a child to another authority. Decided and recorded as through the graph."""
    _step({"step": TransferStep.OFFER.name, "child": child, "to": to}, person=person, reason=reason)


@transfer_app.command("accept", epilog=_ANSWER_EXAMPLE.format("accept"))
def accept(
    transfer: Id,
    person: Person,
    reason: Reason,
    instead_of: Annotated[
        str | None,
        typer.Option(help="GSS code of the third authority that is responsible as far as is known here, once asked."),
    ] = None,
) -> None:
    """Take responsibility for a child that another authority offers."""
    stated = {"step": TransferStep.ACCEPT.name, "transfer": transfer, "insteadOf": instead_of}
    _step(stated, person=person, reason=reason)


@transfer_app.command("refuse", epilog=_ANSWER_EXAMPLE.format("refuse"))
def refuse(transfer: Id, person: Person, reason: Reason) -> None:
    """Refuse what another authority offers."""
    _step({"step": TransferStep.REFUSE.name, "transfer": transfer}, person=person, reason=reason)


@transfer_app.command("withdraw", epilog=_ANSWER_EXAMPLE.format("withdraw"))
def withdraw(transfer: Id, person: Person, reason: Reason) -> None:
    """Want an offer back; it counts unless it has been answered before."""
    _step({"step": TransferStep.WITHDRAW.name, "transfer": transfer}, person=person, reason=reason)


@transfer_app.command(
    "resume",
    epilog="Examples: `gateway federation transfer resume`; after a backup was put back, at both authorities: "
    "`gateway federation transfer resume --everything --person team.shah`",
)
def resume(
    everything: Annotated[
        bool, typer.Option("--everything", help="Exchange all transfers, also those that were told before.")
    ] = False,
    person: Annotated[str | None, typer.Option(help="In whose name, with --everything.")] = None,
) -> None:
    """Tell the other side what it may not have, at once. Exits with 1 if something is still to be told."""

    async def act(settings: Settings) -> Sequence[Attempt]:
        async with running(settings, url=await ready_database_url(settings)) as gateway:
            parts = _parts(gateway)
            if everything:
                await _enqueue(gateway, await claims_of(gateway, PersonId(person or ""), None))
            return await parts.delivery(gateway.answering).deliver_all()

    attempts = run(act)
    for one in attempts:
        said = f"{one.authority} has it." if one.fault is None else f"{one.authority} was not told: {one.fault}."
        style = "green" if one.fault is None else "red"
        _out.print(f"{one.due.transfer}: {said}", markup=False, highlight=False, style=style)
    if any(one.fault is not None for one in attempts):
        raise typer.Exit(EXIT_REFUSED)


async def _enqueue(gateway: Gateway, claims: Claims) -> None:
    transfers, at = PostgresTransfers(gateway.database), utc_now()
    asker = Asker(
        person=claims.person,
        name=claims.name,
        role=claims.role,
        agency=claims.agency,
        standing=CallerStanding.CURRENT,
    )
    after: TransferId | None = None
    while page := await transfers.page(after=after, size=_ALL, unanswered=False):
        for one in page:
            await transfers.tell(one.transfer.id, asker=asker, purpose=PURPOSE, at=at)
        after = page[-1].transfer.id


def _step(stated: dict[str, Any], *, person: str, reason: str) -> None:
    """Take a step in somebody's name and tell the other side; exits with 1 where the step is refused."""

    async def act(settings: Settings) -> tuple[Reply, KnownIds, Sequence[Attempt]]:
        async with running(settings, url=await ready_database_url(settings)) as gateway:
            parts = _parts(gateway)
            claims = await claims_of(gateway, PersonId(person), None)
            ids = gateway.answering.ids.known_to(claims.id_scope)
            named = {name: known_id(stated[name], of, ids) for name, of in _NAMED.items() if name in stated}
            sent = {"idempotencyKey": str(uuid4()), **stated, **named}
            reply = await gateway.answering.answer(
                claims,
                Access(purpose=PURPOSE, reason=reason, case=None, grant=None),
                Operation(text=_STEP, name=None, variables={"input": sent}),
                request_id=str(uuid4()),
            )
            return reply, ids, await parts.delivery(gateway.answering).deliver_all()

    reply, ids, attempts = run(act)
    refused = [one.message for one in reply.errors]
    if reply.data is not None:
        told = reply.data["transferResponsibility"]
        refused += [one["message"] for one in told["errors"]]
        if told["transfer"] is not None:
            transfer = ids.meant_as(RecordType.RESPONSIBILITY_TRANSFER, told["transfer"]["id"])
            _out.print(f"{transfer}: {told['transfer']['state']}", markup=False, highlight=False)
    for one in attempts:
        if one.fault is not None:
            console.print(f"{one.authority} is told later: {one.fault}.", markup=False, style="yellow")
    for message in refused:
        console.print(message, markup=False, style="red")
    if refused:
        raise typer.Exit(EXIT_REFUSED)


def _parts(gateway: Gateway) -> TransferParts:
    if gateway.transfers is None:
        raise SettingsError(
            "This gateway is no member: it needs GATEWAY_REGISTRY, GATEWAY_ASSERTION_KEY_FILE and a certificate for "
            "peers."
        )
    return gateway.transfers


def _listed(kept: KeptTransfer, fault: str | None) -> _Listed:
    offer = kept.transfer.offer
    return _Listed(
        id=str(kept.transfer.id),
        offered_by=offer.by,
        offered_to=offer.to,
        state=kept.transfer.state.value,
        offered_at=offer.at.isoformat(timespec="seconds"),
        told="has it" if kept.delivered else f"may not have it ({fault or 'not told yet'})",
    )
