"""Fresh databases on one real server: each a copy of a migrated template."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from connectors.postgres.migration import migrate

TEMPLATE = "migrated"
_numbers = count(1)


@contextmanager
def server_folder() -> Iterator[Path]:
    """Lend a folder for a server.

    Not pytest's own: where root runs the tests, every other run of pytest on the machine closes that one to the
    unprivileged user that PostgreSQL runs as.
    """
    with tempfile.TemporaryDirectory(prefix="directory-gateway-test-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def url_of(server_url, database):
    """Return the URL of another database on the same server."""
    return urlunsplit(urlsplit(server_url)._replace(path=f"/{database}"))


async def make_template(server_url):
    """Make the migrated database that every test's own is copied from; what tests write may die with the machine."""
    for setting in ("fsync", "full_page_writes"):
        await administer(server_url, f"ALTER SYSTEM SET {setting} = off")
    await administer(server_url, "SELECT pg_reload_conf()")
    await administer(server_url, f"CREATE DATABASE {TEMPLATE}")
    await migrate(url_of(server_url, TEMPLATE))


@asynccontextmanager
async def fresh_database(server_url, *, template=TEMPLATE) -> AsyncIterator[str]:
    """Lend the URL of a database of one's own; `template="template1"` gives one without tables."""
    name = f"test_{next(_numbers)}"
    await administer(server_url, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    try:
        yield url_of(server_url, name)
    finally:
        await administer(server_url, f"DROP DATABASE {name} WITH (FORCE)")


async def administer(server_url, statement):
    """Run one statement as the server's owner."""
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
