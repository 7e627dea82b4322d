"""A child held by another authority is found under the person who asks, by both sides' rules, and both record it."""

import re
from uuid import uuid4

import orjson

from connectors.postgres.brokering import PostgresBrokering
from gateway.brokering import NewContact
from gateway.vocabulary import RecordType
from tests.support.borders import BESIDE, FIND, MIA, a_link, a_nurse, mia, two_authorities
from tests.support.builders import NOW, a_child, a_consent, a_sensitive_involvement, a_shield, an_authority, cares_for
from tests.support.federation import ELSEWHERE, HERE, THERE, assertion, call, entry_of
from tests.support.gateway import a_persona
from tests.support.ids import child_id

OF_A_PERSON = re.compile(r"(?:chd|car|prc|inv)-[0-9a-f]{32}")


async def test_a_nurse_here_finds_the_social_worker_there(postgres, tmp_path):
    async with two_authorities(postgres, tmp_path) as borders:
        child = await mia(borders.there, nhs_number="9434765919")
        nurse = await a_nurse(borders.here)
        answer = await borders.find(nurse)

        assert answer.codes == [], answer.messages
        search = answer.data["searchChildren"]
        [candidate] = search["candidates"]
        found = candidate["child"]
        assert found["id"] == borders.known_there(nurse, child)
        assert (found["givenName"], found["familyName"]) == ("Mia", "Marsh")
        assert found["carers"] == [{"name": "Joan Marsh", "telephone": "0161 496 0777"}]
        [involvement] = found["involvements"]
        assert involvement["practitioner"]["name"] == "Sam Carter"
        assert involvement["practitioner"]["agency"] == {"name": "Children's Services"}
        assert found["nhsNumber"] is None
        assert {"field": "nhsNumber", "reason": "CROSS_BORDER"} in found["withheld"]
        assert all(one["source"].startswith(f"{THERE}: ") for one in found["provenance"])
        assert [(source["authority"]["code"], source["status"]) for source in search["sources"]] == [
            (HERE, "ANSWERED"),
            (THERE, "ANSWERED"),
        ]
        ours = await borders.here.entry(answer.headers["x-request-id"])
        theirs = await borders.there.entry(answer.headers["x-request-id"])
        noted = ours["sources"][1]
        assert (noted["authority"], noted["entry"]["leaf"]) == (THERE, theirs["leaf"])
        assert noted["entry"]["number"] == theirs["seq"]
        assert theirs["caller"]["peer"] == HERE
        assert theirs["caller"]["assertion"]
        assert "Child" in [record["type"] for record in ours["records"] if record["home"] == THERE]


async def test_two_agencies_here_know_a_child_there_by_ids_that_are_of_no_use_to_the_other(postgres, tmp_path):
    async with two_authorities(postgres, tmp_path) as borders:
        child = await mia(borders.there)
        nurses = [await a_nurse(borders.here), await a_nurse(borders.here)]

        answers = [await borders.find(nurse) for nurse in nurses]
        swapped = [
            await borders.client.ask(nurse, NODE, {"id": borders.known_there(other, child)})
            for nurse, other in (nurses, reversed(nurses))
        ]
        nobody = await borders.client.ask(nurses[0], NODE, {"id": borders.known_there(nurses[0], uuid4())})

    one, other = [set(OF_A_PERSON.findall(answer.content.decode())) for answer in answers]
    assert len(one) == len(other) == 2
    assert one.isdisjoint(other)
    assert {answer.content for answer in swapped} == {nobody.content}
    for form in (str(child), child.hex):
        assert all(form.encode() not in answer.content for answer in answers)


async def test_who_has_no_computer_asks_across_the_border_through_a_mediator(postgres, tmp_path):
    async with two_authorities(postgres, tmp_path) as borders:
        await mia(borders.there, nhs_number="9434765919")
        mediator = await a_nurse(borders.here)
        worker = await a_persona(borders.here.database, "social-worker", agency=mediator.agency)
        token = borders.client.token(mediator, mediated_for=worker.person)
        answer = await borders.find(mediator, authorization=f"Bearer {token}")

        assert answer.codes == [], answer.messages
        search = answer.data["searchChildren"]
        assert [source["status"] for source in search["sources"]] == ["ANSWERED", "ANSWERED"]
        [candidate] = search["candidates"]
        assert candidate["child"]["involvements"][0]["practitioner"]["name"] == "Sam Carter"
        assert candidate["child"]["nhsNumber"] is None, "a social worker is told it, and a nurse is not"
        caller = (await borders.there.entry(answer.headers["x-request-id"]))["caller"]
        assert (caller["person"], caller["mediated_for"]) == (f"{HERE}:{mediator.person}", f"{HERE}:{worker.person}")


