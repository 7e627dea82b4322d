"""The ledger's table in the hands of somebody else for half a minute: refusals in time, and answers soon after."""

import asyncio
from collections import Counter

from tests.faults import table
from tests.faults.crowd import a_crowd, an_asker
from tests.faults.locks import locked
from tests.support.processes import Load, a_served_gateway, lost, recorded, until

HELD, HELD_LONG = 3.0, 30.0
"""Seconds for which the lock is held."""
RECOVERY = 15.0
"""Seconds from the end of the lock to the first answer. A promise of the service, held to by `make faults`."""
TYPED = {(503, "AUDIT_UNAVAILABLE"), (503, "SOURCE_UNAVAILABLE"), (503, "OVERLOADED")}


async def test_while_the_ledger_is_locked_nothing_is_told_and_afterwards_everything_is_recorded(
    database, database_url, nurse, tmp_path, long
):
    load = Load(await an_asker(nurse, database, tmp_path), await a_crowd(database))
    settings = {"ledger_timeout": 1, "database_timeout": 1}

    async with a_served_gateway(tmp_path, url=database_url, **settings) as gateway, load.on(gateway.address):
        await until(lambda: has_told(load, 20))
        async with locked(database_url, "ledger_entry"):
            told = len(load.delivered)
            await asyncio.sleep(HELD_LONG if long else HELD)  # the fault itself: somebody holds a lock for so long
            await until(lambda: has_refused(load, 16))
            told_while_locked = len(load.delivered) - told
        took = await until(lambda: has_told(load, told + told_while_locked + 1), within=60)
        await until(lambda: has_told(load, told + 20))

    missing = lost(load.delivered, await recorded(database, tmp_path))
    table.note(f"ledger locked for {HELD_LONG if long else HELD:g} s", load, missing, again_after=took)
    assert set(load.refusals) <= TYPED, Counter(load.refusals)
    # What was under way when the lock was taken may have been recorded before it, and told after.
    assert told_while_locked <= load.connections
    assert missing == []
    assert not long or took < RECOVERY


async def has_told(load, least):
    return len(load.delivered) >= least


async def has_refused(load, least):
    return len(load.refusals) >= least
