"""A gateway that is killed while it answers: what it told stands in the ledger, and the next one serves at once."""

import random
import time

from gateway.settings import Settings
from tests.faults import table
from tests.faults.crowd import a_crowd, an_asker
from tests.support.paced import PacedLoad
from tests.support.processes import a_served_gateway, is_ready, lost, recorded, until

ROUNDS, ROUNDS_LONG = 3, 5
RATE = 500
"""Asks a second, whether or not one gateway can answer as many."""
DOOR = {"requests_at_once": Settings.model_fields["requests_at_once"].default}
"""That of a gateway as it is shipped."""
SERVING_AGAIN = 10.0
"""Seconds from a kill to serving again. A promise of the service, held to by `make faults`, which runs alone."""


async def test_a_gateway_killed_under_load_loses_no_entry_of_a_delivered_answer(
    database, database_url, nurse, tmp_path, long
):
    children = await a_crowd(database)
    chance = random.Random()  # noqa: S311 - when to kill, no secret
    asker = await an_asker(nurse, database, tmp_path)
    aways, load = [], PacedLoad(asker, children, rate=RATE)
    killed_at, cut_off = None, 0
    rounds = ROUNDS_LONG if long else ROUNDS

    for _ in range(rounds):
        async with a_served_gateway(tmp_path, url=database_url, **DOOR) as gateway:
            await until(lambda: is_ready(gateway.address))
            away = None if killed_at is None else time.monotonic() - killed_at
            enough = len(load.delivered) + chance.randint(50, 400)
            async with load.on(gateway.address):
                await until(lambda: _has_told(load, enough), within=120)  # noqa: B023 - as above
                gateway.kill()
                killed_at = time.monotonic()
                # A kill meets asks under way, which find that out for themselves before the load ends.
                await until(lambda: _has_cut_off(load, cut_off + 1))  # noqa: B023 - as above
            cut_off = len(load.cut_off)
            aways.append(away)
    found = await recorded(database, tmp_path)

    missing = lost(load.delivered, found)
    again_after = max(away for away in aways if away)
    pace = len(load.asked) / load.seconds
    table.note(f"gateway killed, {rounds} times at {pace:.0f} asks/s", load, missing, again_after=again_after)
    assert missing == []
    # Beyond what one gateway carries its door turns asks away, and nothing else refuses any.
    assert set(load.refusals) <= {(503, "OVERLOADED")}
    assert not long or all(away is None or away < SERVING_AGAIN for away in aways)


async def _has_cut_off(load, least):
    return len(load.cut_off) >= least


async def _has_told(load, enough):
    return len(load.delivered) >= enough
