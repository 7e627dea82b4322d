"""`gateway data generate` over a real database."""

import asyncio

import asyncpg
import pytest
from typer.testing import CliRunner

from gateway.cli.data import data_app
from tests.support.postgres import fresh_database


@pytest.fixture
def command(database_url, monkeypatch):
    monkeypatch.setenv("GATEWAY_ENV", "development")
    monkeypatch.setenv("GATEWAY_DATABASE_URL", database_url)

    async def run(*arguments):
        return await asyncio.to_thread(CliRunner().invoke, data_app, ["generate", *map(str, arguments)])

    return run


async def test_help_gives_examples(command):
    shown = await command("--help")

    assert "gateway data generate --authority E08000009 --children 200000 --seed 1" in " ".join(shown.output.split())


async def test_it_says_how_many_children_it_wrote(command, database_url):
    done = await command("--children", 300, "--as-of", "2026-11-22", "--processes", 1)

    connection = await asyncpg.connect(database_url)
    youngest = await connection.fetchval("SELECT max(date_of_birth)::text FROM child")
    await connection.close()
    assert done.exit_code == 0
    assert "300 children written" in done.stderr
    assert "2026-10" < youngest < "2026-11-22"


async def test_a_refusal_says_what_to_do_and_exits_with_2(command):
    await command("--children", 50, "--processes", 1)

    refused = await command("--children", 60, "--processes", 1)

    assert refused.exit_code == 2
    assert "add --replace" in refused.stderr


async def test_a_database_without_tables_is_named_as_such(postgres, command, monkeypatch):
    async with fresh_database(postgres, template="template1") as url:
        monkeypatch.setenv("GATEWAY_ENV", "development")
        monkeypatch.setenv("GATEWAY_DATABASE_URL", url)

        refused = await command("--children", 50)

    assert refused.exit_code == 2
    assert "migrate it first" in refused.stderr
