"""A caller's access is suspended at once, by the right people, and comes back by a second one (L6)."""

import asyncio
from datetime import timedelta

import pytest

from tests.changes.asking import a_key, ask_change
from tests.support.builders import NOW, a_registration, an_agency
from tests.support.gateway import a_persona

TOLD = "suspension { id person reason suspendedBy suspendedAt until inForce liftedBy liftedAt liftReason }"
ME = "{ me { role standing } }"


@pytest.fixture
def suspend(client, supervisor, nurse):
    async def suspend(by=None, **changed):
        stated = {"person": nurse.person, "reason": "Looked up her neighbours"} | changed
        return await ask_change(client, by or supervisor, "suspendCaller", TOLD, **stated)

    return suspend


@pytest.fixture
def reinstate(client, nurse, database):
    async def reinstate(by=None, **changed):
        by = by or await a_persona(database, "supervisor", purpose="review")
        stated = {"person": nurse.person, "reason": "Explained and checked"} | changed
        return await ask_change(client, by, "reinstateCaller", TOLD, **stated)

    return reinstate


async def test_a_suspended_caller_is_refused_from_the_next_request_on(client, nurse, supervisor, suspend):
    before = await client.ask(nurse, ME)

    suspended = await suspend()
    after = await client.ask(nurse, ME)

    assert before.status == 200
    assert suspended.refused == []
    assert suspended.payload["suspension"] | {"id": None} == {
        "id": None,
        "person": nurse.person,
        "reason": "Looked up her neighbours",
        "suspendedBy": supervisor.person,
        "suspendedAt": "2026-11-22T10:00:00+00:00",
        "until": None,
        "inForce": True,
        "liftedBy": None,
        "liftedAt": None,
        "liftReason": None,
    }
    assert (after.status, after.codes) == (403, ["ACCESS_LAPSED"])


async def test_the_directory_team_suspends_as_well(suspend, team):
    assert (await suspend(by=team)).refused == []


async def test_every_role_of_the_person_is_suspended(client, database, nurse, suspend):
    await a_registration(database, nurse.person, role="gp", agency=nurse.agency)
    await suspend()

    after = await client.ask(nurse, ME, authorization=f"Bearer {client.token(nurse, role='gp')}")

    assert after.codes == ["ACCESS_LAPSED"]


async def test_another_supervisor_gives_access_back_and_the_history_stays(
    client, database, nurse, supervisor, suspend, reinstate
):
    suspended = await suspend()

    reinstated = await reinstate()
    after = await client.ask(nurse, ME)

    assert reinstated.refused == []
    told = reinstated.payload["suspension"]
    assert (told["id"], told["inForce"], told["reason"]) == (
        suspended.payload["suspension"]["id"], False, "Looked up her neighbours"
    )  # fmt: skip
    assert (told["suspendedBy"], told["liftReason"]) == (supervisor.person, "Explained and checked")
    assert after.status == 200
    assert len(await database.fetch("SELECT FROM suspension WHERE lifted_at IS NOT NULL")) == 1


async def test_all_suspensions_in_force_are_lifted_together(client, nurse, suspend, reinstate, team):
    await suspend()
    await suspend(by=team, reason="Seen by the team, too")

    await reinstate()

    assert (await client.ask(nurse, ME)).status == 200


async def test_a_suspension_ends_by_itself_when_it_was_to(client, nurse, suspend, database):
    suspended = await suspend(until=(NOW + timedelta(days=2)).isoformat())
    during = await client.ask(nurse, ME)
    await database.execute("UPDATE suspension SET suspended_at = $1, until = $2", NOW - timedelta(days=3), NOW)

    after = await client.ask(nurse, ME)

    assert suspended.payload["suspension"]["until"] == "2026-11-24T10:00:00+00:00"
    assert (during.status, after.status) == (403, 200)


async def test_nobody_suspends_themselves(suspend, supervisor, client):
    refused = await suspend(person=supervisor.person)

    assert refused.refused == ["SECOND_PERSON_NEEDED"]
    assert (await client.ask(supervisor, ME)).status == 200


async def test_nobody_reinstates_whom_they_suspended(suspend, reinstate, supervisor, client, nurse):
    await suspend()

    assert (await reinstate(by=supervisor)).refused == ["SECOND_PERSON_NEEDED"]
    assert (await client.ask(nurse, ME)).status == 403


async def test_a_practitioner_suspends_nobody(suspend, client, database, nurse):
    other = await a_persona(database, "social-worker")

    refused = await suspend(by=other)

    assert refused.refused == ["NOT_FOR_ROLE"]
    assert refused.payload["suspension"] is None
    assert (await client.ask(nurse, ME)).status == 200


async def test_the_directory_team_reinstates_nobody(suspend, reinstate, team):
    await suspend()

    assert (await reinstate(by=team)).refused == ["NOT_FOR_ROLE"]


async def test_a_caller_of_another_authority_is_not_ours_to_suspend(suspend, database):
    other = await a_persona(
        database, "gp", agency=await an_agency(database, authority=await _another_authority(database))
    )

    assert (await suspend(person=other.person)).refused == ["HELD_ELSEWHERE"]


@pytest.mark.parametrize("person", ["nobody-of-this-name", "", "a\nb", "x" * 5_000, "0\x00"])
async def test_whom_the_register_does_not_know_cannot_be_suspended(suspend, person):
    refused = await suspend(person=person)

    assert refused.refused == ["NOT_FOUND"]
    assert refused.payload["errors"][0]["field"] == "person"


