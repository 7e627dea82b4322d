"""Who cannot see asks to be put in touch; the directory team answers once, and neither learns what is hidden (H6)."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from gateway.errors import AuditUnavailable
from tests.changes.asking import a_key, ask_change, mutation
from tests.support.builders import (
    NOW,
    TODAY,
    a_carer,
    a_child,
    a_conflict,
    a_consent,
    a_practitioner,
    a_sensitive_involvement,
    a_shield,
    an_agency,
    an_authority,
    an_involvement,
)
from tests.support.gateway import a_gateway, a_persona
from tests.support.ids import child_id, contact_id, involvement_id

MINE = "id state reason reachBy askedAt answer answeredAt withheld { field reason }"
WORKING = "askedBy askerName askerRole askerAgency askedThrough outcome askerAgrees otherAgrees answeredBy"
LIST = """query($unanswered: Boolean!, $first: Int!, $after: String) {
    brokeredContacts(unanswered: $unanswered, first: $first, after: $after) {
        edges { cursor node { %s } } pageInfo { hasNextPage } } }"""
WORDS = "She was told of someone; who could I talk to?"
REACH = "0161 496 0777, mornings"
AGREED = {"outcome": "CONNECTED", "askerAgrees": True, "otherAgrees": True, "answer": "They will call you on Monday"}


@pytest.fixture
async def team(database):
    return await a_persona(database, "directory-team", purpose="brokering")


@pytest.fixture
async def worker(database):
    """Somebody who is told of no sensitive service."""
    return await a_persona(database, "voluntary-practitioner")


@pytest.fixture
async def child(database):
    return await a_child(database)


@pytest.fixture
def request_contact(client, nurse, child):
    async def request_contact(by=None, told=MINE, key=None, **stated):
        stated = {"child": child_id(child), "reason": WORDS, "reachBy": REACH} | stated
        return await ask_change(
            client, by or nurse, "requestBrokeredContact", f"contact {{ {told} }}", key=key, **stated
        )

    return request_contact


@pytest.fixture
async def asked(request_contact):
    """The id of a nurse's request."""
    return (await request_contact()).payload["contact"]["id"]


@pytest.fixture
def answer_contact(client, team, nurse, asked):
    async def answer_contact(by=None, key=None, contact=None, **changed):
        record = contact or contact_id(client.known(nurse).meant(asked)[1])
        stated = {"contact": record} | AGREED | changed
        told = f"contact {{ {MINE} {WORKING} }}"
        return await ask_change(client, by or team, "answerBrokeredContact", told, key=key, **stated)

    return answer_contact


@pytest.fixture
def contacts(client):
    async def contacts(by, told=MINE, *, unanswered=False, first=20, after=None):
        variables = {"unanswered": unanswered, "first": first, "after": after}
        return (await client.ask(by, LIST % told, variables)).data["brokeredContacts"]

    return contacts


def _nodes(page):
    return [edge["node"] for edge in page["edges"]]


async def test_a_request_waits_for_the_directory_team_and_is_told_to_its_asker(request_contact, contacts, nurse):
    asked = await request_contact()

    assert asked.refused == []
    assert asked.payload["contact"] | {"id": None} == {
        "id": None,
        "state": "WAITING",
        "reason": WORDS,
        "reachBy": REACH,
        "askedAt": "2026-11-22T10:00:00+00:00",
        "answer": None,
        "answeredAt": None,
        "withheld": [],
    }
    assert _nodes(await contacts(nurse)) == [asked.payload["contact"]]


async def test_the_directory_team_is_told_who_asks_and_about_whom(
    client, asked, contacts, team, nurse, database, child
):
    await an_involvement(database, child)
    (node,) = _nodes(
        await contacts(team, f"{WORKING} reason reachBy child {{ id involvements {{ agency {{ name }} }} }}")
    )

    row = await database.fetchrow(
        "SELECT r.name, a.name AS agency FROM registration r JOIN agency a ON a.id = r.agency WHERE r.person = $1",
        nurse.person,
    )
    assert (node["askedBy"], node["askerRole"], node["askedThrough"]) == (nurse.person, nurse.role, None)
    assert (node["askerName"], node["askerAgency"]) == tuple(row)
    assert (node["reason"], node["reachBy"]) == (WORDS, REACH)
    assert node["child"]["id"] == client.as_known(team, child_id(child))
    assert len(node["child"]["involvements"]) == 1


