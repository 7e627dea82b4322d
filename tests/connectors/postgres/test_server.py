"""The embedded server: starts where it must, joins what runs, recovers from a kill."""

import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import psutil
import pytest

from connectors.postgres.server import EmbeddedServer, embedded_server
from gateway.errors import SourceUnavailable
from tests.support.postgres import server_folder

NOBODY = 65534
START_ASIDE = """
import os, sys
from pathlib import Path
from connectors.postgres.server import EmbeddedServer
user, folder = int(sys.argv[1]), Path(sys.argv[2])
if user:
    os.setgroups([]); os.setgid(user); os.setuid(user)
server = EmbeddedServer(folder)
server.start()
print(server.pid, os.stat(folder / "postgres").st_uid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder():
    with server_folder() as folder:
        yield folder


@pytest.fixture
def server(folder):
    server = EmbeddedServer(folder)
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


def started_aside(folder, *, user=0):
    """Start the server from a process of its own, and return that process, the server's id and its owner."""
    process = subprocess.Popen(  # noqa: S603 - this file's own program
        [sys.executable, "-W", "error", "-c", START_ASIDE, str(user), str(folder)],
        cwd=Path(__file__).parents[3],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    pid, owner = map(int, process.stdout.readline().split())
    return process, pid, owner


async def test_commits_are_durable(server):
    settings = [await ask(server.url, f"SHOW {name}") for name in ("fsync", "synchronous_commit", "full_page_writes")]

    assert settings == ["on", "on", "on"]


async def test_nobody_reaches_it_over_the_network(server):
    assert await ask(server.url, "SHOW listen_addresses") == ""


async def test_a_second_start_joins_the_server_that_runs(server, folder):
    before = server.pid

    url = embedded_server(folder)

    assert server.pid == before
    assert await ask(url) == 1


async def test_what_is_written_is_there_after_a_stop_and_a_start(server):
    await ask(server.url, "CREATE TABLE kept AS SELECT 7 AS value")

    server.stop()
    assert server.pid is None
    server.start()

    assert await ask(server.url, "SELECT value FROM kept") == 7


async def test_a_killed_server_recovers_at_the_next_start(server):
    await ask(server.url, "CREATE TABLE kept AS SELECT 7 AS value")
    killed = psutil.Process(server.pid)
    killed.kill()
    psutil.wait_procs([killed])

    server.start()

    assert server.pid != killed.pid
    assert await ask(server.url, "SELECT value FROM kept") == 7


async def test_a_stale_pid_that_another_process_now_has_does_not_stop_a_start(server, folder):
    server.stop()
    (folder / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n/elsewhere\n")

    server.start()

    assert await ask(server.url) == 1


@pytest.mark.parametrize("name", ["x" * 120, "with space", "it's \u00e9lan"])
async def test_a_folders_name_may_be_long_or_odd(folder, name):
    server = EmbeddedServer(folder / name)
    server.start()

    assert await ask(server.url) == 1

    server.stop()
    server.leave()


async def test_a_relative_folder_is_the_same_server_from_anywhere(server, folder, monkeypatch):
    monkeypatch.chdir(folder.parent)

    assert embedded_server(Path(folder.name)) == server.url


def test_it_stops_with_the_last_process_that_uses_it(folder):
    first, pid, _ = started_aside(folder)
    second, same, _ = started_aside(folder)

    first.communicate()
    ran_on = EmbeddedServer(folder).pid
    second.communicate()

    assert (same, ran_on, EmbeddedServer(folder).pid) == (pid, pid, None)


def test_a_killed_user_does_not_keep_it_from_stopping(folder):
    killed, pid, _ = started_aside(folder)
    killed.kill()
    killed.communicate()
    after, same, _ = started_aside(folder)

    after.communicate()

    assert (same, EmbeddedServer(folder).pid) == (pid, None)


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user runs every other test as one")
def test_an_ordinary_user_runs_it_as_themselves(folder):
    home = folder / "home"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    folder.chmod(0o711)

    process, pid, owner = started_aside(home, user=NOBODY)
    running_as = psutil.Process(pid).uids().real
    process.communicate()

    assert (owner, running_as) == (NOBODY, NOBODY)


def test_a_folder_that_cannot_be_used_is_a_source_that_is_unavailable(folder):
    (folder / "taken").write_text("a file")

    with pytest.raises(SourceUnavailable):
        EmbeddedServer(folder / "taken").start()
