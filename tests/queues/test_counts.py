"""How many wait: told at or above the threshold of the rules, and where no small number follows (domain rule M2)."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from gateway.counting import recoverable, small
from tests.properties.profile import examples
from tests.support.builders import a_child

SMALL = [{"field": "number", "reason": "SUPPRESSED"}]
TEN, THIRTEEN, SIXTEEN = date(2016, 3, 4), date(2013, 3, 4), date(2010, 10, 4)


async def _children(database, number, born):
    for _ in range(number):
        await a_child(database, date_of_birth=born)


async def test_a_number_is_told_from_the_threshold_on(queues, database):
    await _children(database, 9, TEN)
    before = (await queues.page(first=1))["waiting"]

    await _children(database, 1, TEN)

    assert before == {"ageBand": None, "number": None, "withheld": SMALL}
    assert (await queues.page(first=1))["waiting"] == {"ageBand": None, "number": 10, "withheld": []}


async def test_a_small_number_by_age_keeps_back_what_would_give_it_away(queues, database):
    await _children(database, 13, TEN)
    await _children(database, 11, THIRTEEN)
    await _children(database, 2, SIXTEEN)

    page = await queues.page(first=1)

    assert page["waiting"]["number"] == 26
    assert page["waitingByAge"] == [
        {"ageBand": "AGED_5_TO_10", "number": 13, "withheld": []},
        {"ageBand": "AGED_11_TO_15", "number": None, "withheld": SMALL},
        {"ageBand": "AGED_16_TO_17", "number": None, "withheld": SMALL},
    ]


async def test_those_whose_entry_is_closed_are_not_counted(queues, database, work):
    await _children(database, 10, TEN)
    child = await a_child(database)

    await work(child, outcome="MOVED_AWAY", reopensOn="2026-12-24")

    assert (await queues.page(first=1))["waiting"]["number"] == 10


async def test_a_practitioner_is_told_no_count(queues, database, teacher):
    await _children(database, 12, TEN)

    page = await queues.page(by=teacher)

    assert (page["waiting"], page["waitingByAge"]) == (None, [])


@given(st.dictionaries(st.sampled_from("abcde"), st.integers(0, 40), min_size=1), st.integers(2, 20))
@examples(100)
def test_no_small_part_follows_from_a_told_total_and_what_is_told_beside_it(parts, threshold):
    hidden = {key for key, number in parts.items() if small(number, threshold)} | recoverable(parts, threshold)

    if hidden and not small(sum(parts.values()), threshold):
        assert len(hidden) > 1
        assert sum(parts[key] for key in hidden) >= threshold


@given(st.dictionaries(st.sampled_from("abcde"), st.integers(5, 40)))
@examples(50)
def test_where_no_part_is_small_nothing_is_kept_back(parts):
    assert recoverable(parts, 5) == frozenset()