async def test_both_agreed_and_the_asker_is_told_how_they_are_put_in_touch(answer_contact, contacts, nurse, team):
    answered = await answer_contact()

    (told,) = _nodes(await contacts(nurse, f"{MINE} {WORKING}"))
    assert answered.refused == []
    assert {name: answered.payload["contact"][name] for name in ("outcome", "askerAgrees", "otherAgrees")} == {
        "outcome": "CONNECTED",
        "askerAgrees": True,
        "otherAgrees": True,
    }
    assert answered.payload["contact"]["answeredBy"] == team.person
    assert (told["state"], told["answer"], told["answeredAt"]) == (
        "CONNECTED", "They will call you on Monday", "2026-11-22T10:00:00+00:00"
    )  # fmt: skip
    assert [told[name] for name in WORKING.split()] == [None] * len(WORKING.split())
    assert {one["reason"] for one in told["withheld"]} == {"NOT_FOR_ROLE"}


@pytest.mark.parametrize(("asker", "other"), [(True, False), (False, True), (False, False)])
async def test_nobody_is_put_in_touch_unless_both_agreed(answer_contact, contacts, nurse, asker, other):
    refused = await answer_contact(askerAgrees=asker, otherAgrees=other)

    assert refused.refused == ["CONTACT_NOT_AGREED"]
    assert [node["state"] for node in _nodes(await contacts(nurse))] == ["WAITING"]


async def test_an_asker_cannot_tell_a_refusal_from_nobody(client, request_contact, team, contacts, worker, database):
    for outcome in ("DECLINED", "NOBODY_INVOLVED", "NOT_NEEDED"):
        made = await request_contact(by=worker, child=child_id(await a_child(database)))
        contact = contact_id(client.known(worker).meant(made.payload["contact"]["id"])[1])
        stated = {"contact": contact, "outcome": outcome, "askerAgrees": True, "otherAgrees": False}
        answered = await ask_change(client, team, "answerBrokeredContact", "contact { outcome }", **stated)
        assert answered.payload["contact"] == {"outcome": outcome}

    told = [node | {"id": None} for node in _nodes(await contacts(worker, f"{MINE} {WORKING}"))]
    assert [node["state"] for node in told] == ["CLOSED"] * 3
    assert told[0] == told[1] == told[2]


async def _plain(database, worker):
    return await a_child(database)


async def _with_a_hidden_service(database, worker):
    child = await a_child(database)
    await a_consent(database, child, await a_sensitive_involvement(database, child))
    return child


async def _shielded(database, worker):
    child = await a_child(database)
    await an_involvement(database, child)
    await a_shield(database, child)
    return child


async def _conflicted(database, worker):
    child = await a_child(database)
    await an_involvement(database, child)
    post = await a_practitioner(database, agency=worker.agency, person=worker.person)
    await a_conflict(database, child, post)
    return child


async def test_the_answer_is_the_same_whatever_is_hidden(client, request_contact, contacts, worker, database, entries):
    hidden = (_plain, _with_a_hidden_service, _shielded, _conflicted)
    children = [await one(database, worker) for one in hidden]

    asked = [await request_contact(by=worker, child=child_id(child)) for child in children]

    told = [(one.status, one.codes, one.refused, one.payload["contact"] | {"id": None}) for one in asked]
    assert all(one == told[0] for one in told)
    assert told[0][2] == []
    listed = [node | {"id": None} for node in _nodes(await contacts(worker))]
    assert listed == [told[0][3]] * 4


@pytest.mark.parametrize("hidden", ["sensitive", "nobody's", "of another child", "of another type"])
async def test_an_involvement_that_is_not_told_is_refused_like_one_that_is_not_there(
    client, request_contact, worker, database, child, hidden
):
    sensitive = await a_sensitive_involvement(database, child)
    await a_consent(database, child, sensitive)
    named = {
        "sensitive": involvement_id(sensitive),
        "nobody's": involvement_id(uuid4()),
        "of another child": involvement_id(await an_involvement(database, await a_child(database))),
        "of another type": child_id(child),
    }[hidden]

    refused = await request_contact(by=worker, involvement=named)

    assert refused.payload["errors"] == [
        {"code": "NOT_FOUND", "field": "involvement", "message": "There is no such record that you may know of."}
    ]
    assert await database.fetch("SELECT FROM brokered_contact") == []


