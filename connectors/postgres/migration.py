"""Migrations: numbered SQL files, applied forward only, each once, in order, under a lock."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from connectors.postgres.database import Database, translated
from gateway.errors import CannotProceed

MIGRATIONS = Path(__file__).parent / "migrations"
OLDEST_SERVER = 15
LOCK = 0x6469726563746F72  # any number that nobody else takes
LOCK_TIMEOUT = "5s"  # a migration that waits for a table would hold up everybody who reads it


class MigrationRefused(CannotProceed):
    """The database must not be migrated as it stands; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One numbered file and what it says."""

    name: str
    sql: str
    checksum: str


def packaged(folder: Path = MIGRATIONS) -> list[Migration]:
    """Return the migrations of a folder in order."""
    found = []
    for path in sorted(folder.glob("[0-9][0-9][0-9][0-9]_*.sql")):
        sql = path.read_text(encoding="utf-8")
        found.append(Migration(name=path.stem, sql=sql, checksum=hashlib.sha256(sql.encode()).hexdigest()))
    return found


async def pending(database: str | Database, *, folder: Path = MIGRATIONS) -> list[str]:
    """Return the names of the migrations that are still to be applied; raises as `migrate` does."""
    with translated():
        connection = await asyncpg.connect(_url(database))
        try:
            return [migration.name for migration in await _outstanding(connection, packaged(folder))]
        finally:
            await connection.close()


async def migrate(
    database: str | Database, *, on_step: Callable[[str], None] | None = None, folder: Path = MIGRATIONS
) -> list[str]:
    """Apply what is still to be applied, each in its own transaction, and return the names.

    `on_step` is called with each name before it is applied. Two processes at once are safe: the second waits.

    Raises:
        MigrationRefused: The server is too old, or a migration was edited after it had been applied.
        SourceUnavailable: The database cannot be reached, or a table stayed locked.
        SourceMalformed: A migration does not fit the database.
    """
    with translated():
        connection = await asyncpg.connect(_url(database))
        try:
            _refuse_old_server(connection.get_server_version().major)
            await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
            await connection.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
            await connection.execute(
                "CREATE TABLE IF NOT EXISTS schema_migration (name text PRIMARY KEY, checksum text NOT NULL, "
                "applied_at timestamptz NOT NULL DEFAULT now())"
            )
            applied = []
            for migration in await _outstanding(connection, packaged(folder)):
                if on_step is not None:
                    on_step(migration.name)
                await _apply(connection, migration)
                applied.append(migration.name)
            return applied
        finally:
            await connection.close()  # lets go of the lock, too


async def _apply(connection: asyncpg.Connection, migration: Migration) -> None:
    async with connection.transaction():
        await connection.execute(migration.sql)
        await connection.execute(
            "INSERT INTO schema_migration (name, checksum) VALUES ($1, $2)", migration.name, migration.checksum
        )


async def _outstanding(connection: asyncpg.Connection, migrations: list[Migration]) -> list[Migration]:
    _refuse_old_server(connection.get_server_version().major)
    if await connection.fetchval("SELECT to_regclass('schema_migration')") is None:
        return migrations
    rows = await connection.fetch("SELECT name, checksum FROM schema_migration")
    applied = {row["name"]: row["checksum"] for row in rows}
    for migration in migrations:
        if applied.get(migration.name, migration.checksum) != migration.checksum:
            raise MigrationRefused(
                f"Migration {migration.name} was edited after it had been applied; add a new one instead.",
                reason="migration-edited",
            )
    return [migration for migration in migrations if migration.name not in applied]


def _refuse_old_server(major: int) -> None:
    if major < OLDEST_SERVER:
        raise MigrationRefused(
            f"PostgreSQL {OLDEST_SERVER} or later is needed; this server is version {major}.",
            reason="server-too-old",
        )


def _url(database: str | Database) -> str:
    return database if isinstance(database, str) else database.url
