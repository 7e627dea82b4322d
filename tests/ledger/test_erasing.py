"""Erasing: a child's part of the ledger is closed for good, every hash still fits, and an entry says it was done."""

import asyncio

import asyncpg
import orjson
import pytest
from typer.testing import CliRunner

from gateway.cli.main import app
from gateway.ledger.canonical import leaf_hash
from gateway.ledger.reading import check_sequence
from tests.support.builders import a_child
from tests.support.gateway import a_gateway, a_persona
from tests.support.ids import child_id
from tests.support.ledger import opening_reader
from tests.support.processes import until

BY_NUMBER = "query($number: String!) { child(by: { nhsNumber: $number }) { givenName familyName } }"
HELD_IN_CLEAR = ("Zebedee", "Quillfeather", "9434765919", "called about a bruise", "C-99-ZQ")
"""What was asked and answered about the child of these tests, and stands nowhere in the ledger."""


@pytest.fixture
async def child(database):
    return await a_child(database, given_name="Zebedee", family_name="Quillfeather", nhs_number="9434765919")


@pytest.fixture
async def other(database):
    return await a_child(database, given_name="Other", family_name="Child")


@pytest.fixture
async def nurse(database):
    return await a_persona(database, "health-practitioner")


@pytest.fixture
async def ledger(database, database_url, tmp_path, nurse, child, other, monkeypatch):
    """A ledger with three asks: the child found by number, by id, and another child; returns what runs a command."""
    headers = {"access-reason": "called about a bruise", "access-case": "C-99-ZQ"}
    async with a_gateway(database_url, tmp_path, decision_timeout=20.0, request_timeout=30.0) as gateway:
        found = await gateway.ask(nurse, BY_NUMBER, {"number": "9434765919"}, **headers)
        assert found.data["child"] == {"givenName": "Zebedee", "familyName": "Quillfeather"}
        for one in (child, other):
            await gateway.ask(nurse, f'{{ child(by: {{id: "{child_id(one)}"}}) {{ id givenName }} }}', **headers)
    monkeypatch.setenv("GATEWAY_ENV", "development")
    monkeypatch.setenv("GATEWAY_DATABASE_URL", database_url)
    monkeypatch.setenv("GATEWAY_DATA_DIR", str(tmp_path))

    async def command(*words):
        return await asyncio.to_thread(CliRunner().invoke, app, ["ledger", *map(str, words)])

    return command


@pytest.fixture
def reader(database, tmp_path):
    return opening_reader(database, tmp_path)


async def tables_holding(database, words):
    """The tables of the ledger in which words can be read, in any column."""
    names = await database.fetch("SELECT relname FROM pg_class WHERE relname LIKE 'ledger%' AND relkind = 'r'")
    holding = set()
    for (name,) in names:
        rows = await database.fetch(f"SELECT t::text AS row FROM {name} AS t")  # noqa: S608 - the catalogue's own names
        text = " ".join(row["row"] for row in rows)
        if any(word in text or word.encode().hex() in text for word in words):
            holding.add(name)
    return holding


async def test_no_table_of_the_ledger_holds_what_was_asked_or_answered(ledger, database, child):
    assert await tables_holding(database, HELD_IN_CLEAR) == set()
    # The keys' table alone knows which child a tag stands for.
    assert await tables_holding(database, [str(child)]) == {"ledger_key"}


async def test_an_erased_child_can_no_longer_be_found_or_read_and_everything_still_fits(
    ledger, reader, database, child, other
):
    before = [entry.leaf_hash async for entry in reader.entries()]

    erased = await ledger("erase", child, "--reason", "Retention ended", "--by", "iris.archer", "--yes")

    assert erased.exit_code == 0, erased.output
    entries = [entry async for entry in reader.indexed_entries()]
    assert check_sequence(entries) == ()
    assert [entry.stored.leaf_hash for entry in entries][:3] == before
    opened = await reader.opened([entry.stored for entry in entries])
    assert [one.ask is None for one in opened] == [True, True, False, False]
    assert opened[1].records == (None,)
    assert await reader.entries_about([child], first=10) == []
    assert len(await reader.entries_about([other], first=10)) == 1
    assert await tables_holding(database, [str(child)]) == set()


async def test_the_entry_of_an_erasure_says_who_why_and_which_keys_and_not_whose(ledger, reader, child, database):
    tags = {row["tag"] for row in await database.fetch("SELECT tag FROM ledger_key WHERE child_id = $1", child)}

    await ledger("erase", child, "--reason", "Retention ended", "--by", "iris.archer", "--yes")

    (opened,) = await reader.opened([await reader.entry(3)])
    assert opened.document["caller"]["person"] == "iris.archer"
    assert opened.ask["reason"] == "Retention ended"
    assert len(opened.document["erased"]) == len(tags) == 1
    assert str(child) not in orjson.dumps([opened.document, opened.ask]).decode()
    assert leaf_hash(opened.stored.entry) == opened.stored.leaf_hash


