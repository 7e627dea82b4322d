"""What another authority tells of a linked record stands beside the child here, for who asks for it, and never more."""

from types import SimpleNamespace

import pytest

from connectors.postgres.database import Database
from connectors.postgres.links_elsewhere import PostgresLinks
from gateway.record_ids import told_there
from gateway.vocabulary import RecordType, SourceStatus
from tests.support.borders import BESIDE, MIA, PATIENT, a_link, mia
from tests.support.builders import (
    NOW,
    a_carer,
    a_child,
    a_conflict,
    a_practitioner,
    a_shield,
    an_authority,
    an_involvement,
    cares_for,
)
from tests.support.federation import ELSEWHERE, HERE, THERE
from tests.support.gateway import a_gateway, a_persona
from tests.support.ids import child_id
from tests.support.ledger import latest_entry
from tests.support.made_up_peers import MadeUpPeers, a_told_child, a_told_record, a_told_search, for_links
from tests.support.postgres import fresh_database
from tests.support.statements import note_statements


@pytest.fixture(scope="module")
async def world(postgres, tmp_path_factory):
    """One gateway, whose peers say what the test wants."""
    peers = MadeUpPeers()
    async with fresh_database(postgres) as url:
        database = await Database.open(url, pool_min=1, pool_max=4, timeout=10.0)
        await an_authority(database, HERE)
        nurse = await a_persona(database, "health-practitioner")
        folder = tmp_path_factory.mktemp("gateway")
        async with a_gateway(url, folder, peers=peers, search_budget=100_000, **PATIENT) as client:
            yield SimpleNamespace(client=client, peers=peers, database=database, nurse=nurse, folder=folder)
        await database.close()


@pytest.fixture(autouse=True)
async def alone(world):
    """Children of one test are no other's."""
    world.peers.asked.clear()
    world.peers.round_trips.clear()
    yield
    await world.database.execute("DELETE FROM child")


@pytest.fixture
async def child(world):
    """A child with a carer, a school and a social worker, and a link to a record of THERE."""
    world.peers.told = {THERE: for_links(a_told_record())}
    child = await mia(here(world))
    await a_link(world.database, child, THERE, a_told_child()["id"])
    return child


def here(world):
    return SimpleNamespace(database=world.database, member=SimpleNamespace(member=SimpleNamespace(authority=HERE)))


async def ask(world, child, *authorities, persona=None, query=BESIDE):
    by = {"by": {"id": child_id(child)}, "authorities": list(authorities)}
    return await world.client.ask(persona or world.nurse, query, by)


async def told(world, child, *authorities, **stated):
    answer = await ask(world, child, *authorities, **stated)
    assert answer.codes == [], answer.messages
    return answer.data["child"]


def known(world, child):
    """The id by which the nurse knows a child, here or of another authority."""
    return world.client.known(world.nurse).told(RecordType.CHILD, child)


def there(world, number):
    return known(world, told_there(THERE, RecordType.CHILD, a_told_child(number)["id"]))


def sources(found):
    return {source["authority"]["code"]: source["status"] for source in found["sources"]}


def ids(found, field):
    return [one["id"].partition(".")[0] == THERE for one in found[field]]


async def test_what_the_linked_record_tells_stands_beside_what_is_here(world, child):
    found = await told(world, child, THERE)

    assert found["id"] == known(world, child)
    assert sources(found) == {HERE: "ANSWERED", THERE: "ANSWERED"}
    assert [sorted(ids(found, field)) for field in ("carers", "settings", "involvements")] == [[False, True]] * 3
    [elsewhere] = [one for one in found["involvements"] if one["id"].startswith(THERE)]
    assert elsewhere["practitioner"]["name"] == "Sam Carter"
    assert elsewhere["provenance"] == [{"field": "service", "source": f"{THERE}: local-directory"}]


async def test_one_document_asks_for_all_that_is_joined_and_for_nothing_else(world, child):
    await told(world, child, THERE)

    [asked] = world.peers.asked
    assert asked.variables == {"linked0": [{"__typename": "Child", "id": a_told_child()["id"]}]}
    assert "searchChildren" not in asked.text
    assert not {"givenName", "sources"} & set(asked.text.split())


async def test_nobody_is_asked_who_was_not_named_and_there_is_more_to_ask_for(world, child):
    found = await told(world, child)

    assert world.peers.asked == []
    assert sources(found) == {HERE: "ANSWERED", THERE: "NOT_ASKED"}
    assert ids(found, "involvements") == [False]


