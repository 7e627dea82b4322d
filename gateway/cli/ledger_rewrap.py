"""`gateway ledger rewrap`: take up a new master key; nothing that the old one wrapped is lost."""

from pathlib import Path
from typing import Annotated

import typer

from connectors.ledger_secret import ledger_master_key
from connectors.postgres.database import Database
from connectors.postgres.ledger_keys import rewrap_keys
from gateway.cli.running import console, ready_database_url, run
from gateway.ledger.master_key import MasterKey, NotWrappedByThis
from gateway.settings import Settings, SettingsError

REWRAP_TIMEOUT = 300.0
"""Seconds it may take in all; a million keys take about half a minute."""


def rewrap(
    old: Annotated[Path, typer.Option("--from", help="File with the master key so far.", exists=True, dir_okay=False)],
) -> None:
    """Wrap every key of the ledger with the configured master key instead of an old one, all or none.

    Stop the gateways first, and start them with the new key afterwards: one that runs with the old key can then neither
    seal nor open. Entries, their hashes and commitments stay as they are. It can be run again: a key that the new
    master key wraps already is left alone.
    """

    async def act(settings: Settings) -> None:
        new = ledger_master_key(settings)
        try:
            before = MasterKey(old.read_bytes())
        except ValueError as error:
            raise SettingsError(f"{old.name}: {error}") from None
        url = await ready_database_url(settings)
        database = await Database.open(url, pool_min=1, pool_max=1, timeout=REWRAP_TIMEOUT)
        try:
            changed = await rewrap_keys(database, old=before, new=new, within=REWRAP_TIMEOUT)
        except NotWrappedByThis as error:
            raise SettingsError(f"Nothing was changed: {error}.") from None
        finally:
            await database.close()
        console.print(f"Wrapped {changed} keys with the new master key.")

    run(act)
