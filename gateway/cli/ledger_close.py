"""`gateway ledger close`: end the ledger's name at what a restored database has left, and go on under another."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from connectors.checkpoint_keys import key_in, signing_keys
from connectors.postgres.checkpoints import PostgresCheckpoints
from gateway.cli.ledger_orders import ReasonOption, TwoPeople, appended, operators_entry, stated_reason, two_people
from gateway.cli.ledger_running import held_checkpoint
from gateway.cli.running import console, ready_database_url, run
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.checkpointing import Checkpointer, Turn
from gateway.ledger.closing import Closing, number_of, numbered_origin, read_closing
from gateway.ledger.notes import MalformedNote, SigningKey
from gateway.ledger.tree import TreeDamaged
from gateway.settings import Settings, SettingsError

EXIT_NOT_CLOSED: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """What is closed by whose keys, which key goes on, and the checkpoints that others hold of what is not here."""

    old: tuple[SigningKey, ...]
    new: SigningKey
    held: tuple[Path, ...]

    @property
    def signed_to(self) -> int | None:
        """Return the largest size that is known to have been signed."""
        keys = [key.verifier for key in self.old]
        return max((held_checkpoint(file, keys).size for file in self.held), default=None)


def close(
    successor: Annotated[
        Path,
        typer.Option("--with", help="Key of the next name: `gateway ledger key new --number 2`.", exists=True),
    ],
    held: Annotated[
        list[Path] | None,
        typer.Option(
            help="A checkpoint that a witness or somebody else holds, over more than is here; may be repeated.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    by: TwoPeople = None,
    reason: ReasonOption = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,
) -> None:
    """Close the ledger's name at the entries that are here, and go on under the next, whose key is given.

    For a database that was put back and has lost entries that were signed: no witness signs that name any more, and
    must not. The statement is signed by the keys of both names and printed; who, why and what was held go into an
    entry, the first under the new name. Entries, numbers and proofs stay. Stop every gateway first; afterwards
    GATEWAY_LEDGER_SIGNING_KEY_FILES names the new key alone.

    A closing that broke off is run again. Exits with 4 if the ledger is not what was signed, or a gateway still writes.
    """
    people, why = two_people(by), stated_reason(reason)

    async def act(settings: Settings) -> None:
        order = _order(settings, key_in(successor), held or ())
        url = await ready_database_url(settings)
        closed, following = order.old[0].verifier.name, order.new.verifier.name
        if not yes:
            typer.confirm(f"Close {closed} for good and go on as {following}?", abort=True, err=True)
        store = PostgresCheckpoints(url, timeout=settings.database_timeout)
        try:
            statement, is_first = await _closed(store, order)
            if is_first:
                stated = {
                    "by": people,
                    "statement": statement,
                    "held": [file.read_text(encoding="utf-8") for file in order.held],
                }
                entry = operators_entry(
                    settings, action="close", stated=stated, reason=why, by=people[0], at=datetime.now(UTC)
                )
                console.print(f"Entry {await appended(settings, url, entry)} says so.")
            await _all_signed(store, following, (order.new,))
        except TreeDamaged as damaged:
            console.print(f"{damaged} Run `gateway ledger verify`.", markup=False)
            raise typer.Exit(EXIT_NOT_CLOSED) from None
        finally:
            await store.close()
        sys.stdout.write(statement)
        console.print("From now on GATEWAY_LEDGER_SIGNING_KEY_FILES names the new key alone.")

    run(act)


def _order(settings: Settings, new: SigningKey, held: Sequence[Path]) -> _Order:
    try:
        closed = numbered_origin(settings.authority, number_of(new.verifier.name, settings.authority) - 1)
    except MalformedNote as error:
        raise SettingsError(f"--with: {error}") from None
    old = tuple(key for key in signing_keys(settings) if key.verifier.name == closed)
    if not old:
        raise SettingsError(f"GATEWAY_LEDGER_SIGNING_KEY_FILES: names no key of {closed}, which is to be closed")
    return _Order(old=old, new=new, held=tuple(held))


async def _closed(store: PostgresCheckpoints, order: _Order) -> tuple[str, bool]:
    """Return the statement, made unless a run before made it, and whether its entry is still to be written."""
    async with store.turn() as turn:
        newest = None if turn is None else await turn.newest()
        closing = None if newest is None else read_closing(newest.note)
        if turn is not None and newest is not None and closing is not None and closing.successor == order.new.verifier:
            return newest.note, await turn.next_seq() == newest.size
    await _all_signed(store, order.old[0].verifier.name, order.old)
    async with store.turn() as turn:
        if turn is None:
            raise TreeDamaged("A gateway is still signing: stop every gateway first.")
        return await _statement(turn, order), True


async def _all_signed(store: PostgresCheckpoints, origin: str, keys: Sequence[SigningKey]) -> None:
    checkpointer = Checkpointer(store, origin=origin, keys=keys)
    while await checkpointer.take_turn(hurried=True):
        pass


async def _statement(turn: Turn, order: _Order) -> str:
    newest = await turn.newest()
    if newest is None or await turn.next_seq() != newest.size:
        raise TreeDamaged("Entries are still being written: stop every gateway first.")
    if order.signed_to is not None and order.signed_to <= newest.size:
        raise SettingsError(f"--held: covers nothing beyond the {newest.size} entries that are here")
    closing = Closing(
        checkpoint=Checkpoint(origin=order.old[0].verifier.name, size=newest.size, root=newest.root),
        closed=tuple(key.verifier for key in order.old),
        successor=order.new.verifier,
        signed_to=order.signed_to,
    )
    note = closing.signed([*order.old, order.new])
    await turn.keep(closing.checkpoint, note, [])
    return str(note)
