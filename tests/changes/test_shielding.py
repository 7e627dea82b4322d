"""A shield holds at once and ends by another person's review only; a refusal names its reviewer (H1, H2, P2)."""

import pytest

from tests.changes.asking import a_key, ask_change
from tests.support.builders import NOW, a_child, a_shield
from tests.support.gateway import a_persona
from tests.support.ids import child_id

CHILD = "child { id givenName address { postcode } withheld { field reason } }"
WHERE = "query Where($id: ID!) { child(by: { id: $id }) { givenName address { postcode } } }"


@pytest.fixture
async def child(database):
    return await a_child(database)


@pytest.fixture
def change(client, nurse, child):
    async def change(action, by=None, **stated):
        return await ask_change(client, by or nurse, action, CHILD, **({"child": child_id(child)} | stated))

    return change


@pytest.fixture
def read(client, nurse, child):
    async def read(persona=nurse):
        return (await client.ask(persona, WHERE, {"id": child_id(child)})).data["child"]

    return read


async def test_a_shield_asked_for_hides_whereabouts_from_the_very_next_read(change, read, child, nurse, database):
    before = await read()

    asked = await change("requestShield")

    assert before["address"] is not None
    assert asked.refused == []
    assert asked.payload["child"]["address"] is None
    assert asked.payload["child"]["withheld"] == [{"field": "address", "reason": "SHIELDED"}]
    assert (await read())["address"] is None
    (row,) = await database.fetch("SELECT * FROM shield")
    assert (row["decided_at"], row["requested_by"], row["requester"]) == (None, "practitioner", nurse.person)
    assert row["review_due"].isoformat() == "2027-05-22"


async def test_a_child_asks_for_their_own_shield_and_for_nobody_elses(change, child, database):
    own = await a_persona(
        database,
        "child",
        purpose="subject-access",
        subject_child=child,
        training_valid_until=None,
        check_issued_on=None,
    )

    asked = await change("requestShield", by=own)
    other = await change("requestShield", by=own, child=child_id(await a_child(database)))

    assert (asked.refused, other.refused) == ([], ["NOT_FOUND"])
    assert [row["requested_by"] for row in await database.fetch("SELECT requested_by FROM shield")] == ["child"]


async def test_a_review_lifts_the_shield_and_stays_on_record(change, read, team, database):
    await change("requestShield")

    lifted = await change("reviewShield", by=team, review="LIFT")

    assert lifted.refused == []
    assert (await read())["address"] is not None
    (row,) = await database.fetch("SELECT reviewed_by, outcome, reviewed_at FROM shield_review")
    assert tuple(row) == (team.person, "lifted", NOW)


async def test_a_review_keeps_the_shield_for_another_six_months(change, read, team, database, child):
    await a_shield(database, child, decided_at=None, review_due=NOW.date())

    kept = await change("reviewShield", by=team, review="KEEP")

    assert kept.refused == []
    assert (await read())["address"] is None
    (row,) = await database.fetch("SELECT decided_at, review_due FROM shield")
    assert (row["decided_at"], row["review_due"].isoformat()) == (NOW, "2027-05-22")


async def test_nobody_reviews_the_shield_they_asked_for(change, team, read):
    await change("requestShield", by=team)

    assert (await change("reviewShield", by=team, review="LIFT")).refused == ["SECOND_PERSON_NEEDED"]
    assert (await read())["address"] is None


async def test_a_practitioner_reviews_no_shield(change, read):
    await change("requestShield")

    assert (await change("reviewShield", review="LIFT")).refused == ["NOT_FOR_ROLE"]
    assert (await read())["address"] is None


async def test_where_no_shield_is_there_is_none_to_review(change, team):
    assert (await change("reviewShield", by=team, review="LIFT")).refused == ["NOT_SHIELDED"]


async def test_a_lift_sent_again_does_not_lift_the_next_shield(change, team, read):
    key = a_key()
    await change("requestShield")
    await change("reviewShield", by=team, key=key, review="LIFT")
    await change("requestShield")

    again = await change("reviewShield", by=team, key=key, review="LIFT")

    assert again.refused == []
    assert (await read())["address"] is None


async def test_a_refusal_is_recorded_with_reason_and_reviewer(change, supervisor, nurse, database, child):
    stated = {"ground": "DETRIMENT", "reason": "Telling would end her contact with us", "reviewer": supervisor.person}

    answer = await change("recordRefusal", **stated)

    assert answer.refused == []
    (row,) = await database.fetch("SELECT * FROM refusal")
    assert (row["child_id"], row["ground"], row["refused_by"], row["reviewer"]) == (
        child, "detriment", nurse.person, supervisor.person
    )  # fmt: skip


@pytest.mark.parametrize("reviewer", ["nobody-of-this-name", "themselves"])
async def test_a_refusal_needs_somebody_else_as_its_reviewer(change, nurse, database, reviewer):
    named = nurse.person if reviewer == "themselves" else reviewer

    refused = await change("recordRefusal", ground="NO_CONSENT", reason="She said no", reviewer=named)

    assert refused.refused == ["REVIEWER_NEEDED"]
    assert await database.fetch("SELECT FROM refusal") == []


async def test_a_refusal_needs_a_reason(change, supervisor):
    refused = await change("recordRefusal", ground="NO_CONSENT", reason=" ", reviewer=supervisor.person)

    assert refused.refused == ["REASON_NEEDED"]
