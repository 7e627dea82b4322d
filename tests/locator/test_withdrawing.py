"""A shielded child is answered like a miss, by value and by time, from the very next ask; and so are its siblings."""

import random
import time
from datetime import date
from uuid import uuid4

import pytest

from connectors.locator.building import OVERLAP, quarter_of
from connectors.locator.keys import Kind
from connectors.postgres.directory import PostgresDirectory
from connectors.postgres.locator import PostgresLocator
from gateway import logs
from gateway.vocabulary import RecordStanding, Shield, SourceStatus
from tests.locator.conftest import a_federation
from tests.support.builders import NOW, TODAY, a_carer, a_child, an_authority, cares_for
from tests.support.federation import THERE
from tests.support.processes import until
from tests.support.statements import note_statements

LIKE = 4.5 * 0.0373
"""0.0373 is the deviation that two like samples of 120 have."""
SHIELDED, SIBLING, TWIN, PLAIN, MISSING = "9434765919", "9434765870", "9000000009", "9000000025", "9000000033"


async def a_shield_on(database, child):
    await database.execute(
        "INSERT INTO shield (id, child_id, identity_id, requested_by, requested_at, review_due) "
        "SELECT $2, id, identity_id, 'refuge', $3, $4 FROM child WHERE id = $1",
        child,
        uuid4(),
        NOW,
        date(2027, 5, 1),
    )


@pytest.fixture(scope="module")
async def held(federation):
    there = federation.database
    await an_authority(there, THERE)
    shielded = await a_child(there, nhs_number=SHIELDED)
    twin = await a_child(there, nhs_number=TWIN, identity_id=shielded)
    sibling = await a_child(there, nhs_number=SIBLING)
    await a_carer(there, of=[shielded, sibling])
    await a_child(there, nhs_number=PLAIN)
    await federation.built()
    return federation, shielded, twin


async def test_a_shield_withdraws_a_child_and_whoever_leads_to_it_from_the_next_ask_on(held):
    federation, shielded, _ = held
    before = [(await federation.locate(nhs_number=number)).pointing for number in (SHIELDED, SIBLING, TWIN, PLAIN)]
    old = federation.parts.setups.of(THERE).statement.key_id

    await a_shield_on(federation.database, shielded)
    at_once = [await federation.locate(nhs_number=number) for number in (SHIELDED, PLAIN)]
    await federation.built()
    after = [await federation.locate(nhs_number=number) for number in (SHIELDED, SIBLING, TWIN, MISSING, PLAIN)]

    assert before == [(THERE,)] * 4
    assert [one.pointing for one in at_once] == [(), ()]
    assert [one.outcomes[0].status for one in at_once] == [SourceStatus.UNAVAILABLE] * 2, "not: nothing known"
    assert [one.pointing for one in after] == [(), (), (), (), (THERE,)]
    assert len({(one.outcomes[0].status, one.outcomes[0].reason) for one in after}) == 1
    assert federation.parts.setups.of(THERE).statement.key_id != old
    assert await federation.answering.answers._holder(old) is None, "whoever kept the old setup finds nothing by it"


async def test_a_child_that_joins_a_shielded_ones_care_is_withdrawn_at_once(held):
    federation, shielded, _ = held
    there = federation.database
    late = await a_child(there, nhs_number="9111231130")
    await federation.built()
    carer = await there.fetchrow("SELECT carer_id FROM child_carer WHERE child_id = $1", shielded)
    found = (await federation.locate(nhs_number="9111231130")).pointing
    await cares_for(there, carer["carer_id"], late)
    [outcome] = (await federation.locate(nhs_number="9111231130")).outcomes
    await federation.built()

    assert found == (THERE,)
    assert outcome.status is SourceStatus.UNAVAILABLE
    assert (await federation.locate(nhs_number="9111231130")).pointing == ()


async def test_the_set_holds_exactly_those_whom_the_facts_of_other_roads_call_live_and_unshielded(database):
    """Sixty children in households made at random, some shielded, linked, cared for once or by an authority."""
    chance = random.Random(11)  # noqa: S311
    children = []
    for number in range(60):
        twin = chance.choice(children) if children and chance.random() < 0.15 else None
        stated = {} if twin is None else {"identity_id": await identity_of(database, twin)}
        standing = chance.choices(("live", "archived", "left-england"), (8, 1, 1))[0]
        born = chance.choice((date(2015, 3, 4), date(2008, 11, 22), date(2008, 11, 23)))
        children.append(
            await a_child(
                database, nhs_number=f"{number:010}", standing=standing, date_of_birth=born, search_keys=False, **stated
            )
        )
    for _ in range(25):
        carer = await a_carer(database)
        for child in chance.sample(children, chance.randint(1, 3)):
            until = chance.choice((None, None, TODAY, date(2027, 1, 1)))
            await cares_for(
                database, carer, child, until=until, relationship=chance.choice(("MOTHER", "CORPORATE_PARENT"))
            )
    for child in chance.sample(children, 8):
        await a_shield_on(database, child)
    await database.execute("UPDATE shield SET lifted_at = now() WHERE id IN (SELECT id FROM shield LIMIT 2)")

    words = await PostgresLocator(database).words(today=TODAY)
    told = await PostgresDirectory(database, today=lambda: NOW).children(children)
    expected = {
        f"nhs:{child.nhs_number}"
        for child in told.values()
        if child.facts.shield is Shield.NONE and child.facts.standing is RecordStanding.LIVE
    }
    hidden = {child.facts.shield for child in told.values()}

    assert set(words[Kind.NHS]) == expected
    assert 10 < len(expected) < 50
    assert hidden == {Shield.NONE, Shield.ASSOCIATED, Shield.PROVISIONAL}