async def test_who_was_named_without_a_link_is_not_asked_and_named_so(world, child):
    found = await told(world, child, ELSEWHERE)

    assert world.peers.asked == []
    assert sources(found) == {HERE: "ANSWERED", ELSEWHERE: "NOT_ASKED", THERE: "NOT_ASKED"}


async def test_everywhere_is_wherever_links_lead(world, child):
    await a_link(world.database, child, ELSEWHERE, a_told_child(2)["id"])
    world.peers.told[ELSEWHERE] = for_links(a_told_record(2))
    found = await told(world, child, "*")

    assert sources(found) == {HERE: "ANSWERED", ELSEWHERE: "ANSWERED", THERE: "ANSWERED"}
    assert sorted(one["id"].partition(".")[0] for one in found["involvements"])[:2] == [THERE, ELSEWHERE]


@pytest.mark.parametrize("status", [SourceStatus.UNAVAILABLE, SourceStatus.TIMED_OUT, SourceStatus.REFUSED])
async def test_what_is_here_is_told_whatever_the_other_does(world, child, status):
    alone = await told(world, child)
    world.peers.told = {THERE: status}
    found = await told(world, child, THERE)

    assert sources(found)[THERE] == status.value
    assert {**found, "sources": None} == {**alone, "sources": None}


LIES = {
    "another record": for_links(a_told_record(2)),
    "fewer records than links": for_links(),
    "more records than links": for_links(a_told_record(), a_told_record(2)),
    "a record that is no object": for_links("Mia"),
    "no list": lambda ask: {"linked0": None},
    "markup in a name": for_links(a_told_record(settings=[a_told_child()["settings"][0] | {"name": "<b>"}])),
    "a field told and withheld": for_links(
        a_told_record(withheld=[{"field": "carers", "reason": "SHIELDED", "remedy": "NONE"}])
    ),
}


@pytest.mark.parametrize("lie", LIES)
async def test_a_lie_brings_nothing_through_and_is_named(world, child, lie):
    world.peers.told = {THERE: LIES[lie]}
    found = await told(world, child, THERE)

    assert sources(found)[THERE] == "UNAVAILABLE"
    assert [ids(found, field) for field in ("carers", "settings", "involvements")] == [[False]] * 3


async def test_a_record_that_is_unknown_there_adds_nothing(world, child):
    alone = await told(world, child)
    world.peers.told = {THERE: for_links(None)}
    found = await told(world, child, THERE)

    assert sources(found)[THERE] == "ANSWERED"
    assert {**found, "sources": None} == {**alone, "sources": None}


async def test_what_the_other_withholds_is_named_with_who_withholds_it(world, child):
    withheld = [{"field": "settings", "reason": "CONFLICT", "remedy": "NONE"}]
    world.peers.told = {THERE: for_links(a_told_record(settings=None, withheld=withheld))}
    found = await told(world, child, THERE)

    assert found["withheld"] == [{"field": "settings", "reason": "CONFLICT", "authority": THERE}]
    assert ids(found, "settings") == [False]


async def test_an_undone_link_is_gone_from_the_very_next_read(world, child):
    before = await told(world, child, THERE)
    await PostgresLinks(world.database, now=lambda: NOW).undo(
        child, THERE, a_told_child()["id"], by="directory.price", at=NOW
    )
    after, named = await told(world, child), await told(world, child, THERE)

    assert True in ids(before, "involvements")
    assert sources(after) == {HERE: "ANSWERED"}
    assert ids(named, "involvements") == [False]
    assert sources(named) == {HERE: "ANSWERED", THERE: "NOT_ASKED"}


async def test_a_link_that_waits_for_a_person_leads_nowhere(world):
    child = await mia(here(world))
    await a_link(world.database, child, THERE, a_told_child()["id"], certain=False)
    found = await told(world, child, "*")

    assert sources(found) == {HERE: "ANSWERED"}


async def shielded(world, child):
    await a_shield(world.database, child)


async def near_to_one_who_is(world, child):
    sibling = await a_child(world.database)
    [mother] = await world.database.fetch("SELECT carer_id AS id FROM child_carer WHERE child_id = $1", child)
    await cares_for(world.database, mother["id"], sibling)
    await a_shield(world.database, sibling)


@pytest.mark.parametrize("shield", [shielded, near_to_one_who_is])
async def test_from_a_shielded_child_no_link_is_followed_and_none_shows(world, child, shield):
    await shield(world, child)
    world.peers.asked.clear()
    with_link = [await ask(world, child, *named) for named in ((), (THERE,), ("*",))]
    links = PostgresLinks(world.database, now=lambda: NOW)
    await links.undo(child, THERE, a_told_child()["id"], by="directory.price", at=NOW)
    without = [await ask(world, child, *named) for named in ((), (THERE,), ("*",))]

    assert world.peers.asked == []
    assert [answer.content for answer in with_link] == [answer.content for answer in without]


