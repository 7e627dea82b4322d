"""What destroying a record must leave as it was, and what goes with it whatever was written about the child (T2)."""

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from connectors.postgres.destroying import PostgresDestroying
from tests.support.builders import (
    NOW,
    TODAY,
    a_carer,
    a_child,
    a_conflict,
    a_practitioner,
    a_sensitive_involvement,
    a_shield,
    cares_for,
)

LONG_AGO = date(2000, 1, 1)
REVIEWED = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def destroying(database):
    return PostgresDestroying(database)


async def due(destroying):
    return [one.child for one in await destroying.due(today=TODAY, limit=9)]


async def test_a_record_waits_for_the_others_of_the_same_child(destroying, database):
    identity = uuid4()
    older = await a_child(database, identity_id=identity, date_of_birth=LONG_AGO)
    younger = await a_child(database, identity_id=identity)
    await a_shield(database, older)
    await a_conflict(database, older, await a_practitioner(database))

    assert await due(destroying) == []
    assert not await destroying.destroy(older, today=TODAY)

    await database.execute("UPDATE child SET date_of_birth = $2 WHERE id = $1", younger, LONG_AGO)
    assert sorted(await due(destroying)) == sorted([older, younger])
    assert [await destroying.destroy(one, today=TODAY) for one in (older, younger)] == [True, True]


async def test_a_shield_that_protects_a_sibling_keeps_the_record_until_it_is_lifted(destroying, database):
    child, sibling = await a_child(database, date_of_birth=LONG_AGO), await a_child(database)
    await a_carer(database, of=[child, sibling])
    shield = await a_shield(database, child)

    assert await due(destroying) == []
    assert not await destroying.destroy(child, today=TODAY)

    await database.execute("UPDATE shield SET lifted_at = $2 WHERE id = $1", shield, REVIEWED)
    assert await due(destroying) == [child]


@pytest.mark.parametrize("apart", ["the other's care ended", "the authority is the parent of many"])
async def test_a_shield_that_protects_nobody_else_keeps_no_record(destroying, database, apart):
    child, other = await a_child(database, date_of_birth=LONG_AGO), await a_child(database)
    carer = await a_carer(database)
    relationship = {"relationship": "CORPORATE_PARENT"} if apart.startswith("the authority") else {}
    until = {} if relationship else {"until": date(2020, 1, 1)}
    await cares_for(database, carer, child, **relationship)
    await cares_for(database, carer, other, **relationship, **until)
    await a_shield(database, child)

    assert await due(destroying) == [child]


async def test_a_carer_known_by_an_adult_service_alone_goes_too(destroying, database):
    child = await a_child(database, date_of_birth=LONG_AGO)
    await a_sensitive_involvement(database, child, carer_id=await a_carer(database))

    assert await destroying.destroy(child, today=TODAY)

    assert await database.fetch("SELECT FROM carer") == []


_ABOUT = {
    "brokered_contact": "(id, child_id, asker, asker_role, reason, reach_by, asked_at) "
    "VALUES (gen_random_uuid(), $1, 'a', 'gp', 'w', 'r', $2)",
    "queue_outcome": "(child_id, queue, owner_id, action, outcome, recorded_by, recorded_at, recorded_on) "
    "SELECT $1, 'without-gp', id, 'ask-carer', 'under-way', 'a', $2, $2::timestamptz::date FROM practitioner",
    "refusal": "(id, child_id, ground, reason, refused_by, reviewer, refused_at) "
    "VALUES (gen_random_uuid(), $1, 'detriment', 'w', 'a', 'b', $2)",
    "access_grant": "(id, child_id, kind, ground, fields, reason, necessity, requested_by, requested_at, expires_at) "
    "VALUES (gen_random_uuid(), $1, 'break-glass', 'court-order', '{Child.address}', 'w', 'w', 'a', $2, $2)",
    "log_withholding": "(id, child_id, entry, authority, ground, reason, until, provisional_until, asked_by, asked_at) "
    "SELECT gen_random_uuid(), $1, 0, code, 'g', 'w', $2::timestamptz + interval '1 day', $2, 'a', $2 "
    "FROM authority LIMIT 1",
    "child_link_elsewhere": "(child_id, id, authority, there, grade, reasons, made_at, made_by) "
    "VALUES ($1, gen_random_uuid(), 'E08000003', 'chd-1', 'CERTAIN', '{}', $2, 'a')",
    "conflict": "(child_id, practitioner_id, declared_at) SELECT $1, id, $2 FROM practitioner",
}


async def test_whatever_was_written_about_a_child_goes_with_the_record(destroying, database):
    child = await a_child(database, date_of_birth=LONG_AGO)
    await a_practitioner(database)
    for table, row in _ABOUT.items():
        await database.execute(f"INSERT INTO {table} {row}", child, NOW)

    assert await destroying.destroy(child, today=TODAY)

    left = {table: await database.fetch(f"SELECT FROM {table}") for table in _ABOUT}
    assert left == {table: [] for table in _ABOUT}
