"""Archives one partition, and says after each step how far it is; goes on when it is told to."""

import asyncio
import sys
from pathlib import Path

from connectors.ledger_archiving import LedgerArchiving
from connectors.postgres.database import Database
from connectors.postgres.ledger_archive import LedgerPartitions
from tests.support.partitions import keys_of


async def main(url, data_dir, folder):
    database = await Database.open(url, pool_min=1, pool_max=1, timeout=10)
    keys = [key.verifier for key in keys_of(Path(data_dir))]
    partition = (await LedgerPartitions(database).full())[0]
    await LedgerArchiving(database, folder=Path(folder), keys=keys).archive(partition, on_step=say)
    await database.close()


def say(step):
    sys.stdout.write(f"{step}\n")
    sys.stdout.flush()
    sys.stdin.readline()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
