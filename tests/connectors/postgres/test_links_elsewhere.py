"""Links to records of other authorities: made on grounds, undone by people, and never rewritten."""

from uuid import uuid4

import pytest

from connectors.postgres.links import link
from connectors.postgres.links_elsewhere import PostgresLinks
from gateway.errors import SourceUnavailable
from gateway.federation.links import FoundLink, Link, LinkState
from gateway.vocabulary import MatchGrade, MatchReason
from tests.support.builders import NOW, a_carer, a_child, a_shield
from tests.support.federation import THERE

RECORD = "chd-00000000-0000-4000-8000-000000000001"
NURSE, TEAM = "nurse.okafor", "directory.price"


@pytest.fixture
def links(database):
    return PostgresLinks(database, now=lambda: NOW)


def found(child, *, certain=True, there=RECORD):
    return FoundLink(
        id=uuid4(),
        child=child,
        authority=THERE,
        there=there,
        grade=MatchGrade.CERTAIN if certain else MatchGrade.PROBABLE,
        reasons=(MatchReason.IDENTIFIER_EQUAL if certain else MatchReason.FAMILY_NAME_EQUAL,),
        certain=certain,
    )


async def keep(links, *all_found):
    await links.keep(all_found, by=NURSE, at=NOW)


async def state(links, child):
    [one] = (await links.of([child]))[child]
    return one.state


async def test_a_certain_link_is_in_force_at_once(database, links):
    child = await a_child(database)
    await keep(links, found(child))

    assert await links.of([child]) == {child: [Link(authority=THERE, there=RECORD, state=LinkState.IN_FORCE)]}


async def test_a_probable_link_waits_for_a_person(database, links):
    child = await a_child(database)
    await keep(links, found(child, certain=False))
    before = await state(links, child)
    [waiting] = await links.waiting()

    assert (before, waiting.made_by, waiting.confirmed_by) == (LinkState.WAITING, NURSE, None)
    assert await links.say(child, THERE, RECORD, by=TEAM, at=NOW)
    [confirmed] = await links.history(child)
    assert (confirmed.state, confirmed.made_by, confirmed.confirmed_by) == (LinkState.IN_FORCE, NURSE, TEAM)
    assert await links.waiting() == []


async def test_an_identifier_makes_of_a_probable_link_a_certain_one(database, links):
    child = await a_child(database)
    await keep(links, found(child, certain=False))
    await keep(links, found(child))

    assert await state(links, child) is LinkState.IN_FORCE
    assert await links.waiting() == []


async def test_a_link_is_kept_once_however_often_it_is_found(database, links):
    child = await a_child(database)
    for certain in (True, True, False):
        await keep(links, found(child, certain=certain))

    assert len(await links.history(child)) == 1


@pytest.mark.parametrize("certain", [True, False])
async def test_what_a_person_has_undone_is_not_made_again_by_a_search(database, links, certain):
    child = await a_child(database)
    await keep(links, found(child, certain=certain))
    await links.undo(child, THERE, RECORD, by=TEAM, at=NOW)
    await keep(links, found(child))

    [row] = await links.history(child)
    assert (row.state, row.undone_by) == (LinkState.UNDONE, TEAM)


async def test_a_person_may_say_anew_what_was_undone_and_the_history_stays(database, links):
    child = await a_child(database)
    await keep(links, found(child))
    await links.undo(child, THERE, RECORD, by=TEAM, at=NOW)

    assert await links.say(child, THERE, RECORD, by=TEAM, at=NOW)
    assert not await links.say(child, THERE, RECORD, by=TEAM, at=NOW), "in force already"
    assert await state(links, child) is LinkState.IN_FORCE
    assert sorted(row.state.value for row in await links.history(child)) == ["in force", "undone"]


async def test_a_link_of_one_record_is_a_link_of_all_that_are_the_same_child(database, links):
    one, other = await a_child(database), await a_child(database)
    async with database.transaction() as connection:
        await link(connection, one, other, grade=MatchGrade.CERTAIN, reasons=[], by=TEAM, at=NOW)
    await keep(links, found(one))

    assert await state(links, other) is LinkState.IN_FORCE
    assert await links.undo(other, THERE, RECORD, by=TEAM, at=NOW)
    assert await state(links, one) is LinkState.UNDONE


@pytest.mark.parametrize("decided", [NOW, None])
async def test_a_shielded_child_has_no_links_to_follow(database, links, decided):
    child = await a_child(database)
    await keep(links, found(child))
    await a_shield(database, child, decided_at=decided)

    assert await links.of([child]) == {}


async def test_a_child_near_to_a_shielded_one_has_no_links_to_follow(database, links):
    child, sibling = await a_child(database), await a_child(database)
    await a_carer(database, of=[child, sibling])
    await keep(links, found(child))
    await a_shield(database, sibling)

    assert await links.of([child, sibling]) == {}


async def test_a_child_without_links_is_there_with_none(database, links):
    child = await a_child(database)

    assert await links.of([child]) == {child: []}


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM child_link_elsewhere",
        "UPDATE child_link_elsewhere SET made_by = 'nobody'",
        "UPDATE child_link_elsewhere SET undone_by = 'nobody'",
        "UPDATE child_link_elsewhere SET undone_at = NULL, undone_by = NULL",
        "UPDATE child_link_elsewhere SET confirmed_at = NULL, confirmed_by = NULL",
    ],
)
async def test_what_a_link_says_of_the_past_cannot_be_changed(database, links, change):
    child = await a_child(database)
    await keep(links, found(child))
    await links.undo(child, THERE, RECORD, by=TEAM, at=NOW)

    with pytest.raises(SourceUnavailable):
        await database.execute(change)


async def test_links_go_with_the_record_they_stand_on(database, links):
    child = await a_child(database)
    await keep(links, found(child))
    await database.execute("DELETE FROM child WHERE id = $1", child)

    assert await links.history() == []
