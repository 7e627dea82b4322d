"""How fast entries become durable: waiting entries share a commit, against a transaction an entry.

    python -m benchmarks.ledger [--seconds 5] [--concurrent 64] [--rounds 3] [--processes 1 2 4]

Starts a PostgreSQL of its own under a temporary folder, with durable commits. Every entry holds 30 fields, each with a
commitment; entries are made beforehand, since that is the gateway's work, and what making one takes is printed apart.
Each writing process signs checkpoints with their tiles beside it, once a second, on the loop that serves. The
database's write-ahead log has been used before, as that of one that has run for a day: --new-log measures a new one.
The ways take turns; the figures are medians over the rounds, and the ratios are within the same run. What sealing costs
is seen beside a writer that puts as many letters in its place. Last, several processes write to the one database, with
as many entries waiting in all.
"""

import argparse
import asyncio
import gc
import os
import statistics
import sys
import tempfile
import time
import timeit
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from itertools import cycle
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import asyncpg
import psutil  # type: ignore[import-untyped]  # it ships no annotations

from connectors.postgres.checkpoints import PostgresCheckpoints
from connectors.postgres.ledger import PostgresLedgerStore
from connectors.postgres.ledger_keys import SealingKeys
from connectors.postgres.ledger_numbers import NextNumber
from connectors.postgres.migration import migrate
from connectors.postgres.server import EmbeddedServer
from gateway.cli.running import loop_factory
from gateway.ledger import canonical
from gateway.ledger.canonical import leaf_hash, prepare
from gateway.ledger.checkpoint import origin_of
from gateway.ledger.checkpointing import Checkpointer
from gateway.ledger.commitments import Commitments, value_bytes
from gateway.ledger.entry import (
    AccessNote,
    AuditEntry,
    CallerNote,
    FieldsNote,
    OperationNote,
    OutcomeNote,
    OutcomeStatus,
    PolicyNote,
    RecordNote,
    SourceNote,
)
from gateway.ledger.master_key import MasterKey, new_key
from gateway.ledger.notes import KeyKind, SigningKey
from gateway.ledger.writer import LedgerWriter
from gateway.vocabulary import RecordType, SourceStatus

FIELDS = {
    RecordType.CHILD: ("id", "givenName", "familyName", "dateOfBirth", "gender", "address", "nhsNumber", "upn"),
    RecordType.CARER: ("id", "name", "relationship", "telephone"),
    RecordType.SETTING: ("id", "name", "kind", "telephone", "email"),
    RecordType.INVOLVEMENT: ("id", "service", "startedOn", "isLeadProfessional"),
    RecordType.PRACTITIONER: ("id", "name", "role", "telephone", "email"),
}
VALUES = {record_type: dict.fromkeys(names, b'"a value of usual length"') for record_type, names in FIELDS.items()}
DECIDED = {record_type: FieldsNote(type=record_type, disclosed=names) for record_type, names in FIELDS.items()}
RECORDS = (
    RecordType.CHILD,
    RecordType.CARER,
    RecordType.SETTING,
    RecordType.INVOLVEMENT,
    RecordType.INVOLVEMENT,
    RecordType.PRACTITIONER,
)
DOCUMENT = "query WhoWorksWith($id: ID!) { child(by: {id: $id}) { id givenName familyName carers { id name } } }" * 4
MASTER = MasterKey(b"a key for measuring, of 32 bytes")
ORIGIN = origin_of("E08000009")
SIGNING = SigningKey(ORIGIN, KeyKind.LOG, b"a seed for measuring: 32 bytes!!")
Result = TypeVar("Result")
SHARED, UNSEALED, SINGLE = "waiting entries share a commit", "the same, nothing sealed", "a transaction an entry"
LOG_FILES = 64
"""Of 16 MB each."""
START_TIME = 4.0
"""Seconds that processes have to start before all of them begin."""
COMMITMENTS = Commitments(b"a secret for measuring: 32 bytes")


def entry(child: UUID, commitments: Commitments = COMMITMENTS) -> AuditEntry:
    """Return an entry about one child with 30 fields."""
    salt = commitments.new_salt()
    records = []
    for record_type in RECORDS:
        record_id = str(child if record_type is RecordType.CHILD else uuid4())
        values = VALUES[record_type] | {"id": value_bytes(record_id)}
        records.append(
            RecordNote(
                DECIDED[record_type],
                id=record_id,
                home="E08000009",
                about=(str(child),),
                values=commitments.commit(salt, record_type, record_id, values),
            )
        )
    return AuditEntry(
        request_id=uuid4().hex,
        at=datetime.now(UTC),
        gateway="E08000009",
        caller=CallerNote(
            person="practitioner-1234",
            name="Robin Example",
            role="health-practitioner",
            agency="0190f2b0-0000-7000-8000-000000000001",
            authority="E08000009",
        ),
        access=AccessNote(purpose="direct-support", reason="New referral, first visit on Monday", case="C-2026-118"),
        operation=OperationNote(hash="0" * 64, name="WhoWorksWith", text=DOCUMENT, variables=f'{{"id":"{child}"}}'),
        policy=PolicyNote(revision="2026-11-22.1", engine="opa"),
        outcome=OutcomeNote(status=OutcomeStatus.ANSWERED),
        sources=(SourceNote(authority="E08000009", status=SourceStatus.ANSWERED, elapsed_ms=4),),
        records=tuple(records),
        salt=salt,
    )


