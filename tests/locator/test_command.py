"""`gateway federation locate` is an ask like any other: a person, a purpose and a reason, recorded on both sides."""

import asyncio
from datetime import timedelta

import orjson
import pytest

from gateway.app.clock import utc_now
from tests.locator.conftest import a_federation
from tests.support.builders import a_child, an_agency, an_authority
from tests.support.federation import THERE, federation_command
from tests.support.gateway import a_persona
from tests.support.ledger import latest_entry

NHS = "9434765919"


@pytest.fixture(scope="module")
async def held(postgres, tmp_path_factory):
    """A federation of this moment, because a command reads the clock of the machine."""
    today = utc_now().date()
    later = today + timedelta(days=30)
    async with a_federation(postgres, tmp_path_factory.mktemp("federation"), clock=utc_now) as federation:
        await an_authority(federation.database, THERE)
        await a_child(federation.database, nhs_number=NHS, date_of_birth=today - timedelta(days=3_000))
        agency = await an_agency(federation.asking, accredited_until=later)
        await a_persona(
            federation.asking,
            "health-practitioner",
            agency=agency,
            person="nurse.okafor",
            training_valid_until=later,
            check_issued_on=today,
        )
        await federation.built()
        yield federation


async def locate(held, *arguments):
    settings = held.here.settings(held.registry) | {
        "database_url": held.asking.url,
        "data_dir": held.folder / "here",
        "peer_timeout": 20,
        "request_timeout": 30,
        "decision_timeout": 20,
    }
    stated = ("--person", "nurse.okafor", "--reason", "Seen in A&E", *arguments)
    return await asyncio.to_thread(federation_command, "locate", *stated, **settings)


async def test_it_says_who_holds_something_and_both_sides_record_it(held):
    result = await locate(held, "--purpose", "direct-support", "--nhs-number", NHS, "--json")
    here = await latest_entry(held.asking, held.folder / "here")
    there = await latest_entry(held.database, held.folder / "there")

    assert result.exit_code == 0, result.output
    told = orjson.loads(result.stdout)
    assert (told["pointing"], told["by"]) == ([THERE], "identifier")
    assert [(one["authority"], one["status"]) for one in told["sources"]] == [(THERE, "ANSWERED")]
    assert here["request_id"] == there["request_id"]
    assert (here["ask"]["operation"], there["ask"]["operation"]) == ("locate", "locate")
    assert [(one["authority"], one["status"]) for one in here["sources"]] == [(THERE, "ANSWERED")]
    assert NHS in str(here["ask"])
    assert NHS not in str(there)


async def test_the_table_tells_nothing_known_from_not_known(held):
    miss = await locate(held, "--purpose", "direct-support", "--nhs-number", "9000000009")
    hit = await locate(held, "--purpose", "direct-support", "--nhs-number", NHS)

    assert "nothing known" in miss.stdout
    assert "yes, by identifier" in hit.stdout


async def test_without_a_purpose_of_the_role_nothing_is_asked(held):
    before = await held.database.fetchrow("SELECT count(*) FROM ledger_entry")
    result = await locate(held, "--purpose", "curiosity", "--nhs-number", NHS)
    after = await held.database.fetchrow("SELECT count(*) FROM ledger_entry")

    assert result.exit_code == 1
    assert "Access-Purpose" in result.output
    assert before == after
    assert (await latest_entry(held.asking, held.folder / "here"))["outcome"]["status"] == "refused"