async def test_local_candidates_are_told_and_the_silent_authority_is_named(postgres, tmp_path):
    async with two_authorities(postgres, tmp_path) as borders:
        await mia(borders.here)
        await mia(borders.there)
        answer = await borders.find(await a_nurse(borders.here), MIA, (THERE, ELSEWHERE))

        search = answer.data["searchChildren"]
        ids = [candidate["child"]["id"] for candidate in search["candidates"]]
        assert [one.partition(".")[0] == THERE for one in ids] == [True, False]
        assert [(source["authority"]["code"], source["status"]) for source in search["sources"]] == [
            (HERE, "ANSWERED"),
            (THERE, "ANSWERED"),
            (ELSEWHERE, "UNAVAILABLE"),
        ]


NODE = "query($id: ID!) { node(id: $id) { id ... on Child { givenName withheld { field reason } } } }"


async def test_a_child_shielded_there_and_its_sibling_are_told_as_if_unknown(postgres, tmp_path):
    async with two_authorities(postgres, tmp_path) as borders:
        child = await mia(borders.there, nhs_number="9434765919")
        sibling = await a_child(borders.there.database, given_name="Noah", family_name="Marsh", authority=THERE)
        [mother] = await borders.there.database.fetch(
            "SELECT carer_id AS id FROM child_carer WHERE child_id = $1", child
        )
        await cares_for(borders.there.database, mother["id"], sibling)
        await a_shield(borders.there.database, child, decided_at=None)
        nurse = await a_nurse(borders.here)
        by_name = [await borders.find(nurse, criteria) for criteria in (MIA, MIA | {"familyName": "Nobody"})]
        by_id = [
            await borders.client.ask(nurse, NODE, {"id": there})
            for there in (
                borders.known_there(nurse, child),
                borders.known_there(nurse, sibling),
                borders.known_there(nurse, mother["id"], RecordType.CARER),
                borders.known_there(nurse, uuid4()),
            )
        ]

        assert [answer.data["searchChildren"]["candidates"] for answer in by_name] == [[], []]
        assert [source["status"] for source in by_name[0].data["searchChildren"]["sources"]] == ["ANSWERED"] * 2
        assert {answer.content for answer in by_id} == {b'{"data":{"node":null}}'}


NUMBER = "9434765919"


async def test_the_social_worker_there_stands_beside_the_child_here_for_whoever_asks_for_it(postgres, tmp_path):
    async with two_authorities(postgres, tmp_path) as borders:
        child, there = await mia(borders.here, nhs_number=NUMBER), await mia(borders.there, nhs_number=NUMBER)
        nurse = await a_nurse(borders.here)
        teacher = await a_persona(borders.here.database, "education-practitioner")
        by_number = {"by": {"nhsNumber": NUMBER}, "authorities": [THERE]}
        found = await borders.client.ask(nurse, BESIDE, by_number)
        by_id = {"by": {"id": child_id(child)}}
        at_home = await borders.client.ask(teacher, BESIDE, by_id)
        beside = await borders.client.ask(teacher, BESIDE, by_id | {"authorities": ["*"]})

        for answer, asker in ((found, nurse), (beside, teacher)):
            assert answer.codes == [], answer.messages
            told = answer.data["child"]
            assert told["id"] == borders.client.as_known(asker, child_id(child))
            assert [one["id"].startswith(f"{THERE}.") for one in told["involvements"]].count(True) == 1
            assert [source["status"] for source in told["sources"]] == ["ANSWERED", "ANSWERED"]
        assert [source["status"] for source in at_home.data["child"]["sources"]] == ["ANSWERED", "NOT_ASKED"]
        ours = await borders.here.entry(beside.headers["x-request-id"])
        theirs = await borders.there.entry(beside.headers["x-request-id"])
        assert ours["sources"][1]["entry"] == {"number": theirs["seq"], "leaf": theirs["leaf"]}
        assert theirs["caller"]["person"] == f"{HERE}:{teacher.person}"

        await a_shield(borders.there.database, there)
        shielded = await borders.client.ask(teacher, BESIDE, by_id | {"authorities": ["*"]})
        assert shielded.data["child"] == at_home.data["child"] | {"sources": beside.data["child"]["sources"]}


async def test_a_child_held_there_only_is_told_by_its_number(postgres, tmp_path):
    async with two_authorities(postgres, tmp_path) as borders:
        there = await mia(borders.there, nhs_number=NUMBER)
        nurse = await a_nurse(borders.here)
        by = {"by": {"nhsNumber": NUMBER}}
        known = await borders.client.ask(nurse, BESIDE, by | {"authorities": [THERE]})
        silent = await borders.client.ask(
            nurse, BESIDE, {"by": {"nhsNumber": "9434765870"}, "authorities": [ELSEWHERE]}
        )
        at_home = await borders.client.ask(nurse, BESIDE, by)

        assert known.data["child"]["id"] == borders.known_there(nurse, there)
        assert known.data["child"]["involvements"][0]["practitioner"]["name"] == "Sam Carter"
        assert (silent.codes, at_home.data) == (["SOURCE_UNAVAILABLE"], {"child": None})