async def test_whoever_handles_shields_follows_no_link_by_the_way_either(world, child):
    await a_shield(world.database, child)
    team = await a_persona(world.database, "directory-team", purpose="brokering")
    found = await told(world, child, "*", persona=team)

    assert world.peers.asked == []
    assert found["involvements"] != []
    assert sources(found) == {HERE: "ANSWERED"}


TOLD_TO = """
query($criteria: ChildCriteria!, $authorities: [LocalAuthorityCode!]) {
  searchChildren(criteria: $criteria, first: 20, authorities: $authorities) {
    candidates { child { id address { postcode } } } sources { authority { code } status }
  } }"""
THROUGH_A_CARER = "query($id: ID!) { node(id: $id) { ... on Carer { children { id address { postcode } } } } }"


async def found_elsewhere(world, persona, criteria=MIA):
    answer = await world.client.ask(persona, TOLD_TO, {"criteria": criteria, "authorities": [THERE]})
    assert answer.codes == [], answer.messages
    search = answer.data["searchChildren"]
    assert sources(search)[THERE] == "ANSWERED"
    return [one["child"]["address"] for one in search["candidates"] if one["child"]["id"].startswith(THERE)]


@pytest.mark.parametrize("shield", [shielded, near_to_one_who_is])
async def test_a_record_elsewhere_of_a_child_shielded_here_is_not_told_by_a_search_either(world, child, shield):
    world.peers.told = {THERE: lambda ask: a_told_search(a_told_child()) if "criteria" in ask.variables else {}}
    before = await found_elsewhere(world, world.nurse)
    await shield(world, child)
    team = await a_persona(world.database, "directory-team", purpose="brokering")

    assert before == [{"postcode": "M14 5RX"}]
    assert await found_elsewhere(world, world.nurse) == []
    assert await found_elsewhere(world, team) == [{"postcode": "M14 5RX"}]


@pytest.mark.parametrize("beside", [{}, {"postcode": "ZZ9 9ZZ"}], ids=["alone", "with-a-postcode"])
async def test_a_record_elsewhere_of_a_shielded_childs_number_is_not_told_by_a_search_either(world, beside):
    """A number finds whatever postcode stands beside it, and by a postcode nobody finds a shielded child here."""
    number = "9434765919"
    child = await mia(here(world), nhs_number=number)
    found = a_told_search(a_told_child(), grade="CERTAIN")
    found["searchChildren"]["candidates"][0]["reasons"] = ["IDENTIFIER_EQUAL"]
    world.peers.told = {THERE: lambda ask: found if "criteria" in ask.variables else {}}
    await a_shield(world.database, child)
    team = await a_persona(world.database, "directory-team", purpose="brokering")

    assert await found_elsewhere(world, world.nurse, {"nhsNumber": number} | beside) == []
    assert await found_elsewhere(world, team, {"nhsNumber": number} | beside) == [{"postcode": "M14 5RX"}]


@pytest.mark.parametrize("criteria", [MIA, {"nhsNumber": "9434765919"}], ids=["by-name", "by-number"])
async def test_what_a_shield_here_leaves_out_is_in_the_entry_as_concealed(world, criteria):
    child = await mia(here(world), nhs_number=criteria.get("nhsNumber"))
    if criteria is MIA:
        await a_link(world.database, child, THERE, a_told_child()["id"])
    found = a_told_search(a_told_child(), grade="CERTAIN")
    found["searchChildren"]["candidates"][0]["reasons"] = ["IDENTIFIER_EQUAL"]
    world.peers.told = {THERE: lambda ask: found if "criteria" in ask.variables else {}}
    await a_shield(world.database, child)
    team = await a_persona(world.database, "directory-team", purpose="brokering")
    met = {}
    for name, persona in {"nurse": world.nurse, "team": team}.items():
        await found_elsewhere(world, persona, criteria)
        records = (await latest_entry(world.database, world.folder))["records"]
        there = [one for one in records if one["home"] == THERE and one["type"] != "LocalAuthority"]
        met[name] = [(one["type"], one["exists"], one.get("reasons", [])) for one in there]

    assert met["nurse"] == [("Child", "conceal", ["shielded-here"])]
    assert {exists for _, exists, _ in met["team"]} == {"disclose"}


