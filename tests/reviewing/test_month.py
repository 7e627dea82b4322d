"""A seeded month of made-up work, recorded through the real writer: every insider planted in it is found."""

import asyncpg
import pytest

from benchmarks.review import AUTHORITY, MASTER, PERIOD, record_month
from connectors.postgres.database import Database
from connectors.postgres.ledger import OpeningLedgerReader
from connectors.postgres.ledger_keys import SealingKeys
from connectors.postgres.reviewing import PostgresLooks
from connectors.synthetic.insiders import SHOWN_BY, Insider
from gateway.reviewing.reviewing import review
from gateway.reviewing.thresholds import Thresholds
from gateway.vocabulary import AuthorityCode
from tests.support.postgres import fresh_database


@pytest.fixture(scope="module")
async def month(postgres):
    """The URL of a database with the month, and who was planted in it."""
    async with fresh_database(postgres) as url:
        yield url, await record_month(url, children=2_000, each=1, seed=15, past=False, shares=[1.0])


@pytest.fixture(scope="module")
async def found(month):
    url, _ = month
    return await reviewed(url, AUTHORITY)


async def reviewed(url, authority):
    database = await Database.open(url, pool_min=1, pool_max=2, timeout=60)
    try:
        looks = PostgresLooks(database, OpeningLedgerReader(database, SealingKeys(MASTER)), within=120)
        return await review(looks, authority, PERIOD, thresholds=Thresholds())
    finally:
        await database.close()


@pytest.mark.parametrize("kind", Insider)
def test_every_insider_is_found_by_the_pattern_that_is_meant_for_it(month, found, kind):
    _, insiders = month
    (insider,) = [one for one in insiders if one.kind is kind]

    shown = {finding.pattern for finding in found.findings if finding.caller.person == insider.worker.person}

    assert SHOWN_BY[kind] in shown


def test_few_of_those_who_only_work_are_shown(month, found):
    _, insiders = month
    shown = {finding.caller.person for finding in found.findings} - {one.worker.person for one in insiders}

    assert len(shown) <= found.callers * 0.06


async def test_what_is_shown_as_evidence_are_entries_of_the_caller_in_the_period(month, found):
    url, _ = month
    connection = await asyncpg.connect(url)
    of_entries = dict(await connection.fetch("SELECT seq, person FROM ledger_entry"))
    await connection.close()

    for finding in found.findings:
        assert finding.shown
        assert {of_entries[look.seq] for look in finding.shown} == {finding.caller.person}
        assert all(PERIOD.first <= look.at.date() <= PERIOD.last for look in finding.shown)


async def test_callers_of_another_authority_are_not_read(month):
    url, _ = month

    assert (await reviewed(url, AuthorityCode("E08000003"))).callers == 0
