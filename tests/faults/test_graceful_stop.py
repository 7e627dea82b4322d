"""A gateway told to stop: what was asked is answered, what was answered is recorded, and nothing is left running."""

import asyncio
import signal
import socket
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from connectors.postgres.database import Database
from connectors.postgres.migration import migrate
from connectors.postgres.server import EmbeddedServer
from tests.faults.crowd import a_crowd, a_nurse, an_asker
from tests.faults.locks import locked
from tests.support.postgres import server_folder
from tests.support.processes import Load, a_served_gateway, lost, recorded, unread, until

ASKS = 8


@pytest.fixture
def server():
    """A server in a data folder that a gateway can share."""
    with server_folder() as folder:
        server = EmbeddedServer(folder)
        try:
            server.start()
            server.folder = folder
            yield server
        finally:
            server.stop()
            server.leave()


@asynccontextmanager
async def opened(url):
    database = await Database.open(url, pool_min=1, pool_max=2, timeout=10)
    try:
        yield database
    finally:
        await database.close()


def refuses_connections(address):
    async def refuses():
        place = urlsplit(address)
        try:
            with socket.create_connection((place.hostname, place.port), timeout=1):
                return False
        except ConnectionRefusedError:
            return True

    return refuses


def under_way(asks, *, address, holder):
    """Whether the gateway has read as many asks, and waits for the table that the holder keeps."""
    port = urlsplit(address).port

    async def are():
        # What waits for the table was sent after all had connected, and looked for before what is unread.
        waits = await holder.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE relation IS NOT NULL AND NOT granted)")
        queues = list(unread(port))
        looks.append(waits and len(queues) == asks and not any(queues))
        return len(looks) >= 5 and all(looks[-5:])

    looks = []
    return are


@pytest.mark.parametrize("table", ["child", "ledger_entry"], ids=["reading", "writing the ledger"])
async def test_asks_under_way_when_a_gateway_is_told_to_stop_are_answered_and_recorded(
    database, database_url, nurse, tmp_path, table
):
    load = Load(await an_asker(nurse, database, tmp_path), await a_crowd(database, children=50), connections=ASKS)
    settings = {"database_timeout": 20, "ledger_timeout": 20, "database_pool_max": ASKS + 2}

    async with a_served_gateway(tmp_path, url=database_url, **settings) as gateway:
        async with locked(database_url, table) as holder:
            asking = asyncio.create_task(load.ask_once_each(gateway.address))
            await until(under_way(ASKS, address=gateway.address, holder=holder))
            gateway.send(signal.SIGTERM)
            await until(refuses_connections(gateway.address))
        await asking
        code = await gateway.ended()

    assert len(load.delivered) == ASKS
    assert lost(load.delivered, await recorded(database, tmp_path)) == []
    assert code == 0
    assert gateway.complained.count("\n") == 1  # where it served, and no complaint


async def test_the_embedded_database_stops_with_the_last_gateway_that_uses_it(server):
    await migrate(server.url)
    async with opened(server.url) as database:
        asker = await an_asker(await a_nurse(database), database, server.folder)
        load = Load(asker, await a_crowd(database, children=50))

    async with a_served_gateway(server.folder) as gateway:
        server.leave()
        used_by_the_gateway = server.pid
        await load.ask_once_each(gateway.address)
        gateway.send(signal.SIGTERM)
        code = await gateway.ended()
    left_running = server.pid
    server.start()
    async with opened(server.url) as database:
        found = await recorded(database, server.folder)

    assert code == 0
    assert used_by_the_gateway is not None
    assert left_running is None
    assert len(load.delivered) == load.connections
    assert lost(load.delivered, found) == []