async def test_a_record_that_is_a_shielded_childs_as_well_is_told_beside_nobody_else(world, child):
    other = await mia(here(world), given_name="Mya")
    await a_link(world.database, other, THERE, a_told_child()["id"])
    before = await told(world, child, THERE)
    await a_shield(world.database, other)
    after = await told(world, child, THERE)

    assert all(any(ids(before, field)) for field in ("carers", "settings", "involvements"))
    assert not any(any(ids(after, field)) for field in ("carers", "settings", "involvements"))


async def test_the_directory_is_asked_as_much_for_a_hidden_record_elsewhere_as_for_none(world, child, monkeypatch):
    by_id = "query($id: ID!) { node(id: $id) { ... on Child { id address { postcode } } } }"
    child_there = there(world, 1)
    await a_shield(world.database, child)
    sent = note_statements(monkeypatch, "fetch", "fetchrow")
    asked = {}
    for name, node in {"hidden": {"id": a_told_child()["id"], "address": None}, "absent": None}.items():
        world.peers.told = {THERE: lambda ask, node=node: {"node": node}}
        for _ in range(2):  # what the first ask of its kind learns is known to the second
            sent.clear()
            answer = await world.client.ask(world.nurse, by_id, {"id": child_there})
            asked[name] = sorted(one for one in sent if "child" in one)
        assert answer.data["node"] is None

    assert asked["hidden"] == asked["absent"] != []


async def test_a_record_elsewhere_of_a_child_shielded_here_is_not_told_by_its_id_or_a_carer(world, child):
    record = {"id": a_told_child()["id"], "address": {"postcode": "M14 5RX"}}
    mother = {"id": a_told_child()["carers"][0]["id"], "children": [record]}
    world.peers.told = {THERE: lambda ask: {"node": mother if ask.variables["id"].startswith("car-") else record}}
    child_there = there(world, 1)
    carer_there = world.client.known(world.nurse).told(
        RecordType.CARER, told_there(THERE, RecordType.CARER, mother["id"])
    )
    by_id = "query($id: ID!) { node(id: $id) { ... on Child { id address { postcode } } } }"
    asks = [(by_id, {"id": child_there}), (THROUGH_A_CARER, {"id": carer_there})]
    before = [(await world.client.ask(world.nurse, *one)).content for one in asks]
    await a_shield(world.database, child)

    after = [(await world.client.ask(world.nurse, *one)).data["node"] for one in asks]

    assert all(b"M14 5RX" in content for content in before)
    assert after == [None, None]


OF_A_CARER = "query($id: ID!) { node(id: $id) { ... on Carer { name } } }"
OF_AN_INVOLVEMENT = "query($id: ID!) { node(id: $id) { ... on Involvement { service } } }"


@pytest.mark.parametrize(
    ("record_type", "query", "held"),
    [
        (RecordType.CARER, OF_A_CARER, {"name": "Joan Marsh", "children": [{"id": a_told_child()["id"]}]}),
        (
            RecordType.INVOLVEMENT,
            OF_AN_INVOLVEMENT,
            {"service": "SOCIAL_CARE", "active": True, "child": {"id": a_told_child()["id"]}},
        ),
    ],
)
async def test_who_cares_for_or_works_with_a_child_shielded_here_is_not_told_by_an_id_known_from_before(
    world, child, record_type, query, held
):
    place = {RecordType.CARER: "carers", RecordType.INVOLVEMENT: "involvements"}[record_type]
    [record] = a_told_record()[place]
    world.peers.told = {THERE: {"node": {"id": record["id"]} | held}}
    by = {"id": world.client.known(world.nurse).told(record_type, told_there(THERE, record_type, record["id"]))}
    before = await world.client.ask(world.nurse, query, by)
    await a_shield(world.database, child)
    after = await world.client.ask(world.nurse, query, by)

    assert before.data["node"] is not None
    assert after.data == {"node": None}
    records = (await latest_entry(world.database, world.folder))["records"]
    assert [(one["type"], one["exists"]) for one in records if one["home"] == THERE] == [("Child", "conceal")]


async def test_who_cares_for_a_child_shielded_here_is_not_told_to_one_who_asks_twice_at_once_either(world, child):
    [record] = a_told_record()["carers"]
    told_here = {"name": "Joan Marsh", "children": [{"id": a_told_child()["id"]}]}
    world.peers.told = {THERE: {"node": {"id": record["id"]} | told_here}}
    by = {
        "id": world.client.known(world.nurse).told(RecordType.CARER, told_there(THERE, RecordType.CARER, record["id"]))
    }
    twice = (
        "query($id: ID!) { one: node(id: $id) { ... on Carer { name } } two: node(id: $id) { ... on Carer { name } } }"
    )
    before = await world.client.ask(world.nurse, twice, by)
    await a_shield(world.database, child)
    after = await world.client.ask(world.nurse, twice, by)

    assert before.data == {"one": {"name": "Joan Marsh"}, "two": {"name": "Joan Marsh"}}
    assert after.data == {"one": None, "two": None}


