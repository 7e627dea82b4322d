"""Further databases beside the one of a URL, for demonstrations of several authorities on one machine."""

from urllib.parse import urlsplit, urlunsplit

import asyncpg


async def database_beside(url: str, name: str) -> str:
    """Return the URL of the database of this name on the same server, made if it is not there.

    Raises:
        asyncpg.PostgresError, OSError: The server failed.
    """
    connection = await asyncpg.connect(url, timeout=10.0)
    try:
        if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
            await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{name}"))
