"""The embedded server: starts where it must, joins what runs, recovers from a kill."""

import asyncpg
import pytest

from connectors.postgres.server import EmbeddedServer, embedded_server


@pytest.fixture
def server(tmp_path):
    server = EmbeddedServer(tmp_path)
    server.start()
    yield server
    server.stop()
    server.leave()


async def ask(url, sql="SELECT 1"):
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def test_commits_are_durable(server):
    settings = [await ask(server.url, f"SHOW {name}") for name in ("fsync", "synchronous_commit", "full_page_writes")]

    assert settings == ["on", "on", "on"]


async def test_a_second_start_joins_the_server_that_runs(server, tmp_path):
    before = server.pid

    url = embedded_server(tmp_path)

    assert server.pid == before
    assert await ask(url) == 1
