"""A gateway's worth of writing, to be killed: prints a number as soon as its entry is recorded."""

import asyncio
import sys

from connectors.postgres.ledger import PostgresLedgerStore
from gateway.ledger.writer import LedgerWriter
from tests.ledger.entries import an_entry
from tests.support.ledger import sealing_keys


async def write(url, name):
    store = PostgresLedgerStore(url, keys=sealing_keys(), timeout=5)
    writer = LedgerWriter(store, timeout=5)
    writer.start()

    async def ask(asker):
        number = 0
        while True:
            seq = await writer.record(an_entry(request_id=f"{name}-{asker}-{number}"))
            sys.stdout.write(f"{seq} {name}-{asker}-{number}\n")
            sys.stdout.flush()
            number += 1

    await asyncio.gather(*(ask(asker) for asker in range(8)))


if __name__ == "__main__":
    asyncio.run(write(*sys.argv[1:]))
