"""What bad input costs those who ask beside it: each kind by itself, from several connections without a pause.

    python -m benchmarks abuse [--children 20000] [--seconds 5] [--at-once 4] [--kinds "no JSON" …]

Honest callers ask Q1 at a third of what the server can carry, first alone and then beside each kind. Prints their p50
and p99, the ratio of the latter to that alone, how often the bad input was sent and how it was answered. A status 500
or an error without a code of ours ends the run with 1. The goal is a p99 under 250 ms.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections import Counter
from itertools import cycle
from pathlib import Path
from typing import Final

from benchmarks.graph import job_for, known_ids, questions, say, serving, tokens, warm
from benchmarks.load import Job
from benchmarks.overload import Asking, Met, capacity_of
from benchmarks.people import people
from benchmarks.server import GUARDED

HONEST: Final = 1 / 3
"""Part of what the server can carry."""

_SPREADS = " ".join(f"fragment F{n} on Child {{ ...F{n + 1} ...F{n + 1} }}" for n in range(60))
DOCUMENTS: Final = {
    "doubled fragments": f"{{ node(id: 1) {{ ...F0 }} }} {_SPREADS} fragment F60 on Child {{ id }}",
    "as many tokens as are let": "{ me { " + "role " * 990 + "} }",
    "too many tokens": "{ me { " + "role " * 40_000 + "} }",
    "nested documents": "{ a " * 9_000 + "}" * 9_000,
    "misspelt names": "{ " + " ".join(f"searchChildre{n}" for n in range(18)) + " }",
    "fields to be merged": "{ child(by: {id: 1}) { " + "carers { id } " * 240 + "} }",
    "reading the schema": "{ __schema { types { fields { args { type { ofType { name } } } } } } }",
    "a search for everybody": '{ searchChildren(criteria: {familyName: "*", dateOfBirth: "2015-03-04"}, first: 50) '
    "{ candidates { child { id } } } }",
}
BODIES: Final = {
    "no JSON": b"{" * 90_000,
    "nested JSON": b'{"query":' + b"[" * 80_000,
    "long numbers": b'{"query": "{ me { role } }", "variables": {"a": ' + b"9" * 90_000 + b"}}",
    "no UTF-8": b'{"query": "' + b"\xff" * 90_000 + b'"}',
    "over the limit": b"x" * 150_000,
    "a batch": b"[" + b",".join([b'{"query": "{ me { role } }"}'] * 2_000) + b"]",
}


def probes(token: str) -> dict[str, bytes]:
    """Return each kind of bad input as a whole request, with a token that is good unless the token is what is bad."""
    bodies = {name: json.dumps({"query": text}).encode() for name, text in DOCUMENTS.items()} | BODIES
    requests = {name: request_of(body, token) for name, body in bodies.items()}
    requests["a forged token"] = request_of(bodies["misspelt names"], token[:-20] + "A" * 20)
    requests["no token"] = request_of(bodies["misspelt names"], "")
    return requests


def request_of(body: bytes, token: str) -> bytes:
    """Return a whole request with such a body."""
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nAuthorization: Bearer {token}\r\n"
        "Access-Purpose: administration\r\nAccess-Reason: Measuring\r\n\r\n"
    )
    return head.encode() + body


async def send_on(request: bytes, port: int, met: Counter[str]) -> None:
    """Send a request again and again, and count how it is answered, until cancelled."""
    while True:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            while True:
                writer.write(request)
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                body = await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
                met[_told(int(head.split(b" ", 2)[1]), body)] += 1
        except (OSError, asyncio.IncompleteReadError):
            met["closed"] += 1
        finally:
            writer.close()


def _told(status: int, body: bytes) -> str:
    errors = json.loads(body).get("errors", [])
    codes = {error.get("extensions", {}).get("code", "no code") for error in errors}
    return f"{status} {' '.join(sorted(codes)) or 'answered'}"


async def beside(job: Job, rate: float, request: bytes | None, options: argparse.Namespace) -> tuple[Met, Counter[str]]:
    """Return what became of honest asks, and of the bad input beside them."""
    met: Counter[str] = Counter()
    sending = [asyncio.create_task(send_on(request, job.port, met)) for _ in range(options.at_once if request else 0)]
    asking = Asking(job.port, cycle(job.requests))
    try:
        return await asking.keep(rate, seconds=options.seconds), met
    finally:
        for task in sending:
            task.cancel()
        await asyncio.gather(*sending, return_exceptions=True)
        await asking.close()


async def measured(job: Job, rate: float, kinds: dict[str, bytes], options: argparse.Namespace) -> bool:
    """Measure and print each kind; return whether every one was answered with a code of ours."""
    say(f"\n{'beside':<28}{'p50 ms':>8}{'p99 ms':>8}{'to alone':>10}{'refused':>9}{'sent':>9}  answered")
    alone, well = 0.0, True
    for name, request in {"nobody": None, **kinds}.items():
        honest, met = await beside(job, rate, request, options)
        p99 = honest.p99(honest.told)
        alone = alone or p99 or 1.0
        refused = len(honest.turned_away) + honest.others.total()
        told = ", ".join(f"{what} ({count:,})" for what, count in met.most_common())
        say(
            f"{name:<28}{honest.quantile(honest.told, 0.5):>8.0f}{p99:>8.0f}{p99 / alone:>10.1f}{refused:>9,}"
            f"{met.total():>9,}  {told}"
        )
        well = well and not any(what.startswith("500") or "no code" in what or "INTERNAL" in what for what in met)
    return well


def main() -> int:
    """Measure on a server with its door."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--children", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=5, help="of one kind")
    parser.add_argument("--at-once", type=int, default=4, help="connections that send bad input")
    parser.add_argument("--kinds", nargs="+", help="kinds of bad input; default: all")
    parser.add_argument("--folder", type=Path, help="where the people are kept; default: under the temporary folder")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.gettempdir()) / "directory-gateway-benchmark" / str(options.children)
    held = people(folder, children=options.children, sample=300)
    bearers = tokens(folder, held)
    with serving(GUARDED, folder, held.url) as server:
        job = job_for(questions(held)[0], server, bearers, asyncio.run(known_ids(folder, held)))
        warm(server, job, concurrent=4)
        capacity = capacity_of(job, seconds=options.seconds)
        say(f"load of the machine: {os.getloadavg()[0]:.1f}; the server carries {capacity:,.0f} asks a second")
        kinds = {name: sent for name, sent in probes(bearers[0]).items() if name in (options.kinds or (name,))}
        well = asyncio.run(measured(job, HONEST * capacity, kinds, options))
        say(f"resident memory at the end: {server.memory:.0f} MB")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
