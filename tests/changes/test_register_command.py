"""`gateway register`: the operator's way to suspend somebody in an emergency, recorded like any other."""

import asyncio

import pytest
from typer.testing import CliRunner

from connectors.postgres.register import PostgresRegister
from gateway.cli.main import app
from gateway.vocabulary import PersonId
from tests.support.builders import a_registration
from tests.support.ledger import latest_entry


@pytest.fixture
def command(database_url, tmp_path, monkeypatch):
    monkeypatch.setenv("GATEWAY_ENV", "development")
    monkeypatch.setenv("GATEWAY_DATABASE_URL", database_url)
    monkeypatch.setenv("GATEWAY_DATA_DIR", str(tmp_path / "data"))

    async def command(*arguments):
        return await asyncio.to_thread(CliRunner().invoke, app, ["register", *arguments])

    return command


@pytest.fixture
async def person(database):
    person, _ = await a_registration(database)
    return person


@pytest.fixture
def suspended(database, person):
    async def suspended():
        (registration,) = await PostgresRegister(database).registrations_of(PersonId(person))
        return registration.suspended

    return suspended


async def test_a_person_is_suspended_and_the_ledger_says_by_whom(command, person, suspended, database, tmp_path):
    done = await command("suspend", person, "--reason", "Token stolen", "--by", "ops.duty")

    assert (done.exit_code, await suspended()) == (0, True)
    entry = await latest_entry(database, tmp_path / "data")
    assert (entry["caller"]["person"], entry["caller"]["role"]) == ("ops.duty", "operator")
    assert entry["ask"]["reason"] == "Token stolen"
    (change,) = await database.fetch("SELECT id, record_id FROM change")
    assert [record["id"] for record in entry["records"]] == [str(change["id"]), change["record_id"]]


async def test_a_person_is_reinstated(command, person, suspended):
    await command("suspend", person, "--reason", "Token stolen")

    done = await command("reinstate", person, "--reason", "New token")

    assert (done.exit_code, await suspended()) == (0, False)


@pytest.mark.parametrize("order", ["suspend", "reinstate"])
async def test_nobody_of_that_name_is_an_exit_code_of_its_own(command, database, order):
    done = await command(order, "nobody-of-this-name", "--reason", "Token stolen")

    assert done.exit_code == 4
    assert await database.fetch("SELECT FROM ledger_entry") == await database.fetch("SELECT FROM change") == []


async def test_the_list_shows_who_is_suspended_and_a_persons_history(command, person):
    await command("suspend", person, "--reason", "Token [red]stolen")
    held = await command("list")
    await command("reinstate", person, "--reason", "New token")
    after, history = await command("list"), await command("list", person)

    assert person in held.stdout
    assert "Token [red]stolen" in held.stdout
    assert person not in after.stdout
    assert "Token [red]stolen" in history.stdout


@pytest.mark.parametrize(
    "arguments", [("--reason", " "), ("--reason", "x" * 501), ("--reason", "r", "--until", "2020-01-01T00:00")]
)
async def test_what_cannot_be_kept_is_refused(command, person, suspended, arguments):
    done = await command("suspend", person, *arguments)

    assert (done.exit_code, await suspended()) == (2, False)
