"""A database server killed, or turned into a standby, under load: refusals say so, and every answer is recorded."""

import asyncio
import os
import shutil
import signal
from collections import Counter
from contextlib import asynccontextmanager
from functools import partial

import asyncpg
import pytest

from connectors.postgres.database import Database
from connectors.postgres.migration import migrate
from connectors.postgres.server import EmbeddedServer
from gateway.settings import Settings
from tests.faults import table
from tests.faults.crowd import a_crowd, a_nurse, an_asker
from tests.faults.servers import found_in, started_again
from tests.support.gateway import AS_SHIPPED
from tests.support.paced import PacedLoad
from tests.support.postgres import server_folder
from tests.support.processes import Load, a_served_gateway, lost, until

RECOVERY = 15.0
"""Seconds from the database's return to the first answer. A promise of the service, held to by `make faults`."""
TYPED = {(503, "SOURCE_UNAVAILABLE"), (503, "AUDIT_UNAVAILABLE")}
CROWDED = (503, "OVERLOADED")
SEVERAL = 30
RATE = 500
"""Asks a second, whether or not one gateway can answer as many."""
DOOR = {"requests_at_once": Settings.model_fields["requests_at_once"].default}
"""That of a gateway as it is shipped, which turns away what is too many."""


@pytest.fixture
def server():
    """A server of the test's own, stopped at the end whatever became of it."""
    with server_folder() as folder:
        server = EmbeddedServer(folder)
        try:
            server.start()
            yield server
        finally:
            server.stop(mode="immediate")
            server.leave()


@asynccontextmanager
async def a_loaded_gateway(server, folder, load_of=Load, **changed):
    """Load on a gateway over the server, once answers come; yields the load."""
    await migrate(server.url)
    database = await Database.open(server.url, pool_min=1, pool_max=2, timeout=10)
    asker, children = await an_asker(await a_nurse(database), database, folder), await a_crowd(database)
    await database.close()
    load = load_of(asker, children)
    settings = {"request_timeout": 5} | AS_SHIPPED | changed
    async with a_served_gateway(folder, url=server.url, **settings) as gateway, load.on(gateway.address):
        await until(lambda: more_of(load.delivered))
        yield load


async def more_of(noted, *, than=0):
    return len(noted) >= than + SEVERAL


async def told_more(load):
    """Wait for more answers, and return the seconds to the first and whether there were several."""
    before = len(load.delivered)

    async def first():
        return len(load.delivered) > before

    took = await until(first, within=60)
    await until(lambda: more_of(load.delivered, than=before))
    return took


async def refused_more(load):
    before = len(typed(load))

    async def more():
        return len(typed(load)) >= before + SEVERAL

    await until(more)


def typed(load):
    """The refusals that say what is wrong with the database."""
    return [refusal for refusal in load.refusals if refusal in TYPED]


async def test_a_killed_database_costs_refusals_and_no_entry_of_a_delivered_answer(server, tmp_path, long):
    recoveries = []

    async with a_loaded_gateway(server, tmp_path, partial(PacedLoad, rate=RATE), **DOOR) as load:
        for _ in range(5 if long else 2):
            os.kill(server.pid, signal.SIGKILL)
            await refused_more(load)
            await started_again(server)
            recoveries.append(await told_more(load))

    missing = lost(load.delivered, await found_in(server, tmp_path))
    pace = len(load.asked) / load.seconds
    table.note(f"PostgreSQL killed at {pace:.0f} asks/s", load, missing, again_after=max(recoveries))
    assert set(load.refusals) <= TYPED | {CROWDED}, Counter(load.refusals)
    assert not long or all(took < RECOVERY for took in recoveries)
    assert missing == []


async def test_a_database_that_becomes_a_standby_silences_the_gateway_until_it_is_promoted(server, tmp_path, long):
    async with a_loaded_gateway(server, tmp_path) as load:
        await asyncio.to_thread(server.stop)
        make_standby(server)
        await started_again(server)
        await refused_more(load)
        while_starting = len(load.delivered)
        await refused_more(load)
        told_by_a_standby = len(load.delivered) - while_starting
        await promote(server)
        took = await told_more(load)

    missing = lost(load.delivered, await found_in(server, tmp_path))
    table.note("PostgreSQL a standby, then promoted", load, missing, again_after=took)
    assert told_by_a_standby == 0
    assert set(load.refusals) <= TYPED, Counter(load.refusals)
    assert (503, "AUDIT_UNAVAILABLE") in load.refusals
    assert not long or took < RECOVERY
    assert missing == []


def make_standby(server):
    sign = server._cluster / "standby.signal"
    sign.touch()
    owner = server._cluster.stat()
    shutil.chown(sign, owner.st_uid, owner.st_gid)


async def promote(server):
    connection = await asyncpg.connect(server.url)
    try:
        await connection.execute("SELECT pg_promote()")
    finally:
        await connection.close()
