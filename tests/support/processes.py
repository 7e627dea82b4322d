"""Real processes that tests start, hurt and end, and a client that keeps many asks under way meanwhile.

Whatever is started here is ended here, by its own id, also when a test fails.
"""

import asyncio
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import httpx
import orjson
import psutil

from connectors.postgres.ledger import PostgresLedgerReader
from gateway.ledger.reading import check_sequence
from tests.support.gateway import AUDIENCE, ISSUER, PATIENT, UNBOUNDED, rules_soon_proven
from tests.support.ledger import as_read, opening_reader
from tests.support.tools import opa_command

PROJECT = Path(__file__).parents[2]
BYTECODE = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(Path(sys.prefix) / "bytecode")}
"""Has a process keep what it compiles, as an installed gateway does: else each one compiles a thousand modules anew."""
START_TIMEOUT = 120.0
"""Seconds any process may take to start on a machine that has much else to do; no requirement."""

_ESTABLISHED = "01"
_PORTS = range(10_000, 32_768)
"""Below those from which systems take the near end of a connection, and the port of whoever names none."""

NAME_OF = "query NameOf($id: ID!) { child(by: { id: $id }) { id givenName familyName dateOfBirth gender } }"


async def until(condition, *, within=60.0):
    """Wait for an awaitable condition to hold, and return the seconds it took.

    How long it may take is no promise of the service: it is what a busy machine may need.
    """
    began = time.monotonic()
    while not await condition():
        if time.monotonic() - began > within:
            raise TimeoutError(f"it did not come about within {within:g} s")
        await asyncio.sleep(0.01)
    return time.monotonic() - began


class Running:
    """A process a test has started."""

    def __init__(self, command, *, folder, environment=None):
        folder.mkdir(parents=True, exist_ok=True)
        self._said = [folder / f"{name}-{time.monotonic_ns()}.txt" for name in ("stdout", "stderr")]
        with self._said[0].open("wb") as out, self._said[1].open("wb") as errors:
            self._process = subprocess.Popen(  # noqa: S603 - the arguments are ours
                command, cwd=PROJECT, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=errors
            )

    @property
    def pid(self):
        return self._process.pid

    @property
    def runs(self):
        return self._process.poll() is None

    @property
    def printed(self):
        return self._said[0].read_text()

    @property
    def complained(self):
        return self._said[1].read_text()

    def send(self, number):
        if self.runs:
            self._process.send_signal(number)

    def kill(self):
        """End it as a power cut would, and see it gone."""
        self.send(signal.SIGKILL)
        self._process.wait(timeout=60)

    async def ended(self, *, within=60.0):
        """Wait for it to end by itself, and return its exit code."""
        await until(self._has_ended, within=within)
        return self._process.returncode

    async def _has_ended(self):
        return not self.runs


def environment_of(**settings):
    """The environment of a command: this one's, with these settings of the gateway and no others."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}  # noqa: TID251 - handed on, not read
    stated = {
        f"GATEWAY_{name.upper()}": str(value)
        for name, value in ({"env": "development"} | settings).items()
        if value is not None
    }
    return inherited | BYTECODE | {"COLUMNS": "200", "NO_COLOR": "1"} | stated


def command_of(*arguments):
    return [sys.executable, "-c", "from gateway.cli.main import main; main()", *arguments]


@asynccontextmanager
async def a_running(command, *, folder, variables=None, **settings):
    """A process for the length of the block; `variables` are for it beside the gateway's settings."""
    running = Running(command, folder=folder, environment=environment_of(**settings) | (variables or {}))
    try:
        yield running
    finally:
        # One that was stopped by a signal is killed all the same.
        running.kill()


@asynccontextmanager
async def a_served_gateway(data_dir, *, url=None, **settings):
    """`gateway serve` as a process of its own, once it serves; yields the process with its `address`."""
    settings = {
        "data_dir": data_dir, "database_url": url, "port": 0, "token_issuer": ISSUER, "token_audience": AUDIENCE,
        "caller_rate": UNBOUNDED, "agency_rate": UNBOUNDED, "requests_at_once": UNBOUNDED,
        "policies_dir": rules_soon_proven(),
    } | PATIENT | settings  # fmt: skip
    async with a_running(command_of("serve"), folder=data_dir / "output", **settings) as running:

        async def announced():
            if not running.runs:
                raise AssertionError(running.complained)
            return "Serving the graph" in running.complained and "/graphql" in running.complained

        await until(announced, within=START_TIMEOUT)
        running.address = re.search(r"(https?://\S+)/graphql", running.complained)[1]
        yield running


@asynccontextmanager
async def an_opa(rules, folder, *, port=None):
    """`opa run --server` with the rule set as a process of its own, once it is healthy; has `url` and `port`."""
    bundle = folder / "bundle.tar.gz"
    bundle.write_bytes(rules.bundle())
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        opa_command(), "run", "--server", "--addr", f"127.0.0.1:{port}", "--skip-version-check", "--bundle", str(bundle)
    ]  # fmt: skip
    async with a_running(command, folder=folder / "opa") as running, httpx.AsyncClient() as http:

        async def healthy():
            with suppress(httpx.TransportError):
                return (await http.get(f"{url}/health", timeout=2)).status_code == 200
            return False

        await until(healthy, within=START_TIMEOUT)
        running.url, running.port = url, port
        yield running


