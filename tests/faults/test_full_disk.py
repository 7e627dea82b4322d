"""A disk that is full: nothing is told that could not be recorded, and answers come again once there is room."""

import subprocess
from collections import Counter
from contextlib import contextmanager

import pytest

from connectors.postgres.database import Database
from connectors.postgres.migration import migrate
from connectors.postgres.server import EmbeddedServer
from tests.faults import table
from tests.faults.crowd import a_crowd, a_nurse, an_asker
from tests.faults.servers import found_in, started_again
from tests.support.gateway import AS_SHIPPED
from tests.support.postgres import server_folder
from tests.support.processes import Load, a_served_gateway, lost, until
from tests.support.tools import do_without

RECOVERY = 15.0
"""Seconds from the return of room to the first answer. A promise of the service, held to by `make faults`."""
TYPED = {(503, "AUDIT_UNAVAILABLE"), (503, "SOURCE_UNAVAILABLE")}
SIZE = 400 * 1024 * 1024
SEVERAL = 20


@contextmanager
def a_small_disk(folder):
    """A file system of its own over a folder, for the length of the block."""
    made = subprocess.run(  # noqa: S603 - the folder is ours
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=755", "tmpfs", str(folder)],  # noqa: S607 - the system's own
        capture_output=True,
        check=False,
    )
    if made.returncode:
        do_without("a file system of a test's own (root's right to mount one)")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)  # noqa: S603, S607 - as above


def fill(folder):
    """Write until there is no room left, and return what has to go for room to come back."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        size = 1024 * 1024
        while size:
            try:
                file.write(b"\0" * size)
            except OSError:
                size //= 2
    return ballast


@pytest.fixture
def server():
    with server_folder() as folder, a_small_disk(folder):
        server = EmbeddedServer(folder / "server")
        try:
            server.start()
            server.disk = folder
            yield server
        finally:
            server.stop(mode="immediate")
            server.leave()


async def test_a_full_disk_costs_refusals_and_no_entry_of_a_delivered_answer(server, tmp_path, long):
    await migrate(server.url)
    database = await Database.open(server.url, pool_min=1, pool_max=2, timeout=10)
    try:
        load = Load(await an_asker(await a_nurse(database), database, tmp_path), await a_crowd(database))
        settings = {"request_timeout": 5} | AS_SHIPPED
        async with a_served_gateway(tmp_path, url=server.url, **settings) as gateway, load.on(gateway.address):
            await until(lambda: more_of(load.delivered))
            ballast = fill(server.disk)
            await until(lambda: nothing_is_told(load), within=120)
            told = len(load.delivered)
            ballast.unlink()
            await until(lambda: started_if_stopped(server), within=120)
            took = await until(lambda: more_of(load.delivered, than=told, several=1), within=120)
            await until(lambda: more_of(load.delivered, than=told))
    finally:
        await database.close()
    found = await found_in(server, tmp_path)

    missing = lost(load.delivered, found)
    table.note("disk of the database full", load, missing, again_after=took)
    assert set(load.refusals) <= TYPED, Counter(load.refusals)
    assert (503, "AUDIT_UNAVAILABLE") in load.refusals
    assert missing == []
    assert not long or took < RECOVERY


async def nothing_is_told(load):
    """Whether of the last to be answered all were refused: there may be room in a page long after the disk is full."""
    last = [asked for asked in load.asked if asked.status is not None][-SEVERAL:]
    return len(last) == SEVERAL and all(asked.refusal for asked in last)


async def more_of(noted, *, than=0, several=SEVERAL):
    return len(noted) >= than + several


async def started_if_stopped(server):
    """A server that could not write its log stops; its operator starts it again."""
    if server.pid is None:
        await started_again(server)
    return True
