"""How many insiders a review of callers finds, and how many callers it shows who did nothing but their work.

    python -m benchmarks.review [--children 20000] [--each 3] [--seed 1] [--no-past]

Starts a PostgreSQL of its own, makes up an authority, and records four weeks of normal work, with the four weeks
before them, through the real writer. Several insiders of each kind are planted in the second four weeks; some of them
do half, or a fifth, of what others do. Then it reviews those weeks once and prints, for each kind, how many were found
by the pattern that is meant to find them, and for each pattern how many of 1,000 callers it shows who are no insiders.
Every figure follows from the seed.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import asyncpg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from connectors.postgres.database import Database
from connectors.postgres.ledger import OpeningLedgerReader, PostgresLedgerStore
from connectors.postgres.ledger_keys import SealingKeys
from connectors.postgres.migration import migrate
from connectors.postgres.reviewing import PostgresLooks
from connectors.postgres.server import EmbeddedServer
from connectors.synthetic.claim import Plan
from connectors.synthetic.generate import generate
from connectors.synthetic.insiders import SHOWN_BY, Planted, planted
from connectors.synthetic.month import worked
from connectors.synthetic.month_writing import place_of, settle, write
from gateway.ledger.commitments import Commitments
from gateway.ledger.master_key import MasterKey
from gateway.ledger.writer import LedgerWriter
from gateway.reviewing.finding import Finding, Period
from gateway.reviewing.reviewing import Review, review
from gateway.reviewing.thresholds import Thresholds
from gateway.vocabulary import AuthorityCode, ReviewPattern

AUTHORITY = AuthorityCode("E08000009")
LAST = date(2026, 3, 29)
WEEKS = timedelta(days=28)
SHARES = (1.0, 0.5, 0.2)
"""How much insiders do of what their kind does: loud ones, and quieter ones."""
PERIOD = Period(first=LAST - WEEKS + timedelta(days=1), last=LAST)
MASTER = MasterKey(b"a key for measuring, of 32 bytes")


async def main() -> None:
    """Make the month, review it, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--children", type=int, default=20_000)
    parser.add_argument("--each", type=int, default=3, help="insiders of each kind and loudness")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-past", action="store_true", help="leave out the four weeks before")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedServer(Path(folder))
        server.start()
        try:
            insiders = await record_month(
                server.url, children=options.children, each=options.each, seed=options.seed, past=not options.no_past
            )
            found = await reviewed(server.url)
            report(found, insiders)
        finally:
            server.leave()


async def record_month(
    url: str, *, children: int, each: int, seed: int, past: bool = True, shares: Sequence[float] = SHARES
) -> Sequence[Planted]:
    """Record the weeks and return who was planted in them."""
    await migrate(url)
    await generate(url, Plan(authority=AUTHORITY, children=children, seed=seed, as_of=LAST))
    connection = await asyncpg.connect(url)
    try:
        place = await place_of(connection, AUTHORITY, first=PERIOD.first, days=PERIOD.days)
        work = worked(place, first=PERIOD.first, days=PERIOD.days, seed=seed)
        before = worked(place, first=PERIOD.first - WEEKS, days=WEEKS.days, seed=seed) if past else []
        insiders = planted(place, work, first=PERIOD.first, days=PERIOD.days, seed=seed, each=each, shares=shares)
        await settle(connection, place, insiders, seed=seed)
    finally:
        await connection.close()
    asks = sorted([*before, *work, *(ask for one in insiders for ask in one.asks)], key=lambda ask: ask.at)
    store = PostgresLedgerStore(url, keys=SealingKeys(MASTER), timeout=60)
    writer = LedgerWriter(store, timeout=120)
    writer.start()
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress("Recording", *columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=len(asks))
        commitments = Commitments(b"a secret for measuring: 32 bytes")
        await write(
            writer, asks, place, commitments=commitments, on_written=lambda count: progress.advance(task, count)
        )
    await writer.close()
    await store.close()
    say(f"{len(place.workers):,} callers, {len(asks):,} entries, {len(insiders)} insiders")
    return insiders


async def reviewed(url: str) -> Review:
    """Review the second four weeks, and print what that took."""
    connection = await asyncpg.connect(url)
    await connection.execute("ANALYZE ledger_entry, ledger_child, ledger_key")
    await connection.close()
    database = await Database.open(url, pool_min=1, pool_max=2, timeout=60)
    try:
        looks = PostgresLooks(database, OpeningLedgerReader(database, SealingKeys(MASTER)), within=600)
        began = time.perf_counter()
        found = await review(looks, AUTHORITY, PERIOD, thresholds=Thresholds())
        taken = time.perf_counter() - began
    finally:
        await database.close()
    say(f"{found.looks:,} entries of {found.callers:,} callers reviewed in {taken:.1f} s")
    return found


def report(found: Review, insiders: Sequence[Planted]) -> None:
    """Print who was found, and who was shown without cause."""
    of_caller: dict[str, list[Finding]] = {}
    for finding in found.findings:
        of_caller.setdefault(finding.caller.person, []).append(finding)
    shares = list(dict.fromkeys(one.share for one in insiders))
    say(f"\n{'found of planted, by how much they did':<52}" + "".join(f"{share:>10.0%}" for share in shares))
    for kind in (*SHOWN_BY, None):
        cells = ""
        for share in shares:
            those = [one for one in insiders if one.share == share and kind in {one.kind, None}]
            cells += f"{sum(_shown(one, of_caller) for one in those):>5} of {len(those):<2}"
        say(f"{kind or 'all':<52}{cells}")
    guilty = {one.worker.person for one in insiders}
    honest = max(1, found.callers - len(guilty & (of_caller.keys() | guilty)))
    alarms = Counter(one.pattern for one in found.findings if one.caller.person not in guilty)
    say(f"\n{'pattern':<52}{'honest callers shown':>22}{'of 1,000':>10}")
    for pattern in ReviewPattern:
        say(f"{pattern:<52}{alarms[pattern]:>22}{alarms[pattern] * 1000 / honest:>10.1f}")
    shown_at_all = len(of_caller.keys() - guilty)
    say(f"{'findings in all':<52}{alarms.total():>22}{alarms.total() * 1000 / honest:>10.1f}")
    say(f"{'callers with any finding':<52}{shown_at_all:>22}{shown_at_all * 1000 / honest:>10.1f}")


def _shown(insider: Planted, of_caller: Mapping[str, Sequence[Finding]]) -> bool:
    return any(one.pattern is SHOWN_BY[insider.kind] for one in of_caller.get(insider.worker.person, ()))


def say(line: str) -> None:
    """Print one line."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
