"""`gateway data destroy`: six years in the archive, then destroyed, with an entry as the proof of it (T2)."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from typer.testing import CliRunner

from connectors.postgres.destroying import PostgresDestroying
from gateway.cli.main import app
from tests.support.builders import (
    a_carer,
    a_child,
    a_consent_to_stay,
    a_registration,
    a_sensitive_involvement,
    a_shield,
    cares_for,
)
from tests.support.ledger import latest_entry

LONG_AGO = date(2000, 1, 1)
BY = ("--by", "directory.price")


@pytest.fixture
def command(database_url, tmp_path, monkeypatch):
    monkeypatch.setenv("GATEWAY_ENV", "development")
    monkeypatch.setenv("GATEWAY_DATABASE_URL", database_url)
    monkeypatch.setenv("GATEWAY_DATA_DIR", str(tmp_path / "data"))

    async def command(*arguments):
        return await asyncio.to_thread(CliRunner().invoke, app, ["data", "destroy", *BY, *arguments])

    return command


async def count(database, table):
    (row,) = await database.fetch(f"SELECT count(*) FROM {table}")  # noqa: S608 - the tables are named below
    return row["count"]


@pytest.mark.parametrize(
    ("stated", "due_on"),
    [
        ({"date_of_birth": date(2002, 5, 10)}, date(2026, 5, 12)),
        ({"date_of_birth": date(2004, 2, 29)}, date(2028, 3, 1)),
        ({"standing": "left-england", "date_of_birth": date(2002, 5, 10)}, date(2026, 5, 12)),
        ({"standing": "deceased", "died_on": date(2019, 5, 10)}, date(2026, 5, 12)),
    ],
)
async def test_a_record_is_due_six_years_after_it_was_archived_and_no_day_before(database, stated, due_on):
    child = await a_child(database, **stated)
    destroying = PostgresDestroying(database)

    before, after = [await destroying.due(today=due_on - timedelta(days=days), limit=9) for days in (1, 0)]

    assert ([one.child for one in before], [one.child for one in after]) == ([], [child])
    assert not await destroying.destroy(child, today=due_on - timedelta(days=1))


@pytest.mark.parametrize("stated", [{"standing": "archived"}, {"standing": "deceased"}])
async def test_a_record_archived_since_nobody_knows_when_is_never_due(database, stated):
    await a_child(database, date_of_birth=LONG_AGO, **stated)

    assert await PostgresDestroying(database).due(today=date(2199, 1, 1), limit=9) == []


@pytest.mark.parametrize(
    ("withdrawn", "due_on"), [(None, date(2031, 1, 3)), (datetime(2021, 7, 1, tzinfo=UTC), date(2027, 7, 3))]
)
async def test_who_stayed_by_consent_is_archived_from_when_the_consent_ended(database, withdrawn, due_on):
    child = await a_child(database, date_of_birth=LONG_AGO)
    by = None if withdrawn is None else "directory.price"
    await a_consent_to_stay(database, child, withdrawn_at=withdrawn, withdrawn_by=by)
    destroying = PostgresDestroying(database)

    assert [len(await destroying.due(today=due_on - timedelta(days=days), limit=9)) for days in (1, 0)] == [0, 1]


async def test_without_yes_records_are_listed_and_nothing_is_destroyed(command, database):
    child = await a_child(database, date_of_birth=LONG_AGO)

    said = await command()

    assert (said.exit_code, await count(database, "child"), await count(database, "ledger_entry")) == (0, 1, 0)
    assert str(child) in said.output


async def test_a_destroyed_record_leaves_its_entry_and_nothing_else(command, database, tmp_path):
    child = await a_child(database, date_of_birth=LONG_AGO, nhs_number="9434765919")
    await a_carer(database, of=[child])
    await a_shield(database, child)
    await a_sensitive_involvement(database, child)
    await a_consent_to_stay(database, child, ground="youth-support")
    await a_registration(database, role="child", subject_child=child)

    done = await command("--yes")

    assert done.exit_code == 0, done.output
    gone = (
        "child",
        "carer",
        "child_carer",
        "child_search_key",
        "shield",
        "involvement",
        "kept_by_consent",
        "registration",
    )
    assert {table: await count(database, table) for table in gone} == dict.fromkeys(gone, 0)
    entry = await latest_entry(database, tmp_path / "data")
    assert (entry["caller"]["person"], entry["ask"]["operation"]) == ("directory.price", "destroyRecord")
    assert entry["records"][1]["id"] == str(child)


async def test_a_carer_who_is_somebody_elses_and_every_other_record_stay(command, database):
    child, sibling = await a_child(database, date_of_birth=LONG_AGO), await a_child(database)
    carer = await a_carer(database, of=[child])
    await cares_for(database, carer, sibling)

    await command("--yes")

    assert [row["id"] for row in await database.fetch("SELECT id FROM child")] == [sibling]
    assert [row["id"] for row in await database.fetch("SELECT id FROM carer")] == [carer]


async def test_where_nothing_is_due_the_exit_code_says_so(command, database):
    await a_child(database)

    said = await command("--yes")

    assert (said.exit_code, await count(database, "ledger_entry")) == (4, 0)
