"""Database servers that tests hurt, started again, and what they hold afterwards."""

import asyncio

from connectors.postgres.database import Database
from gateway.errors import SourceUnavailable
from tests.support.processes import recorded, until


async def started_again(server):
    """Start the server, as often as it takes: what was killed lets go of its memory in its own time."""

    async def started():
        try:
            await asyncio.to_thread(server.start)
        except SourceUnavailable:
            return False
        return True

    await until(started, within=120)


async def found_in(server, folder):
    """All entries of the server's ledger by request id, opened with the secrets of the gateway's folder."""
    database = await Database.open(server.url, pool_min=1, pool_max=2, timeout=10)
    try:
        return await recorded(database, folder)
    finally:
        await database.close()
