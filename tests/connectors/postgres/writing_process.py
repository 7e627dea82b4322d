"""A gateway's worth of writing, to be killed: prints a number as soon as its entry is recorded."""

import asyncio
import sys

from connectors.postgres.ledger import PostgresLedgerStore
from connectors.postgres.ledger_numbers import NextNumber
from gateway.ledger.writer import AHEAD, LedgerWriter
from tests.ledger.entries import an_entry
from tests.support.ledger import sealing_keys


async def write(url, name):
    keys = sealing_keys()
    following = NextNumber()
    store, ahead = [PostgresLedgerStore(url, keys=keys, timeout=5, next_number=following) for _ in range(2)]
    writer = LedgerWriter(store, ahead=ahead, timeout=5)
    writer.start()

    async def ask(asker):
        number = 0
        while True:
            seq = await writer.record(an_entry(request_id=f"{name}-{asker}-{number}"))
            sys.stdout.write(f"{seq} {name}-{asker}-{number}\n")
            sys.stdout.flush()
            number += 1

    await asyncio.gather(*(ask(asker) for asker in range(3 * AHEAD)))


if __name__ == "__main__":
    asyncio.run(write(*sys.argv[1:]))