async def test_who_is_not_suspended_cannot_be_reinstated(reinstate):
    assert (await reinstate()).refused == ["NOT_FOUND"]


@pytest.mark.parametrize(
    ("stated", "code", "field"),
    [
        ({"reason": " "}, "REASON_NEEDED", "reason"),
        ({"reason": "x" * 501}, "TEXT_TOO_LONG", "reason"),
        ({"reason": "a\x00b"}, "TEXT_TOO_LONG", "reason"),
        ({"until": "2026-11-22T09:59:00+00:00"}, "NOT_LATER", "until"),
        ({"until": "2026-12-22T09:59:00"}, "NOT_LATER", "until"),
        ({"key": " " * 101}, "BAD_KEY", "idempotencyKey"),
        ({"key": "a\nb"}, "BAD_KEY", "idempotencyKey"),
    ],
)
async def test_what_cannot_be_kept_is_refused_with_its_field(suspend, database, stated, code, field):
    refused = await suspend(**stated)

    assert [(error["code"], error["field"]) for error in refused.payload["errors"]] == [(code, field)]
    assert await database.fetch("SELECT FROM suspension") == await database.fetch("SELECT FROM change") == []


async def test_a_key_sent_again_returns_the_first_outcome_and_changes_nothing(suspend, database):
    key = a_key()

    first, second = await suspend(key=key), await suspend(key=key)

    assert first.refused == []
    assert second.content == first.content
    assert len(await database.fetch("SELECT FROM suspension")) == 1


async def test_a_key_sent_again_with_another_input_is_refused(suspend, database):
    key = a_key()
    await suspend(key=key)

    assert (await suspend(key=key, reason="Another reason")).refused == ["KEY_REUSED"]
    assert len(await database.fetch("SELECT FROM suspension")) == 1


async def test_a_key_of_another_person_is_another_key(suspend, team, database):
    key = a_key()
    await suspend(key=key)

    assert (await suspend(key=key, by=team)).refused == []
    assert len(await database.fetch("SELECT FROM suspension")) == 2


async def test_a_refused_change_uses_no_key_up(suspend):
    key = a_key()
    await suspend(key=key, person="nobody-of-this-name")

    assert (await suspend(key=key)).refused == []


async def test_retries_at_the_same_time_change_once_and_are_told_the_same(suspend, database):
    key = a_key()

    answers = await asyncio.gather(*(suspend(key=key) for _ in range(8)))

    assert {answer.content for answer in answers} == {answers[0].content}
    assert answers[0].refused == []
    assert len(await database.fetch("SELECT FROM suspension")) == 1


async def test_the_entry_says_what_was_asked_decided_and_changed(suspend, database, entries):
    answer = await suspend()
    (change,) = await database.fetch("SELECT * FROM change")

    (entry,) = await entries()

    action, told = entry["records"]
    assert (action["type"], action["id"]) == ("Action", str(change["id"]))
    assert action["disclosed"] == ["suspendCaller"]
    assert entry["classes"][action["class"]]["about"] == "own-authority"
    assert (told["type"], told["id"]) == ("Suspension", answer.payload["suspension"]["id"])
    assert (change["record_type"], change["record_id"]) == ("Suspension", told["id"])
    assert (change["request_id"], entry["outcome"]["status"]) == (entry["request_id"], "answered")


async def test_the_entry_of_a_payload_that_tells_nothing_still_names_what_was_changed(
    client, supervisor, nurse, entries
):
    await ask_change(client, supervisor, "suspendCaller", "", person=nurse.person, reason="Looked up her neighbours")

    (entry,) = await entries()

    assert [record["type"] for record in entry["records"]] == ["Action", "Suspension"]


async def test_a_refused_change_stands_in_the_ledger_with_its_reason(suspend, supervisor, entries):
    await suspend(person=supervisor.person)

    (entry,) = await entries()

    (action,) = entry["records"]
    assert action["withheld"] == {"suspendCaller": {"reasons": ["own-case"], "tell": "SECOND_PERSON_NEEDED"}}
    assert "disclosed" not in action


async def test_a_change_to_what_is_not_there_stands_in_the_ledger(suspend, entries):
    await suspend(person="nobody-of-this-name")

    (entry,) = await entries()

    assert [(record["type"], record["exists"]) for record in entry["records"]] == [("Action", "not-found")]


async def test_a_mutation_holds_one_change(client, supervisor):
    text = """mutation { one: suspendCaller(input: {idempotencyKey: "1", person: "p", reason: "r"}) { errors { code } }
      two: suspendCaller(input: {idempotencyKey: "2", person: "p", reason: "r"}) { errors { code } } }"""

    answer = await client.ask(supervisor, text)

    assert answer.codes == ["QUERY_TOO_COSTLY"]
    assert answer.messages == ["The document has 2 changes; at most 1 are allowed. Send one change a request."]


async def test_a_change_is_never_made_by_get(client, supervisor):
    response = await client.http.get(
        "/graphql", params={"query": "mutation { __typename }"}, headers=client.headers(supervisor)
    )

    assert response.status_code == 405


async def test_without_a_reason_for_asking_nothing_is_changed(suspend, client, supervisor, database, nurse):
    headers = client.headers(supervisor, **{"access-reason": None})

    answer = await suspend(headers=headers)

    assert answer.codes == ["PURPOSE_REQUIRED"]
    assert await database.fetch("SELECT FROM suspension") == []


async def _another_authority(database):
    await an_agency(database, authority=None)
    await database.execute(
        "INSERT INTO authority (code, name) VALUES ('E08000003', 'Elsewhere') ON CONFLICT DO NOTHING"
    )
    return "E08000003"
