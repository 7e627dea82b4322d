"""Migrations: forward only, each once, whoever else tries, and never over an edited one."""

import asyncio
import shutil

import asyncpg
import pytest

from connectors.postgres import migration
from connectors.postgres.migration import MIGRATIONS, MigrationRefused, migrate, pending
from gateway.errors import SourceMalformed
from tests.support.postgres import fresh_database

PACKAGED = sorted(path.stem for path in MIGRATIONS.glob("*.sql"))


@pytest.fixture
async def bare_url(postgres):
    async with fresh_database(postgres, template="template1") as url:
        yield url


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "0001_first.sql").write_text("CREATE TABLE first (id integer);")
    (tmp_path / "0002_second.sql").write_text("CREATE TABLE second (id integer); INSERT INTO second VALUES (1);")
    return tmp_path


async def tables(url):
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {row["tablename"] for row in rows}
    finally:
        await connection.close()


async def test_an_empty_database_gets_every_migration_in_order(bare_url):
    steps = []

    applied = await migrate(bare_url, on_step=steps.append)

    assert applied == steps == PACKAGED
    assert {"child", "ledger_entry", "schema_migration"} <= await tables(bare_url)


async def test_migrating_again_changes_nothing(bare_url, folder):
    await migrate(bare_url, folder=folder)

    assert await migrate(bare_url, folder=folder) == []


async def test_what_is_pending_is_told_without_applying_it(bare_url, folder):
    assert await pending(bare_url, folder=folder) == ["0001_first", "0002_second"]
    assert await tables(bare_url) == set()


async def test_a_new_migration_is_applied_alone(bare_url, folder):
    await migrate(bare_url, folder=folder)
    (folder / "0003_third.sql").write_text("CREATE TABLE third (id integer);")

    assert await pending(bare_url, folder=folder) == ["0003_third"]
    assert await migrate(bare_url, folder=folder) == ["0003_third"]


async def test_an_edited_migration_is_refused_by_name(bare_url, folder):
    await migrate(bare_url, folder=folder)
    (folder / "0001_first.sql").write_text("CREATE TABLE first (id bigint);")
    (folder / "0003_third.sql").write_text("CREATE TABLE third (id integer);")

    with pytest.raises(MigrationRefused, match="0001_first"):
        await migrate(bare_url, folder=folder)
    with pytest.raises(MigrationRefused, match="0001_first"):
        await pending(bare_url, folder=folder)
    assert "third" not in await tables(bare_url)


async def test_a_migration_that_fails_leaves_nothing_of_itself(bare_url, folder):
    (folder / "0002_second.sql").write_text("CREATE TABLE second (id integer); SELECT no_such_column;")

    with pytest.raises(SourceMalformed):
        await migrate(bare_url, folder=folder)

    assert await tables(bare_url) == {"first", "schema_migration"}
    assert await pending(bare_url, folder=folder) == ["0002_second"]


async def test_two_at_once_apply_each_migration_once(bare_url):
    both = await asyncio.gather(migrate(bare_url), migrate(bare_url))

    assert sorted(both) == [[], PACKAGED]


async def test_a_database_of_a_newer_release_is_left_alone(bare_url, folder, tmp_path_factory):
    await migrate(bare_url, folder=folder)
    older = tmp_path_factory.mktemp("older")
    shutil.copy(folder / "0001_first.sql", older)

    assert await migrate(bare_url, folder=older) == []


async def test_a_server_that_is_too_old_is_refused_with_both_versions(bare_url, folder, monkeypatch):
    monkeypatch.setattr(migration, "OLDEST_SERVER", 99)

    with pytest.raises(MigrationRefused, match=r"PostgreSQL 99 or later is needed; this server is version \d+"):
        await migrate(bare_url, folder=folder)
    assert await tables(bare_url) == set()


async def test_a_migration_leaves_the_data_that_is_there(bare_url, folder):
    await migrate(bare_url, folder=folder)
    (folder / "0003_third.sql").write_text("ALTER TABLE second ADD COLUMN name text;")

    await migrate(bare_url, folder=folder)

    connection = await asyncpg.connect(bare_url)
    assert await connection.fetchval("SELECT id FROM second") == 1
    await connection.close()
