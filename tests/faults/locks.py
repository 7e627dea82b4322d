"""A table in the hands of somebody else."""

from contextlib import asynccontextmanager

import asyncpg


@asynccontextmanager
async def locked(url, table):
    """Keep a table locked from a session of its own until the block ends; yields that session."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            yield connection
    finally:
        await connection.close(timeout=60)