async def test_a_child_is_found_and_a_shielded_one_is_lost_with_nobody_doing_anything(postgres, tmp_path):
    """Both gateways as they run: the one builds when its records change, the other looks for what was published."""
    limits = {"locate_budget": 10_000, "locate_authority_budget": 10_000}
    async with a_federation(postgres, tmp_path, by_itself=True, locator_interval=0.2, **limits) as federation:
        there = federation.database
        await an_authority(there, THERE)

        async def located(number):
            found = await federation.locate(nhs_number=number)
            return (*found.pointing, *(outcome.status for outcome in found.outcomes))

        async def found(*numbers):
            return [await located(number) for number in numbers] == [(THERE, SourceStatus.ANSWERED)] * len(numbers)

        async def lost(number):
            return await located(number) == (SourceStatus.ANSWERED,)

        await a_child(there, nhs_number=PLAIN)
        await until(lambda: found(PLAIN), within=120)
        child = await a_child(there, nhs_number=SHIELDED)
        await until(lambda: found(SHIELDED, PLAIN), within=120)
        await a_shield_on(there, child)
        await until(lambda: lost(SHIELDED), within=120)
        await until(lambda: found(PLAIN), within=120)


async def identity_of(database, child):
    return (await database.fetchrow("SELECT identity_id FROM child WHERE id = $1", child))["identity_id"]


@pytest.fixture
def sent(monkeypatch):
    """The statements that asks send through a pool, in order."""
    return note_statements(monkeypatch, "fetch", "fetchrow", "execute")


async def test_a_shielded_child_costs_the_answering_side_the_same_work_as_a_miss(held, sent):
    federation, _, _ = held
    work = []
    # The asking side is no request here; the answering side has one of its own.
    token = logs.REQUEST.set("of-the-test")
    try:
        for number in (SHIELDED, MISSING, PLAIN):
            await federation.locate(nhs_number=number)
            sent.clear()
            await federation.locate(nhs_number=number)
            work.append(list(sent))
    finally:
        logs.REQUEST.reset(token)

    assert work[0] == work[1] == work[2] != []
    assert not any(" child" in statement for statement in work[0]), "the children are not looked at"


async def test_no_classifier_tells_a_shielded_child_from_a_miss_by_time(held):
    """Two samples of whole asks, taken in turns: how often one of the first takes longer than one of the second.

    What can be told by time is told by every pair of samples; by one alone a busy machine may be.
    """
    federation, _, _ = held
    shares = []
    while len(shares) < 3 and (not shares or abs(shares[-1] - 0.5) >= LIKE):
        shares.append(await share_of_longer(federation))
    assert abs(shares[-1] - 0.5) < LIKE, shares


async def share_of_longer(federation):
    took = {SHIELDED: [], MISSING: []}
    for turn in range(120):
        for number in (SHIELDED, MISSING) if turn % 2 else (MISSING, SHIELDED):
            began = time.perf_counter()
            await federation.locate(nhs_number=number)
            took[number].append(time.perf_counter() - began)

    longer = sum(one > other for one in took[SHIELDED] for other in took[MISSING])
    return longer / (120 * 120)


async def test_a_key_lasts_a_quarter_and_the_one_before_answers_for_a_week(held):
    federation, _, _ = held
    builder, answers = federation.answering.builder, federation.answering.answers
    old = federation.parts.setups.of(THERE).statement.key_id
    clocks = builder._clock, answers._clock
    next_quarter = NOW.replace(year=2027, month=1, day=1)
    try:
        builder._clock = answers._clock = lambda: next_quarter
        assert await builder.look()
        new = (await builder._locator.release()).key_id
        held_then = [await answers._holder(key) is not None for key in (old, new)]
        answers._clock = lambda: next_quarter + OVERLAP
        held_later = [await answers._holder(key) is not None for key in (old, new)]
    finally:
        builder._clock, answers._clock = clocks

    assert quarter_of(next_quarter) == quarter_of(NOW) + 1
    assert held_then == [True, True]
    assert held_later == [False, True]
