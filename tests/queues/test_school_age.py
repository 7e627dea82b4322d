"""Compulsory school age begins on the next of three days and ends with the school year of sixteen."""

from datetime import date, timedelta

import pytest

from connectors.postgres.queues import PostgresQueues
from gateway.school_age import age_band, of_school_age, under_eighteen
from gateway.vocabulary import Queue, QueueState
from tests.support.builders import HOME, NOW, a_child


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        ("2026-11-22", "2010-09-01", "2021-08-31"),
        ("2026-08-30", "2010-09-01", "2021-03-31"),
        ("2026-08-31", "2010-09-01", "2021-08-31"),
        ("2026-12-31", "2010-09-01", "2021-12-31"),
        ("2027-01-01", "2010-09-01", "2021-12-31"),
        ("2027-03-31", "2010-09-01", "2022-03-31"),
        ("2027-06-25", "2010-09-01", "2022-03-31"),
        ("2027-06-26", "2011-09-01", "2022-03-31"),
    ],
)
def test_who_is_of_compulsory_school_age_on_a_day(day, first, last):
    assert of_school_age(date.fromisoformat(day)) == (date.fromisoformat(first), date.fromisoformat(last))


async def test_the_database_has_children_wait_from_the_first_day_of_school_age(database):
    born = {
        await a_child(database, date_of_birth=day): day
        for day in (date(2020, 12, 28) + timedelta(days=days) for days in range(0, 370, 5))
    }
    queues = PostgresQueues(database, now=lambda: NOW + timedelta(days=500))

    waiting = await queues.page(
        Queue.MISSING_EDUCATION, home=HOME, state=QueueState.OPEN, owners=None, after=None, size=100
    )

    assert len(waiting) == len(born)
    for entry in waiting:
        day_before = entry.since - timedelta(days=1)
        assert of_school_age(day_before)[1] < born[entry.child] <= of_school_age(entry.since)[1]


def test_a_child_is_under_eighteen():
    assert under_eighteen(date(2026, 11, 22)) == (date(2008, 11, 23), date(2026, 11, 22))
    assert under_eighteen(date(2028, 2, 29)) == (date(2010, 3, 1), date(2028, 2, 29))


def test_ages_fall_into_bands():
    assert [age_band(years).value for years in (0, 4, 5, 10, 11, 15, 16, 17)] == [
        "under-5", "under-5", "5-to-10", "5-to-10", "11-to-15", "11-to-15", "16-to-17", "16-to-17"
    ]  # fmt: skip