async def test_an_unspecified_service_can_be_named_and_only_the_team_is_told_which(
    request_contact, contacts, nurse, team, database, child
):
    work = await a_sensitive_involvement(database, child)
    await a_consent(database, child, work)

    asked = await request_contact(involvement=involvement_id(work), told="involvement { service agency { name } }")

    assert asked.payload["contact"] == {"involvement": {"service": "UNSPECIFIED_SENSITIVE", "agency": None}}
    (node,) = _nodes(await contacts(team, "involvement { service agency { name } }"))
    assert node["involvement"]["service"] == "MENTAL_HEALTH"
    assert node["involvement"]["agency"] is not None


async def _a_shield_on_the_child(database, child, nurse):
    await a_shield(database, child)


async def _a_shield_that_a_feed_dates_back(database, child, nurse):
    await a_shield(database, child, requested_at=NOW - timedelta(days=400))


async def _a_shield_on_another_record_of_the_child(database, child, nurse):
    await a_shield(database, await a_child(database, identity_id=child))


async def _a_shield_on_a_sibling(database, child, nurse):
    sibling = await a_child(database)
    await a_carer(database, of=[child, sibling])
    await a_shield(database, sibling)


async def _a_withdrawn_consent(database, child, nurse):
    await database.execute("UPDATE involvement_consent SET withdrawn_at = $1", NOW)


async def _an_expired_consent(database, child, nurse):
    await database.execute("UPDATE involvement_consent SET expires_at = $1", NOW)


async def _an_ended_service(database, child, nurse):
    await database.execute("UPDATE involvement SET ended_on = $1", TODAY)


async def _a_refusal(database, child, nurse):
    await database.execute(
        "INSERT INTO refusal (id, child_id, ground, reason, refused_by, reviewer, refused_at) "
        "VALUES (gen_random_uuid(), $1, 'detriment', 'w', 'a', 'b', $2)",
        child,
        NOW,
    )


async def _a_conflict(database, child, nurse):
    await a_conflict(database, child, await a_practitioner(database, agency=nurse.agency, person=nurse.person))


async def _an_answer_from_before_it_was_kept_what_stood(database, child, nurse):
    await database.execute(
        "UPDATE brokered_contact SET (shields_then, services_then, conflict_then, refusals_then) = "
        "(NULL, NULL, NULL, NULL)"
    )


_CLOSED = [
    _a_shield_on_the_child,
    _a_shield_that_a_feed_dates_back,
    _a_shield_on_another_record_of_the_child,
    _a_shield_on_a_sibling,
    _a_withdrawn_consent,
    _an_expired_consent,
    _an_ended_service,
    _a_refusal,
    _a_conflict,
    _an_answer_from_before_it_was_kept_what_stood,
]


@pytest.fixture
async def service(database, child):
    """A sensitive service whose consent stands."""
    work = await a_sensitive_involvement(database, child)
    await a_consent(database, child, work)
    return work


@pytest.mark.parametrize("closed", _CLOSED, ids=lambda one: one.__name__.strip("_"))
async def test_what_is_closed_after_an_answer_takes_it_back_from_the_very_next_read(
    answer_contact, contacts, nurse, team, database, child, service, closed
):
    await answer_contact()
    (before,) = _nodes(await contacts(nurse))
    await closed(database, child, nurse)

    (after,) = _nodes(await contacts(nurse))
    assert (before["answer"], before["withheld"]) == (AGREED["answer"], [])
    assert (after["state"], after["answer"], after["reason"]) == (None, None, WORDS)
    assert after["withheld"] == [{"field": name, "reason": "NO_LONGER_TOLD"} for name in ("answer", "state")]
    assert [node["answer"] for node in _nodes(await contacts(team))] == [AGREED["answer"]]