async def test_another_authority_is_not_told_where_links_lead(answering, known_here, database, here, there):
    await an_authority(database, THERE)
    child = await a_child(database, authority=THERE)
    await a_link(database, child, ELSEWHERE, f"chd-{1:032x}")
    query = "query($id: ID!) { node(id: $id) { ... on Child { givenName sources { authority { code } status } } } }"
    body = orjson.dumps({"query": query, "variables": {"id": known_here.told(RecordType.CHILD, child)}})
    answer = await call(answering, here, there, assertion(here, body=body), body=body)

    assert answer.json()["data"]["node"]["sources"] == [{"authority": {"code": THERE}, "status": "ANSWERED"}]


CHANGE = "mutation Change($input: RecordRefusalInput!) { recordRefusal(input: $input) { errors { code } } }"


async def an_input(database):
    await an_authority(database, THERE)
    child = await a_child(database, authority=THERE)
    return {
        "idempotencyKey": "once",
        "child": child_id(child),
        "ground": "NOT_NECESSARY",
        "reason": "Not relevant to safeguarding",
        "reviewer": "somebody.else",
    }


async def test_a_mutation_of_another_authority_never_runs(answering, database, here, there):
    body = orjson.dumps({"query": CHANGE, "variables": {"input": await an_input(database)}})
    answer = await call(answering, here, there, assertion(here, body=body), body=body)

    assert [error["extensions"]["code"] for error in answer.json()["errors"]] == ["BAD_REQUEST"]
    entry = await entry_of(database, answer)
    assert entry["outcome"]["codes"][0]["reason"] == "peer-changes-nothing"
    assert entry["records"] == []


BROKER = (
    "mutation Broker($input: RequestBrokeredContactInput!) "
    "{ requestBrokeredContact(input: $input) { contact { id } errors { code } } }"
)
CONTACTS = "{ brokeredContacts(unanswered: false, first: 5) { edges { node { id state answer } } } }"


async def test_brokered_contact_is_neither_asked_for_nor_read_across_a_border(
    answering, known_here, database, here, there
):
    await an_authority(database, THERE)
    child = await a_child(database, authority=THERE)
    told = known_here.told(RecordType.CHILD, child)
    stated = {"idempotencyKey": "once", "child": told, "reason": "Who visits first", "reachBy": "0161 496 0777"}
    body = orjson.dumps({"query": BROKER, "variables": {"input": stated}})
    asked = await call(answering, here, there, assertion(here, body=body), body=body)
    kept = await database.fetch("SELECT FROM brokered_contact")
    # As if one had been made all the same, in the name by which the person is known here.
    await PostgresBrokering(database, now=lambda: NOW).request(
        NewContact(
            child=child,
            involvement=None,
            asker=f"{HERE}:nurse.okafor",
            role="peer",
            through=None,
            reason="Who visits first",
            reach_by="0161 496 0777",
            at=NOW,
        )
    )
    body = orjson.dumps({"query": CONTACTS})
    read = await call(answering, here, there, assertion(here, body=body), body=body)

    assert [error["extensions"]["code"] for error in asked.json()["errors"]] == ["BAD_REQUEST"]
    assert (await entry_of(database, asked))["outcome"]["codes"][0]["reason"] == "peer-changes-nothing"
    assert kept == []
    assert read.json() == {"data": {"brokeredContacts": {"edges": []}}}


INVOLVED = """
query($id: ID!) { node(id: $id) { ... on Child {
  involvements { service practitioner { name } withheld { field reason } } } } }"""


async def test_of_a_sensitive_service_nobody_of_another_authority_is_told_as_one_who_is_involved(
    answering, known_here, database, here, there
):
    """At the port itself: what the asking side would keep back as well shows no mistake of the answering one."""
    await an_authority(database, THERE)
    child = await a_child(database, authority=THERE)
    await a_sensitive_involvement(database, child)
    await a_consent(database, child, await a_sensitive_involvement(database, child, service="SEXUAL_HEALTH"))
    stated = {"query": INVOLVED, "variables": {"id": known_here.told(RecordType.CHILD, child)}}
    body = orjson.dumps(stated)
    answer = await call(answering, here, there, assertion(here, body=body), body=body)

    [told] = answer.json()["data"]["node"]["involvements"]
    assert (told["service"], told["practitioner"]) == ("UNSPECIFIED_SENSITIVE", None)


async def test_a_mutation_beside_a_query_of_another_authority_never_runs(answering, database, here, there):
    both = f"query Ask {{ me {{ role }} }} {CHANGE}"
    stated = {"query": both, "operationName": "Change", "variables": {"input": await an_input(database)}}
    body = orjson.dumps(stated)
    answer = await call(answering, here, there, assertion(here, body=body), body=body)

    assert answer.json().get("data") is None
    assert (await entry_of(database, answer))["outcome"]["status"] == "refused"


async def test_who_is_asked_by_another_authority_asks_nobody_else(answering, database, here, there):
    body = orjson.dumps({"query": FIND, "variables": {"criteria": MIA, "authorities": [ELSEWHERE]}})
    answer = await call(answering, here, there, assertion(here, body=body), body=body)

    assert [error["extensions"]["code"] for error in answer.json()["errors"]] == ["BAD_CRITERIA"]
    assert (await entry_of(database, answer))["outcome"]["codes"][0]["reason"] == "one-hop"
