"""How long the searches and counts of the page for auditors take over a year of the ledger.

    python -m benchmarks.ledger_page [--entries 350000] [--rounds 5] [--explain]

Fills a PostgreSQL of its own with made-up entries over a year in six partitions, 40 agencies, 3,000 persons, two
children an entry; the entries' bytes are filler of the usual length. Asks each question as the page asks it, through
the gateway's own code: first as the table is right after it was filled, when no page is known to be all visible, then
after VACUUM. Prints the median and the longest of the rounds in milliseconds; `--explain` prints the plans as well.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg

from benchmarks.ledger import say
from connectors.postgres.database import Database
from connectors.postgres.ledger_search import PostgresLedgerSearch
from connectors.postgres.migration import migrate
from connectors.postgres.server import EmbeddedServer
from gateway.ledger.searching import Sought
from gateway.vocabulary import ChildId

PARTITION = 65_536
BEGUN = datetime(2025, 11, 22, tzinfo=UTC)
ENDED = BEGUN + timedelta(days=365)
CHILD = ChildId(UUID("00000000-0000-4000-8000-000000000007"))

_FILL = """
INSERT INTO ledger_entry (seq, entry, leaf_hash, at, request_id, person, role, agency, authority, purpose, outcome)
SELECT seq, repeat('x', CASE WHEN seq % 5 = 0 THEN 1000 ELSE 3000 END), sha256(seq::text::bytea),
       $3::timestamptz + seq * ($4::timestamptz - $3::timestamptz) / $5::int, md5(seq::text),
       'person-' || (hashint8(seq) & 2147483647) % 3000,
       (ARRAY['gp', 'social-worker', 'health-practitioner', 'education-practitioner'])[1 + seq % 4],
       '00000000-0000-4000-8000-' || lpad(((hashint8(seq * 7) & 2147483647) % 40)::text, 12, '0'),
       CASE WHEN seq % 10 = 0 THEN 'E08000003' ELSE 'E08000009' END,
       CASE WHEN seq % 1000 = 0 THEN 'missing-education' ELSE 'direct-support' END,
       CASE WHEN seq % 200 = 0 THEN 'refused' ELSE 'answered' END
FROM generate_series($1::bigint, $2::bigint) AS seq
"""
_TOUCH = """
INSERT INTO ledger_child (tag, seq, told, withheld)
SELECT decode(lpad(to_hex((hashint8(seq * 2 + which) & 2147483647) % 60000), 32, '0'), 'hex'), seq, '{Child.id}', '{}'
FROM generate_series($1::bigint, $2::bigint) AS seq, generate_series(0, 1) AS which ON CONFLICT DO NOTHING
"""


async def fill(url: str, entries: int) -> None:
    """Fill the ledger."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            f"CREATE OR REPLACE FUNCTION ledger_partition_size() RETURNS bigint LANGUAGE sql IMMUTABLE "
            f"RETURN {PARTITION}; DROP TABLE ledger_entry_0, ledger_child_0"
        )
        for first in range(0, entries, PARTITION):
            await connection.execute("SELECT ledger_partition($1)", first)
            last = min(first + PARTITION, entries) - 1
            await connection.execute(_FILL, first, last, BEGUN, ENDED, entries)
            await connection.execute(_TOUCH, first, last)
        await connection.execute(
            "INSERT INTO ledger_key (tag, child_id, year, wrapped) "
            "VALUES (decode(lpad('7', 32, '0'), 'hex'), $1, 2026, 'x')",
            CHILD,
        )
        await connection.execute("ANALYZE ledger_entry; ANALYZE ledger_child; ANALYZE ledger_key")
    finally:
        await connection.close()


def questions(search: PostgresLedgerSearch) -> Mapping[str, Callable[[], Awaitable[object]]]:
    """Return what the page asks, by what it is called."""
    year = {"since": BEGUN, "until": ENDED}
    month = {"since": ENDED - timedelta(days=30), "until": ENDED}
    agency = "00000000-0000-4000-8000-000000000007"

    def found(**sought: object) -> Callable[[], Awaitable[object]]:
        return lambda: search.found(Sought(**sought), first=51)  # type: ignore[arg-type]  # as written below

    return {
        "the newest 50": found(**year),
        "a page from the middle of the year": lambda: search.found(
            Sought(**year), first=51, before=(BEGUN + timedelta(days=180), 170_000)
        ),
        "by person, a year": found(**year, person="person-77"),
        "by agency and role, a year": found(**year, agency=agency, role="gp"),
        "refused at three at night, a year": found(**year, outcome="refused", hour=3),
        "by a rare purpose, a year": found(**year, purpose="missing-education"),
        "by a purpose nobody stated, a year": found(**year, purpose="unheard-of"),
        "by an agency that never asked, a year": found(**year, agency="nobody"),
        "by child, a year": found(**year, children=(CHILD,)),
        "by request id, a year": found(**year, request_id="00000000000000000000000000000000"),
        "one authority's newest 50": found(**year, authority="E08000003"),
        "heat map, a month": lambda: search.by_hour(Sought(**month)),
        "heat map, a year": lambda: search.by_hour(Sought(**year)),
        "heat map of one authority, a year": lambda: search.by_hour(Sought(**year, authority="E08000009")),
        "growth by hour, a month": lambda: search.growth(*month.values(), by="hour"),
        "growth by day, a year": lambda: search.growth(*year.values(), by="day"),
    }


async def timed(search: PostgresLedgerSearch, rounds: int) -> dict[str, tuple[float, float]]:
    """Return the median and longest milliseconds of each question."""
    figures = {}
    for name, ask in questions(search).items():
        await ask()
        taken = []
        for _ in range(rounds):
            before = time.perf_counter()
            await ask()
            taken.append((time.perf_counter() - before) * 1e3)
        figures[name] = (statistics.median(taken), max(taken))
    return figures


class Explaining(PostgresLedgerSearch):
    """Prints the plan of whatever is asked."""

    async def _fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        for row in await self._database.fetch(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {sql}", *arguments):
            say(f"    {row[0]}")
        return []


async def main() -> None:
    """Fill, ask and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=350_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--explain", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedServer(Path(folder))
        server.start()
        try:
            await migrate(server.url)
            await fill(server.url, options.entries)
            database = await Database.open(server.url, timeout=30.0)
            try:
                fresh = await timed(PostgresLedgerSearch(database), options.rounds)
                await database.execute("VACUUM ANALYZE ledger_entry")
                vacuumed = await timed(PostgresLedgerSearch(database), options.rounds)
                if options.explain:
                    for name, ask in questions(
                        Explaining(
                            database,
                        )
                    ).items():
                        say(f"\n{name}")
                        await ask()
            finally:
                await database.close()
        finally:
            server.leave()
    say(f"\n{options.entries} entries{'just filled':>35}{'longest':>10}{'vacuumed':>12}{'longest':>10}")
    for name, (middle, longest) in fresh.items():
        say(f"{name:<40}{middle:>8.1f}{longest:>10.1f}{vacuumed[name][0]:>12.1f}{vacuumed[name][1]:>10.1f}")


if __name__ == "__main__":
    asyncio.run(main())