@pytest.mark.parametrize("role", ["voluntary-practitioner", "supervisor"])
async def test_nobody_is_asked_for_who_would_be_told_nothing_of_it(world, child, role):
    persona = await a_persona(world.database, role, purpose="review" if role == "supervisor" else "direct-support")
    answer = await ask(world, child, THERE, persona=persona)

    assert world.peers.asked == []
    assert (
        answer.data["child"] is None
        or answer.data["child"]["carers"] is None
        or all(
            source["status"] != "ANSWERED" or source["authority"]["code"] == HERE
            for source in answer.data["child"]["sources"] or ()
        )
    )


async def test_a_carer_is_not_told_where_links_of_the_own_child_lead(world, child):
    [mother] = await world.database.fetch("SELECT carer_id AS id FROM child_carer WHERE child_id = $1", child)
    carer = await a_persona(world.database, "carer", purpose="subject-access", subject_carer=mother["id"])
    found = await told(world, child, "*", persona=carer)

    assert world.peers.asked == []
    assert sources(found) == {HERE: "ANSWERED"}


async def test_a_conflict_declared_here_holds_for_what_is_told_there(world, child):
    post = await a_practitioner(world.database)
    [agency] = await world.database.fetch("SELECT agency AS id FROM practitioner WHERE id = $1", post)
    gp = await a_persona(world.database, "gp", agency=agency["id"])
    await world.database.execute("UPDATE practitioner SET person = $1 WHERE id = $2", gp.person, post)
    await a_conflict(world.database, child, post)
    found = await told(world, child, THERE, persona=gp)

    assert found["involvements"] is None
    assert "involvements" not in world.peers.asked[-1].text
    assert True in ids(found, "carers")
    assert [carer["telephone"] for carer in found["carers"]] == [None, None]


async def test_who_leads_here_leads_and_otherwise_who_leads_there(world, child):
    there = await told(world, child, THERE)
    worker = await a_practitioner(world.database, name="Robin Lead")
    await an_involvement(world.database, child, practitioner_id=worker, is_lead_professional=True)
    led_here = await told(world, child, THERE)

    assert there["leadProfessional"] == {"name": "Sam Carter"}
    assert led_here["leadProfessional"] == {"name": "Robin Lead"}


async def test_the_entry_says_who_was_asked_and_that_it_was_about_the_child_here(world, child):
    await told(world, child, THERE)

    entry = await latest_entry(world.database, world.folder)
    [_, asked] = entry["sources"]
    assert (asked["authority"], asked["status"], asked["entry"]["number"]) == (THERE, "ANSWERED", 7)
    elsewhere = [record for record in entry["records"] if record["id"].startswith(f"{THERE}.")]
    assert {record["type"] for record in elsewhere} == {
        "Child", "Carer", "Setting", "Involvement", "Practitioner", "Agency",
    }  # fmt: skip
    assert {tuple(record["about"]) for record in elsewhere} == {(str(child),)}


async def test_the_order_of_answers_never_changes_the_result(world, child):
    await a_link(world.database, child, ELSEWHERE, a_told_child(2)["id"])
    await a_link(world.database, child, THERE, a_told_child(3)["id"])
    world.peers.told = {
        THERE: for_links(a_told_record(), a_told_record(3)),
        ELSEWHERE: for_links(a_told_record(2)),
    }
    answers = []
    for last in (THERE, ELSEWHERE):
        world.peers.answers_last(last)
        answers.append(await ask(world, child, THERE, ELSEWHERE))
    world.peers.answers_last(None)

    assert answers[0].content == answers[1].content
    assert len(answers[0].data["child"]["involvements"]) == 4


async def test_a_record_that_two_linked_records_share_is_told_once(world, child):
    await a_link(world.database, child, THERE, a_told_child(3)["id"])
    shared = a_told_record()["carers"]
    world.peers.told = {THERE: for_links(a_told_record(), a_told_record(3, carers=shared))}
    found = await told(world, child, THERE)

    assert sorted(ids(found, "carers")) == [False, True]
    assert sorted(ids(found, "involvements")) == [False, True, True]


