"""Whoever answers first, second or last: what is told is the same to the byte."""

import random
from types import SimpleNamespace

import pytest
from hypothesis import example, given, note
from hypothesis import strategies as st

from connectors.postgres.database import Database
from gateway.vocabulary import SourceStatus
from tests.properties.profile import examples
from tests.support.borders import BESIDE, PATIENT, a_link, mia
from tests.support.builders import an_authority
from tests.support.federation import ELSEWHERE, HERE, THERE
from tests.support.gateway import a_gateway, a_persona
from tests.support.ids import child_id
from tests.support.made_up_peers import MadeUpPeers, a_told_child, a_told_record, a_told_search
from tests.support.postgres import fresh_database

FARTHER = "E08000007"
CODES = (THERE, ELSEWHERE, FARTHER)

ASK = """
query($a: ChildKey!, $b: ChildKey!, $criteria: ChildCriteria!, $one: [LocalAuthorityCode!],
      $authorities: [LocalAuthorityCode!]) {
  a: child(by: $a, authorities: $authorities) { ...Told }
  b: child(by: $b, authorities: $one) { ...Told }
  searchChildren(criteria: $criteria, authorities: $authorities, first: 4) {
    candidates { grade reasons child { ...Told } }
    sources { authority { code } status elapsedMs }
  }
}
fragment Told on Child """ + BESIDE[BESIDE.index("{\n    id givenName") : BESIDE.rindex("}")]


@pytest.fixture(scope="module")
async def world(postgres, tmp_path_factory):
    """Two children here, each with links to three authorities that say what the test wants."""
    peers = MadeUpPeers(*CODES)
    async with fresh_database(postgres) as url:
        database = await Database.open(url, pool_min=1, pool_max=4, timeout=10.0)
        await an_authority(database, HERE)
        nurse = await a_persona(database, "health-practitioner")
        here = SimpleNamespace(database=database, member=SimpleNamespace(member=SimpleNamespace(authority=HERE)))
        children = [await mia(here), await mia(here, given_name="Ada")]
        for number, child in enumerate(children):
            for place, code in enumerate(CODES):
                await a_link(database, child, code, a_told_child(10 * number + place)["id"])
        folder = tmp_path_factory.mktemp("gateway")
        async with a_gateway(url, folder, peers=peers, search_budget=1_000_000, **PATIENT) as client:
            variables = {
                "a": {"id": child_id(children[0])},
                "b": {"id": child_id(children[1])},
                "criteria": {"familyName": "Marsh", "dateOfBirth": "2016-05-04"},
                "one": [FARTHER],
                "authorities": list(CODES),
            }
            yield SimpleNamespace(peers=peers, ask=lambda: client.ask(nurse, ASK, variables))
        await database.close()


def telling(grade, *, linked, found):
    """An authority that answers links and searches, each with records, with nothing, or with what cannot be read."""

    def told(ask):
        if "criteria" in ask.variables:
            children = [a_told_record(100 + number) | {"givenName": "Mia"} for number in range(found)]
            return a_told_search(*children, grade=grade)
        return {
            name: linked(known) if callable(linked) else linked
            for name, known in ask.variables.items()
            if name.startswith("linked")
        }

    return told


def records(known):
    return [a_told_record(int(one["id"][-12:], 16)) for one in known]


silent = st.sampled_from([SourceStatus.UNAVAILABLE, SourceStatus.TIMED_OUT, SourceStatus.REFUSED])
answering = st.builds(
    telling,
    st.sampled_from(["PROBABLE", "POSSIBLE"]),
    linked=st.sampled_from([records, lambda known: [None] * len(known), "nonsense"]),
    found=st.integers(0, 3),
)
outcomes = st.one_of(answering, answering, silent)
CROWDED = (telling("PROBABLE", linked=records, found=2),) * 3
"""All three find as many of one grade, more than there is room for: whose are told must not depend on who was first."""


@given(said=st.tuples(outcomes, outcomes, outcomes), order=st.randoms(use_true_random=False))
@example(said=CROWDED, order=random.Random(1))  # noqa: S311 - an order of answers
@example(said=(CROWDED[0], SourceStatus.TIMED_OUT, CROWDED[0]), order=random.Random(2))  # noqa: S311
@examples(12)
async def test_the_order_in_which_authorities_answer_never_changes_the_result(world, said, order):
    peers = world.peers
    peers.told = dict(zip(CODES, said, strict=True))
    peers.asked.clear()
    peers.backwards = False
    peers.answers_in(())
    first = await world.ask()
    calls = list(range(len(peers.asked)))
    order.shuffle(calls)
    peers.answers_in(calls)
    peers.backwards = True
    note(f"answered in the order {calls}")

    second = await world.ask()

    assert first.codes == [], first.messages
    assert len(calls) > 1
    assert second.content == first.content
