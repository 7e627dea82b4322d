"""Searching the ledger on a real PostgreSQL: what is found, in which order, by which clock, and without which bytes."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from connectors.postgres.ledger_search import PostgresLedgerSearch
from gateway.ledger.searching import Sought
from tests.connectors.postgres.test_ledger_store import a_writer
from tests.ledger.entries import AYESHA, BEN, a_caller, a_record, an_entry

SPRING = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
"""When the clocks of London went forward."""
YEAR = {"since": datetime(2026, 1, 1, tzinfo=UTC), "until": datetime(2027, 1, 1, tzinfo=UTC)}


@pytest.fixture
async def writer(database_url):
    async with a_writer(database_url) as writer:
        yield writer


@pytest.fixture
def search(database):
    return PostgresLedgerSearch(database)


async def test_hours_and_days_are_those_of_london_on_both_sides_of_a_change_of_clocks(writer, search):
    for at in (
        SPRING - timedelta(minutes=30),
        SPRING + timedelta(minutes=30),
        datetime(2026, 7, 1, 23, 30, tzinfo=UTC),
    ):
        await writer.record(an_entry(at=at, caller=a_caller(agency="a")))

    by_day = await search.growth(YEAR["since"], YEAR["until"], by="day")

    assert await search.by_hour(Sought(**YEAR)) == {"a": {0: 2, 2: 1}}
    assert by_day == {datetime(2026, 3, 29, tzinfo=UTC): 2, datetime(2026, 7, 1, 23, tzinfo=UTC): 1}


async def test_entries_are_listed_by_time_and_go_on_where_the_page_before_ended(writer, search):
    late, early = SPRING + timedelta(hours=2), SPRING
    for at in (late, early, late):
        await writer.record(an_entry(at=at))

    first = await search.found(Sought(**YEAR), first=2)
    second = await search.found(Sought(**YEAR), first=2, before=first[-1].place)

    assert [one.seq for one in (*first, *second)] == [2, 0, 1]


async def test_entries_are_found_by_each_thing_that_is_stated(writer, search):
    odd = a_caller(person="odd", role="gp", agency="b", authority="E08000003")
    await writer.record(an_entry(at=SPRING))
    await writer.record(an_entry(at=SPRING, caller=odd, request_id="odd", records=(a_record(about=(str(BEN),)),)))

    for stated in (
        {"person": "odd"},
        {"role": "gp"},
        {"agency": "b"},
        {"authority": "E08000003"},
        {"request_id": "odd"},
        {"children": (BEN,), "person": "odd"},
    ):
        assert [one.seq for one in await search.found(Sought(**YEAR, **stated), first=5)] == [1], stated
    assert await search.found(Sought(**YEAR, hour=0), first=5) == []
    assert await search.found(Sought(**YEAR, children=(AYESHA,), person="odd"), first=5) == []


async def test_no_claim_is_too_long_for_the_index(writer, search):
    longest = "\U0001f9d2" * 1_000
    claims = dict.fromkeys(("person", "role", "agency", "authority"), longest)

    await writer.record(an_entry(at=SPRING, caller=a_caller(**claims)))

    (found,) = await search.found(Sought(**YEAR, agency=longest[:200]), first=5)
    assert found.index.role == longest[:200]


async def test_counting_reads_no_entry(writer, database_url):
    await writer.record(an_entry(at=SPRING))
    plans = []

    class Explaining(PostgresLedgerSearch):
        async def _fetch(self, sql, *arguments):
            plans.append("\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {sql}", *arguments)))
            return []

    connection = await asyncpg.connect(database_url)
    try:
        # With so few entries it would be cheaper to read them.
        await connection.execute("SET enable_seqscan TO off; SET enable_bitmapscan TO off; SET enable_indexscan TO off")
        explaining = Explaining(None)
        await explaining.by_hour(Sought(**YEAR, authority="E08000009", role="gp", outcome="refused"))
        await explaining.growth(YEAR["since"], YEAR["until"], by="day")
    finally:
        await connection.close()

    assert len(plans) == 6
    assert all("Index Only Scan" in plan and "Seq Scan" not in plan for plan in plans)
