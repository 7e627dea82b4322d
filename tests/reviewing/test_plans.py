"""A review reads the period it is about and not the whole ledger, however long that is."""

import json
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from connectors.postgres.looks_sql import CHILDREN, FOLLOWED, LOOKS, RANGE, TIES
from connectors.postgres.reviewing import NAMING
from tests.support.postgres import fresh_database

ENTRIES = 100_000
"""Seven months of asks, one every three minutes; the period is the last week."""
BEGAN = datetime(2025, 9, 1, tzinfo=UTC)
ENDS = BEGAN + timedelta(minutes=3 * ENTRIES)
WEEK = ENDS - timedelta(days=7)
LOWEST = ENTRIES - 7 * 480


@pytest.fixture(scope="module")
async def large(postgres):
    """A connection to a ledger of many entries, as far as their index goes, planned as a review is."""
    async with fresh_database(postgres) as url:
        connection = await asyncpg.connect(url)
        await fill(connection)
        yield connection
        await connection.close()


async def fill(connection):
    await connection.execute(
        f"""
        INSERT INTO ledger_entry (seq, entry, leaf_hash, at, request_id, person, role, agency, authority, outcome)
        SELECT n, '{{}}', sha256(n::text::bytea), '{BEGAN.isoformat()}'::timestamptz + n * interval '3 minutes',
               n::text, 'p-' || n % 500, 'gp', 'a-' || n % 40, 'E08000009', 'answered'
        FROM generate_series(0, {ENTRIES - 1}) AS n;
        INSERT INTO ledger_child (tag, seq, told, withheld)
        SELECT substring(sha256((n % 5000)::text::bytea) FOR 16), n, '{{Child.address}}', '{{}}'
        FROM generate_series(0, {ENTRIES - 1}) AS n;
        SET plan_cache_mode = force_custom_plan;
        """  # noqa: S608 - the test's own figures
    )
    await connection.execute(
        "INSERT INTO ledger_key (tag, child_id, year, wrapped) SELECT tag, gen_random_uuid(), 2026, 'x'::bytea "
        "FROM (SELECT DISTINCT tag FROM ledger_child) AS touched"
    )
    # What autovacuum does as entries arrive: figures for the planner, and ranges for the coarse index on numbers.
    await connection.execute("VACUUM ANALYZE ledger_entry")
    await connection.execute("VACUUM ANALYZE ledger_child")
    await connection.execute("ANALYZE ledger_key")


async def plan(connection, sql, *arguments):
    """What the database did, and how many rows each table gave up to it."""
    ((document,),) = await connection.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *arguments)
    return list(nodes(json.loads(document)[0]["Plan"]))


def nodes(node):
    yield node
    for below in node.get("Plans", ()):
        yield from nodes(below)


def rows_read(found, table):
    return sum(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0))
        * node["Actual Loops"]
        for node in found
        if node.get("Relation Name", "").startswith(table)
    )


def scans(found, table):
    return {node["Node Type"] for node in found if node.get("Relation Name", "").startswith(table)}


async def test_the_range_of_a_period_is_found_by_time(large):
    found = await plan(large, RANGE, WEEK, ENDS)

    assert "Seq Scan" not in scans(found, "ledger_entry")
    assert rows_read(found, "ledger_entry") <= 3_400


async def test_the_looks_of_a_week_read_a_week(large):
    found = await plan(large, LOOKS, "E08000009", WEEK, ENDS, LOWEST, ENTRIES - 1, list(NAMING))

    assert "Seq Scan" not in scans(found, "ledger_entry") | scans(found, "ledger_child")
    assert rows_read(found, "ledger_entry") <= 3_400
    # The index on numbers is coarse: it reads whole ranges of blocks.
    assert rows_read(found, "ledger_child") <= 40_000


async def test_a_colleagues_look_is_found_by_the_child(large):
    rows = await large.fetch(
        "SELECT seq, tag, at, person, agency FROM ledger_entry JOIN ledger_child USING (seq) WHERE seq >= $1 LIMIT 200",
        LOWEST,
    )
    columns = [[row[name] for row in rows] for name in ("seq", "tag", "at", "person", "agency")]

    found = await plan(large, FOLLOWED, *columns, timedelta(minutes=15), LOWEST, list(NAMING))

    assert scans(found, "ledger_child") <= {"Index Scan", "Index Only Scan", "Bitmap Heap Scan"}
    assert rows_read(found, "ledger_child") <= 2_000


@pytest.mark.parametrize("sql", [CHILDREN, TIES], ids=["children", "ties"])
async def test_keys_are_found_by_their_tags(large, sql):
    tags = [row["tag"] for row in await large.fetch("SELECT tag FROM ledger_key LIMIT 50")]
    few = [tags] if sql is CHILDREN else [["p"] * 50, ["a"] * 50, tags, [WEEK.date()] * 50, 365, 14]

    found = await plan(large, sql, *few)

    assert rows_read(found, "ledger_key") <= 50
