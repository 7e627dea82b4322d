"""`authorities: ["*"]` over two whole gateways: who holds the child is asked for it, and nobody else learns of whom."""

from dataclasses import dataclass
from datetime import date

import pytest

from gateway.ledger.beginning import commitment_to
from tests.locator.conftest import NHS, a_federation
from tests.support.borders import BESIDE, FIND, Side, a_nurse, mia
from tests.support.builders import a_child, a_shield, an_authority
from tests.support.federation import HERE, THERE
from tests.support.ledger import opening_reader

MIA = {"givenName": "Mia", "familyName": "Marsh", "dateOfBirth": "2016-05-04"}
SHIELDED = {"givenName": "Zara", "familyName": "Hidden", "dateOfBirth": "2015-03-04"}
SEARCH = None
"""The name of the operation that asks for whom: it has none."""
NOBODY = {"givenName": "Thomas", "familyName": "Unheard", "dateOfBirth": "2014-02-03"}


@dataclass
class Everywhere:
    """A nurse of one authority, and what both authorities record of an ask of hers."""

    federation: object
    nurse: object

    async def ask(self, query, variables, *authorities):
        answer = await self.federation.client.ask(
            self.nurse, query, variables | {"authorities": list(authorities or ["*"])}
        )
        asked = answer.headers["x-request-id"]
        here, there = [
            await entries(database, self.federation.folder / folder, asked)
            for database, folder in ((self.federation.asking, "here"), (self.federation.database, "there"))
        ]
        [ours] = here
        assert {entry["caller"]["commitment"] for entry in there} <= {commitment_to(ours)}
        return answer, ours, there

    async def find(self, criteria, *authorities):
        return await self.ask(FIND, {"criteria": criteria}, *authorities)


async def entries(database, data_dir, request_id):
    """The entries of a request, opened, in their order: an authority makes one of each call."""
    rows = await database.fetch("SELECT seq FROM ledger_entry WHERE request_id = $1 ORDER BY seq", request_id)
    reader = opening_reader(database, data_dir)
    opened = await reader.opened([await reader.entry(row["seq"]) for row in rows])
    return [dict(one.document) | {"ask": one.ask} for one in opened]


def operations(there):
    return [entry["ask"]["operation"] for entry in there]


def statuses(search):
    return {source["authority"]["code"]: source["status"] for source in search["sources"]}


@pytest.fixture(scope="module")
async def world(postgres, tmp_path_factory):
    """THERE holds Mia, and a child under a shield."""
    limits = {"locate_budget": 10_000, "locate_authority_budget": 10_000, "peer_timeout": 10}
    async with a_federation(postgres, tmp_path_factory.mktemp("everywhere"), **limits) as federation:
        await an_authority(federation.asking, HERE)
        await an_authority(federation.database, THERE)
        await mia(Side(member=federation.there, database=federation.database), nhs_number=NHS)
        shielded = await a_child(
            federation.database, given_name="Zara", family_name="Hidden", date_of_birth=date(2015, 3, 4)
        )
        await a_shield(federation.database, shielded)
        await federation.built()
        nurse = await a_nurse(Side(member=federation.here, database=federation.asking))
        yield Everywhere(federation, nurse)


async def test_who_holds_the_child_is_found_and_then_asked_for_it(world):
    answer, ours, there = await world.find(MIA)

    assert answer.codes == [], answer.messages
    search = answer.data["searchChildren"]
    assert statuses(search) == {HERE: "ANSWERED", THERE: "ANSWERED"}
    [candidate] = search["candidates"]
    assert candidate["child"]["involvements"][0]["practitioner"]["name"] == "Sam Carter"
    assert operations(there) == ["locate", SEARCH]
    assert "Marsh" not in str(there[0])
    assert [(source["authority"], source["status"]) for source in ours["sources"]][1:] == [(THERE, "ANSWERED")] * 2


async def test_a_child_held_there_only_is_told_by_its_number_wherever_it_is(world):
    answer, _, there = await world.ask(BESIDE, {"by": {"nhsNumber": NHS}})

    assert answer.codes == [], answer.messages
    assert answer.data["child"]["givenName"] == "Mia"
    assert operations(there) == ["locate", SEARCH]


async def test_who_does_not_hold_the_child_is_never_told_of_whom_it_was_asked(world):
    answer, _, there = await world.find(NOBODY)

    search = answer.data["searchChildren"]
    assert (search["candidates"], statuses(search)) == ([], {HERE: "ANSWERED", THERE: "ANSWERED"})
    assert operations(there) == ["locate"]
    assert "Unheard" not in str(there)


async def test_a_shielded_child_is_answered_as_one_whom_nobody_holds(world):
    (shielded, _, of_shielded), (nobody, _, of_nobody) = [await world.find(one) for one in (SHIELDED, NOBODY)]

    for answer in (shielded, nobody):
        for source in answer.data["searchChildren"]["sources"]:
            source.pop("elapsedMs")
    assert shielded.data == nobody.data
    assert operations(of_shielded) == operations(of_nobody) == ["locate"]


async def test_where_the_locator_is_silent_who_was_named_is_asked_and_the_entry_says_why(world, monkeypatch):
    monkeypatch.setattr(world.federation.parts.setups, "of", lambda authority: None)
    located, of_located, unasked = await world.find(MIA)
    named, of_named, asked = await world.find(MIA, "*", THERE)

    assert located.data["searchChildren"]["candidates"] == []
    assert statuses(located.data["searchChildren"])[THERE] == "UNAVAILABLE", "not: nothing known"
    assert unasked == []
    assert len(named.data["searchChildren"]["candidates"]) == 1
    assert operations(asked) == [SEARCH]
    for entry in (of_located, of_named):
        silent = [source for source in entry["sources"] if source["status"] == "UNAVAILABLE"]
        assert [(source["authority"], source["reason"]) for source in silent] == [(THERE, "locator-no-setup")]
    assert of_named["ask"]["reason"] == world.nurse.reason


async def test_what_makes_no_word_for_the_locator_is_asked_of_who_is_named(world):
    without_given_name = {name: value for name, value in MIA.items() if name != "givenName"}
    everywhere, refused, unasked = await world.find(without_given_name)
    named, _, _ = await world.find(without_given_name, THERE)

    assert (everywhere.codes, unasked) == (["BAD_CRITERIA"], [])
    assert [code["reason"] for code in refused["outcome"]["codes"]] == ["locator-criteria"]
    assert len(named.data["searchChildren"]["candidates"]) == 1


async def test_whose_locate_asks_are_spent_is_told_so_and_asks_by_name(world):
    locator = world.federation.parts.locator
    limit, locator._person_limit = locator._person_limit, 0
    try:
        everywhere, refused, unasked = await world.find(MIA)
        named, _, _ = await world.find(MIA, THERE)
    finally:
        locator._person_limit = limit

    assert (everywhere.codes, unasked) == (["BUDGET_EXHAUSTED"], [])
    assert [code["reason"] for code in refused["outcome"]["codes"]] == ["locate-own"]
    assert len(named.data["searchChildren"]["candidates"]) == 1
