"""Domain rule X6: what two agencies are told cannot be joined on ids, and an agency's ids are of use to it alone."""

import re
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.postgres.database import Database
from gateway.known_ids import IdScope, RecordIds
from gateway.record_ids import PREFIXES, PUBLIC, told_there
from gateway.vocabulary import RecordType
from tests.changes.asking import ask_change
from tests.properties.profile import examples
from tests.support.builders import (
    a_carer,
    a_child,
    a_practitioner,
    a_setting,
    an_involvement,
    attends,
)
from tests.support.documents import everything
from tests.support.gateway import a_gateway, a_persona
from tests.support.postgres import fresh_database

SCOPED = sorted(set(PREFIXES) - PUBLIC)
LED_TO_BY_NONE = {RecordType.RESPONSIBILITY_TRANSFER, RecordType.BROKERED_CONTACT, RecordType.QUEUE_ENTRY}
OF_PEOPLE = [one for one in SCOPED if one not in LED_TO_BY_NONE]
IDS = RecordIds(b"the secret of a test's directory")
SCOPES = st.builds(IdScope, st.sampled_from(["E08000003", "E08000009"]), st.none() | st.text(max_size=3))
LOG = "query($child: ID!) { accessLog(child: $child, first: 20) { edges { cursor node { id } } } }"
PLAIN = re.compile(r"\b(?:chd|car|prc|inv)-[0-9a-f]{32}\b")


@given(SCOPES, st.sampled_from(SCOPED), st.uuids())
@examples(100)
def test_a_scope_gets_back_what_it_was_told(scope, record_type, record_id):
    told = IDS.known_to(scope).told(record_type, record_id)

    assert RecordIds(b"the secret of a test's directory").known_to(scope).meant(told) == (record_type, record_id)


@given(SCOPES, SCOPES, st.sampled_from(SCOPED), st.sampled_from(SCOPED), st.uuids())
@examples(100)
def test_no_two_scopes_and_no_two_types_share_an_id(one, other, kind, another, record_id):
    told = [IDS.known_to(one).told(kind, record_id), IDS.known_to(other).told(another, record_id)]

    assert (told[0][4:] == told[1][4:]) is (one == other and kind == another)


@given(SCOPES, SCOPES, st.sampled_from(OF_PEOPLE), st.uuids())
@examples(100)
def test_an_id_that_crossed_a_border_is_scoped_again(one, other, record_type, content):
    there = told_there("E08000003", record_type, f"{PREFIXES[record_type]}-{content.hex}")
    told = [IDS.known_to(scope).told(record_type, there) for scope in (one, other)]

    assert IDS.known_to(one).meant_elsewhere(told[0]).there == there.there
    assert (told[0] == told[1]) is (one == other)
    assert content.hex not in told[0]


@pytest.fixture(scope="module")
async def client(postgres, tmp_path_factory):
    patient = dict.fromkeys(("database_timeout", "ledger_timeout", "request_timeout", "decision_timeout"), 30)
    async with fresh_database(postgres) as url, a_gateway(url, tmp_path_factory.mktemp("gateway"), **patient) as client:
        client.url = url
        yield client


@pytest.fixture(scope="module")
async def database(client):
    database = await Database.open(client.url, pool_min=1, pool_max=2, timeout=10)
    yield database
    await database.close()


@pytest.fixture(scope="module")
async def family(database):
    """The directory's own ids of a child and of everybody around it."""
    child = await a_child(database, nhs_number="9434765919", upn="B801200005001")
    carer = await a_carer(database, of=[child])
    await attends(database, child, await a_setting(database))
    post = await a_practitioner(database)
    return [child, carer, post, await an_involvement(database, child, practitioner_id=post)]


async def told_to(client, persona, child):
    """The whole of what an agency's caller can be told from the child on."""
    query = f"query($id: ID!) {{ child(by: {{id: $id}}) {everything('Child', 3)} }}"
    answer = await client.ask(persona, query, {"id": client.known(persona).told(RecordType.CHILD, child)})
    assert answer.codes == [], answer.messages
    return answer


