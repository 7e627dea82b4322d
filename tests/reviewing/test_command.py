"""`gateway ledger review` over a real database: a table for people, JSON for a job, and an exit code for both."""

import asyncio

import orjson
import pytest
from typer.testing import CliRunner

from gateway.cli.ledger import ledger_app
from gateway.errors import BudgetExhausted
from tests.changes.asking import ask_change
from tests.reviewing.ledger_of_one import an_ask
from tests.support.builders import a_child

PERIOD = ("--from", "2026-11-01", "--to", "2026-11-22")


@pytest.fixture
def command(database_url, tmp_path, monkeypatch):
    monkeypatch.setenv("GATEWAY_ENV", "development")
    monkeypatch.setenv("GATEWAY_DATABASE_URL", database_url)
    monkeypatch.setenv("GATEWAY_DATA_DIR", str(tmp_path))

    async def command(*arguments):
        return await asyncio.to_thread(CliRunner().invoke, ledger_app, ["review", *arguments])

    return command


async def test_nothing_found_ends_well(command):
    ended = await command(*PERIOD)

    assert (ended.exit_code, ended.stdout) == (0, "")
    assert "0 entries of 0 callers; 0 findings" in ended.stderr


async def test_a_finding_is_a_row_with_its_sentence_and_ends_with_one(command, asked, database, insider):
    await asked(*[an_ask(insider, await a_child(database)) for _ in range(6)])

    ended = await command(*PERIOD)

    assert ended.exit_code == 1
    shown = " ".join(ended.stdout.replace("│", " ").split())
    assert insider.person in shown
    assert "NO_RELATIONSHIP" in shown
    assert "0, 1, 2, 3, 4 and 1 more" in shown


async def test_json_holds_the_numbers_of_the_entries(command, asked, insider):
    await asked(an_ask(insider, code=BudgetExhausted.code))

    ended = await command(*PERIOD, "--json")
    document = orjson.loads(ended.stdout)

    (finding,) = document["findings"]
    assert (document["callers"], document["entries"], finding["entries"], finding["case"]) == (1, 1, [0], None)
    assert finding["explanation"] == "Searched once after the budget of searches was spent (threshold: once)."


async def test_what_a_case_has_cleared_wakes_nobody(command, asked, insider, client, auditor, database):
    await asked(an_ask(insider, code=BudgetExhausted.code))
    # The auditor is of another authority than the case once the case is.
    await database.execute("INSERT INTO authority (code, name) VALUES ('E08000003', 'Elsewhere')")
    await database.execute("UPDATE agency SET authority = 'E08000003' WHERE id = $1", auditor.agency)
    stated = {
        "person": insider.person,
        "firstDay": "2026-11-01",
        "lastDay": "2026-11-21",
        "patterns": ["BUDGET_EXHAUSTED"],
        "outcome": "EXPLAINED",
        "reason": "A drill",
    }
    elsewhere = type(auditor)(
        person=auditor.person, role="auditor", agency=auditor.agency, authority="E08000003", purpose="review"
    )
    await ask_change(client, elsewhere, "recordReviewOutcome", "case { state }", **stated)

    ended = await command(*PERIOD)

    assert ended.exit_code == 0
    assert "CLEARED" in ended.stdout


async def test_one_pattern_may_be_asked_for(command, asked, insider):
    await asked(an_ask(insider, code=BudgetExhausted.code))

    assert (await command(*PERIOD, "--pattern", "SAME_SURNAME")).exit_code == 0


async def test_a_period_that_ends_before_it_begins_is_refused(command):
    assert (await command("--from", "2026-11-02", "--to", "2026-11-01")).exit_code == 2
