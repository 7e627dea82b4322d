"""How fast entries become durable: waiting entries share a commit, against a transaction an entry.

    python -m benchmarks.ledger [--seconds 5] [--concurrent 64] [--rounds 3]

Starts a PostgreSQL of its own under a temporary folder, with durable commits. Every entry holds 30 fields, each with a
commitment; entries are made beforehand, since that is the gateway's work, and what making one takes is printed apart.
The ways take turns; the figures are medians over the rounds, and the ratio is within the same run.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
import timeit
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from uuid import UUID, uuid4

from connectors.postgres.ledger import PostgresLedgerStore
from connectors.postgres.ledger_keys import SealingKeys
from connectors.postgres.migration import migrate
from connectors.postgres.server import EmbeddedServer
from gateway.ledger.canonical import leaf_hash, prepare
from gateway.ledger.commitments import Commitments
from gateway.ledger.entry import (
    AccessNote,
    AuditEntry,
    CallerNote,
    OperationNote,
    OutcomeNote,
    OutcomeStatus,
    PolicyNote,
    RecordNote,
    SourceNote,
)
from gateway.ledger.master_key import MasterKey, new_key
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
COMMITMENTS = Commitments(b"a secret for measuring: 32 bytes.")


def entry(child: UUID) -> AuditEntry:
    """Return an entry about one child with 30 fields."""
    salt = COMMITMENTS.new_salt()
    records = []
    for record_type in RECORDS:
        record_id = str(child if record_type is RecordType.CHILD else uuid4())
        records.append(
            RecordNote(
                type=record_type,
                id=record_id,
                home="E08000009",
                about=(str(child),),
                disclosed=COMMITMENTS.commit(salt, record_type, record_id, VALUES[record_type]),
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


async def measure(
    url: str, entries: Sequence[AuditEntry], *, group_limit: int, concurrent: int, seconds: float
) -> tuple[float, float, float]:
    """Return entries a second, and the median and 99th percentile of waiting in milliseconds."""
    store = PostgresLedgerStore(url, keys=SealingKeys(MASTER), timeout=10)
    writer = LedgerWriter(store, timeout=10, waiting_limit=concurrent, group_limit=group_limit)
    writer.start()
    waits: list[float] = []
    supply = cycle(entries)
    started = time.perf_counter()

    async def ask() -> None:
        while time.perf_counter() - started < seconds:
            one = next(supply)
            before = time.perf_counter()
            await writer.record(one)
            waits.append(time.perf_counter() - before)

    await asyncio.gather(*(ask() for _ in range(concurrent)))
    elapsed = time.perf_counter() - started
    await writer.close()
    await store.close()
    waits.sort()
    return len(waits) / elapsed, statistics.median(waits) * 1e3, waits[int(len(waits) * 0.99)] * 1e3


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
    ways = {"waiting entries share a commit": options.group_limit, "a transaction an entry": 1}
    figures: dict[str, list[tuple[float, float, float]]] = {way: [] for way in ways}
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedServer(Path(folder))
        server.start()
        try:
            await migrate(server.url)
            for _ in range(options.rounds):
                for way, group_limit in ways.items():
                    figures[way].append(
                        await measure(
                            server.url,
                            entries,
                            group_limit=group_limit,
                            concurrent=options.concurrent,
                            seconds=options.seconds,
                        )
                    )
        finally:
            server.leave()

    say(f"\n{options.concurrent} concurrent{'entries/s':>35}{'p50 ms':>10}{'p99 ms':>10}")
    medians = {way: [statistics.median(column) for column in zip(*rows, strict=True)] for way, rows in figures.items()}
    for way, (rate, middle, late) in medians.items():
        say(f"{way:<36}{rate:>13,.0f}{middle:>10.1f}{late:>10.1f}")
    shared, single = (rows[0] for rows in medians.values())
    say(f"ratio {shared / single:.1f}")


if __name__ == "__main__":
    asyncio.run(main())