def runs(process, module):
    """Whether a process, as psutil knows it, runs a module; one that is ending has no command any more."""
    with suppress(psutil.Error):
        return module in process.cmdline()
    return False


def free_port():
    """A port that nobody listens on and that the kernel gives to nobody until it is listened on: see `_PORTS`."""
    while True:
        port = random.choice(_PORTS)  # noqa: S311 - so that runs side by side do not meet
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def unread(port):
    """The bytes that wait unread at each connection to a local port, by the kernel's own account."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, _, state, queues, *_ = line.split()
        if state == _ESTABLISHED and int(local.partition(":")[2], 16) == port:
            yield int(queues.partition(":")[2], 16)


@dataclass(slots=True, eq=False)
class Asked:
    """One request and what became of it; without a status no whole answer arrived."""

    request_id: str
    child: str
    sent: str
    """The id that was sent for the child."""
    status: int | None = None
    document: dict | None = field(default=None, repr=False)
    given_up: bool = False
    """Whether the test itself went away before an answer."""

    @property
    def delivered(self):
        return self.status == 200 and self.document.get("data") is not None

    @property
    def refusal(self):
        """Status and codes of an answer that tells nothing; None of one that tells something."""
        if self.status is None or self.delivered:
            return None
        codes = [error.get("extensions", {}).get("code") for error in self.document.get("errors", [])]
        return (self.status, *codes)


class Load:
    """Asks for one child after the other over several connections at once, and keeps what came back."""

    def __init__(self, asker, children, *, connections=16, name="asked"):
        self.asker = asker
        self.children = children
        self.connections = connections
        self.name = name
        self.asked = []
        self._numbers = count()

    @property
    def delivered(self):
        return [asked for asked in self.asked if asked.delivered]

    @property
    def refusals(self):
        return [asked.refusal for asked in self.asked if asked.refusal]

    @property
    def cut_off(self):
        return [asked for asked in self.asked if asked.status is None and not asked.given_up]

    @asynccontextmanager
    async def on(self, address, *, transport=None):
        """Keep asking for the length of the block."""
        limits = httpx.Limits(max_connections=self.connections, max_keepalive_connections=self.connections)
        # Patient while a process starts: an ask that was given up is read and recorded all the same.
        async with httpx.AsyncClient(
            base_url=address, limits=limits, timeout=START_TIMEOUT, transport=transport
        ) as http:
            asking = [asyncio.create_task(self._keep_asking(http)) for _ in range(self.connections)]
            try:
                yield
            finally:
                for task in asking:
                    task.cancel()
                ended = await asyncio.gather(*asking, return_exceptions=True)
        broken = [outcome for outcome in ended if not isinstance(outcome, asyncio.CancelledError)]
        assert broken == []

    async def ask_once_each(self, address):
        """Ask once over each connection, all at the same time."""
        async with httpx.AsyncClient(base_url=address, timeout=START_TIMEOUT) as http:
            await asyncio.gather(*(self.ask(http) for _ in range(self.connections)))

    async def ask(self, http):
        number = next(self._numbers)
        child = self.children[number % len(self.children)]
        asked = Asked(f"{self.name}-{number}", str(child), self.asker.child_id(child))
        self.asked.append(asked)
        body = {"query": NAME_OF, "variables": {"id": asked.sent}}
        try:
            response = await http.post(
                "/graphql", json=body, headers=self.asker.headers | {"x-request-id": asked.request_id}
            )
        except asyncio.CancelledError:
            asked.given_up = True
            raise
        asked.document = response.json()
        asked.status = response.status_code
        return asked

    async def _keep_asking(self, http):
        while True:
            try:
                await self.ask(http)
            except httpx.TransportError:
                await asyncio.sleep(0.01)  # nobody is there; not so fast


async def is_ready(address):
    """Whether the gateway at the address says that it can answer."""
    with suppress(httpx.TransportError):
        async with httpx.AsyncClient(base_url=address, timeout=60) as http:
            return (await http.get("/readyz")).status_code == 200
    return False


async def recorded(database, data_dir=None):
    """All entries by request id; asserts that the ledger is whole and no request is in it twice.

    With the data folder of the gateway they are opened.
    """
    entries = [entry async for entry in PostgresLedgerReader(database).indexed_entries()]
    assert check_sequence(entries) == ()
    if data_dir is None:
        documents = [orjson.loads(entry.stored.entry) for entry in entries]
    else:
        reader = opening_reader(database, data_dir)
        documents = [as_read(opened) for opened in await reader.opened([entry.stored for entry in entries])]
    found = {document["request_id"]: document for document in documents}
    assert len(found) == len(documents)
    return found


def lost(delivered, found):
    """The delivered answers that no entry stands for, or one that names another child or other fields."""
    return [asked for asked in delivered if not _stands_for(found.get(asked.request_id), asked)]


def _stands_for(entry, asked):
    if entry is None or entry["outcome"]["status"] != "answered":
        return False
    told = {record["id"]: set(record["disclosed"]) for record in entry["records"] if record["type"] == "Child"}
    answer = asked.document["data"]["child"]
    return answer["id"] == asked.sent and told == {asked.child: set(answer)}
