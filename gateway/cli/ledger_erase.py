"""`gateway ledger erase`: destroy the keys of a child's entries; the ledger still verifies."""

import getpass
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer

from connectors.postgres.database import Database
from connectors.postgres.ledger_erasure import REWRITE_TIMEOUT, Erasable, LedgerErasure
from gateway.cli.ledger_orders import appended, operators_entry
from gateway.cli.running import console, ready_database_url, run
from gateway.ledger.sealing import NOBODY
from gateway.settings import Settings

EXIT_NOTHING_TO_ERASE = 4


def erase(
    children: Annotated[list[str] | None, typer.Argument(help="Directory ids of children.")] = None,
    through: Annotated[
        int | None, typer.Option(help="Last year to erase; otherwise all years.", min=2000, max=9999)
    ] = None,
    unattributed: Annotated[
        bool, typer.Option("--unattributed", help="Erase the words of asks that touched no child; needs --through.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why; it is kept in the entry that says what was erased.")] = "",
    by: Annotated[str | None, typer.Option(help="Who orders it; otherwise the name of this login.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,
) -> None:
    """Destroy the keys that seal a child's entries, for good, and record that it was done.

    What can no longer be read: which child it was, the reasons, cases, search terms and names of callers in entries
    about the child, and what commits to the values told. What stays: who asked, when, for which purpose, which fields
    were decided how. Every hash and proof still verifies. Backups and the write-ahead log hold the keys until they are
    gone themselves. Gateways that run may seal with a destroyed key for up to a minute more.

    The reason stands in the ledger: do not name the child in it. An erasure that broke off is run again.
    Exits with 4 if there is nothing to erase.
    """
    wanted = [_child_id(text) for text in children or ()]
    if unattributed:
        if through is None:
            raise typer.BadParameter("--unattributed needs --through: this year's are still being written")
        wanted.append(NOBODY)
    if not wanted:
        raise typer.BadParameter("name a child, or give --unattributed")
    if not reason.strip():
        raise typer.BadParameter("give a --reason; it is kept in the ledger")

    async def act(settings: Settings) -> None:
        url = await ready_database_url(settings)
        database = await Database.open(url, pool_min=1, pool_max=1, timeout=REWRITE_TIMEOUT)
        try:
            erasure = LedgerErasure(database)
            found = await erasure.erasable(wanted, through=through)
            if not found.tags:
                # An erasure that broke off may have destroyed its keys and not yet rewritten their table.
                await erasure.rewrite()
                console.print("There is no key to destroy: nothing was recorded about them, or it is erased already.")
                raise typer.Exit(EXIT_NOTHING_TO_ERASE)
            _confirm(found, yes=yes)
            at = datetime.now(UTC)
            seq = await _record(settings, url, found, reason=reason, by=by or getpass.getuser(), at=at)
            await erasure.destroy(found.tags, by_entry=seq, at=at)
        finally:
            await database.close()
        console.print(f"Destroyed {len(found.tags)} keys; entry {seq} says so.")

    run(act)


def _child_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no directory id of a child") from None


def _confirm(found: Erasable, *, yes: bool) -> None:
    years = ", ".join(map(str, found.years))
    said = f"{len(found.tags)} keys of {len(found.children)} records ({years}), used in {found.entries} entries"
    console.print(f"To be destroyed for good: {said}.", markup=False)
    if not yes:
        typer.confirm("Destroy them?", abort=True, err=True)


async def _record(settings: Settings, url: str, found: Erasable, *, reason: str, by: str, at: datetime) -> int:
    """Record the erasure before it is done: a key may be missing only where an entry says so."""
    entry = operators_entry(
        settings, action="erase", stated={"years": found.years}, reason=reason, by=by, at=at, erased=found.tags
    )
    return await appended(settings, url, entry)
