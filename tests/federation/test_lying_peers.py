"""Whatever another authority says, no more is told than both sides' rules tell, and a lie is named as no answer."""

import asyncio
import copy
from contextlib import suppress
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.postgres.database import Database
from gateway.federation.replies import ReplyReader
from gateway.federation.reply_forms import ReplyMalformed
from gateway.federation.wanted import Wanted
from gateway.record_ids import told_there
from gateway.vocabulary import RecordType, SourceStatus
from tests.properties.profile import examples
from tests.support.borders import FIND, MIA, PATIENT, mia
from tests.support.builders import a_child, an_authority
from tests.support.federation import ELSEWHERE, HERE, THERE
from tests.support.gateway import a_gateway, a_persona
from tests.support.ids import child_id
from tests.support.made_up_peers import MadeUpPeers, a_told_child, a_told_search
from tests.support.postgres import fresh_database


@pytest.fixture(scope="module")
async def world(postgres, tmp_path_factory):
    """One gateway, whose peers say what the test wants, and a child of its own that fits the search."""
    peers = MadeUpPeers()
    async with fresh_database(postgres) as url:
        database = await Database.open(url, pool_min=1, pool_max=4, timeout=10.0)
        await an_authority(database, HERE)
        side = SimpleNamespace(database=database, member=SimpleNamespace(member=SimpleNamespace(authority=HERE)))
        local = await mia(side)
        nurse = await a_persona(database, "health-practitioner")
        folder = tmp_path_factory.mktemp("gateway")
        async with a_gateway(url, folder, peers=peers, search_budget=100_000, **PATIENT) as client:
            yield SimpleNamespace(client=client, peers=peers, database=database, nurse=nurse, local=local)
        await database.close()


async def find(world, *authorities, persona=None, query=FIND):
    variables = {"criteria": MIA, "authorities": list(authorities) or [THERE]}
    answer = await world.client.ask(persona or world.nurse, query, variables)
    assert answer.codes == [], answer.messages
    return answer.data["searchChildren"]


def statuses(search):
    return {source["authority"]["code"]: source["status"] for source in search["sources"]}


def ids(search):
    return [candidate["child"]["id"] for candidate in search["candidates"]]


def known(world, record_id):
    """The id by which the nurse knows a child, here or of another authority."""
    return world.client.known(world.nurse).told(RecordType.CHILD, record_id)


def there(world, number):
    """The id by which the nurse knows one of the children that the other authority tells."""
    return known(world, told_there(THERE, RecordType.CHILD, a_told_child(number)["id"]))


async def test_an_honest_reply_is_told(world):
    world.peers.told = {THERE: a_told_search(a_told_child())}
    search = await find(world)

    assert statuses(search) == {HERE: "ANSWERED", THERE: "ANSWERED"}
    assert ids(search) == [
        there(world, 1),
        known(world, world.local),
    ]


LIES = {
    "HTML in a name": {"givenName": "<script>alert(1)</script>"},
    "a name that is written backwards": {"givenName": "Mia\u202e"},
    "a name of 10,000 characters": {"givenName": "M" * 10_000},
    "a name that is a number": {"givenName": 7},
    "a date that is none": {"dateOfBirth": "2016-13-40"},
    "the id of a third authority": {"id": f"{ELSEWHERE}.chd-{1:032x}"},
    "an id of another type": {"id": f"car-{1:032x}"},
    "an id that is none": {"id": None},
    "an authority that is none": {"responsibleAuthority": {"code": "' OR 1=1"}},
    "carers that are no list": {"carers": {"name": "Joan"}},
    "a carer that is no object": {"carers": ["Joan"]},
    "ten thousand carers": {"carers": a_told_child()["carers"] * 10_000},
    "a service that nobody knows": {"involvements": [a_told_child()["involvements"][0] | {"service": "SPYING"}]},
    "a field told and withheld": {"withheld": [{"field": "givenName", "reason": "SHIELDED", "remedy": "NONE"}]},
    "a moment without a zone": {
        "provenance": [a_told_child()["provenance"][0] | {"lastConfirmedAt": "2026-01-01T09:00:00"}]
    },
}


@pytest.mark.parametrize("lie", LIES)
async def test_a_lie_in_one_field_brings_nothing_through_and_is_named(world, lie):
    world.peers.told = {THERE: a_told_search(a_told_child(1), a_told_child(2, **LIES[lie]))}
    search = await find(world)

    assert statuses(search)[THERE] == "UNAVAILABLE"
    assert ids(search) == [known(world, world.local)]


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"searchChildren": None},
        {"searchChildren": []},
        {"searchChildren": {"candidates": None}},
        a_told_search(*(a_told_child(number) for number in range(10_000))),
        a_told_search(a_told_child(), a_told_child()),
        a_told_search(a_told_child(), grade="DIVINE"),
    ],
    ids=["nothing", "null", "list", "no-candidates", "10,000 candidates", "one child twice", "a grade of its own"],
)
async def test_an_answer_of_another_form_is_named_as_none(world, told):
    world.peers.told = {THERE: told}
    search = await find(world)

    assert statuses(search)[THERE] == "UNAVAILABLE"
    assert ids(search) == [known(world, world.local)]


