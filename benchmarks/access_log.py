"""How long "who saw this child, which fields, why" takes over millions of logged fields.

    python -m benchmarks.access_log [--entries 350000] [--folder DIR] [--seconds 8]

Fills a PostgreSQL with sealed entries of 30 fields, made by the gateway's own code and brought in by COPY, in six
partitions over two years. Filling takes three to five minutes on two cores; what is there when it is interrupted counts
in the next run. Children are looked at unevenly: most a few times, twenty of them thousands of times.
What is measured is what the access log needs: the 50 newest entries about a child, opened, and what they say of it.
"""

import argparse
import asyncio
import multiprocessing
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import asyncpg

from benchmarks.ledger import MASTER, entry, say, settle
from connectors.postgres.database import Database
from connectors.postgres.ledger import OpeningLedgerReader
from connectors.postgres.ledger_keys import SealingKeys
from connectors.postgres.migration import migrate
from connectors.postgres.server import EmbeddedServer
from gateway.ledger.canonical import leaf_hash, prepare
from gateway.ledger.master_key import new_key
from gateway.ledger.reading import access_of
from gateway.ledger.sealing import KeyName, SealingKey
from gateway.vocabulary import ChildId

FIELDS = 30
CHILDREN = 60_000
HEAVY = 20
HEAVY_SHARE = 0.17
"""Of all entries, those about the heavy children: about 3,000 each of 350,000."""
PARTITION = 65_536
CHUNK = 2_048
YEARS = (2025, 2026)
BEGUN = datetime(2025, 1, 1, tzinfo=UTC)
PAGE = 50
ASKS = 300
"""Asks of each kind that are measured at least, as far as there are so many children."""

_SMALL_PARTITIONS = f"""
CREATE OR REPLACE FUNCTION ledger_partition_size() RETURNS bigint LANGUAGE sql IMMUTABLE RETURN {PARTITION};
DROP TABLE ledger_entry_0, ledger_child_0
"""


@dataclass(frozen=True, slots=True)
class Child:
    """One made-up child, by its number."""

    number: int

    @property
    def id(self) -> ChildId:
        """Return its id."""
        return ChildId(UUID(int=(0x0190F2B0 << 96) | (0x7 << 76) | (0x2 << 62) | self.number))


def looked_at(seq: int) -> Child:
    """Return whom an entry is about; always the same child for the same number."""
    chance = random.Random(seq)  # noqa: S311 - made-up asks
    if chance.random() < HEAVY_SHARE:
        return Child(chance.randrange(HEAVY))
    # The square leans to low numbers: a few dozen looks at some, one or none at most.
    return Child(HEAVY + int((CHILDREN - HEAVY) * chance.random() ** 2))


def asked_at(seq: int, entries: int) -> datetime:
    """Return when an entry was asked, two years from the first to the last."""
    return BEGUN + timedelta(days=365 * len(YEARS) - 1) * (seq / entries)