async def test_an_answer_given_under_a_shield_stands_and_is_told_again_once_a_later_one_is_lifted(
    answer_contact, contacts, nurse, database, child
):
    await a_shield(database, child)
    await answer_contact()
    told = [_nodes(await contacts(nurse))[0]["answer"]]
    later = await a_shield(database, child)
    told.append(_nodes(await contacts(nurse))[0]["answer"])
    await database.execute("UPDATE shield SET lifted_at = $2 WHERE id = $1", later, NOW)
    told.append(_nodes(await contacts(nurse))[0]["answer"])

    assert told == [AGREED["answer"], None, AGREED["answer"]]


async def test_an_answer_is_taken_back_with_the_role_that_was_asked_in(answer_contact, contacts, nurse, database):
    await answer_contact()
    now = await a_persona(database, "gp", person=nurse.person, agency=nurse.agency)
    before = _nodes(await contacts(now))
    await database.execute(
        "UPDATE registration SET training_valid_until = $2 WHERE person = $1 AND role = $3",
        nurse.person,
        TODAY - timedelta(days=1),
        nurse.role,
    )

    assert [node["answer"] for node in before] == [AGREED["answer"]]
    assert [node["answer"] for node in _nodes(await contacts(now))] == [None]
    await database.execute("DELETE FROM registration WHERE person = $1 AND role = $2", nurse.person, nurse.role)
    assert [node["answer"] for node in _nodes(await contacts(now))] == [None]


@pytest.mark.parametrize("closed", [_a_withdrawn_consent, _an_ended_service, _a_refusal])
async def test_a_closed_request_is_told_the_same_whatever_becomes_of_hidden_services(
    answer_contact, contacts, nurse, database, child, service, closed
):
    await answer_contact(outcome="DECLINED", otherAgrees=False, answer="Ring the front door")
    before = _nodes(await contacts(nurse))
    await closed(database, child, nurse)

    assert _nodes(await contacts(nurse)) == before


async def test_an_answer_about_one_service_says_nothing_of_another(
    client, answer_contact, contacts, nurse, team, database, child, service
):
    other = await a_sensitive_involvement(database, child, service="SEXUAL_HEALTH")
    await a_consent(database, child, other)
    answered = await answer_contact(involvement=involvement_id(other))
    await database.execute("UPDATE involvement_consent SET withdrawn_at = $2 WHERE involvement_id = $1", service, NOW)
    stands = _nodes(await contacts(nurse))
    await database.execute("UPDATE involvement_consent SET withdrawn_at = $2 WHERE involvement_id = $1", other, NOW)

    assert answered.refused == []
    assert [node["answer"] for node in stands] == [AGREED["answer"]]
    assert [node["answer"] for node in _nodes(await contacts(nurse))] == [None]


async def test_an_answer_names_no_involvement_of_another_child(answer_contact, database):
    other = await an_involvement(database, await a_child(database))

    refused = await answer_contact(involvement=involvement_id(other))

    assert [(one["code"], one["field"]) for one in refused.payload["errors"]] == [("NOT_FOUND", "involvement")]


_AGED = {
    28: "UPDATE brokered_contact SET answered_at = $1",
    182: "UPDATE brokered_contact SET asked_at = $1",
}


@pytest.mark.parametrize("days", _AGED)
async def test_a_request_whose_time_is_over_is_told_to_nobody_and_let_go_with_the_next(
    request_contact, asked, answer_contact, contacts, nurse, team, worker, database, days
):
    if days == 28:
        await answer_contact()
    await database.execute(_AGED[days], NOW - timedelta(days=days) + timedelta(seconds=1))
    in_time = [len(_nodes(await contacts(who))) for who in (nurse, team)]
    await database.execute(_AGED[days], NOW - timedelta(days=days))

    assert in_time == [1, 1]
    assert [_nodes(await contacts(who)) for who in (nurse, team)] == [[], []]
    assert (await answer_contact(outcome="NOT_NEEDED")).refused == ["NOT_FOUND"]
    await request_contact(by=worker)
    assert [row["asker"] for row in await database.fetch("SELECT asker FROM brokered_contact")] == [worker.person]


async def test_whoever_was_never_answered_may_ask_again_once_their_request_has_gone(request_contact, asked, database):
    await database.execute("UPDATE brokered_contact SET asked_at = $1", NOW - timedelta(days=182))

    assert (await request_contact()).refused == []


