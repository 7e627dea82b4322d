"""Several worker processes behind one port: one dies and another comes, all stop together, and counts are whole."""

import re
import signal
from contextlib import asynccontextmanager, suppress

import httpx
import psutil

from tests.faults.crowd import a_crowd, an_asker
from tests.support.gateway import samples_in
from tests.support.processes import (
    START_TIMEOUT,
    Load,
    a_running,
    a_served_gateway,
    command_of,
    lost,
    recorded,
    runs,
    until,
)

ANSWERED = 'gateway_requests_total{door="caller",outcome="ANSWERED",route="/graphql"}'


def workers_of(gateway):
    return [child for child in psutil.Process(gateway.pid).children() if runs(child, "gateway.cli.worker")]


def lives(process):
    """Whether a process goes on; one that has ended may wait for a parent to notice."""
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


@asynccontextmanager
async def two_workers(tmp_path, url, **settings):
    given = {"workers": 2, "metrics_port": 0} | settings
    async with a_served_gateway(tmp_path, url=url, **given) as gateway:
        gateway.metrics = re.search(r"Metrics at (http://\S+)", gateway.complained)[1]
        left = workers_of(gateway)
        yield gateway
    for worker in [*left, *workers_if_any(gateway)]:
        with suppress(psutil.Error):
            worker.kill()


def workers_if_any(gateway):
    try:
        return workers_of(gateway)
    except psutil.Error:
        return []


async def counts(gateway):
    async with httpx.AsyncClient(timeout=60) as http:
        return samples_in((await http.get(gateway.metrics)).text)


async def delivered(load, count):
    return len(load.delivered) >= count


async def test_workers_count_together_read_again_together_and_stop_together(database, database_url, nurse, tmp_path):
    asker = await an_asker(nurse, database, tmp_path)
    load = Load(asker, await a_crowd(database, children=50), connections=8)
    async with two_workers(tmp_path, database_url) as gateway:
        workers = workers_of(gateway)
        async with load.on(gateway.address):
            await until(lambda: delivered(load, 60))
            gateway.send(signal.SIGHUP)

            async def both():
                return gateway.complained.count("reloaded:") == 2

            await until(both, within=START_TIMEOUT)

        async def counted_whole():
            told = await counts(gateway)
            entries = await database.fetch("SELECT 1 FROM ledger_entry")
            return told["gateway_ledger_entries_total"] == len(entries) and told[ANSWERED] >= len(load.delivered)

        await until(counted_whole)
        told = await counts(gateway)
        async with load.on(gateway.address):
            enough = len(load.delivered) + 20
            await until(lambda: delivered(load, enough))
            gateway.send(signal.SIGTERM)
            code = await gateway.ended()

    assert (told["gateway_workers"], told["gateway_worker_starts_total"]) == (2, 2)
    assert code == 0
    assert [worker for worker in workers if lives(worker)] == []
    assert load.refusals == []
    assert lost(load.delivered, await recorded(database, tmp_path)) == []


async def test_a_worker_that_dies_is_followed_by_another_and_none_outlives_its_parent(
    database, database_url, nurse, tmp_path
):
    asker = await an_asker(nurse, database, tmp_path)
    load = Load(asker, await a_crowd(database, children=50), connections=8)
    async with two_workers(tmp_path, database_url) as gateway:
        before = {worker.pid for worker in workers_of(gateway)}
        async with load.on(gateway.address):
            await until(lambda: delivered(load, 20))
            dying = workers_of(gateway)[0]
            dying.kill()
            enough = len(load.delivered) + 20
            await until(lambda: delivered(load, enough))

            async def two_again():
                told, there = await counts(gateway), workers_of(gateway)
                return told["gateway_workers"] == 2 and len(there) == 2 and dying not in there

            await until(two_again, within=START_TIMEOUT)
        workers = workers_of(gateway)
        starts = (await counts(gateway))["gateway_worker_starts_total"]
        gateway.kill()

        async def gone():
            return not any(lives(worker) for worker in workers)

        await until(gone)

    assert len(before & {worker.pid for worker in workers}) == 1
    assert starts == 3
    assert "ended with -9; another begins" in gateway.complained
    assert load.refusals == []
    assert lost(load.delivered, await recorded(database, tmp_path)) == []


async def test_workers_that_cannot_start_end_the_command_with_their_words(database_url, tmp_path):
    settings = {"database_url": database_url, "data_dir": tmp_path, "port": 0, "policies_dir": tmp_path / "nowhere"}
    async with a_running(command_of("serve", "--workers", "2"), folder=tmp_path / "out", **settings) as running:
        code = await running.ended(within=START_TIMEOUT)

    assert code == 2
    assert "rule" in running.complained
