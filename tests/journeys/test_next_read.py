"""What changes about a caller or a child holds from the very next read, whatever was remembered of the last."""

from datetime import timedelta

import pytest

from tests.support.builders import (
    NOW,
    TODAY,
    a_child,
    a_conflict,
    a_consent,
    a_practitioner,
    a_sensitive_involvement,
    a_shield,
    an_involvement,
)
from tests.support.gateway import a_gateway, a_persona, shared_engine
from tests.support.ids import child_id

WHO = """
query Who($id: ID!) { child(by: { id: $id }) {
    givenName address { postcode } involvements { service practitioner { name } } withheld { field reason }
} }
"""


@pytest.fixture
async def decider():
    return await shared_engine()


@pytest.fixture
async def client(database_url, tmp_path, decider):
    settings = {"decider": decider, "database_timeout": 10, "ledger_timeout": 10, "request_timeout": 30}
    async with a_gateway(database_url, tmp_path, **settings) as client:
        yield client


@pytest.fixture
async def nurse(database):
    return await a_persona(database, "health-practitioner")


@pytest.fixture
async def child(database):
    return await a_child(database)


@pytest.fixture
def ask(client, nurse, child):
    """Asks the same question again, of the same gateway, as the same person."""

    async def ask():
        return await client.ask(nurse, WHO, {"id": child_id(child)})

    return ask


@pytest.mark.parametrize(
    ("change", "back"),
    [
        ("UPDATE registration SET suspended_at = now()", "UPDATE registration SET suspended_at = NULL"),
        (
            "UPDATE registration SET training_valid_until = DATE '2026-11-21'",
            "UPDATE registration SET training_valid_until = DATE '2026-11-22'",
        ),
        (
            "UPDATE registration SET check_issued_on = DATE '2023-11-21'",
            "UPDATE registration SET check_issued_on = DATE '2023-11-22'",
        ),
        (
            "UPDATE agency SET accredited_until = DATE '2026-11-21'",
            "UPDATE agency SET accredited_until = DATE '2026-11-22'",
        ),
        ("UPDATE agency SET suspended_at = now()", "UPDATE agency SET suspended_at = NULL"),
    ],
    ids=["suspended", "training lapsed", "check lapsed", "accreditation lapsed", "agency suspended"],
)
async def test_a_standing_that_lapses_between_two_asks_refuses_the_second(ask, database, change, back):
    before = await ask()
    await database.execute(change)
    lapsed = await ask()
    await database.execute(back)
    after = await ask()

    assert before.status == 200
    assert (lapsed.status, lapsed.data, lapsed.codes) == (403, None, ["ACCESS_LAPSED"])
    assert after.content == before.content


async def test_a_registration_taken_away_between_two_asks_refuses_the_second(ask, database):
    before = await ask()
    await database.execute("DELETE FROM registration")

    after = await ask()

    assert before.status == 200
    assert (after.data, after.codes) == (None, ["ACCESS_LAPSED"])


async def test_a_shield_asked_for_between_two_asks_hides_whereabouts_from_the_second(ask, database, child):
    await an_involvement(database, child)
    before = await ask()
    await a_shield(database, child, decided_at=None)

    after = await ask()

    assert before.data["child"]["address"] is not None
    assert len(before.data["child"]["involvements"]) == 1
    assert (after.data["child"]["address"], after.data["child"]["involvements"]) == (None, None)
    assert {one["reason"] for one in after.data["child"]["withheld"]} == {"SHIELDED"}


async def test_a_shield_on_a_childs_other_record_hides_whereabouts_on_this_one(ask, database, child):
    before = await ask()
    await a_shield(database, await a_child(database, identity_id=child))

    after = await ask()

    assert before.data["child"]["address"] is not None
    assert after.data["child"]["address"] is None


async def test_a_lifted_shield_shows_again_what_it_hid(ask, database, child):
    shield = await a_shield(database, child)
    before = await ask()
    await database.execute("UPDATE shield SET lifted_at = $2 WHERE id = $1", shield, NOW - timedelta(minutes=1))

    after = await ask()

    assert before.data["child"]["address"] is None
    assert after.data["child"]["address"] is not None


async def test_consent_withdrawn_between_two_asks_leaves_no_trace_in_the_second(ask, database, child):
    without = await ask()
    involvement = await a_sensitive_involvement(database, child)
    await a_consent(database, child, involvement)
    before = await ask()
    await database.execute("UPDATE involvement_consent SET withdrawn_at = $1", NOW - timedelta(seconds=1))

    after = await ask()

    assert [work["service"] for work in before.data["child"]["involvements"]] == ["UNSPECIFIED_SENSITIVE"]
    assert after.content == without.content


async def test_a_conflict_declared_between_two_asks_withholds_what_it_touches(ask, client, nurse, database, child):
    practitioner = await a_practitioner(database, agency=nurse.agency, person=nurse.person)
    await an_involvement(database, child, practitioner_id=practitioner)
    before = await ask()
    await a_conflict(database, child, practitioner)

    after = await ask()

    assert len(before.data["child"]["involvements"]) == 1
    assert after.data["child"]["involvements"] is None
    assert {"field": "involvements", "reason": "CONFLICT"} in after.data["child"]["withheld"]


async def test_a_child_who_comes_of_age_is_gone_from_the_next_ask(ask, database, child):
    before = await ask()
    await database.execute("UPDATE child SET date_of_birth = $1", TODAY.replace(year=TODAY.year - 18))

    after = await ask()

    assert before.data["child"] is not None
    assert after.data == {"child": None}
