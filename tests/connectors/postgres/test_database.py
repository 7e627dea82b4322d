"""The pool: bounded waiting, our errors only, and recovery when the server comes back."""

import asyncio
import os
import signal
import time
from contextlib import suppress

import pytest

from connectors.postgres.database import GRACE, Database
from connectors.postgres.server import EmbeddedServer
from gateway.errors import SourceMalformed, SourceUnavailable
from tests.support.builders import a_source
from tests.support.postgres import server_folder
from tests.support.processes import until

SHORT = 0.5
BUSY = 10.0
"""Seconds that a busy machine may take beyond what is promised."""


@pytest.fixture
async def impatient(database_url):
    database = await Database.open(database_url, pool_min=1, pool_max=1, timeout=SHORT)
    yield database
    await database.close()


@pytest.fixture
def own_server():
    with server_folder() as folder:
        server = EmbeddedServer(folder)
        server.start()
        yield server
        server.stop()
        server.leave()


async def answers_again(database):
    """Wait for an answer: one that gives up so soon may do so for the machine's sake."""

    async def answers():
        with suppress(SourceUnavailable):
            return bool(await database.fetch("SELECT 1"))
        return False

    await until(answers)


async def nobody_sleeps(database):
    return not await database.fetch(
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
    )


async def test_a_statement_that_takes_too_long_is_abandoned_by_the_server(impatient, database):
    with pytest.raises(SourceUnavailable) as refusal:
        await impatient.fetch("SELECT pg_sleep(30)")

    # The server gives up first; a client that was late to hear of it gives up as well.
    assert refusal.value.reason in {"database:57014", "database:late"}
    await until(lambda: nobody_sleeps(database))
    await answers_again(impatient)


async def test_waiting_for_a_connection_is_bounded(impatient):
    async with impatient.transaction():
        started = time.monotonic()
        with pytest.raises(SourceUnavailable):
            await impatient.fetch("SELECT 1")

    assert time.monotonic() - started < SHORT + GRACE + BUSY
    await answers_again(impatient)


async def test_a_transaction_may_be_given_more_time(impatient):
    async with impatient.transaction(within=20.0) as connection:
        await connection.execute("SELECT pg_sleep(1.2)")

    with pytest.raises(SourceUnavailable):
        async with impatient.transaction() as connection:
            await connection.execute("SELECT pg_sleep(1.2)")


async def insert(database, *ids, then=None):
    async with database.transaction() as connection:
        for source in ids:
            await connection.execute("INSERT INTO source VALUES ($1, $1)", source)
        if then is not None:
            raise then


async def sources(database):
    """The sources that a test made."""
    rows = await database.fetch("SELECT id FROM source WHERE id <> 'directory-gateway' ORDER BY id")
    return [row["id"] for row in rows]


async def test_a_transaction_commits_whole_or_not_at_all(database):
    with pytest.raises(SourceMalformed):
        await insert(database, "a", "a")
    await insert(database, "b")

    assert await sources(database) == ["b"]


async def test_a_block_that_raises_its_own_error_keeps_it_and_nothing_else(database):
    with pytest.raises(ZeroDivisionError):
        await insert(database, "a", then=ZeroDivisionError())

    assert await sources(database) == []


@pytest.mark.parametrize(
    ("sql", "arguments", "reason"),
    [
        ("SELECT * FROM no_such_table", (), "database:42P01"),
        ("SELEC", (), "database:42601"),
        ("SELECT 1 / 0", (), "database:22012"),
        ("SELECT $1::integer", ("seven",), "database:22000"),
        ("INSERT INTO source VALUES ($1, $1)", ("known",), "database:23505"),
    ],
    ids=["no table", "no SQL", "no number", "no fit", "no second"],
)
async def test_what_cannot_be_read_is_malformed(database, sql, arguments, reason):
    await a_source(database, "known")

    with pytest.raises(SourceMalformed) as refusal:
        await database.fetch(sql, *arguments)

    assert refusal.value.reason == reason


async def test_errors_hold_no_word_of_the_database(database):
    with pytest.raises(SourceMalformed) as refusal:
        await database.fetch("SELECT 'Ayesha Example'::integer")

    assert "Ayesha" not in f"{refusal.value} {refusal.value.reason}"


async def test_a_database_that_is_not_there_is_unavailable(tmp_path):
    with pytest.raises(SourceUnavailable):
        await Database.open(f"postgresql://postgres@/postgres?host={tmp_path}", timeout=SHORT)


async def test_a_connection_that_is_cut_is_replaced(database):
    with pytest.raises(SourceUnavailable):
        await database.fetch("SELECT pg_terminate_backend(pg_backend_pid())")

    assert [row[0] for row in await database.fetch("SELECT 1")] == [1]


async def test_a_cancelled_request_leaves_the_pool_whole(impatient):
    asking = asyncio.create_task(impatient.fetch("SELECT pg_sleep(0.4)"))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking

    await answers_again(impatient)


async def test_the_first_request_after_a_restart_is_answered(own_server):
    database = await Database.open(own_server.url, pool_min=2, pool_max=2, timeout=20.0)
    await asyncio.gather(database.fetch("SELECT 1"), database.fetch("SELECT 1"))

    own_server.stop(mode="immediate")
    with pytest.raises(SourceUnavailable):
        await database.fetch("SELECT 1")
    own_server.start()

    assert [row[0] for row in await database.fetch("SELECT 1")] == [1]
    await database.close()


async def test_a_server_that_hangs_is_given_up_in_time_and_taken_up_again(own_server):
    database = await Database.open(own_server.url, pool_min=1, pool_max=2, timeout=SHORT)
    backend = (await database.fetchrow("SELECT pg_backend_pid() AS pid"))["pid"]
    frozen = (own_server.pid, backend)
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    try:
        started = time.monotonic()
        with pytest.raises(SourceUnavailable):
            await database.fetch("SELECT 1")
        took = time.monotonic() - started
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)

    assert took < SHORT + GRACE + BUSY
    await answers_again(database)
    await database.close()