Figures = tuple[float, float, float, float, float]
"""Entries a second, the median and 99th percentile of waiting in ms, and the CPU time an entry in µs: the writers' own
and the database's. On a machine that others use, the two last can still be compared."""


def database_time(pid: int) -> float:
    """Return the seconds of CPU that a PostgreSQL has used, sessions that have ended included."""
    server = psutil.Process(pid)
    ended = server.cpu_times()
    seconds: float = ended.children_user + ended.children_system
    for session in server.children():
        with suppress(psutil.NoSuchProcess):
            spent = session.cpu_times()
            seconds += spent.user + spent.system
    return seconds


async def measure(
    url: str,
    entries: Sequence[AuditEntry],
    *,
    group_limit: int,
    concurrent: int,
    seconds: float,
    pid: int,
    begin_at: float = 0,
) -> tuple[list[float], float, float, float]:
    """Write for some seconds, from a moment on, and return every wait, the seconds it took, and both CPU times."""
    keys = SealingKeys(MASTER)
    following = NextNumber()
    store, ahead = [PostgresLedgerStore(url, keys=keys, timeout=10, next_number=following) for _ in range(2)]
    writer = LedgerWriter(store, ahead=ahead, timeout=10, waiting_limit=concurrent, group_limit=group_limit)
    writer.start()
    waits: list[float] = []
    supply = cycle(entries)
    await asyncio.sleep(max(0.0, begin_at - time.time()))
    checkpoints = PostgresCheckpoints(url, timeout=10)
    checkpointer = Checkpointer(checkpoints, origin=ORIGIN, keys=[SIGNING])
    checkpointer.start()
    database = database_time(pid)
    started, worked = time.perf_counter(), time.process_time()

    async def ask() -> None:
        while time.perf_counter() - started < seconds:
            one = next(supply)
            before = time.perf_counter()
            await writer.record(one)
            waits.append(time.perf_counter() - before)

    await asyncio.gather(*(ask() for _ in range(concurrent)))
    elapsed, worked = time.perf_counter() - started, time.process_time() - worked
    database = database_time(pid) - database  # while the sessions are there: one that ends is counted some time later
    await writer.close()
    await checkpointer.close()
    await asyncio.gather(store.close(), ahead.close(), checkpoints.close())
    if checkpointer.fault is not None:
        raise RuntimeError(checkpointer.fault)
    return waits, elapsed, worked, database


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run work on the event loop that a gateway serves on."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(work)


def figures_of(waits: Sequence[float], elapsed: float, worked: float, database: float) -> Figures:
    """Return the figures of one measurement; `worked` and `database` are seconds of CPU."""
    ordered = sorted(waits)
    late = ordered[int(len(ordered) * 0.99)]
    each = 1e6 / len(ordered)
    return len(ordered) / elapsed, statistics.median(ordered) * 1e3, late * 1e3, worked * each, database * each


def write_alone(
    url: str, pid: int, concurrent: int, group_limit: int, seconds: float, begin_at: float
) -> tuple[list[float], float, float, float]:
    """Write in a process of its own; `pid` is the database's."""
    entries = [entry(uuid4()) for _ in range(2_000)]
    settle()
    return run(
        measure(
            url,
            entries,
            group_limit=group_limit,
            concurrent=concurrent,
            seconds=seconds,
            pid=pid,
            begin_at=begin_at,
        )
    )


def measure_processes(url: str, processes: int, options: argparse.Namespace, *, pid: int) -> Figures:
    """Write from several processes at once and return the figures over all of them."""
    begin_at = time.time() + START_TIME + processes
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        running = [
            pool.submit(
                write_alone, url, pid, options.concurrent // processes, options.group_limit, options.seconds, begin_at
            )
            for _ in range(processes)
        ]
        measured = [one.result() for one in running]
    waits = [wait for one, _, _, _ in measured for wait in one]
    return figures_of(
        waits,
        max(elapsed for _, elapsed, _, _ in measured),
        sum(worked for _, _, worked, _ in measured),
        max(database for _, _, _, database in measured),
    )


