"""`gateway data keep` and `let-go`: a young person's word on staying in the directory past eighteen (T1)."""

import asyncio
from datetime import date
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from gateway.cli.main import app
from gateway.vocabulary import RecordStanding
from tests.support.builders import a_child
from tests.support.ledger import latest_entry

KEEP = ("--ground", "care-leaver", "--given-on", "2026-06-01", "--by", "directory.price")


@pytest.fixture
def command(database_url, tmp_path, monkeypatch):
    monkeypatch.setenv("GATEWAY_ENV", "development")
    monkeypatch.setenv("GATEWAY_DATABASE_URL", database_url)
    monkeypatch.setenv("GATEWAY_DATA_DIR", str(tmp_path / "data"))

    async def command(*arguments):
        return await asyncio.to_thread(CliRunner().invoke, app, ["data", *map(str, arguments)])

    return command


@pytest.fixture
async def child(database):
    return await a_child(database, date_of_birth=date(2007, 1, 1))


@pytest.fixture
def standing(directory, child):
    async def standing():
        return (await directory.children([child]))[child].facts.standing

    return standing


async def test_a_consent_keeps_the_record_and_the_ledger_says_who_recorded_it(
    command, child, standing, database, tmp_path
):
    done = await command("keep", child, *KEEP, "--reason", "Pathway plan")

    assert (done.exit_code, await standing()) == (0, RecordStanding.ADULT_WITH_CONSENT), done.output
    entry = await latest_entry(database, tmp_path / "data")
    assert (entry["caller"]["person"], entry["caller"]["role"]) == ("directory.price", "operator")
    assert entry["ask"]["reason"] == "Pathway plan"
    assert entry["records"][1]["id"] == str(child)


async def test_a_withdrawn_consent_lets_the_record_go_at_once(command, child, standing):
    await command("keep", child, *KEEP)

    done = await command("let-go", child, "--by", "directory.price")

    assert (done.exit_code, await standing()) == (0, RecordStanding.ADULT), done.output


async def test_a_consent_may_be_given_again_after_it_was_withdrawn(command, child, standing):
    for words in (("keep", child, *KEEP), ("let-go", child, "--by", "directory.price"), ("keep", child, *KEEP)):
        await command(*words)

    assert await standing() is RecordStanding.ADULT_WITH_CONSENT


@pytest.mark.parametrize("again", ["nobody here", "stands already", "nothing to withdraw", "given tomorrow"])
async def test_what_changes_nothing_is_refused_and_not_recorded(command, child, database, again):
    if again == "stands already":
        await command("keep", child, *KEEP)
    before = await database.fetch("SELECT seq FROM ledger_entry")
    words = {
        "nobody here": ("keep", uuid4(), *KEEP),
        "stands already": ("keep", child, *KEEP),
        "nothing to withdraw": ("let-go", child, "--by", "directory.price"),
        "given tomorrow": ("keep", child, "--ground", "care-leaver", "--given-on", "2199-01-01", "--by", "a.b"),
    }[again]

    done = await command(*words)

    assert done.exit_code != 0
    assert await database.fetch("SELECT seq FROM ledger_entry") == before