async def test_nobody_else_is_told_of_a_request(asked, contacts, answer_contact, nurse, database, child):
    involved = await a_persona(database, "social-worker")
    post = await a_practitioner(database, agency=involved.agency, person=involved.person)
    await an_involvement(database, child, practitioner_id=post)
    others = [
        involved,
        await a_persona(database, "health-practitioner", agency=nurse.agency),
        await a_persona(database, "supervisor", purpose="review"),
        await a_persona(database, "directory-team", purpose="administration"),
    ]

    assert [_nodes(await contacts(other)) for other in others] == [[], [], [], []]
    refused = [(await answer_contact(by=other)).refused for other in others]
    assert refused == [["NOT_FOUND"]] * 4


async def test_the_team_of_another_authority_is_told_of_no_request(client, contacts, asked, answer_contact, database):
    elsewhere = await an_authority(database, "E08000003")
    agency = await an_agency(database, authority=elsewhere)
    other = await a_persona(database, "directory-team", agency=agency, purpose="brokering")
    other = type(other)(person=other.person, role=other.role, agency=agency, authority=elsewhere, purpose="brokering")

    assert _nodes(await contacts(other)) == []
    assert (await answer_contact(by=other)).refused == ["NOT_FOUND"]


async def test_a_member_of_the_team_with_a_conflict_neither_reads_nor_answers(
    contacts, asked, answer_contact, team, database, child
):
    await a_conflict(database, child, await a_practitioner(database, agency=team.agency, person=team.person))

    assert _nodes(await contacts(team)) == []
    assert (await answer_contact()).refused == ["NOT_FOUND"]


async def test_nobody_answers_what_they_asked_for(client, answer_contact, nurse, database):
    both = await a_persona(database, "directory-team", purpose="brokering", person=nurse.person, agency=nurse.agency)

    assert (await answer_contact(by=both)).refused == ["SECOND_PERSON_NEEDED"]


async def test_whoever_waits_for_an_answer_does_not_ask_again(request_contact, answer_contact, asked, database):
    again = await request_contact()
    await answer_contact()
    afterwards = await request_contact()

    assert (again.refused, afterwards.refused) == (["ALREADY_ASKED"], [])


async def test_of_two_requests_at_once_one_is_made(request_contact, database):
    made = await asyncio.gather(*(request_contact() for _ in range(4)))

    assert sorted(one.refused for one in made) == [[], ["ALREADY_ASKED"], ["ALREADY_ASKED"], ["ALREADY_ASKED"]]
    assert len(await database.fetch("SELECT FROM brokered_contact")) == 1


async def test_a_request_sent_again_under_its_key_is_one_request(request_contact, database):
    key = a_key()

    first, again = await request_contact(key=key), await request_contact(key=key)
    other = await request_contact(key=key, reason="Something else")

    assert first.content == again.content
    assert other.refused == ["KEY_REUSED"]
    assert len(await database.fetch("SELECT FROM brokered_contact")) == 1


async def test_an_answer_sent_again_is_one_answer_and_another_is_refused(answer_contact, contacts, nurse):
    key = a_key()

    first, again = await answer_contact(key=key), await answer_contact(key=key)
    other = await answer_contact(outcome="DECLINED", otherAgrees=False, answer=None)

    assert first.content == again.content
    assert other.refused == ["ALREADY_ANSWERED"]
    assert [node["state"] for node in _nodes(await contacts(nurse))] == ["CONNECTED"]


async def test_of_two_answers_at_once_one_counts(answer_contact, contacts, nurse):
    closed = {"outcome": "DECLINED", "otherAgrees": False, "answer": None}

    made = await asyncio.gather(answer_contact(), answer_contact(**closed))

    assert sorted(one.refused for one in made) == [[], ["ALREADY_ANSWERED"]]


async def test_the_list_goes_from_the_oldest_and_on_from_a_cursor(client, request_contact, contacts, team, database):
    for _ in range(3):
        await request_contact(child=child_id(await a_child(database)))
    rows = await database.fetch("SELECT id FROM brokered_contact ORDER BY id")
    for age, row in enumerate(rows):
        await database.execute(
            "UPDATE brokered_contact SET asked_at = $2 WHERE id = $1", row["id"], NOW - timedelta(days=age)
        )
    known = [client.as_known(team, contact_id(row["id"])) for row in reversed(rows)]

    first = await contacts(team, "id", unanswered=True, first=2)
    rest = await contacts(team, "id", unanswered=True, first=2, after=first["edges"][-1]["cursor"])

    assert [node["id"] for node in _nodes(first) + _nodes(rest)] == known
    assert [page["pageInfo"]["hasNextPage"] for page in (first, rest)] == [True, False]