async def use_log(url: str) -> None:
    """Have a gigabyte of the write-ahead log's files made, and let them be used again."""
    connection = await asyncpg.connect(url)
    for _ in range(LOG_FILES):
        await connection.execute("SELECT pg_logical_emit_message(false, 'measuring', 'one more')")
        await connection.execute("SELECT pg_switch_wal()")
    await connection.execute("CHECKPOINT")
    await connection.close()


@contextmanager
def nothing_sealed() -> Iterator[None]:
    """Have entries of the same length in which nothing is sealed, for the length of the block."""
    before = canonical.seal
    # A hash and the tag of AES-GCM come with what is sealed, and base64 makes four letters of three bytes.
    canonical.seal = lambda _, plain: "A" * -(-(len(plain) + 48) * 4 // 3)
    try:
        yield
    finally:
        canonical.seal = before


def say(line: str) -> None:
    """Print one line of the result."""
    sys.stdout.write(f"{line}\n")


def microseconds(label: str, act: object, number: int = 5_000) -> None:
    """Print what one call takes."""
    taken = min(timeit.repeat(act, number=number, repeat=3)) / number * 1e6  # type: ignore[arg-type]
    say(f"{label:<46}{taken:>10.1f} µs")


async def main() -> None:
    """Measure both ways in turns and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--concurrent", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--group-limit", type=int, default=256)
    parser.add_argument("--new-log", action="store_true")
    parser.add_argument("--processes", type=int, nargs="*", default=[1, 2, 4])
    options = parser.parse_args()

    one, salt = entry(uuid4()), COMMITMENTS.new_salt()
    child = VALUES[RecordType.CHILD]
    microseconds(f"commit the {len(child)} values of a child", lambda: COMMITMENTS.commit(salt, "Child", "id", child))
    microseconds("make an entry of 30 fields, commitments included", lambda: entry(uuid4()), 1_000)
    microseconds("prepare an entry of 30 fields", lambda: prepare(one))
    ready = prepare(one)
    keys = {name: new_key() for name in ready.keys}
    microseconds("seal it", lambda: ready.sealed(1_000_000, keys))
    encoded = ready.sealed(1_000_000, keys).entry
    microseconds(f"hash its {len(encoded)} bytes", lambda: leaf_hash(encoded))

    entries = [entry(uuid4()) for _ in range(5_000)]
    settle()
    ways = {SHARED: options.group_limit, UNSEALED: options.group_limit, SINGLE: 1}
    figures: dict[str, list[Figures]] = {way: [] for way in ways}
    several: dict[int, list[Figures]] = {processes: [] for processes in options.processes}
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedServer(Path(folder))
        server.start()
        try:
            await migrate(server.url)
            if not options.new_log:
                await use_log(server.url)
            pid = server.pid or 0
            for _ in range(options.rounds):
                for way, group_limit in ways.items():
                    with nothing_sealed() if way == UNSEALED else nullcontext():
                        measured = await measure(
                            server.url,
                            entries,
                            group_limit=group_limit,
                            concurrent=options.concurrent,
                            seconds=options.seconds,
                            pid=pid,
                        )
                    figures[way].append(figures_of(*measured))
                for processes in options.processes:
                    several[processes].append(
                        await asyncio.to_thread(measure_processes, server.url, processes, options, pid=pid)
                    )
        finally:
            server.leave()

    say(
        f"\n{f'{options.concurrent} concurrent':<36}{'entries/s':>13}{'p50 ms':>10}{'p99 ms':>10}"
        f"{'own CPU µs':>12}{'database µs':>13}"
    )
    medians = {way: row(way, rows) for way, rows in figures.items()}
    for processes, rows in several.items():
        row(f"{processes} writing processes", rows)
    say(f"\nsharing a commit, to a transaction an entry: {medians[SHARED] / medians[SINGLE]:.1f}")
    say(f"sealing, to nothing sealed: {medians[SHARED] / medians[UNSEALED]:.2f}")
    say("load of the machine at the end, over 1 and 5 minutes: {:.1f}, {:.1f}".format(*os.getloadavg()))


def settle() -> None:
    """Have what was made beforehand left out of the garbage collector's rounds, as a gateway does once it is up."""
    gc.collect()
    gc.freeze()


def row(label: str, rows: Sequence[Figures]) -> float:
    """Print the medians of one way, and return its entries a second."""
    rate, middle, late, worked, database = (statistics.median(column) for column in zip(*rows, strict=True))
    say(f"{label:<36}{rate:>13,.0f}{middle:>10.1f}{late:>10.1f}{worked:>12.0f}{database:>13.0f}")
    return rate


if __name__ == "__main__":
    run(main())
