"""A follower of the ledger that is killed, and a database that is killed under it: nothing is skipped or made up."""

import asyncio
import os
import random
import signal
from contextlib import asynccontextmanager, suppress

import asyncpg
import orjson
import pytest

from connectors.postgres.ledger import PostgresLedgerStore
from connectors.postgres.migration import migrate
from connectors.postgres.server import EmbeddedServer
from gateway.errors import AuditUnavailable, SourceUnavailable
from gateway.ledger.writer import LedgerWriter
from tests.ledger.entries import an_entry
from tests.support.ledger import sealing_keys
from tests.support.partitions import SIZE, small_partitions, write_entries
from tests.support.postgres import server_folder
from tests.support.processes import PROJECT, START_TIMEOUT, a_running, command_of, environment_of, until

SEVERAL = 200
"""Lines between one kill and the next, at least."""


@asynccontextmanager
async def a_writing_gateway(url):
    """Entries written all the time, by eight askers at once, who go on when the ledger refuses."""
    store = PostgresLedgerStore(url, keys=sealing_keys(), timeout=5)
    writer = LedgerWriter(store, timeout=5)
    writer.start()
    told = set()

    async def ask():
        while True:
            with suppress(AuditUnavailable):
                told.add(await writer.record(an_entry()))

    asking = [asyncio.create_task(ask()) for _ in range(8)]
    try:
        yield told
    finally:
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        await writer.close()
        await store.close()


@asynccontextmanager
async def a_follower(url, folder, *, after):
    command = command_of("ledger", "follow", "--after", str(after), "--interval", "0.01")
    async with a_running(command, folder=folder, database_url=url, data_dir=folder / "data") as follower:
        yield follower


def whole_lines(printed):
    """What a shipper takes: every line that has its end."""
    return [orjson.loads(line) for line in printed.splitlines(keepends=True) if line.endswith("\n")]


async def test_a_follower_killed_again_and_again_prints_each_entry_once_when_it_resumes_after_the_last(
    database_url, tmp_path
):
    shipped = []

    async def more():
        return len(whole_lines(follower.printed)) >= wanted

    async with a_writing_gateway(database_url):
        for _ in range(4):
            after, wanted = len(shipped) - 1, SEVERAL + random.randrange(SEVERAL)  # noqa: S311 - when to kill
            async with a_follower(database_url, tmp_path, after=after) as follower:
                await until(more, within=START_TIMEOUT)
                follower.kill()
            shipped += whole_lines(follower.printed)

    assert [line["seq"] for line in shipped] == list(range(len(shipped)))
    connection = await asyncpg.connect(database_url)
    rows = await connection.fetch("SELECT leaf_hash FROM ledger_entry ORDER BY seq LIMIT $1", len(shipped))
    await connection.close()
    assert [line["leaf_hash"] for line in shipped] == [row["leaf_hash"].hex() for row in rows]


@pytest.fixture
def server():
    """A server of the test's own, with durable commits, stopped at the end whatever became of it."""
    with server_folder() as folder:
        server = EmbeddedServer(folder)
        try:
            server.start()
            yield server
        finally:
            server.stop(mode="immediate")
            server.leave()


async def test_a_follower_waits_for_a_killed_database_and_has_printed_nothing_that_did_not_outlive_it(server, tmp_path):
    await migrate(server.url)

    async def printed_more():
        return len(whole_lines(follower.printed)) >= wanted

    async def serves():
        with suppress(SourceUnavailable, OSError, asyncpg.PostgresError, TimeoutError):
            await asyncio.to_thread(server.start)
            await (await asyncpg.connect(server.url)).close()
            return True
        return False

    survivors = []
    async with a_writing_gateway(server.url), a_follower(server.url, tmp_path, after=-1) as follower:
        for _ in range(3):
            wanted = len(whole_lines(follower.printed)) + SEVERAL
            await until(printed_more, within=START_TIMEOUT)
            os.kill(server.pid, signal.SIGKILL)
            before = whole_lines(follower.printed)
            await until(serves, within=START_TIMEOUT)
            connection = await asyncpg.connect(server.url)
            rows = await connection.fetch("SELECT seq, leaf_hash FROM ledger_entry WHERE seq < $1", len(before))
            await connection.close()
            survivors.append(
                {row["seq"]: row["leaf_hash"].hex() for row in rows}
                == {line["seq"]: line["leaf_hash"] for line in before}
            )
        assert follower.runs
        complained = follower.complained

    lines = whole_lines(follower.printed)
    assert survivors == [True, True, True]
    assert [line["seq"] for line in lines] == list(range(len(lines)))
    assert "Waiting for it." in complained


async def test_an_entry_that_is_not_committed_is_not_printed(database_url, database, tmp_path):
    await write_entries(database_url, tmp_path, 3)
    other = await asyncpg.connect(database_url)
    transaction = other.transaction()
    await transaction.start()
    await other.execute(
        "INSERT INTO ledger_entry (seq, entry, leaf_hash, at, request_id, outcome) "
        "SELECT 3, entry, leaf_hash, at, request_id, outcome FROM ledger_entry WHERE seq = 2"
    )

    async with a_follower(database_url, tmp_path, after=-1) as follower:
        await until(lambda: printed(follower, 3), within=START_TIMEOUT)
        await asyncio.sleep(0.2)  # twenty looks at the ledger
        while_open = len(whole_lines(follower.printed))
        await transaction.commit()
        await until(lambda: printed(follower, 4))
    await other.close()

    assert while_open == 3


async def printed(follower, number):
    return len(whole_lines(follower.printed)) >= number


async def test_a_follower_does_not_step_over_an_entry_that_is_not_there(database_url, database, tmp_path):
    await small_partitions(database)
    await write_entries(database_url, tmp_path, SIZE + 3)
    await database.execute("DROP TABLE ledger_entry_0, ledger_child_0")

    async with a_follower(database_url, tmp_path, after=9) as follower:
        code = await follower.ended(within=START_TIMEOUT)
    async with a_follower(database_url, tmp_path, after=SIZE - 1) as behind_it:
        await until(lambda: printed(behind_it, 3), within=START_TIMEOUT)

    assert (code, follower.printed) == (10, "")
    assert f"begin again with --after {SIZE - 1}" in follower.complained


async def test_a_follower_whose_reader_went_away_ends(database_url, tmp_path):
    await write_entries(database_url, tmp_path, 3)
    reading, writing = os.pipe()
    command = command_of("ledger", "follow")
    process = await asyncio.create_subprocess_exec(
        *command, cwd=PROJECT, stdout=writing, stderr=asyncio.subprocess.PIPE,
        env=environment_of(database_url=database_url, data_dir=tmp_path),
    )  # fmt: skip
    os.close(writing)
    os.close(reading)

    _, complained = await asyncio.wait_for(process.communicate(), START_TIMEOUT)

    assert process.returncode == 1
    assert complained == b""
