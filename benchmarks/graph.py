"""How fast whole requests are: the gateway, with policy and ledger, beside plain Strawberry with neither.

    python -m benchmarks graph [--children 200000] [--seconds 10] [--rounds 3] [--folder DIR]

Q1 asks for one child with carers, settings, involvements and their practitioners; Q2 searches by family name and date
of birth for 4 to 20 such children. Each server is one process (uvicorn, uvloop, httptools) on one PostgreSQL with
durable commits. Every sampled answer is compared between the servers first, and every measured answer byte for byte
with that reference. The servers take turns; figures are medians over the rounds, and ratios are within this run.
"""

import argparse
import asyncio
import json
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import httpx
import psutil

from benchmarks.documents import FIND, WHO_WORKS_WITH
from benchmarks.load import Job
from benchmarks.people import AUTHORITY, People, people
from benchmarks.plain import plain_id
from benchmarks.server import BARE, COMPARED, OURS, UNSCOPED, settings_in
from connectors.development_keys import development_token
from connectors.ledger_secret import ledger_master_key
from connectors.postgres.database import Database
from connectors.postgres.ledger_keys import SealingKeys
from gateway.known_ids import IdScope, KnownIds
from gateway.record_ids import written
from gateway.vocabulary import RecordType

CONCURRENT = (16, 64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server process."""

    kind: str
    port: int
    process: psutil.Process

    @property
    def memory(self) -> float:
        """Return the resident memory in MB."""
        return self.process.memory_info().rss / 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One of the two documents with the variables it is asked with; a UUID stands for the id of a child."""

    name: str
    text: str
    variables: tuple[dict[str, str | UUID], ...]


def say(line: str = "") -> None:
    """Print one line."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@contextmanager
def serving(kind: str, folder: Path, url: str) -> Iterator[Server]:
    """Run a server for the length of the block."""
    command = [sys.executable, "-m", "benchmarks.server", kind, str(folder), url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018
        try:
            yield Server(kind=kind, port=int(process.stdout.readline()), process=psutil.Process(process.pid))
        finally:
            process.stdin.close()
            process.wait(20)


def questions(held: People) -> tuple[Question, ...]:
    """Return Q1 and Q2 over the sampled people."""
    return (
        Question(
            name="Q1",
            text=WHO_WORKS_WITH,
            variables=tuple({"id": UUID(str(child))} for child in held.children),
        ),
        Question(
            name="Q2",
            text=FIND,
            variables=tuple(
                {"familyName": search.family_name, "dateOfBirth": search.born.isoformat()} for search in held.searches
            ),
        ),
    )


def tokens(folder: Path, held: People) -> list[str]:
    """Return a token for each caller."""
    settings = settings_in(folder)
    return [
        development_token(
            folder,
            issuer=settings.token_issuer,
            audience=settings.token_audience,
            person=caller,
            name=caller,
            role="directory-team",
            agency=held.agency,
            authority=AUTHORITY,
            valid_for=86_400,
        )
        for caller in held.callers
    ]


async def known_ids(folder: Path, held: People) -> KnownIds:
    """Return the ids by which the callers know the gateway's records."""
    database = await Database.open(held.url, pool_min=1, pool_max=1)
    try:
        ids = await SealingKeys(ledger_master_key(settings_in(folder))).record_ids(database)
    finally:
        await database.close()
    return ids.known_to(IdScope(AUTHORITY, held.agency))


def job_for(question: Question, server: Server, bearers: list[str], known: KnownIds) -> Job:
    """Return the job that asks a question about everybody sampled, in the name of each caller in turn."""

    def as_known(value: str | UUID) -> str:
        if not isinstance(value, UUID):
            return value
        if server.kind == UNSCOPED:
            return written(RecordType.CHILD, value.bytes)
        return known.told(RecordType.CHILD, value) if server.kind in OURS else plain_id("chd", value)

    requests, port = [], server.port
    for number, variables in enumerate(question.variables):
        stated = {name: as_known(value) for name, value in variables.items()}
        body = json.dumps({"query": question.text, "variables": stated}).encode()
        head = (
            f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
            f"Accept: application/json\r\nAuthorization: Bearer {bearers[number % len(bearers)]}\r\n"
            "Access-Purpose: administration\r\nAccess-Reason: Measuring\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        requests.append(head.encode() + body)
    return Job(port=port, concurrent=1, seconds=1, requests=tuple(requests))


def run(job: Job) -> dict[str, float]:
    """Run a job in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.load"]
    ended = subprocess.run(command, input=pickle.dumps(job), stdout=subprocess.PIPE, check=True)  # noqa: S603
    told: dict[str, float] = json.loads(ended.stdout)
    return told


def warm(server: Server, job: Job, *, concurrent: int = 64) -> None:
    """Let caches fill and both workers of the policy engine build their rules, before anything counts."""
    for _ in range(5):
        if not run(replace(job, concurrent=concurrent, seconds=2))["wrong"]:
            return
    raise SystemExit(f"{server.kind} does not answer: {run(replace(job, seconds=0.2))['first_wrong']}")


def with_reference(jobs: dict[str, Job]) -> dict[str, Job]:
    """Return the jobs with the answers they must get, after holding every server's data to the others'.

    Raises:
        SystemExit: Two servers tell different data.
    """
    answers: dict[str, list[bytes]] = {}
    for kind, job in jobs.items():
        with httpx.Client(base_url=f"http://127.0.0.1:{job.port}", timeout=10) as client:
            answers[kind] = [_ask(client, request) for request in job.requests]
    base = base_of(jobs)
    for number, reference in enumerate(answers[base]):
        for kind, bodies in answers.items():
            if _without_ids(bodies[number]) != _without_ids(reference) or b'"data"' not in reference:
                raise SystemExit(f"{kind} tells otherwise than {base}:\n{bodies[number]!r}\n{reference!r}")
    return {kind: replace(job, expected=tuple(answers[kind])) for kind, job in jobs.items()}


def base_of(kinds: Iterable[str]) -> str:
    """Return which server the others are held to: the plain one, or else the last."""
    named = list(kinds)
    return "plain" if "plain" in named else named[-1]


def _without_ids(body: bytes) -> object:
    """Return an answer with the number of its first appearance in place of each id: every server has its own."""
    numbers: dict[str, int] = {}

    def numbered(fields: dict[str, object]) -> dict[str, object]:
        return {
            name: numbers.setdefault(str(value), len(numbers)) if name == "id" else value
            for name, value in fields.items()
        }

    return json.loads(body, object_hook=numbered)


def _ask(client: httpx.Client, request: bytes) -> bytes:
    head, _, body = request.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    return client.post("/graphql", content=body, headers=headers).content


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--children", type=int, default=200_000)
    parser.add_argument("--seconds", type=float, default=10, help="of one phase")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sample", type=int, default=500, help="children asked about")
    parser.add_argument("--folder", type=Path, help="where the people are kept; default: under the temporary folder")
    parser.add_argument("--servers", nargs="+", choices=(*COMPARED, BARE, UNSCOPED), default=COMPARED)
    parser.add_argument("--questions", nargs="+", choices=("Q1", "Q2"), default=("Q1", "Q2"))
    parser.add_argument("--concurrent", nargs="+", type=int, default=CONCURRENT)
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.gettempdir()) / "directory-gateway-benchmark" / str(options.children)
    held = people(folder, children=options.children, sample=options.sample)
    bearers = tokens(folder, held)
    known = asyncio.run(known_ids(folder, held))
    with ExitStack() as stack:
        servers = [stack.enter_context(serving(kind, folder, held.url)) for kind in options.servers]
        say(f"{options.children:,} children; load of the machine before measuring: {os.getloadavg()[0]:.1f}")
        _client_limit(servers[0])
        for question in questions(held):
            if question.name in options.questions:
                _measure(question, servers, bearers, known, options)
        for server in servers:
            say(f"resident memory of {server.kind}: {server.memory:.0f} MB")


def _client_limit(server: Server) -> None:
    request = f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode()
    told = run(Job(port=server.port, concurrent=64, seconds=2, requests=(request,)))
    say(f"asking a server that does nothing: {told['rate']:,.0f} requests/s: what the asking side can reach here")


def _measure(
    question: Question, servers: list[Server], bearers: list[str], known: KnownIds, options: argparse.Namespace
) -> None:
    jobs = {server.kind: job_for(question, server, bearers, known) for server in servers}
    for server in servers:
        warm(server, jobs[server.kind])
    jobs = with_reference(jobs)
    for concurrent in options.concurrent:
        told: dict[str, list[dict[str, float]]] = {kind: [] for kind in jobs}
        for _ in range(options.rounds):
            for kind, job in jobs.items():
                told[kind].append(run(replace(job, concurrent=concurrent, seconds=options.seconds)))
        _show(f"{question.name}, {concurrent} concurrent", told)


def _show(title: str, told: dict[str, list[dict[str, float]]]) -> None:
    base = base_of(told)
    say(f"\n{title:<24}{'requests/s':>12}{'p50 ms':>10}{'p99 ms':>10}{'wrong':>8}{f'to {base}':>12}")
    medians = {
        kind: {name: statistics.median(row[name] for row in rows) for name in ("rate", "p50", "p99")}
        for kind, rows in told.items()
    }
    for kind, row in medians.items():
        ratio = f"{row['rate'] / medians[base]['rate']:.3f}"
        wrong = sum(int(one["wrong"]) for one in told[kind])
        say(f"  {kind:<22}{row['rate']:>12,.0f}{row['p50']:>10.1f}{row['p99']:>10.1f}{wrong:>8}{ratio:>12}")
        if wrong:
            say(f"    {next(one['first_wrong'] for one in told[kind] if one['wrong'])}")


if __name__ == "__main__":
    main()