async def test_fields_that_nobody_asked_for_are_dropped(world):
    extra = a_told_child(riskScore=9, caseNotes="never", upn="B801200005001")
    world.peers.told = {THERE: a_told_search(extra)}
    search = await find(world)

    assert statuses(search)[THERE] == "ANSWERED"
    assert "never" not in str(search)
    assert "B801200005001" not in str(search)


async def test_codes_of_a_peers_own_are_not_told_as_ours(world):
    own = {"field": "address", "reason": "CLICK_HERE", "remedy": "PAY_NOW"}
    known = {"field": "settings", "reason": "SHIELDED", "remedy": "REQUEST_BROKER"}
    world.peers.told = {THERE: a_told_search(a_told_child(address=None, settings=None, withheld=[own, known]))}
    child = (await find(world))["candidates"][0]["child"]

    assert {"field": "address", "reason": "WITHHELD"} in child["withheld"]
    assert {"field": "settings", "reason": "SHIELDED"} in child["withheld"]
    assert child["settings"] is None


async def test_what_our_rules_would_not_tell_is_neither_asked_for_nor_passed_on(world):
    query = """query($criteria: ChildCriteria!, $authorities: [LocalAuthorityCode!]) {
      searchChildren(criteria: $criteria, authorities: $authorities) {
        candidates { child { id upn withheld { field } } } sources { authority { code } status } } }"""
    world.peers.told = {THERE: a_told_search(a_told_child(upn="B801200005001"))}
    [child, _] = [candidate["child"] for candidate in (await find(world, query=query))["candidates"]]

    assert child["upn"] is None
    assert {"field": "upn"} in child["withheld"]
    assert "upn" not in world.peers.asked[-1].text


async def test_a_role_that_does_not_search_elsewhere_sends_nothing(world):
    volunteer = await a_persona(world.database, "voluntary-practitioner")
    asked = len(world.peers.asked)
    answer = await world.client.ask(volunteer, FIND, {"criteria": MIA, "authorities": [THERE]})

    assert answer.codes == ["BAD_CRITERIA"]
    assert len(world.peers.asked) == asked


PERSONAS = ("health-practitioner", "education-practitioner", "early-years-practitioner", "social-worker")
TELLABLE = ("givenName", "familyName", "dateOfBirth", "nhsNumber", "address", "carers", "settings", "involvements")


@given(role=st.sampled_from(PERSONAS), silent=st.sets(st.sampled_from(TELLABLE)))
@examples(20)
async def test_no_more_is_told_than_either_sides_rules_tell(world, role, silent):
    persona = await _known(world, role)
    told = a_told_child(**{"nhsNumber": "9434765919"} | dict.fromkeys(silent))
    world.peers.told = {THERE: a_told_search(told)}
    elsewhere = next(
        candidate["child"]
        for candidate in (await find(world, persona=persona))["candidates"]
        if candidate["child"]["id"].startswith(THERE)
    )
    # What our rules tell of a record of that authority, held here: it has the same class.
    here = await world.client.ask(persona, CHILD, {"by": {"id": child_id(await _theirs_here(world))}})
    ours = here.data["child"]

    for name in TELLABLE:
        assert elsewhere[name] is None or (ours[name] is not None and told[name] is not None), name
    for name in ("givenName", "familyName", "dateOfBirth", "nhsNumber"):
        assert elsewhere[name] in (None, told[name])


CHILD = """query One($by: ChildKey!) { child(by: $by) {
  givenName familyName dateOfBirth nhsNumber address { postcode } carers { name } settings { name }
  involvements(active: true) { service } } }"""


async def _known(world, role, known={}):  # noqa: B006  # remembered between examples, of one world
    if role not in known:
        known[role] = await a_persona(world.database, role)
    return known[role]


async def _theirs_here(world, known=[]):  # noqa: B006  # remembered between examples, of one world
    if not known:
        await an_authority(world.database, THERE)
        known.append(await a_child(world.database, authority=THERE, nhs_number="9434765870", family_name="Other"))
    return known[0]


@given(order=st.permutations([1, 2, 3, 4]), grades=st.tuples(*[st.sampled_from(["CERTAIN", "PROBABLE"])] * 2))
@examples(15)
async def test_the_order_of_answers_never_changes_the_result(world, order, grades):
    here, there = order[:2], order[2:]
    world.peers.told = {
        THERE: a_told_search(*(a_told_child(number) for number in here), grade=grades[0]),
        ELSEWHERE: a_told_search(*(a_told_child(number) for number in there), grade=grades[1]),
    }
    world.peers.backwards = False
    forwards = await find(world, THERE, ELSEWHERE)
    world.peers.told = {
        code: a_told_search(*(a_told_child(number) for number in numbers[::-1]), grade=grade)
        for code, numbers, grade in ((ELSEWHERE, there, grades[1]), (THERE, here, grades[0]))
    }
    world.peers.backwards = True
    backwards = await find(world, ELSEWHERE, THERE)
    world.peers.backwards = False

    assert forwards["candidates"] == backwards["candidates"]
    assert statuses(forwards) == statuses(backwards)


