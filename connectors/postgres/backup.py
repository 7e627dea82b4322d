"""Backing up the whole database as it was at one moment, and putting it back into an empty one, whole or not at all."""

import hashlib
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import asyncpg

from connectors.postgres.database import translated
from connectors.postgres.dump import program, run_program
from connectors.postgres.migration import packaged
from connectors.postgres.serving_rights import let_write
from gateway.backup import DUMP_SUFFIX, MANIFEST_SUFFIX, BackupManifest, TableSize, dump_of
from gateway.errors import CannotProceed
from gateway.ledger.notes import SigningKey

_TABLES: Final = """
SELECT relname AS name, pg_table_size(oid) AS bytes FROM pg_class
WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace ORDER BY relname
"""
_ENTRIES: Final = """
SELECT greatest((SELECT max(seq) + 1 FROM ledger_entry), (SELECT max(end_seq) FROM ledger_archive), 0)
"""
_NEWEST: Final = "SELECT note FROM ledger_checkpoint ORDER BY size DESC, id DESC LIMIT 1"
_ANYTHING: Final = """
SELECT count(*) FROM pg_class
WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
"""

Advance = Callable[[int], None]


class BackupRefused(CannotProceed):
    """It must not be put back, or not here; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one moment of the database holds, and the snapshot that shows it to others."""

    snapshot: str
    manifest: BackupManifest


@asynccontextmanager
async def seen(url: str, *, authority: str) -> AsyncIterator[Seen]:
    """Hold the database as it is at one moment; nobody who writes waits for it.

    Raises:
        SourceFailed: The database did not answer, or has not the ledger's tables.
    """
    with translated():
        connection = await asyncpg.connect(url, server_settings={"statement_timeout": "0", "timezone": "UTC"})
    try:
        with translated():
            await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            now = await _seen(connection, authority)
        yield now
    finally:
        connection.terminate()


async def back_up(
    seen_now: Seen, url: str, *, folder: Path, programs: Path | None, keys: Sequence[SigningKey], advance: Advance
) -> Path:
    """Write what was seen, and return the path of the manifest; nothing with the backup's name stands there before.

    Raises:
        BackupRefused: There is one of this very second.
        DumpFailed: pg_dump did not do its work; nothing is left of it.
    """
    manifest = seen_now.manifest
    path = folder / f"{manifest.name}{MANIFEST_SUFFIX}"
    if path.exists():
        raise BackupRefused(f"{path.name} is there already.", reason="backup-there")
    partial = folder / f"{manifest.name}{DUMP_SUFFIX}.partial"
    # Everybody's records are in it: nobody but its owner reads it, from its first byte on.
    os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        await run_program(
            program("pg_dump", server=manifest.server, folder=programs),
            "--format=custom",
            "--compress=1",
            "--no-owner",
            "--no-acl",
            f"--snapshot={seen_now.snapshot}",
            f"--file={partial}",
            url=url,
            sizes={name: size.bytes for name, size in manifest.tables.items()},
            advance=advance,
        )
        _keep(path, partial, manifest, keys)
    finally:
        partial.unlink(missing_ok=True)
    return path


async def refuse_to_restore(url: str, manifest: BackupManifest) -> None:
    """Return where a backup may be put back.

    Raises:
        BackupRefused: The database is not empty, or the backup is of a newer release.
        SourceFailed: The database did not answer.
    """
    newer = set(manifest.migrations) - {migration.name for migration in packaged()}
    if newer:
        raise BackupRefused(
            f"The backup was taken by a newer release, with the migration {min(newer)}: put it back with that release.",
            reason="backup-newer",
        )
    with translated():
        connection = await asyncpg.connect(url)
        try:
            there = await connection.fetchval(_ANYTHING)
        finally:
            await connection.close()
    if there:
        raise BackupRefused(
            f"The database is not empty ({there} tables and the like): nothing was put back. Make a new one.",
            reason="database-not-empty",
        )


async def put_back(path: Path, manifest: BackupManifest, url: str, *, programs: Path | None, advance: Advance) -> None:
    """Put a backup back into an empty database, in one transaction, and let gateways write to its ledger.

    Raises:
        BackupRefused: As `refuse_to_restore`.
        DumpFailed: pg_restore did not do its work; the database is as empty as before.
        SourceFailed: The database did not answer.
    """
    await refuse_to_restore(url, manifest)
    with translated():
        connection = await asyncpg.connect(url)
        try:
            server = connection.get_server_version().major
        finally:
            await connection.close()
    await run_program(
        program("pg_restore", server=max(server, manifest.server), folder=programs),
        "--single-transaction",
        "--exit-on-error",
        "--no-owner",
        "--no-acl",
        str(dump_of(path, manifest)),
        url=url,
        sizes={name: size.bytes for name, size in manifest.tables.items()},
        advance=advance,
    )
    await let_write(url)


async def otherwise_than(manifest: BackupManifest, url: str) -> Sequence[str]:
    """Return in sentences where the database holds something else than the manifest says."""
    async with seen(url, authority=manifest.authority) as now:
        found = now.manifest
    sentences = [
        f"The table {name} has {found.tables[name].rows if name in found.tables else 'no'} rows, and had {size.rows}."
        for name, size in manifest.tables.items()
        if name not in found.tables or found.tables[name].rows != size.rows
    ]
    sentences += [f"The table {name} was not in the backup." for name in found.tables if name not in manifest.tables]
    if (found.entries, found.checkpoint) != (manifest.entries, manifest.checkpoint):
        sentences.append("The ledger ends otherwise than the manifest says.")
    return sentences


async def _seen(connection: asyncpg.Connection, authority: str) -> Seen:
    tables = {}
    for row in await connection.fetch(_TABLES):
        name = row["name"]
        quoted = await connection.fetchval("SELECT quote_ident($1)", name)
        rows = await connection.fetchval(f"SELECT count(*) FROM {quoted}")  # noqa: S608 - quoted by the server
        tables[name] = TableSize(rows=rows, bytes=row["bytes"])
    migrations = await connection.fetch("SELECT name FROM schema_migration ORDER BY name")
    manifest = BackupManifest(
        authority=authority,
        at=await connection.fetchval("SELECT date_trunc('second', now())"),
        server=connection.get_server_version().major,
        migrations=tuple(row["name"] for row in migrations),
        tables=tables,
        entries=await connection.fetchval(_ENTRIES),
        checkpoint=await connection.fetchval(_NEWEST),
        length=0,
        digest=b"",
    )
    return Seen(snapshot=await connection.fetchval("SELECT pg_export_snapshot()"), manifest=manifest)


def _keep(path: Path, partial: Path, manifest: BackupManifest, keys: Sequence[SigningKey]) -> None:
    """Give the finished dump its name, and then write its manifest; both stand on the disk after."""
    with partial.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").digest()
        whole = replace(manifest, length=partial.stat().st_size, digest=digest).signed(keys)
        os.fsync(stream.fileno())
    partial.replace(dump_of(path, manifest))
    beside = path.with_suffix(".json.partial")
    with beside.open("wb") as out:
        out.write(whole.as_document())
        out.flush()
        os.fsync(out.fileno())
    beside.replace(path)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)  # the names as well as what they name
    finally:
        os.close(handle)
