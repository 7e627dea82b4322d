"""`gateway ledger` over a real database, and what a database administrator with triggers off leaves behind."""

import asyncio

import asyncpg
import orjson
import pytest
from typer.testing import CliRunner

from connectors.development_keys import development_ledger_key
from connectors.postgres.ledger import PostgresLedgerStore
from connectors.postgres.ledger_keys import SealingKeys
from gateway.cli.ledger import ledger_app
from gateway.ledger.canonical import prepare
from gateway.ledger.entry import AccessNote
from gateway.ledger.master_key import MasterKey
from tests.ledger.entries import AYESHA, BEN, a_caller, a_masked_involvement, a_record, an_entry


@pytest.fixture
async def ledger(database_url, tmp_path, monkeypatch):
    """Five entries, the fourth about Ben; returns what runs a command on them."""
    monkeypatch.setenv("GATEWAY_ENV", "development")
    monkeypatch.setenv("GATEWAY_DATABASE_URL", database_url)
    monkeypatch.setenv("GATEWAY_DATA_DIR", str(tmp_path / "data"))
    keys = SealingKeys(MasterKey(development_ledger_key(tmp_path / "data").read_bytes()))
    store = PostgresLedgerStore(database_url, keys=keys, timeout=5)
    entries = [
        an_entry(request_id=f"request-{number}", records=(a_record(), a_masked_involvement())) for number in "012"
    ]
    entries.append(an_entry(records=(a_record(BEN),), caller=a_caller(person="practitioner-8")))
    entries.append(an_entry(caller=None, access=AccessNote(purpose=None, reason="[red]\x1b[31mred\nline"), records=()))
    await store.append([prepare(entry) for entry in entries])
    await store.close()

    async def command(*arguments):
        return await asyncio.to_thread(CliRunner().invoke, ledger_app, [*map(str, arguments)])

    return command


@pytest.fixture
async def administrator(database_url):
    """A superuser with triggers off."""
    connection = await asyncpg.connect(database_url)
    await connection.execute("SET session_replication_role = replica")
    yield connection
    await connection.close(timeout=60)


async def test_show_prints_one_entry(ledger):
    shown = await ledger("show", 3)

    entry = orjson.loads(shown.stdout)
    assert entry["caller"]["person"] == "practitioner-8"
    assert entry["opened"]["ask"]["reason"] == "New referral"
    assert entry["opened"]["records"][0]["id"] == str(BEN)


async def test_show_says_that_there_is_no_such_entry(ledger):
    shown = await ledger("show", 99)

    assert (shown.exit_code, shown.stdout) == (4, "")
    assert "no entry 99" in shown.stderr


async def test_show_prints_a_damaged_entry_as_it_stands(ledger, administrator):
    await administrator.execute("UPDATE ledger_entry SET entry = '{broken' WHERE seq = 1")

    assert (await ledger("show", 1)).stdout == "{broken\n"


async def test_list_shows_the_newest_first(ledger):
    rows = (await ledger("list", "--limit", 2)).stdout

    assert "practitioner-8" in rows
    assert "practitioner-7" not in rows


async def test_list_shows_what_was_told_of_one_child(ledger):
    rows = (await ledger("list", "--child", BEN)).stdout

    assert "practitioner-8" in rows
    assert "practitioner-7" not in rows
    assert "Child.givenName" in rows


async def test_list_shows_the_asks_of_one_person(ledger):
    rows = (await ledger("list", "--person", "practitioner-7")).stdout

    assert rows.count("practitioner-7") == 3
    assert "practitioner-8" not in rows


async def test_what_a_caller_wrote_cannot_steer_the_terminal(ledger):
    rows = (await ledger("list", "--limit", 1)).stdout

    assert "[red]\ufffd[31mred\ufffdline" in rows


async def test_list_takes_a_child_or_a_person(ledger):
    assert (await ledger("list", "--child", AYESHA, "--person", "practitioner-7")).exit_code == 2


async def test_a_database_that_does_not_answer_is_said_so(ledger, monkeypatch):
    monkeypatch.setenv("GATEWAY_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")

    listed = await ledger("list")

    assert (listed.exit_code, listed.stdout) == (3, "")
    assert "did not answer" in listed.stderr