async def fill(url: str, entries: int) -> None:
    """Bring in the entries that are not there yet."""
    await migrate(url)
    connection = await asyncpg.connect(url)
    try:
        if not await connection.fetchval("SELECT EXISTS (SELECT FROM ledger_key)"):
            await connection.execute(_SMALL_PARTITIONS)
            await connection.copy_records_to_table(
                "ledger_key", columns=("tag", "child_id", "year", "wrapped"), records=_key_rows()
            )
        for first in range(0, entries, PARTITION):
            await connection.execute("SELECT ledger_partition($1)", first)
        rows = await connection.fetch("SELECT DISTINCT seq / $1 AS chunk FROM ledger_entry", CHUNK)
        keys = await _keys(connection)
    finally:
        await connection.close()
    there = {row["chunk"] for row in rows}
    missing = [chunk for chunk in range((entries + CHUNK - 1) // CHUNK) if chunk not in there]
    if missing:
        _make(url, missing, entries, keys)
        connection = await asyncpg.connect(url)
        await connection.execute("VACUUM ANALYZE")
        await connection.close()


def _key_rows() -> list[tuple[object, ...]]:
    rows = []
    for child in map(Child, range(CHILDREN)):
        for year in YEARS:
            name, key = KeyName(child.id, year), new_key()
            rows.append((key.tag, name.child, year, MASTER.wrap(name, key)))
    return rows


async def _keys(connection: asyncpg.Connection) -> Mapping[KeyName, SealingKey]:
    names = {}
    for row in await connection.fetch("SELECT child_id, year, wrapped FROM ledger_key"):
        name = KeyName(UUID(int=row["child_id"].int), row["year"])
        names[name] = MASTER.unwrap(name, row["wrapped"])
    return names


def _make(url: str, chunks: Sequence[int], entries: int, keys: Mapping[KeyName, SealingKey]) -> None:
    """Make chunks of entries in as many processes as there are cores, and show how far they are."""
    fork = multiprocessing.get_context("fork")
    wanted, done = fork.SimpleQueue(), fork.SimpleQueue()
    processes = [
        fork.Process(target=_make_chunks, args=(url, wanted, done, entries, keys)) for _ in range(os.cpu_count() or 1)
    ]
    for chunk in chunks:
        wanted.put(chunk)
    for process in processes:
        wanted.put(None)
        process.start()
    began = time.monotonic()
    for number in range(1, len(chunks) + 1):
        while done.empty():
            if not any(process.is_alive() for process in processes) and done.empty():
                raise SystemExit("the processes that make entries ended early")
            time.sleep(0.05)
        done.get()
        left = (time.monotonic() - began) / number * (len(chunks) - number)
        sys.stderr.write(f"\rentries made: {number * CHUNK:,} of {len(chunks) * CHUNK:,}, {left:.0f} s left ")
        sys.stderr.flush()
    sys.stderr.write("\n")
    for process in processes:
        process.join()


def _make_chunks(url: str, wanted, done, entries: int, keys: Mapping[KeyName, SealingKey]) -> None:
    async def make() -> None:
        connection = await asyncpg.connect(url)
        while (chunk := wanted.get()) is not None:
            sealed = [
                prepare(replace(entry(looked_at(seq).id), at=asked_at(seq, entries))).sealed(seq, keys)
                for seq in range(chunk * CHUNK, min(entries, (chunk + 1) * CHUNK))
            ]
            async with connection.transaction():
                await connection.copy_records_to_table(
                    "ledger_entry",
                    records=[
                        (one.seq, one.entry.decode(), leaf_hash(one.entry), one.index.at, one.index.request_id,
                         one.index.person, one.index.role, one.index.agency, one.index.authority, one.index.purpose,
                         one.index.outcome, one.index.searches)
                        for one in sealed
                    ],
                )  # fmt: skip
                await connection.copy_records_to_table(
                    "ledger_child",
                    records=[
                        (child.tag, one.seq, list(child.told), list(child.withheld))
                        for one in sealed
                        for child in one.children
                    ],
                )
            done.put(chunk)
        await connection.close()

    asyncio.run(make())


async def ask(reader: OpeningLedgerReader, child: Child) -> int:
    """Read what the access log shows first of a child, and return how many looks that is."""
    opened = await reader.entries_about([child.id], first=PAGE)
    seen = [access_of(one, [child.id]) for one in opened]
    if not all(look.reason and look.fields for look in seen):
        raise SystemExit("an entry was not opened")
    return len(seen)


async def measure(
    children: Sequence[Child], act: Callable[[Child], Awaitable[int]], *, concurrent: int, seconds: float
) -> tuple[list[float], int]:
    """Ask about the children in turn, at least once each, and return all waits in order and the looks found."""
    waits: list[float] = []
    found, begun, turns = 0, time.perf_counter(), iter(range(10**9))

    async def keep_asking() -> None:
        nonlocal found
        while (turn := next(turns)) < len(children) or time.perf_counter() - begun < seconds:
            before = time.perf_counter()
            looks = await act(children[turn % len(children)])
            waits.append(time.perf_counter() - before)
            found += looks

    await asyncio.gather(*(keep_asking() for _ in range(concurrent)))
    return sorted(waits), found


def forget(folder: Path) -> None:
    """Have the system drop what it remembers of the stopped server's files, and of nobody else's."""
    for path in folder.rglob("*"):
        if path.is_file():
            handle = os.open(path, os.O_RDONLY)
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(handle)


def kinds() -> Mapping[str, Sequence[Child]]:
    """Return the children that are asked about, by kind."""
    chance = random.Random(1)  # noqa: S311 - made-up asks
    return {
        "any child": [Child(HEAVY + int((CHILDREN - HEAVY) * chance.random() ** 2)) for _ in range(ASKS)],
        "heavy": [Child(number) for number in range(HEAVY)],
        "never seen": [Child(CHILDREN + number) for number in range(ASKS)],
    }


def row(kind: str, how: str, concurrent: int, waits: Sequence[float], found: int) -> None:
    """Print one line of the table."""
    p50, p99 = statistics.median(waits) * 1e3, waits[min(len(waits) - 1, int(len(waits) * 0.99))] * 1e3
    figures = f"{len(waits):>8}{found / len(waits):>8.1f}{p50:>10.1f}{p99:>10.1f}{waits[-1] * 1e3:>10.1f}"
    say(f"{kind:<12}{how:<6}{concurrent:>11}{figures}")


async def compare(server: EmbeddedServer, folder: Path, options: argparse.Namespace) -> None:
    """Measure every kind of child, cold and warm, alone and 16 at once."""
    say(f"{'child':<12}{'cache':<6}{'concurrent':>11}{'asks':>8}{'looks':>8}{'p50 ms':>10}{'p99 ms':>10}{'max ms':>10}")
    for kind, children in kinds().items():
        server.stop()
        forget(folder)
        server.start()
        for how, concurrent, seconds in (("cold", 1, 0.0), ("warm", 1, options.seconds), ("warm", 16, options.seconds)):
            database = await Database.open(server.url)
            reader = OpeningLedgerReader(database, SealingKeys(MASTER))
            await reader.head()  # the connection is there before the first ask
            settle()
            waits, found = await measure(children, partial(ask, reader), concurrent=concurrent, seconds=seconds)
            await database.close()
            row(kind, how, concurrent, waits, found)


async def sizes(url: str) -> None:
    """Print how much there is to search."""
    connection = await asyncpg.connect(url)
    entries, looks, fields = await connection.fetchrow(
        "SELECT (SELECT count(*) FROM ledger_entry), count(*), count(*) * $1 FROM ledger_child", FIELDS
    )
    heaviest = await connection.fetchval(
        "SELECT max(n) FROM (SELECT count(*) AS n FROM ledger_child GROUP BY tag) AS t"
    )
    size = await connection.fetchval("SELECT pg_size_pretty(pg_database_size(current_database()))")
    partitions = await connection.fetchval(
        "SELECT count(*) FROM pg_inherits WHERE inhparent = 'ledger_entry'::regclass"
    )
    await connection.close()
    say(f"{entries:,} entries, {fields:,} fields, {looks:,} looks at children, at most {heaviest:,} under one key")
    say(f"{partitions} partitions, {size} in all\n")


def main() -> None:
    """Fill what is not there, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=350_000)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "directory-gateway-access-log")
    parser.add_argument("--seconds", type=float, default=8)
    options = parser.parse_args()
    folder = options.folder / str(options.entries)
    server = EmbeddedServer(folder)
    server.start()
    try:
        asyncio.run(fill(server.url, options.entries))
        asyncio.run(sizes(server.url))
        asyncio.run(compare(server, folder, options))
    finally:
        server.leave()


if __name__ == "__main__":
    main()
