"""How long it takes to verify a ledger: the database and an export of it, and whether anything is found in a whole one.

    python -m benchmarks.ledger_verify [--entries 1000000] [--processes 2] [--folder DIR] [--fill]

Starts a PostgreSQL of its own under a folder, which is kept for the next run. The entries are one real entry of 30
fields under as many numbers, each with its own hash and index rows; a gateway's own checkpointer signs them, a
checkpoint for each 65,536. Prints seconds and entries a second, and fails if anything is found. `--fill` only makes the
ledger, so that it can be measured on a machine that does nothing else.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import asyncpg

from benchmarks.ledger import entry
from connectors.checkpoint_keys import signing_keys
from connectors.development_keys import development_ledger_key
from connectors.postgres.checkpoints import PostgresCheckpoints
from connectors.postgres.ledger import PostgresLedgerStore
from connectors.postgres.ledger_keys import SealingKeys
from connectors.postgres.migration import migrate
from connectors.postgres.server import EmbeddedServer
from gateway.ledger.canonical import prepare
from gateway.ledger.checkpoint import origin_of
from gateway.ledger.checkpointing import Checkpointer
from gateway.ledger.master_key import MasterKey
from gateway.settings import Settings

AT_ONCE = 50_000
COPY = """
WITH numbered AS (
    SELECT number, replace(entry, '"seq":0,', format('"seq":%s,', number)) AS entry, at, request_id, person, role,
           agency, authority, purpose, outcome, searches
    FROM ledger_entry, generate_series($1::bigint, $2::bigint - 1) AS number WHERE seq = 0
), added AS (
    INSERT INTO ledger_entry (seq, entry, leaf_hash, at, request_id, person, role, agency, authority, purpose, outcome,
                              searches)
    SELECT number, entry, sha256('\\x00'::bytea || convert_to(entry, 'UTF8')), at, request_id, person, role, agency,
           authority, purpose, outcome, searches
    FROM numbered
)
INSERT INTO ledger_child (tag, seq, told, withheld)
SELECT tag, number, told, withheld FROM ledger_child, generate_series($1::bigint, $2::bigint - 1) AS number
WHERE seq = 0
"""


def say(line: str) -> None:
    """Print one line of the result."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def fill(settings: Settings, url: str, entries: int) -> float:
    """Make what is not there of the ledger, sign it, and return the seconds that signing took."""
    connection = await asyncpg.connect(url)
    there: int = await connection.fetchval("SELECT coalesce(max(seq) + 1, 0) FROM ledger_entry")
    if not there:
        await fill_first(settings, url)
        there = 1
    for first in range(there, entries, AT_ONCE):
        await connection.execute(COPY, first, min(first + AT_ONCE, entries))
    size = await connection.fetchval("SELECT length(entry) FROM ledger_entry WHERE seq = 0")
    await connection.close()
    say(f"{entries:,} entries of {size:,} bytes")
    return await sign(settings, url)


async def fill_first(settings: Settings, url: str) -> None:
    """Write the entry that all others are copied from."""
    keys = SealingKeys(MasterKey(development_ledger_key(settings.data_dir).read_bytes()))
    connection = await asyncpg.connect(url)
    commitments = await keys.commitments(connection)
    await connection.close()
    store = PostgresLedgerStore(url, keys=keys, timeout=30)
    await store.append([prepare(entry(uuid4(), commitments))])
    await store.close()


async def sign(settings: Settings, url: str) -> float:
    """Sign all that is not signed, and return the seconds it took."""
    checkpoints = PostgresCheckpoints(url, timeout=30)
    checkpointer = Checkpointer(
        checkpoints, origin=origin_of(settings.authority), keys=signing_keys(settings), interval=0.001
    )
    began = time.perf_counter()
    while await checkpointer.take_turn(hurried=True):
        pass
    taken = time.perf_counter() - began
    await checkpoints.close()
    return taken


def timed(label: str, settings: Settings, url: str, entries: int, *arguments: str) -> None:
    """Run `gateway ledger` and print what it took."""
    environment = {
        "GATEWAY_ENV": "development",
        "GATEWAY_DATABASE_URL": url,
        "GATEWAY_DATA_DIR": str(settings.data_dir),
    }
    command = [sys.executable, "-c", "from gateway.cli.main import main; main()", "ledger", *arguments]
    began = time.perf_counter()
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    taken = time.perf_counter() - began
    say(f"{label:<28}{taken:>8.1f} s{entries / taken:>12,.0f} entries/s   {ended.stdout.strip()}")
    if ended.returncode:
        sys.exit(ended.stdout + ended.stderr)


def main() -> None:
    """Fill, sign, verify the database, export, verify the export."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--processes", type=int)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "directory-gateway-ledger-verify")
    parser.add_argument("--fill", action="store_true")
    options = parser.parse_args()
    more = () if options.processes is None else ("--processes", str(options.processes))
    folder = options.folder / str(options.entries)
    server = EmbeddedServer(folder)
    server.start()
    try:
        asyncio.run(migrate(server.url))
        settings = Settings(env="development", data_dir=folder, database_url=server.url)  # type: ignore[call-arg, arg-type]
        signing = asyncio.run(fill(settings, server.url, options.entries))
        if options.fill:
            return
        say(f"{'sign':<28}{signing:>8.1f} s{options.entries / signing:>12,.0f} entries/s")
        [key] = signing_keys(settings)
        file = str(folder / "ledger.jsonl")
        timed("verify the database", settings, server.url, options.entries, "verify", *more)
        timed("export", settings, server.url, options.entries, "export", "-o", file)
        offline = ("verify", file, "--key", str(key.verifier), *more)
        timed("verify the export", settings, server.url, options.entries, *offline)
    finally:
        server.leave()


if __name__ == "__main__":
    main()
