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
from tests.support.postgres import server_folder
from tests.support.processes import Load, a_served_gateway, lost, until
from tests.support.tools import do_without

RECOVERY = 15.0
"""Seconds from the return of room to the first answer. A promise of the service."""
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


async def test_a_full_disk_costs_refusals_and_no_entry_of_a_delivered_answer(server, tmp_path):
    await migrate(server.url)
    database = await Database.open(server.url, pool_min=1, pool_max=2, timeout=10)
    try:
        load = Load(await an_asker(await a_nurse(database), database, tmp_path), await a_crowd(database))
        async with a_served_gateway(tmp_path, url=server.url, request_timeout=5) as gateway, load.on(gateway.address):
            await until(lambda: more_of(load.delivered))
            ballast = fill(server.disk)
            before = len(load.refusals)
            await until(lambda: more_of(load.refusals, than=before), within=120)
            told, refused = len(load.delivered), len(load.refusals)
            await until(lambda: more_of(load.refusals, than=refused), within=60)
            told_while_full = len(load.delivered) - told
            ballast.unlink()
            await until(lambda: started_if_stopped(server), within=60)
            took = await until(lambda: more_of(load.delivered, than=told + told_while_full, several=1), within=60)
            await until(lambda: more_of(load.delivered, than=told))
    finally:
        await database.close()
    found = await found_in(server, tmp_path)

    missing = lost(load.delivered, found)
    table.note("disk of the database full", load, missing, again_after=took)
    assert set(load.refusals) <= TYPED, Counter(load.refusals)
    assert (503, "AUDIT_UNAVAILABLE") in load.refusals
    assert told_while_full == 0
    assert missing == []
    assert took < RECOVERY


async def more_of(noted, *, than=0, several=SEVERAL):
    return len(noted) >= than + several


async def started_if_stopped(server):
    """A server that could not write its log stops; its operator starts it again."""
    if server.pid is None:
        await started_again(server)
    return True
