"""How the access log is read: by the index of children and by number, and of old partitions only what is needed."""

from uuid import UUID

import orjson
import pytest

from connectors.postgres.ledger import _ABOUT
from tests.support.partitions import small_partitions

SIZE = 16_384
PARTITIONS = 4
CHILD = UUID("0190f2b0-0000-7000-8000-00000000a1e5")
OFTEN = 50
"""Every 50th entry is about the child, the others about others."""

# The least that can be stored, in the amounts in which a plan shows what it will be: shapes of rows, not real entries.
_FILL = """
INSERT INTO ledger_key (tag, child_id, year, wrapped)
SELECT decode(md5(n::text), 'hex'), CASE n WHEN 0 THEN $1::uuid ELSE gen_random_uuid() END, 2026, 'wrapped'
FROM generate_series(0, 999) AS n;
"""
_ENTRIES = """
INSERT INTO ledger_entry (seq, entry, leaf_hash, at, request_id, outcome)
SELECT seq, repeat('x', 300), sha256('x'), now(), 'request-' || seq, 'answered'
FROM generate_series($1::bigint, $2::bigint - 1) AS seq
"""
_CHILDREN = """
INSERT INTO ledger_child (tag, seq, told, withheld)
SELECT decode(md5(CASE WHEN seq % $3 = 0 THEN 0 ELSE 1 + seq % 999 END::text), 'hex'), seq, '{Child.givenName}', '{}'
FROM generate_series($1::bigint, $2::bigint - 1) AS seq
"""


@pytest.fixture
async def ledger(database):
    await small_partitions(database, size=SIZE)
    for place in range(PARTITIONS):
        span = place * SIZE, (place + 1) * SIZE
        await database.execute("SELECT ledger_partition($1)", span[0])
        await database.execute(_ENTRIES, *span)
        await database.execute(_CHILDREN, *span, OFTEN)
    await database.execute(_FILL, CHILD)
    await database.execute("VACUUM ANALYZE ledger_entry")
    await database.execute("VACUUM ANALYZE ledger_child")
    await database.execute("VACUUM ANALYZE ledger_key")
    return database


async def plan_of(database, *, first, before=2**62):
    """The nodes of the plan as it ran: what kind each is, on which table, how often, and how many blocks it took."""
    rows = await database.fetch(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {_ABOUT}", [CHILD], before, first)
    nodes, waiting = [], [orjson.loads(rows[0][0])[0]["Plan"]]
    while waiting:
        node = waiting.pop()
        nodes.append(node)
        waiting += node.get("Plans", [])
    return nodes


def scans(nodes, table):
    """The scans that ran, by partition."""
    return {
        node["Relation Name"]: node
        for node in nodes
        if node.get("Relation Name", "").startswith(table) and node["Actual Loops"] > 0
    }


async def test_a_childs_entries_are_found_and_read_by_indexes_alone(ledger):
    nodes = await plan_of(ledger, first=50)

    kinds = {node["Node Type"] for node in nodes if "Relation Name" in node}
    assert kinds <= {"Index Only Scan", "Index Scan"}
    assert scans(nodes, "ledger_child").values()


async def test_old_partitions_are_left_alone_once_the_page_is_full(ledger):
    nodes = await plan_of(ledger, first=50)

    assert scans(nodes, "ledger_child").keys() == {f"ledger_child_{PARTITIONS - 1}"}
    assert sum(node["Actual Rows"] for node in scans(nodes, "ledger_entry").values()) == 50


async def test_a_page_further_back_does_not_look_at_what_is_newer(ledger):
    nodes = await plan_of(ledger, first=50, before=SIZE)

    assert scans(nodes, "ledger_child").keys() == {"ledger_child_0"}


async def test_a_page_costs_few_blocks_however_many_entries_there_are(ledger):
    nodes = await plan_of(ledger, first=50)

    # A few blocks for each entry of the page, and two for each partition that is probed in vain.
    assert nodes[0]["Shared Hit Blocks"] + nodes[0]["Shared Read Blocks"] < 6 * 50


async def test_a_child_nobody_asked_about_costs_almost_nothing(ledger):
    rows = await ledger.fetch(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {_ABOUT}", [UUID(int=7)], 2**62, 50)
    plan = orjson.loads(rows[0][0])[0]["Plan"]

    assert plan["Actual Rows"] == 0
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 20
