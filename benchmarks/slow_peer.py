"""What a slow or silent authority does to answers that need none: whole requests of a gateway in its own process."""

import asyncio
import json
import pickle
import statistics
import sys
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx
import orjson

from benchmarks.load import Job
from connectors.postgres.database import Database
from connectors.postgres.migration import migrate
from connectors.postgres.server import EmbeddedServer
from tests.faults.crowd import Asker, a_nurse, an_asker
from tests.faults.crowd import a_crowd as many_children
from tests.support.builders import an_authority
from tests.support.federation import HERE, RegistryFile, enrolled
from tests.support.gateway import UNBOUNDED
from tests.support.made_up_peers import a_told_search
from tests.support.peer_crowd import a_crowd
from tests.support.processes import NAME_OF, a_served_gateway

SEARCHES: Final = 5
"""Searches elsewhere in a second."""

CONCURRENT: Final = 4
SLOW: Final = 2.5
"""Seconds that the slow member takes: it answers, just within the time it is given."""

SEARCH: Final = (
    "query Elsewhere($authorities: [LocalAuthorityCode!]) { searchChildren("
    'criteria: { familyName: "Marsh", dateOfBirth: "2016-05-04" }, authorities: $authorities) '
    "{ sources { status } } }"
)


async def measure_local(folder: Path, *, seconds: float, rounds: int, say: Callable[[str], None]) -> None:
    """Keep asking for local children while others search elsewhere, and print how long the former waited."""
    async with _served(folder) as (address, asker, children, members):
        port = int(address.rpartition(":")[2])
        job = Job(port=port, concurrent=CONCURRENT, seconds=3, requests=_requests(asker, children, port))
        await _load(job)  # caches fill
        job = Job(port=port, concurrent=CONCURRENT, seconds=seconds / rounds, requests=job.requests)
        told: dict[str, list[dict[str, float]]] = {kind: [] for kind in members}
        for _ in range(rounds):
            for kind, member in members.items():
                told[kind].append(await _while_searching(address, asker.headers, member, job))
    say(
        f"\nLocal answers, {CONCURRENT} at once, while {SEARCHES} searches a second ask another authority; "
        f"{rounds} times {seconds / rounds:g} s each, medians"
    )
    say(f"{'that authority':<36}{'requests/s':>11}{'p50 ms':>9}{'p99 ms':>9}{'wrong':>7}{'to healthy':>12}")
    healthy = statistics.median(row["p99"] for row in told["is healthy"])
    for kind, rows in told.items():
        rate, p50, p99 = (statistics.median(row[name] for row in rows) for name in ("rate", "p50", "p99"))
        wrong = sum(int(row["wrong"]) for row in rows)
        say(f"{kind:<36}{rate:>11.0f}{p50:>9.1f}{p99:>9.1f}{wrong:>7}{p99 / healthy:>12.2f}")


async def _while_searching(address: str, headers: Mapping[str, str], member: str | None, job: Job) -> dict[str, float]:
    searching = asyncio.create_task(_search(address, headers, member))
    try:
        return await _load(job)
    finally:
        searching.cancel()
        with suppress(asyncio.CancelledError):
            await searching


async def _search(address: str, headers: Mapping[str, str], member: str | None) -> None:
    if member is None:
        return
    body = {"query": SEARCH, "variables": {"authorities": [member]}}
    async with (
        httpx.AsyncClient(base_url=address, timeout=30, headers=dict(headers)) as http,
        asyncio.TaskGroup() as all_,
    ):
        while True:
            all_.create_task(http.post("/graphql", json=body))  # type: ignore[arg-type]  # any awaitable's coroutine
            await asyncio.sleep(1 / SEARCHES)


async def _load(job: Job) -> dict[str, float]:
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "benchmarks.load", stdin=PIPE, stdout=PIPE)
    out, _ = await process.communicate(pickle.dumps(job))
    told: dict[str, float] = json.loads(out)
    return told


def _requests(asker: Asker, children: list[UUID], port: int) -> tuple[bytes, ...]:
    stated = {"host": f"127.0.0.1:{port}", "content-type": "application/json", **asker.headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in stated.items())
    requests = []
    for child in children:
        body = orjson.dumps({"query": NAME_OF, "variables": {"id": asker.child_id(child)}})
        requests.append(f"POST /graphql HTTP/1.1\r\n{head}content-length: {len(body)}\r\n\r\n".encode() + body)
    return tuple(requests)


@asynccontextmanager
async def _served(folder: Path) -> AsyncIterator[tuple[str, Asker, list[UUID], dict[str, str | None]]]:
    """Serve a gateway with children and three other members: healthy, slow and silent."""
    here, now = enrolled(folder, HERE), datetime.now(UTC)
    answer = orjson.dumps({"data": a_told_search()})
    async with _database() as url, a_crowd(folder, 3, broken=1, delays={1: SLOW}, answer=answer) as crowd:
        registry = RegistryFile(folder, here).publish(here, *crowd.members, issued=now)
        database = await Database.open(url, pool_min=1, pool_max=2, timeout=30.0)
        try:
            await an_authority(database, HERE)
            children = await many_children(database, children=500)
            asker = await an_asker(await a_nurse(database), database, folder / "gateway")
        finally:
            await database.close()
        settings: dict[str, Any] = here.settings(registry) | {
            "search_budget": 1_000_000, "caller_rate": UNBOUNDED, "agency_rate": UNBOUNDED, "request_timeout": 5,
            "decision_timeout": 0.5, "locator_interval": 0,
        }  # fmt: skip
        async with a_served_gateway(folder / "gateway", url=url, **settings) as gateway:
            healthy, slow, silent = crowd.codes
            members = {
                "(nobody searches)": None, "is healthy": healthy, f"answers after {SLOW:g} s": slow,
                "takes the call and never answers": silent,
            }  # fmt: skip
            yield gateway.address, asker, children, members


@asynccontextmanager
async def _database() -> AsyncIterator[str]:
    """Lend a migrated database on a server of its own, with durable commits."""
    with tempfile.TemporaryDirectory(prefix="directory-gateway-peers-", ignore_cleanup_errors=True) as folder:
        server = EmbeddedServer(Path(folder))
        server.start()
        try:
            await migrate(server.url)
            yield server.url
        finally:
            server.leave()