@pytest.mark.parametrize(
    "roles", [("health-practitioner", "health-practitioner"), ("health-practitioner", "education-practitioner")]
)
async def test_the_whole_answers_of_two_agencies_share_no_id_of_a_person(client, database, family, roles):
    answers = [await told_to(client, await a_persona(database, role), family[0]) for role in roles]

    one, other = (set(PLAIN.findall(answer.content.decode())) for answer in answers)
    assert len(one) >= len(family)
    assert {text[:3] for text in one} == {PREFIXES[record_type] for record_type in OF_PEOPLE}
    assert one.isdisjoint(other)
    for answer in answers:
        for record_id in family:
            assert str(record_id) not in answer.content.decode()
            assert record_id.hex not in answer.content.decode()


async def test_national_identifiers_are_told_to_the_roles_that_are_allowed_them_and_join_no_others(
    client, database, family
):
    nurse, teacher = [
        (await told_to(client, await a_persona(database, role), family[0])).data["child"]
        for role in ("health-practitioner", "education-practitioner")
    ]

    assert (nurse["nhsNumber"], nurse["upn"]) == ("9434765919", None)
    assert (teacher["nhsNumber"], teacher["upn"]) == (None, "B801200005001")


async def test_callers_of_one_agency_share_their_ids_from_request_to_request(client, database, family):
    nurse = await a_persona(database, "health-practitioner")
    colleague = await a_persona(database, "health-practitioner", agency=nurse.agency)

    answers = [await told_to(client, persona, family[0]) for persona in (nurse, colleague, nurse)]

    assert len({frozenset(PLAIN.findall(answer.content.decode())) for answer in answers}) == 1


async def test_entries_and_cursors_of_an_access_log_differ_from_agency_to_agency(client, database, family):
    reviewers = [await a_persona(database, "auditor", purpose="review") for _ in range(2)]
    await told_to(client, await a_persona(database, "health-practitioner"), family[0])

    pages = [
        await client.ask(one, LOG, {"child": client.known(one).told(RecordType.CHILD, family[0])}) for one in reviewers
    ]

    lists = [page.data["accessLog"]["edges"] for page in pages]
    one, other = ({text for edge in edges for text in (edge["cursor"], edge["node"]["id"])} for edges in lists)
    assert one
    assert one.isdisjoint(other)


ROADS = {
    "child": "query($id: ID!) { child(by: {id: $id}) { id givenName } }",
    "node": "query($id: ID!) { node(id: $id) { id } }",
    "entity": 'query($id: ID!) { _entities(representations: [{__typename: "Child", id: $id}]) { __typename } }',
    "log": "query($id: ID!) { accessLog(child: $id, first: 5) { edges { node { id } } withheld { field } } }",
}


@pytest.mark.parametrize("road", ROADS)
async def test_the_id_of_another_agency_is_answered_as_one_that_nobody_has(client, database, family, road):
    nurse, stranger = [await a_persona(database, "health-practitioner") for _ in range(2)]
    theirs = client.known(stranger).told(RecordType.CHILD, family[0])
    made_up = client.known(nurse).told(RecordType.CHILD, uuid4())
    directorys = f"chd-{UUID(str(family[0])).hex}"

    answers = [await client.ask(nurse, ROADS[road], {"id": one}) for one in (theirs, made_up, directorys)]

    assert {answer.content for answer in answers} == {answers[0].content}
    assert b"Child" not in answers[0].content


async def test_a_change_knows_the_ids_of_the_callers_agency_alone(client, database, family):
    nurse, stranger = [await a_persona(database, "health-practitioner") for _ in range(2)]
    ids = [client.known(one).told(RecordType.CHILD, family[0]) for one in (stranger, nurse)]

    refused, made = [await ask_change(client, nurse, "requestShield", "child { id }", child=one) for one in ids]

    assert refused.refused == ["NOT_FOUND"]
    assert made.payload["child"] == {"id": ids[1]}
