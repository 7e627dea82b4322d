"""`gateway data link`, `unlink` and `links`: a person's word on which records are one child, kept and recorded."""

import asyncio

import pytest
from typer.testing import CliRunner

from connectors.postgres.links_elsewhere import PostgresLinks
from gateway.cli.main import app
from tests.support.builders import HOME, NOW, a_child
from tests.support.federation import THERE
from tests.support.ledger import latest_entry

ELSEWHERE = f"{THERE}.chd-{1:032x}"


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
    return await a_child(database)


async def states(database):
    return [row.state.value for row in await PostgresLinks(database, now=lambda: NOW).history()]


async def test_a_person_links_two_records_and_the_ledger_says_so(command, child, database, tmp_path):
    done = await command("link", str(child), ELSEWHERE, "--by", "directory.price", "--reason", "Spoke to both")

    assert (done.exit_code, await states(database)) == (0, ["in force"]), done.stderr
    entry = await latest_entry(database, tmp_path / "data")
    assert (entry["caller"]["person"], entry["ask"]["reason"]) == ("directory.price", "Spoke to both")
    assert entry["records"][0]["disclosed"] == ["linkRecords"]
    assert {about for record in entry["records"] for about in record["about"]} == {str(child)}


async def test_a_link_is_undone_once_and_listed_with_its_history(command, child, database):
    await command("link", child, ELSEWHERE, "--by", "directory.price")
    undone = await command("unlink", child, ELSEWHERE, "--by", "directory.shah")
    again = await command("unlink", child, ELSEWHERE, "--by", "directory.shah")
    listed = await command("links", child)

    assert (undone.exit_code, again.exit_code, await states(database)) == (0, 2, ["undone"])
    assert all(word in listed.stdout for word in (ELSEWHERE, "undone", "directory.price", "directory.shah"))


async def test_what_was_in_force_already_is_said_and_changes_nothing(command, child, database):
    await command("link", child, ELSEWHERE, "--by", "directory.price")
    again = await command("link", child, ELSEWHERE, "--by", "directory.price")

    assert (again.exit_code, await states(database)) == (2, ["in force"])
    assert len(await database.fetch("SELECT FROM ledger_entry")) == 1


@pytest.mark.parametrize(
    "elsewhere",
    ["nonsense", f"{THERE}.car-{1:032x}", f"{HOME}.chd-1"],
)
async def test_what_is_no_child_of_another_authority_is_refused(command, child, database, elsewhere):
    done = await command("link", child, elsewhere, "--by", "directory.price")

    assert (done.exit_code, await states(database)) == (2, [])


async def test_an_unknown_child_is_linked_with_nobody(command, database):
    done = await command("link", "00000000-0000-4000-8000-000000000009", ELSEWHERE, "--by", "directory.price")

    assert (done.exit_code, await states(database)) == (2, [])
