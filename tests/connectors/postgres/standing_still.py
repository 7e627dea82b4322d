"""A gateway's worth of signing that stops in the middle of its turn, to be stopped or killed there."""

import asyncio
import sys

from connectors.postgres.checkpoints import PostgresCheckpoints


async def stand_still(url):
    async with PostgresCheckpoints(url, timeout=5).turn() as turn:
        sys.stdout.write("has the turn\n" if turn is not None else "has it not\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(stand_still(sys.argv[1]))
