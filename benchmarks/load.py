"""The asking side, a process of its own: keeps so many requests under way for so long, and compares every answer.

Reads one job from standard input (a pickle the benchmark wrote) and writes one line of JSON. It speaks HTTP/1.1 over
kept-alive connections with as little work as it can, so that the server is what is measured.
"""

import asyncio
import json
import pickle
import sys
import time
from dataclasses import dataclass, field
from itertools import count

import uvloop


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to ask; `expected` holds the body of each request's answer, or nothing where it is not compared."""

    port: int
    concurrent: int
    seconds: float
    requests: tuple[bytes, ...]
    expected: tuple[bytes, ...] = ()


@dataclass(slots=True)
class Tally:
    """What came back: the wait of each answer in seconds, and how many were not as expected."""

    waits: list[float] = field(default_factory=list)
    wrong: int = 0
    first_wrong: str = ""


class _Connection(asyncio.Protocol):
    """Asks one request after another until the time is up."""

    def __init__(self, job: Job, numbers: "count[int]", until: float, tally: Tally) -> None:
        self._job = job
        self._numbers = numbers
        self._until = until
        self._tally = tally
        self._received = b""
        self._length = -1
        self._asked = 0
        self._since = 0.0
        self._transport: asyncio.Transport | None = None
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # of a stream, as the loop promises
        self._ask()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.ended.done():
            self._tally.wrong += 1
            self.ended.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._length < 0:
            head = self._received.find(b"\r\n\r\n")
            if head < 0:
                return
            at = self._received.lower().find(b"content-length:", 0, head)
            end = self._received.find(b"\r\n", at)
            self._length = head + 4 + int(self._received[at + 15 : end])
        if len(self._received) >= self._length:
            self._judge()
            self._ask()

    def _judge(self) -> None:
        self._tally.waits.append(time.perf_counter() - self._since)
        body = self._received[self._received.find(b"\r\n\r\n") + 4 :]
        as_expected = self._received.startswith(b"HTTP/1.1 200") and (
            not self._job.expected or body == self._job.expected[self._asked]
        )
        if not as_expected:
            self._tally.wrong += 1
            self._tally.first_wrong = self._tally.first_wrong or body[:300].decode(errors="replace")
        self._received = b""
        self._length = -1

    def _ask(self) -> None:
        now = time.perf_counter()
        if self._transport is None or now >= self._until:
            if not self.ended.done():
                self.ended.set_result(None)
            return
        self._since = now
        self._asked = next(self._numbers) % len(self._job.requests)
        self._transport.write(self._job.requests[self._asked])


async def ask(job: Job) -> dict[str, object]:
    """Return requests a second, the waits at the median and the 99th percentile in ms, and what was wrong."""
    loop = asyncio.get_running_loop()
    tally, numbers, started = Tally(), count(), time.perf_counter()
    until = started + job.seconds
    connections = []
    for _ in range(job.concurrent):
        _, connection = await loop.create_connection(
            lambda: _Connection(job, numbers, until, tally), "127.0.0.1", job.port
        )
        connections.append(connection)
    await asyncio.gather(*(connection.ended for connection in connections))
    elapsed = time.perf_counter() - started
    waits = sorted(tally.waits) or [0.0]
    return {
        "rate": len(tally.waits) / elapsed,
        "p50": waits[len(waits) // 2] * 1e3,
        "p99": waits[int(len(waits) * 0.99)] * 1e3,
        "wrong": tally.wrong,
        "first_wrong": tally.first_wrong,
        "own_cpu": time.process_time() / elapsed,
    }


if __name__ == "__main__":
    job: Job = pickle.load(sys.stdin.buffer)  # noqa: S301  # written by the benchmark that started this process
    sys.stdout.write(json.dumps(uvloop.run(ask(job))) + "\n")