@pytest.mark.parametrize("reader", ["team", "nurse"])
async def test_an_answered_request_leaves_the_list_of_open_ones(answer_contact, contacts, team, nurse, reader):
    who = {"team": team, "nurse": nurse}[reader]
    before = _nodes(await contacts(who, unanswered=True))
    await answer_contact()

    assert len(before) == 1
    assert _nodes(await contacts(who, unanswered=True)) == []
    assert len(_nodes(await contacts(who))) == 1


async def test_requests_of_others_are_not_even_looked_at_for_an_asker(asked, contacts, worker, entries):
    assert _nodes(await contacts(worker)) == []

    assert (await entries())[-1]["records"] == []


async def test_a_mediator_asks_for_somebody_and_whoever_it_was_reads_the_answer(
    client, contacts, nurse, team, database, child
):
    volunteer = await a_persona(database, "voluntary-practitioner")
    query = mutation("requestBrokeredContact", "contact { state }")
    stated = {"idempotencyKey": a_key(), "child": child_id(child), "reason": WORDS, "reachBy": REACH}
    headers = client.headers(nurse) | {"authorization": f"Bearer {client.token(nurse, mediated_for=volunteer.person)}"}

    asked = await client.ask(nurse, query, {"input": stated}, headers=headers)

    assert asked.data["requestBrokeredContact"] == {"contact": {"state": "WAITING"}, "errors": []}
    assert _nodes(await contacts(nurse)) == []
    assert len(_nodes(await contacts(volunteer))) == 1
    (node,) = _nodes(await contacts(team, "askedBy askedThrough askerRole"))
    assert node == {"askedBy": volunteer.person, "askedThrough": nurse.person, "askerRole": "voluntary-practitioner"}


async def test_a_mediators_key_for_one_person_does_not_swallow_the_request_of_another(client, nurse, database, child):
    query, refused = mutation("requestBrokeredContact", "contact { id }"), []
    stated = {"idempotencyKey": a_key(), "child": child_id(child), "reason": WORDS, "reachBy": REACH}
    for volunteer in [await a_persona(database, "voluntary-practitioner") for _ in range(2)]:
        token = client.token(nurse, mediated_for=volunteer.person)
        headers = client.headers(nurse) | {"authorization": f"Bearer {token}"}
        asked = await client.ask(nurse, query, {"input": stated}, headers=headers)
        refused.append([error["code"] for error in asked.data["requestBrokeredContact"]["errors"]])

    assert refused == [[], ["KEY_REUSED"]]


@pytest.mark.parametrize(
    ("role", "purpose", "code"),
    [("supervisor", "review", "NOT_FOR_ROLE"), ("directory-team", "brokering", "NOT_FOR_ROLE"),
     ("education-practitioner", "missing-education", "NOT_FOR_PURPOSE")],
)  # fmt: skip
async def test_others_do_not_ask_for_contact(request_contact, database, role, purpose, code):
    other = await a_persona(database, role, purpose=purpose)

    assert (await request_contact(by=other)).refused == [code]


async def test_whoever_has_lapsed_neither_asks_nor_reads(client, request_contact, database):
    lapsed = await a_persona(database, "health-practitioner", training_valid_until=TODAY - timedelta(days=1))

    asked = await request_contact(by=lapsed)
    read = await client.ask(lapsed, LIST % "id", {"unanswered": True, "first": 1, "after": None})

    assert (asked.codes, read.codes) == (["ACCESS_LAPSED"], ["ACCESS_LAPSED"])
    assert await database.fetch("SELECT FROM brokered_contact") == []


@pytest.mark.parametrize("hidden", ["archived", "nobody's"])
async def test_a_hidden_child_is_refused_like_one_that_is_not_there(request_contact, worker, database, hidden):
    child = await a_child(database, standing="archived") if hidden == "archived" else uuid4()

    refused = await request_contact(by=worker, child=child_id(child))

    assert [(one["code"], one["field"]) for one in refused.payload["errors"]] == [("NOT_FOUND", "child")]


