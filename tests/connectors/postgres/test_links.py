"""Two records of one child are joined, and parted again if they were not one child after all."""

import pytest

from connectors.postgres.links import link, unlink
from gateway.ports import Criteria
from gateway.vocabulary import MatchGrade, MatchReason, Shield
from tests.support.builders import NOW, a_child, a_shield

OLD, NEW = "9434765919", "9434765870"


@pytest.fixture
async def twins(database):
    """Two rows with numbers of their own."""
    return await a_child(database, nhs_number=OLD), await a_child(database, nhs_number=NEW)


async def join(database, child, survivor):
    async with database.transaction() as connection:
        await link(
            connection,
            child,
            survivor,
            grade=MatchGrade.CERTAIN,
            reasons=[MatchReason.IDENTIFIER_SUPERSEDED],
            by="made-up-feed",
            at=NOW,
        )


async def part(database, child, survivor):
    async with database.transaction() as connection:
        return await unlink(connection, child, survivor, by="directory.price", at=NOW)


async def rows(database):
    found = await database.fetch("SELECT * FROM child ORDER BY id")
    return [dict(row) for row in found]


async def shields(directory, *children):
    found = await directory.children(children)
    return [found[child].facts.shield for child in children]


async def test_a_shield_of_one_record_covers_both_once_they_are_joined(database, directory, twins):
    await a_shield(database, twins[0])

    await join(database, *twins)

    assert await shields(directory, *twins) == [Shield.ACTIVE, Shield.ACTIVE]


async def test_undoing_a_link_gives_each_record_back_what_it_was(database, twins):
    before = await rows(database)
    await join(database, *twins)

    assert await part(database, *twins)

    unchanged = {"nhs_number_source", "nhs_number_asserted_at", "nhs_number_confirmed_at"}
    after = await rows(database)
    assert [{k: v for k, v in row.items() if k not in unchanged} for row in after] == [
        {k: v for k, v in row.items() if k not in unchanged} for row in before
    ]


async def test_undoing_a_link_lifts_no_shield_from_either(database, directory, twins):
    await a_shield(database, twins[1])
    await join(database, *twins)

    await part(database, *twins)

    assert await shields(directory, *twins) == [Shield.ACTIVE, Shield.ACTIVE]


async def test_parted_records_are_found_by_their_own_numbers_again(database, directory, twins):
    await join(database, *twins)
    await part(database, *twins)

    found = [await directory.search(Criteria(nhs_number=number)) for number in (OLD, NEW)]

    assert [[candidate.child.id for candidate in one] for one in found] == [[twins[0]], [twins[1]]]


async def test_the_history_of_a_link_stays(database, twins):
    await join(database, *twins)
    await part(database, *twins)

    made = await database.fetchrow("SELECT linked_by, unlinked_by, nhs_number_before FROM child_link")
    assert tuple(made) == ("made-up-feed", "directory.price", OLD)


async def test_of_three_joined_records_one_parts_and_two_stay_together(database, twins):
    third = await a_child(database)
    await join(database, third, twins[0])
    await join(database, *twins)

    await part(database, *twins)

    identities = {row["id"]: row["identity_id"] for row in await rows(database)}
    assert identities[third] == identities[twins[0]] != identities[twins[1]]


async def test_there_is_nothing_to_undo_between_strangers(database, twins):
    assert not await part(database, *twins)