async def test_one_that_tells_the_most_crowds_out_nobody_else(world):
    crowd = [a_told_child(number, carers=a_told_child(number)["carers"] * 60) for number in range(10, 25)]
    world.peers.told = {THERE: a_told_search(*crowd), ELSEWHERE: a_told_search(a_told_child(1))}
    search = await find(world, THERE, ELSEWHERE)

    assert statuses(search) == {HERE: "ANSWERED", THERE: "UNAVAILABLE", ELSEWHERE: "ANSWERED"}
    assert len(ids(search)) == 2


async def test_what_is_sent_holds_the_fields_selected_and_nothing_of_the_callers_text(world):
    world.peers.told = {THERE: SourceStatus.TIMED_OUT}
    query = """query Secret($criteria: ChildCriteria!, $authorities: [LocalAuthorityCode!]) {
      searchChildren(criteria: $criteria, authorities: $authorities) {
        candidates { renamed: child { mine: givenName ...More } } sources { authority { code } status } } }
      fragment More on Child { carers { name } }"""
    search = await find(world, query=query)

    assert statuses(search)[THERE] == "TIMED_OUT"
    text = world.peers.asked[-1].text
    assert "child { carers { id name } givenName id }" in text
    assert not {"Secret", "renamed", "mine", "More", "nhsNumber", "settings"} & set(text.split())


@pytest.mark.parametrize("status", [SourceStatus.UNAVAILABLE, SourceStatus.TIMED_OUT, SourceStatus.REFUSED])
async def test_a_record_elsewhere_is_never_null_for_silence(world, status):
    world.peers.told = {THERE: status}
    answer = await world.client.ask(world.nurse, "query($id: ID!) { node(id: $id) { id } }", {"id": there(world, 1)})

    assert answer.codes == ["SOURCE_UNAVAILABLE"]
    assert THERE in answer.messages[0]


async def test_another_record_than_the_one_asked_for_is_no_answer(world):
    world.peers.told = {THERE: {"node": a_told_child(2)}}
    query = "query($by: ChildKey!) { child(by: $by) { givenName sources { authority { code } } } }"
    wrong = await world.client.ask(world.nurse, query, {"by": {"id": there(world, 1)}})
    right = await world.client.ask(world.nurse, query, {"by": {"id": there(world, 2)}})

    assert wrong.codes == ["SOURCE_UNAVAILABLE"]
    assert right.data["child"] == {"givenName": "Mia", "sources": [{"authority": {"code": THERE}}]}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=6,
)
WANTED = Wanted(
    type=RecordType.CANDIDATE,
    fields=frozenset({"child", "grade", "reasons"}),
    below={
        "child": Wanted(
            type=RecordType.CHILD,
            fields=frozenset({"id", "givenName", "dateOfBirth", "carers", "withheld", "provenance"}),
            below={"carers": Wanted(type=RecordType.CARER, fields=frozenset({"id", "name", "telephone"}))},
        )
    },
)


def places(value, path=()):
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield from places(part, (*path, key))


@given(data=st.data(), put=JSON)
@examples(200)
def test_whatever_stands_anywhere_in_a_reply_is_read_or_refused_and_breaks_nothing(data, put):
    reply = {"top": a_told_search(a_told_child())["searchChildren"]}
    path = data.draw(st.sampled_from([path for path in places(reply) if path]))
    reply = copy.deepcopy(reply)
    holder = reply
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = put
    reader = ReplyReader(THERE, known_code=lambda _: True, most=100)

    candidates = []
    with suppress(ReplyMalformed):  # anything else that is raised fails the test
        candidates = reader.candidates(reply["top"], WANTED, first=20, used=frozenset())

    for candidate in candidates:
        name = candidate.child.given_name
        assert name is None or (isinstance(name, str) and not {"<", ">", "\x00"} & set(name))


class HangingPeers(MadeUpPeers):
    """Peers that answer once they are let go."""

    def __init__(self):
        super().__init__()
        self.reached, self.go = asyncio.Event(), asyncio.Event()

    async def ask(self, authorities, ask, *, within):
        self.reached.set()
        await self.go.wait()
        return await super().ask(authorities, ask, within=within)


async def test_an_ask_that_waits_for_a_peer_keeps_no_local_ask_out(database, database_url, tmp_path):
    peers = HangingPeers()
    nurse = await a_persona(database, "health-practitioner")
    await an_authority(database, HERE)
    places = {"requests_at_once": 1, "requests_waiting": 0}

    async with a_gateway(database_url, tmp_path, peers=peers, **PATIENT, **places) as client:
        abroad = asyncio.create_task(client.ask(nurse, FIND, {"criteria": MIA, "authorities": [THERE]}))
        await peers.reached.wait()
        local = await client.ask(nurse, "{ me { role } }")
        peers.go.set()
        answer = await abroad

    assert local.status == 200
    assert answer.codes == []
    assert statuses(answer.data["searchChildren"]) == {HERE: "ANSWERED", THERE: "UNAVAILABLE"}