async def test_of_a_child_held_elsewhere_it_says_whom_to_ask(request_contact, database):
    refused = await request_contact(child=f"E08000003.chd-{uuid4().hex}")

    (error,) = refused.payload["errors"]
    assert (error["code"], error["field"]) == ("HELD_ELSEWHERE", "child")
    assert "E08000003" in error["message"]
    assert await database.fetch("SELECT FROM brokered_contact") == []


async def test_a_child_for_whom_another_authority_is_responsible_is_asked_about_and_answered_here(
    client, request_contact, team, nurse, database
):
    moved = await a_child(database, authority=await an_authority(database, "E08000003"))

    asked = await request_contact(child=child_id(moved))
    contact = contact_id(client.known(nurse).meant(asked.payload["contact"]["id"])[1])
    answered = await ask_change(client, team, "answerBrokeredContact", "contact { state }", contact=contact, **AGREED)

    assert (asked.refused, answered.refused) == ([], [])
    assert answered.payload["contact"] == {"state": "CONNECTED"}


async def test_a_request_is_gone_with_the_childs_record(
    request_contact, asked, contacts, answer_contact, nurse, team, database, child
):
    await database.execute("UPDATE child SET date_of_birth = $2 WHERE id = $1", child, TODAY.replace(year=2000))

    assert [_nodes(await contacts(who)) for who in (nurse, team)] == [[], []]
    assert (await answer_contact()).refused == ["NOT_FOUND"]

    await database.execute("DELETE FROM child WHERE id = $1", child)
    assert await database.fetch("SELECT FROM brokered_contact") == []


@pytest.mark.parametrize(
    ("changed", "code"),
    [({"reason": " "}, "REASON_NEEDED"), ({"reachBy": ""}, "REACH_NEEDED"), ({"reason": "x" * 501}, "TEXT_TOO_LONG"),
     ({"reachBy": "x" * 501}, "TEXT_TOO_LONG")],
)  # fmt: skip
async def test_a_request_says_why_and_where_to_reach_the_asker(request_contact, database, changed, code):
    assert (await request_contact(**changed)).refused == [code]
    assert await database.fetch("SELECT FROM brokered_contact") == []


@pytest.mark.parametrize(
    ("changed", "code"),
    [({"answer": None}, "ANSWER_NEEDED"), ({"answer": " "}, "ANSWER_NEEDED"), ({"answer": "x" * 501}, "TEXT_TOO_LONG")],
)
async def test_whoever_is_connected_is_told_how(answer_contact, changed, code):
    assert (await answer_contact(**changed)).refused == [code]


async def test_the_entries_name_the_request_and_commit_to_its_words(answer_contact, entries, child, database):
    await answer_contact()

    of_request, of_answer = await entries()
    (row,) = await database.fetch("SELECT id FROM brokered_contact")
    for entry, action in ((of_request, "requestBrokeredContact"), (of_answer, "answerBrokeredContact")):
        acted, contact = entry["records"][:2]
        assert list(acted["disclosed"]) == [action]
        assert (contact["type"], contact["id"], contact["about"]) == ("BrokeredContact", str(row["id"]), [str(child)])
        assert not any(words in str(entry["records"]) for words in (WORDS, REACH, AGREED["answer"]))


class BrokenLedger:
    """A ledger that takes nothing."""

    writing = False

    def start(self):
        pass

    async def record(self, _entry):
        raise AuditUnavailable("The ledger could not be written; nothing is told.", reason="broken")

    async def close(self):
        pass


async def test_without_an_entry_there_is_no_request(database_url, tmp_path, decider, nurse, child, database):
    async with a_gateway(database_url, tmp_path, decider=decider, ledger=BrokenLedger(), ledger_timeout=10) as broken:
        stated = {"child": child_id(child), "reason": WORDS, "reachBy": REACH}
        asked = await ask_change(broken, nurse, "requestBrokeredContact", "contact { id }", **stated)

    assert (asked.payload, asked.codes) == (None, ["AUDIT_UNAVAILABLE"])
    assert await database.fetch("SELECT FROM brokered_contact") == []