async def test_what_is_joined_here_is_not_joined_where_the_child_stands_again(world, child):
    query = """query($by: ChildKey!, $authorities: [LocalAuthorityCode!]) {
      child(by: $by, authorities: $authorities) {
        sources { status } involvements { id child { id sources { status } involvements { id } } }
      } }"""
    there = {"id": a_told_child()["id"], "involvements": a_told_child()["involvements"]}
    world.peers.told = {THERE: for_links(a_told_record(involvements=[there["involvements"][0] | {"child": there}]))}
    found = await told(world, child, THERE, query=query)

    again = {one["id"].startswith(THERE): one["child"] for one in found["involvements"]}
    assert [len(found["involvements"]), len(again[False]["involvements"])] == [2, 1]
    assert [source["status"] for source in again[False]["sources"]] == ["ANSWERED", "NOT_ASKED"]


FIND = """
query($criteria: ChildCriteria!, $authorities: [LocalAuthorityCode!]) {
  searchChildren(criteria: $criteria, authorities: $authorities) {
    candidates { child { id involvements { id service } sources { authority { code } status } } }
    sources { authority { code } status }
  } }"""


async def test_a_search_follows_links_while_it_searches(world, child):
    def answer(ask):
        return a_told_search(a_told_child(2)) if "criteria" in ask.variables else {"linked0": [a_told_record()]}

    world.peers.told = {THERE: answer}
    found = await world.client.ask(world.nurse, FIND, {"criteria": MIA, "authorities": [THERE]})

    assert sorted("criteria" in ask.variables for ask in world.peers.asked) == [False, True]
    children = {one["child"]["id"]: one["child"] for one in found.data["searchChildren"]["candidates"]}
    assert children.keys() == {known(world, child), there(world, 2)}
    assert sorted(ids(children[known(world, child)], "involvements")) == [False, True]
    assert sources(children[known(world, child)]) == {HERE: "ANSWERED", THERE: "ANSWERED"}


async def test_what_a_link_comes_to_does_not_spoil_the_search(world, child):
    def answer(ask):
        return a_told_search(a_told_child(2)) if "criteria" in ask.variables else {"linked0": "nonsense"}

    world.peers.told = {THERE: answer}
    found = await world.client.ask(world.nurse, FIND, {"criteria": MIA, "authorities": [THERE]})

    search = found.data["searchChildren"]
    by_id = {one["child"]["id"]: one["child"] for one in search["candidates"]}
    assert sources(search)[THERE] == "ANSWERED"
    assert sources(by_id[known(world, child)])[THERE] == "UNAVAILABLE"


def of_everybody(ask):
    """What an authority answers of whatever records links lead to."""
    linked = {
        name: [a_told_record(int(one["id"][-12:], 16)) for one in known]
        for name, known in ask.variables.items()
        if name.startswith("linked")
    }
    return {"searchChildren": {"candidates": []}} | linked


@pytest.fixture
async def three(world):
    """Three children here, each with a record at THERE and one at ELSEWHERE."""
    world.peers.told = {THERE: of_everybody, ELSEWHERE: of_everybody}
    children = [await mia(here(world)) for _ in range(3)]
    for number, child in enumerate(children, start=1):
        await a_link(world.database, child, THERE, a_told_child(number)["id"])
        await a_link(world.database, child, ELSEWHERE, a_told_child(10 + number)["id"])
    return children


SEVERAL = """
query($a: ID!, $b: ID!, $c: ID!, $authorities: [LocalAuthorityCode!]) {
  a: child(by: { id: $a }, authorities: $authorities) { ...Everything }
  b: child(by: { id: $b }, authorities: $authorities) { ...Everything }
  c: child(by: { id: $c }, authorities: $authorities) { ...Everything }
  again: child(by: { id: $a }, authorities: $authorities) { carers { telephone } withheld { field } }
}
fragment Everything on Child {
  id settings { id } involvements { id practitioner { name agency { name } } } sources { authority { code } status }
}"""


async def ask_several(world, children, *authorities):
    variables = {name: child_id(child) for name, child in zip("abc", children, strict=True)}
    answer = await world.client.ask(world.nurse, SEVERAL, variables | {"authorities": list(authorities)})
    assert answer.codes == [], answer.messages
    return answer.data


async def test_each_authority_is_called_once_for_all_children_of_a_document(world, three):
    found = await ask_several(world, three, "*")

    assert world.peers.round_trips == {THERE: 1, ELSEWHERE: 1}
    for name in "abc":
        assert sources(found[name]) == {HERE: "ANSWERED", ELSEWHERE: "ANSWERED", THERE: "ANSWERED"}
        assert len(found[name]["involvements"]) == len(found[name]["settings"]) == 3
    assert len(found["again"]["carers"]) == 3


