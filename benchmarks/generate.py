"""How fast a made-up authority is loaded, and what it looks like; run with `python -m benchmarks.generate`.

A database of its own is started under a temporary folder, with durable commits, and thrown away afterwards.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import asyncpg

from connectors.postgres.migration import migrate
from connectors.postgres.server import EmbeddedServer
from connectors.synthetic.claim import Plan
from connectors.synthetic.families import slice_rows
from connectors.synthetic.generate import generate
from connectors.synthetic.rows import COLUMNS
from connectors.synthetic.world import Authority, World

AS_OF = date(2026, 11, 22)
SLICES_MADE_ONLY = 5


def main() -> None:
    """Measure making alone, then making and loading, and print children a minute and the size of each table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", type=int, default=50_000)
    parser.add_argument("--processes", type=int, default=None)
    given = parser.parse_args()
    _say(f"{'making alone, one process':<32}{_making_rate():>12,.0f} children/min")
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedServer(Path(folder))
        server.start()
        try:
            asyncio.run(_load(server.url, given.children, given.processes))
        finally:
            server.stop()


def _making_rate() -> float:
    world = World(authority=Authority("E08000009", "358", "Trafford"), children=200_000, seed=1, as_of=AS_OF)
    slice_rows(world, 0)  # the names' keys are computed once
    begun = time.perf_counter()
    children = sum(len(slice_rows(world, number)["child"]) for number in range(1, 1 + SLICES_MADE_ONLY))
    return children * 60 / (time.perf_counter() - begun)


async def _load(url: str, children: int, processes: int | None) -> None:
    await migrate(url)
    begun = time.perf_counter()
    await generate(url, Plan(authority="E08000009", children=children, seed=1, as_of=AS_OF), processes=processes)
    seconds = time.perf_counter() - begun
    _say(f"{'made, loaded and analysed':<32}{children * 60 / seconds:>12,.0f} children/min ({seconds:.1f} s)")
    connection = await asyncpg.connect(url)
    for table in COLUMNS:
        rows, size = await connection.fetchrow(
            f"SELECT count(*), pg_size_pretty(pg_total_relation_size('{table}')) FROM {table}"  # noqa: S608 - names from the project
        )
        _say(f"{table:<32}{rows:>12,} rows {size:>10}")
    await connection.close()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
