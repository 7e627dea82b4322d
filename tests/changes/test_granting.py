"""A grant opens what it names, to whom it was given, once and for minutes, and somebody else reviews it (H5, P1)."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from tests.changes.asking import ask_change
from tests.support.builders import NOW, a_child, a_consent, a_sensitive_involvement, a_shield, an_authority
from tests.support.gateway import a_gateway, a_persona
from tests.support.ids import child_id

GRANT = "grant { id kind ground fields state requestedBy expiresAt usedAt reviewedBy review }"
WHERE = """query Where($id: ID!) { child(by: { id: $id }) {
    givenName address { postcode } addressStatus involvements { service agency { name } } } }"""


@pytest.fixture
async def child(database):
    child = await a_child(database)
    await a_shield(database, child)
    return child


@pytest.fixture
async def worker(database):
    return await a_persona(database, "social-worker", purpose="safeguarding-enquiry")


@pytest.fixture
def request_grant(client, worker, child):
    async def request_grant(by=None, **changed):
        stated = {
            "child": child_id(child),
            "kind": "BREAK_GLASS",
            "ground": "SIGNIFICANT_HARM",
            "fields": ["Child.address"],
            "reason": "Her mother called from the street",
            "necessity": "To send somebody there",
        }
        return await ask_change(client, by or worker, "requestGrant", GRANT, **(stated | changed))

    return request_grant


@pytest.fixture
def review(client, supervisor):
    async def review(grant, by=None, review="JUSTIFIED"):
        return await ask_change(client, by or supervisor, "reviewGrant", GRANT, grant=grant, review=review)

    return review


@pytest.fixture
def look(client, worker, child):
    async def look(grant, by=None, at=child):
        answer = await client.ask(by or worker, WHERE, {"id": child_id(at)}, **{"access-grant": grant})
        return answer.data["child"]

    return look


async def test_a_grant_opens_the_named_field_once_and_nothing_beside_it(request_grant, look, worker):
    given = await request_grant()
    grant = given.payload["grant"]

    first, second = await look(grant["id"]), await look(grant["id"])

    assert given.refused == []
    assert (grant["state"], grant["requestedBy"], grant["expiresAt"]) == (
        "USABLE", worker.person, "2026-11-22T10:15:00+00:00"
    )  # fmt: skip
    assert (first["address"], first["addressStatus"], first["involvements"]) == ({"postcode": "M33 2TL"}, None, None)
    assert second["address"] is None


async def test_others_still_see_the_shield(request_grant, look, database):
    grant = (await request_grant()).payload["grant"]["id"]
    other = await a_persona(database, "social-worker", purpose="safeguarding-enquiry")

    assert (await look(grant, by=other))["address"] is None
    assert (await look(grant))["address"] is not None


async def test_a_grant_is_for_one_child(request_grant, look, database):
    other = await a_child(database)
    await a_shield(database, other)
    grant = (await request_grant()).payload["grant"]["id"]

    assert (await look(grant, at=other))["address"] is None


async def test_a_grant_ends_unused_within_minutes(request_grant, look, database):
    grant = (await request_grant()).payload["grant"]["id"]
    await database.execute("UPDATE access_grant SET expires_at = $1", NOW)

    assert (await look(grant))["address"] is None


async def test_of_many_asks_at_once_over_two_gateways_one_uses_the_grant(
    request_grant, look, worker, child, database_url, tmp_path, decider
):
    grant = (await request_grant()).payload["grant"]["id"]
    async with a_gateway(database_url, tmp_path, decider=decider, database_timeout=10, ledger_timeout=10) as other:

        async def over_there():
            answer = await other.ask(worker, WHERE, {"id": child_id(child)}, **{"access-grant": grant})
            return answer.data["child"]

        told = await asyncio.gather(*(look(grant) for _ in range(4)), *(over_there() for _ in range(4)))

    assert sum(one["address"] is not None for one in told) == 1


@pytest.mark.parametrize("grant", ["", "nonsense", str(uuid4())], ids=["empty", "nonsense", "unknown"])
async def test_a_grant_that_is_not_there_opens_nothing(look, grant):
    assert (await look(grant))["address"] is None


async def test_a_grant_finds_nobody_in_a_search(request_grant, client, worker, child, database):
    grant = (await request_grant(fields=["Child.address", "Child.formerNames"])).payload["grant"]["id"]
    text = """{ searchChildren(criteria: { familyName: "Example", dateOfBirth: "2015-03-04", gender: FEMALE,
        postcode: "M33 2TL" }) { candidates { child { id } } } }"""

    without = await client.ask(worker, text)
    answer = await client.ask(worker, text, **{"access-grant": grant})

    assert answer.data == without.data == {"searchChildren": {"candidates": []}}


async def test_public_interest_opens_a_sensitive_service_that_consent_does_not(request_grant, look, database):
    child = await a_child(database)
    work = await a_sensitive_involvement(database, child)
    await a_consent(database, child, work)
    grant = (
        await request_grant(child=child_id(child), kind="PUBLIC_INTEREST", fields=["Involvement.service"])
    ).payload["grant"]["id"]

    told = await look(grant, at=child)
    after = await look(grant, at=child)

    assert told["involvements"] == [{"service": "MENTAL_HEALTH", "agency": None}]
    assert after["involvements"] == [{"service": "UNSPECIFIED_SENSITIVE", "agency": None}]


@pytest.mark.parametrize(
    ("stated", "code"),
    [
        ({"fields": []}, "BAD_FIELDS"),
        ({"fields": ["Child.nonsense"]}, "BAD_FIELDS"),
        ({"fields": ["Carer.address"]}, "BAD_FIELDS"),
        ({"reason": " "}, "REASON_NEEDED"),
        ({"necessity": ""}, "REASON_NEEDED"),
        ({"ground": "COURT_ORDER"}, "GROUND_NEEDED"),
        ({"child": "chd-nobody"}, "NOT_FOUND"),
    ],
)
async def test_what_is_not_justified_first_is_not_given(request_grant, database, stated, code):
    assert (await request_grant(**stated)).refused == [code]
    assert await database.fetch("SELECT FROM access_grant") == []


async def test_a_nurse_is_given_no_grant(request_grant, nurse):
    assert (await request_grant(by=nurse)).refused == ["NOT_FOR_ROLE"]


async def test_a_child_of_another_authority_is_not_ours_to_open(request_grant, database):
    child = await a_child(database, authority=await an_authority(database, "E08000003"))

    assert (await request_grant(child=child_id(child))).refused == ["HELD_ELSEWHERE"]


async def test_somebody_else_reviews_a_grant_and_once(request_grant, review, supervisor):
    grant = (await request_grant()).payload["grant"]["id"]

    reviewed, again = await review(grant), await review(grant)

    assert reviewed.refused == []
    assert (reviewed.payload["grant"]["review"], reviewed.payload["grant"]["reviewedBy"]) == (
        "JUSTIFIED", supervisor.person
    )  # fmt: skip
    assert again.refused == ["ALREADY_REVIEWED"]


async def test_nobody_reviews_their_own_grant(request_grant, review, database):
    team = await a_persona(database, "directory-team", purpose="safeguarding-enquiry")
    grant = (await request_grant(by=team, kind="PUBLIC_INTEREST")).payload["grant"]["id"]
    reviewing = await a_persona(database, "supervisor", person=team.person, agency=team.agency, purpose="review")

    assert (await review(grant, by=reviewing)).refused == ["SECOND_PERSON_NEEDED"]


async def test_a_grant_found_not_justified_opens_nothing_any_more(request_grant, review, look):
    grant = (await request_grant()).payload["grant"]["id"]

    refused = await review(grant, review="NOT_JUSTIFIED")

    assert refused.payload["grant"]["state"] == "REFUSED"
    assert (await look(grant))["address"] is None


async def test_whose_grant_was_not_reviewed_in_time_is_given_no_other(request_grant, review, database):
    grant = (await request_grant()).payload["grant"]["id"]
    await database.execute("UPDATE access_grant SET requested_at = $1", NOW - timedelta(days=4))

    before = await request_grant()
    await review(grant)
    after = await request_grant()

    assert (before.refused, after.refused) == (["REVIEW_OVERDUE"], [])


async def test_a_practitioner_learns_of_no_grant_by_reviewing(request_grant, review, nurse):
    grant = (await request_grant()).payload["grant"]["id"]

    answers = [await review(one, by=nurse) for one in (grant, str(uuid4()), "nonsense")]

    assert {answer.content for answer in answers} == {answers[0].content}
    assert answers[0].refused == ["NOT_FOUND"]


async def test_the_entry_of_an_ask_with_a_grant_says_which_and_what_it_opened(request_grant, look, entries):
    grant = (await request_grant()).payload["grant"]["id"]
    await look(grant)

    asked, used = await entries()

    assert [record["type"] for record in asked["records"]][:2] == ["Action", "Grant"]
    assert used["access"]["grant"] == grant
    (child,) = [record for record in used["records"] if record["type"] == "Child"]
    assert "address" in child["disclosed"]
    assert used["classes"][child["class"]]["granted"] == ["address"]