async def test_each_child_of_a_document_keeps_what_its_own_links_bring(world, three):
    links = PostgresLinks(world.database, now=lambda: NOW)
    await links.undo(three[1], ELSEWHERE, a_told_child(12)["id"], by="directory.price", at=NOW)
    found = await ask_several(world, three, THERE, ELSEWHERE)

    def foreign(name):
        return {one["id"] for one in found[name]["settings"] if one["id"].startswith((THERE, ELSEWHERE))}

    told_of = {number: a_told_child(number)["settings"][0]["id"] for number in (1, 2, 11)}
    assert foreign("a") == {f"{THERE}.{told_of[1]}", f"{ELSEWHERE}.{told_of[11]}"}
    assert foreign("b") == {f"{THERE}.{told_of[2]}"}
    assert sources(found["b"]) == {HERE: "ANSWERED", ELSEWHERE: "NOT_ASKED", THERE: "ANSWERED"}


async def test_a_search_calls_each_authority_once_to_search_and_once_for_all_links(world, three):
    found = await world.client.ask(world.nurse, FIND, {"criteria": MIA, "authorities": [THERE, ELSEWHERE]})

    assert world.peers.round_trips == {THERE: 2, ELSEWHERE: 2}
    assert [len(one["child"]["involvements"]) for one in found.data["searchChildren"]["candidates"]] == [3, 3, 3]


async def test_a_search_at_home_asks_nobody_and_names_where_there_is_more(world, child):
    found = await world.client.ask(world.nurse, FIND, {"criteria": MIA})

    [candidate] = found.data["searchChildren"]["candidates"]
    assert world.peers.asked == []
    assert sources(candidate["child"]) == {HERE: "ANSWERED", THERE: "NOT_ASKED"}


async def test_another_authority_is_not_told_where_links_lead(world, child):
    """A peer asks in the name of a person; who is asked asks nobody and names nobody."""
    team = await a_persona(world.database, "health-practitioner")
    query = "query($id: ID!) { node(id: $id) { ... on Child { sources { authority { code } status } } } }"
    found = await world.client.ask(team, query, {"id": child_id(child)})

    assert sources(found.data["node"]) == {HERE: "ANSWERED", THERE: "NOT_ASKED"}


async def test_a_carer_of_the_child_here_is_told_beside_one_there_without_being_merged(world, child):
    await a_carer(world.database, of=[child], name="Joan Marsh")
    found = await told(world, child, THERE)

    assert [carer["name"] for carer in found["carers"]] == ["Joan Marsh"] * 3


NUMBER = "9434765919"


@pytest.fixture
async def numbered(world):
    """A child here with an NHS number, and one of the same number at THERE; nobody has linked the two."""
    world.peers.told = {THERE: lambda ask: found_by_number()}
    return await mia(here(world), nhs_number=NUMBER)


def found_by_number(*records, reasons=("IDENTIFIER_EQUAL",)):
    told = [{"grade": "CERTAIN", "reasons": list(reasons), "child": one} for one in records or (a_told_record(),)]
    return {"searchChildren": {"candidates": told}}


async def by_number(world, *authorities, query=BESIDE, persona=None):
    variables = {"by": {"nhsNumber": NUMBER}, "authorities": list(authorities)}
    return await world.client.ask(persona or world.nurse, query, variables)


async def history(world):
    return await PostgresLinks(world.database, now=lambda: NOW).history()


async def test_the_same_number_on_both_sides_is_one_child_at_once_and_from_then_on(world, numbered):
    found = (await by_number(world, THERE)).data["child"]
    [link] = await history(world)
    world.peers.told = {THERE: for_links(a_told_record())}
    later = await told(world, numbered, THERE)

    assert sorted(ids(found, "involvements")) == [False, True]
    assert sources(found) == {HERE: "ANSWERED", THERE: "ANSWERED"}
    assert (link.child, link.there, link.state.value) == (numbered, a_told_child()["id"], "in force")
    assert link.made_by == world.nurse.person
    assert sorted(ids(later, "involvements")) == [False, True]


async def test_the_entry_of_the_ask_says_that_it_linked_the_records(world, numbered):
    await by_number(world, THERE)

    entry = await latest_entry(world.database, world.folder)
    [action] = [record for record in entry["records"] if record["type"] == "Action"]
    [row] = await world.database.fetch("SELECT id FROM child_link_elsewhere")
    assert (action["id"], action["disclosed"], action["about"]) == (str(row["id"]), ["linkRecords"], [str(numbered)])


