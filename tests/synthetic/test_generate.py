"""Loading a made-up authority: the same every time, whole or not at all, and never beside another."""

import asyncio
import os
import signal
import sys

import asyncpg
import pytest

from connectors.synthetic.claim import GenerationRefused, Plan
from connectors.synthetic.generate import LOCK, generate
from connectors.synthetic.world import CHILDREN_IN_A_SLICE
from tests.support.builders import a_child
from tests.support.postgres import fresh_database
from tests.synthetic.worlds import AS_OF, digests

LOAD = """
import asyncio, sys
from datetime import date
from connectors.synthetic.claim import Plan
from connectors.synthetic.generate import generate
plan = Plan(authority="E08000009", children=int(sys.argv[2]), seed=1, as_of=date.fromisoformat(sys.argv[3]))
asyncio.run(generate(sys.argv[1], plan, processes=1))
"""


def a_plan(*, children=5_000, seed=1, authority="E08000009"):
    return Plan(authority=authority, children=children, seed=seed, as_of=AS_OF)


@pytest.fixture
async def connection(database_url):
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close(timeout=60)


async def digests_of(url):
    connection = await asyncpg.connect(url)
    try:
        return await digests(connection)
    finally:
        await connection.close()


async def test_the_same_seed_gives_the_same_database_with_any_number_of_processes(postgres, database_url):
    async with fresh_database(postgres) as other_url:
        await generate(database_url, a_plan(), processes=1)
        await generate(other_url, a_plan(), processes=3)

        assert await digests_of(database_url) == await digests_of(other_url)


async def test_replacing_leaves_the_new_data_and_whatever_was_not_generated(postgres, database_url, database):
    own = await a_child(database)
    await generate(database_url, a_plan(children=2_000, seed=1), processes=1)
    await generate(database_url, a_plan(children=2_500, seed=2), replace_held=True, processes=1)

    held = await database.fetch("SELECT count(*) AS children, bool_or(id = $1) AS own FROM child", own)
    contacts = await database.fetch(
        "SELECT count(*) AS front_doors FROM safeguarding_contact WHERE role = 'FRONT_DOOR'"
    )

    assert [tuple(row) for row in held] == [(2_501, True)]
    assert [tuple(row) for row in contacts] == [(1,)]


async def test_a_second_load_is_refused_and_changes_nothing(database_url, connection):
    await generate(database_url, a_plan(children=200), processes=1)
    before = await digests(connection)

    with pytest.raises(GenerationRefused, match="already holds 200 generated children; add --replace"):
        await generate(database_url, a_plan(children=300), processes=1)

    assert await digests(connection) == before


async def test_another_authority_may_stand_beside_it(database_url, connection):
    await generate(database_url, a_plan(children=200), processes=1)
    await generate(database_url, a_plan(children=200, authority="E08000003"), processes=1)

    assert await connection.fetchval("SELECT count(*) FROM child WHERE authority = 'E08000003'") == 200


async def test_two_loads_at_once_are_refused(database_url, connection):
    await connection.execute("SELECT pg_advisory_lock($1)", LOCK)

    with pytest.raises(GenerationRefused, match="is running"):
        await generate(database_url, a_plan(children=200), processes=1)


async def test_an_unknown_authority_is_refused(database_url):
    with pytest.raises(GenerationRefused, match="E08999999"):
        await generate(database_url, a_plan(authority="E08999999"), processes=1)


async def test_an_interrupted_load_leaves_whole_slices_and_goes_on_where_it_stopped(postgres, database_url, connection):
    children = 6 * CHILDREN_IN_A_SLICE
    await _kill_after_a_slice(database_url, connection, children)
    held = await connection.fetchval("SELECT count(*) FROM child")
    without_carer = await connection.fetchval(
        "SELECT count(*) FROM child WHERE id = identity_id AND NOT EXISTS "
        "(SELECT FROM child_carer WHERE child_id = child.id)"
    )

    with pytest.raises(GenerationRefused, match="unfinished load with other options"):
        await generate(database_url, a_plan(children=children, seed=2), processes=1)
    written = await generate(database_url, a_plan(children=children), processes=1)

    async with fresh_database(postgres) as other_url:
        await generate(other_url, a_plan(children=children), processes=2)
        assert await digests_of(other_url) == await digests(connection)
    assert 0 < held < children
    assert held % CHILDREN_IN_A_SLICE == 0
    assert without_carer == 0
    assert written == children - held


async def _kill_after_a_slice(url, connection, children):
    """Start a load in a process of its own and kill it as soon as a slice is there."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LOAD, url, str(children), AS_OF.isoformat(), start_new_session=True
    )
    async with asyncio.timeout(180):
        await _until(connection, "SELECT EXISTS (SELECT FROM child)")
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
        # The orphaned worker ends by itself; until then it may finish the slice it is at.
        await _until(connection, "SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = current_database()")


async def _until(connection, condition):
    while not await connection.fetchval(condition):  # noqa: ASYNC110 - the database sets no event
        await asyncio.sleep(0.01)


async def test_settings_held_already_are_used_as_well(database_url, connection):
    await connection.execute("INSERT INTO source VALUES ('register', 'A register')")
    await connection.execute("INSERT INTO authority (code, legacy_code, name) VALUES ('E08000009', '358', 'Trafford')")
    await connection.execute(
        "INSERT INTO setting (id, kind, name, urn, authority, source, asserted_at, confirmed_at) VALUES "
        "(gen_random_uuid(), 'SCHOOL', 'Held Primary School', '199999', 'E08000009', 'register', now(), now())"
    )

    await generate(database_url, a_plan(children=2_000), processes=1)

    assert await connection.fetchval(
        "SELECT count(*) FROM child_setting JOIN setting ON setting.id = setting_id WHERE urn = '199999'"
    )


async def test_progress_adds_up_to_every_child(database_url):
    seen = []

    await generate(database_url, a_plan(children=4_500), processes=2, on_progress=seen.append)

    assert sum(seen) == 4_500
    assert len(seen) > 2