async def test_what_no_page_of_the_keys_table_holds_cannot_be_dug_out(ledger, database, child, postgres):
    wrapped = await database.fetchrow("SELECT wrapped FROM ledger_key WHERE child_id = $1", child)

    await ledger("erase", child, "--reason", "Retention ended", "--yes")

    await database.execute("CHECKPOINT")
    place = await database.fetchrow("SELECT pg_read_binary_file(pg_relation_filepath('ledger_key')) AS pages")
    assert wrapped["wrapped"][4:] not in place["pages"]
    assert child.bytes not in place["pages"]


async def test_all_records_of_one_identity_are_erased_together(ledger, database, child, other, reader):
    await database.execute(
        "UPDATE child SET identity_id = (SELECT identity_id FROM child WHERE id = $1) WHERE id = $2", child, other
    )

    await ledger("erase", child, "--reason", "Retention ended", "--yes")

    assert await reader.entries_about([other], first=10) == []


async def test_only_years_up_to_the_one_named_are_erased(ledger, reader, child):
    kept = await ledger("erase", child, "--through", 2020, "--reason", "Retention ended", "--yes")

    assert kept.exit_code == 4
    assert len(await reader.entries_about([child], first=10)) == 2


async def test_the_words_of_asks_that_touched_no_child_are_erased_by_the_year(
    ledger, reader, database_url, nurse, tmp_path
):
    async with a_gateway(database_url, tmp_path, decision_timeout=20.0, request_timeout=30.0) as gateway:
        await gateway.ask(nurse, "{ me { role } }", **{"access-reason": "just looking"})
    latest = (await reader.latest(first=1))[0]
    assert (await reader.opened([latest]))[0].ask["reason"] == "just looking"

    refused = await ledger("erase", "--unattributed", "--reason", "Retention ended", "--yes")
    erased = await ledger("erase", "--unattributed", "--through", 2026, "--reason", "Retention ended", "--yes")

    assert (refused.exit_code, erased.exit_code) == (2, 0)
    assert (await reader.opened([latest]))[0].ask is None


@pytest.mark.parametrize(
    "words",
    [[], ["nobody", "--reason", "x"], ["car-0190f2b0-0000-7000-8000-000000000001", "--reason", "x"]],
    ids=["nobody named", "no id", "a carer"],
)
async def test_an_erasure_that_names_no_child_is_refused(ledger, words):
    assert (await ledger("erase", *words, "--yes")).exit_code == 2


async def test_an_erasure_without_a_reason_is_refused_and_one_not_confirmed_is_not_done(ledger, reader, child):
    unreasoned = await ledger("erase", child, "--yes")
    unconfirmed = await ledger("erase", child, "--reason", "Retention ended")

    assert (unreasoned.exit_code, unconfirmed.exit_code) == (2, 1)
    assert await reader.head() == 2
    assert len(await reader.entries_about([child], first=10)) == 2


async def test_a_gateway_goes_on_with_a_new_key_after_an_erasure(ledger, reader, database_url, tmp_path, nurse, child):
    await ledger("erase", child, "--reason", "Mistaken identity", "--yes")

    async with a_gateway(database_url, tmp_path, decision_timeout=20.0, request_timeout=30.0) as gateway:
        await gateway.ask(nurse, f'{{ child(by: {{id: "{child_id(child)}"}}) {{ givenName }} }}')

    (opened,) = await reader.entries_about([child], first=10)
    assert opened.ask is not None
    assert check_sequence([entry async for entry in reader.indexed_entries()]) == ()


async def test_an_erasure_that_broke_off_before_its_pages_were_rewritten_is_finished_by_running_it_again(
    ledger, database, child
):
    wrapped = await database.fetchrow("SELECT wrapped FROM ledger_key WHERE child_id = $1", child)
    await database.execute(
        "UPDATE ledger_key SET wrapped = NULL, child_id = NULL, destroyed_at = now() WHERE child_id = $1", child
    )

    again = await ledger("erase", child, "--reason", "Retention ended", "--yes")

    assert again.exit_code == 4
    await database.execute("CHECKPOINT")
    place = await database.fetchrow("SELECT pg_read_binary_file(pg_relation_filepath('ledger_key')) AS pages")
    assert wrapped["wrapped"][4:] not in place["pages"]


async def test_an_erasure_waits_for_its_turn_and_lets_others_at_the_keys_meanwhile(
    ledger, database, database_url, child, other, reader
):
    holder = await asyncpg.connect(database_url)
    reading = holder.transaction()
    await reading.start()
    await holder.fetch("SELECT count(*) FROM ledger_key")

    erasing = asyncio.create_task(ledger("erase", child, "--reason", "Retention ended", "--yes"))

    async def destroyed():
        return await database.fetchrow("SELECT FROM ledger_key WHERE child_id = $1", child) is None

    await until(destroyed)
    for _ in range(5):
        assert len(await reader.entries_about([other], first=10)) == 1
        await asyncio.sleep(0.2)
    await reading.rollback()
    await holder.close()

    assert (await erasing).exit_code == 0