async def test_a_link_that_cannot_be_kept_takes_nothing_from_the_answer(world, numbered):
    await world.database.execute("ALTER TABLE child_link_elsewhere RENAME TO away")
    await world.database.execute("CREATE VIEW child_link_elsewhere AS SELECT * FROM away")
    await world.database.execute("CREATE RULE nothing AS ON INSERT TO child_link_elsewhere DO INSTEAD SELECT 1 / 0")
    answer = await by_number(world, THERE)
    await world.database.execute("DROP VIEW child_link_elsewhere")
    await world.database.execute("ALTER TABLE away RENAME TO child_link_elsewhere")

    assert sorted(ids(answer.data["child"], "involvements")) == [False, True]
    assert await history(world) == []


async def test_what_a_person_has_undone_is_neither_joined_nor_linked_by_its_number_again(world, numbered):
    await by_number(world, THERE)
    links = PostgresLinks(world.database, now=lambda: NOW)
    await links.undo(numbered, THERE, a_told_child()["id"], by="directory.price", at=NOW)
    found = (await by_number(world, THERE)).data["child"]

    assert ids(found, "involvements") == [False]
    assert [link.state.value for link in await history(world)] == ["undone"]


@pytest.mark.parametrize(
    "answer",
    [
        found_by_number(a_told_record(), a_told_record(2)),
        found_by_number(reasons=("FAMILY_NAME_EQUAL",)),
    ],
    ids=["two children", "found by something else"],
)
async def test_what_is_in_doubt_there_is_not_this_child(world, numbered, answer):
    world.peers.told = {THERE: lambda ask: answer}
    found = (await by_number(world, THERE)).data["child"]

    assert ids(found, "involvements") == [False]
    assert [link.state.value for link in await history(world)] in ([], ["waiting"])


async def test_of_a_shielded_child_nobody_is_asked_by_its_number_either(world, numbered):
    await a_shield(world.database, numbered)
    found = (await by_number(world, THERE)).data["child"]

    assert world.peers.asked == []
    assert found["givenName"] == "Mia"
    assert await history(world) == []


async def test_a_child_held_elsewhere_only_is_told_as_that_authority_tells_it(world):
    whole = a_told_record() | {"givenName": "Mia"}
    world.peers.told = {THERE: lambda ask: found_by_number(whole), ELSEWHERE: lambda ask: found_by_number(whole)}
    found = (await by_number(world, ELSEWHERE, THERE)).data["child"]

    assert (found["id"], found["givenName"]) == (there(world, 1), "Mia")
    assert sources(found) == {HERE: "ANSWERED", THERE: "ANSWERED", ELSEWHERE: "ANSWERED"}


async def test_a_child_that_nobody_knows_is_null_only_if_everybody_has_said_so(world):
    world.peers.told = {THERE: {"searchChildren": {"candidates": []}}, ELSEWHERE: SourceStatus.TIMED_OUT}
    said, silent = await by_number(world, THERE), await by_number(world, THERE, ELSEWHERE)

    assert said.data == {"child": None}
    assert silent.codes == ["SOURCE_UNAVAILABLE"]
    assert f"{ELSEWHERE} TIMED_OUT" in silent.messages[0]


async def test_who_may_not_search_elsewhere_does_not_ask_by_number_elsewhere(world, numbered):
    volunteer = await a_persona(world.database, "voluntary-practitioner")
    world.peers.asked.clear()
    answer = await by_number(world, THERE, persona=volunteer)

    assert answer.codes == ["BAD_CRITERIA"]
    assert world.peers.asked == []


async def test_a_name_found_once_on_both_sides_waits_for_a_person(world):
    child = await mia(here(world))
    record = a_told_record() | {"givenName": "Mia"}
    world.peers.told = {THERE: a_told_search(record)}
    await world.client.ask(world.nurse, FIND, {"criteria": MIA, "authorities": [THERE]})
    [link] = await history(world)
    found = await told(world, child, THERE)

    assert (link.state.value, link.grade.value, link.made_by) == ("waiting", "PROBABLE", world.nurse.person)
    assert sources(found)[THERE] == "NOT_ASKED"


async def test_several_children_of_one_name_are_nobodys_link(world):
    await mia(here(world))
    await mia(here(world))
    world.peers.told = {THERE: a_told_search(a_told_record())}
    await world.client.ask(world.nurse, FIND, {"criteria": MIA, "authorities": [THERE]})

    assert await history(world) == []
