"""What the way of a request through the gateway's rim costs: everything before an ask is answered, and after.

    python -m benchmarks rim [--seconds 5] [--rounds 5]

One server process of the gateway whose asks are all answered with the same reply, so that of a request there is only
its way in (connection, limits, id, host, body, token, stated access, document) and out; beside it the same server's
`/healthz`, which passes the rim and nothing else. Printed is processor time of the server by request.
"""

import argparse
import json
import os
import statistics
import tempfile
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from benchmarks.documents import WHO_WORKS_WITH
from benchmarks.graph import Server, run, say, serving, tokens
from benchmarks.load import Job
from benchmarks.people import CALLERS, People
from benchmarks.server import STILL


def job_of(server: Server, bearers: list[str]) -> Job:
    """Return the job that asks Q1 in the name of each caller in turn."""
    requests = []
    for number, bearer in enumerate(bearers):
        body = json.dumps({"query": WHO_WORKS_WITH, "variables": {"id": f"chd_{number:026}"}}).encode()
        head = (
            f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Type: application/json\r\n"
            f"Accept: application/json\r\nAuthorization: Bearer {bearer}\r\n"
            "Access-Purpose: administration\r\nAccess-Reason: Measuring\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        requests.append(head.encode() + body)
    return Job(port=server.port, concurrent=16, seconds=1, requests=tuple(requests))


def cost(server: Server, job: Job) -> float:
    """Return the microseconds of processor time that the server takes by request."""
    before = server.process.cpu_times()
    told = run(job)
    after = server.process.cpu_times()
    if told["wrong"]:
        raise SystemExit(f"wrong: {told['first_wrong']}")
    return 1e6 * (after.user + after.system - before.user - before.system) / (told["rate"] * job.seconds)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="directory-gateway-rim-") as name:
        folder = Path(name)
        callers = tuple(f"caller-{number}" for number in range(CALLERS))
        held = People(url="", agency=str(UUID(int=1)), callers=callers, children=(), searches=())
        bearers = tokens(folder, held)
        with serving(STILL, folder, "") as server:
            asked = job_of(server, bearers)
            request = f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode()
            jobs = {"Q1": asked, "/healthz": replace(asked, requests=(request,))}
            for job in jobs.values():
                run(job)
            rounds: dict[str, list[float]] = {kind: [] for kind in jobs}
            for _ in range(options.rounds):
                for kind, job in jobs.items():
                    rounds[kind].append(cost(server, replace(job, seconds=options.seconds)))
    say(f"load of the machine: {os.getloadavg()[0]:.1f}")
    for kind, costs in rounds.items():
        say(f"{kind:<12}{statistics.median(costs):>8.0f} µs of processor time by request, {min(costs):.0f} at least")


if __name__ == "__main__":
    main()
