"""Who waits in a queue, since when, and in which order (domain rule M1)."""

from datetime import date, timedelta

import pytest

from tests.support.builders import TODAY, a_child, a_setting, an_authority, attends

LATER, EARLIER = TODAY + timedelta(days=9), TODAY - timedelta(days=9)


async def test_a_child_whose_school_ended_waits_since_that_day(queues, out_of_school):
    await out_of_school(days=30, given_name="Ada")

    (entry,) = await queues.entries()

    assert entry["child"] == {"givenName": "Ada", "familyName": "Example"}
    assert (entry["queue"], entry["state"]) == ("MISSING_EDUCATION", "OPEN")
    assert (entry["since"], entry["ageDays"]) == ((TODAY - timedelta(days=30)).isoformat(), 30)
    assert (entry["owner"], entry["action"], entry["outcome"], entry["history"]) == (None, None, None, [])


async def test_a_child_who_never_had_a_school_waits_since_compulsory_age(queues, database):
    await a_child(database, date_of_birth=date(2021, 8, 31))
    await a_child(database, date_of_birth=date(2021, 9, 1))

    assert [entry["since"] for entry in await queues.entries()] == ["2026-08-31"]


@pytest.mark.parametrize(
    ("kind", "dates", "waits"),
    [
        ("SCHOOL", {}, False),
        ("COLLEGE", {"ended_on": LATER}, False),
        ("SCHOOL", {"ended_on": TODAY}, True),
        ("SCHOOL", {"started_on": LATER}, True),
        ("NURSERY", {}, True),
        ("GP_PRACTICE", {}, True),
    ],
)
async def test_who_has_a_current_place_of_education_does_not_wait(queues, database, kind, dates, waits):
    child = await a_child(database, given_name="Ada")
    await attends(database, child, await a_setting(database, kind=kind), **dates)

    assert await queues.names() == ["Ada"] * waits


async def test_children_of_any_age_wait_for_a_gp(queues, database):
    for name, born in (("Baby", TODAY - timedelta(days=40)), ("Ada", date(2009, 1, 1)), ("Old", date(2008, 11, 22))):
        await a_child(database, given_name=name, date_of_birth=born)

    assert await queues.names("withoutGp") == ["Ada", "Baby"]


async def test_only_live_children_of_the_authority_wait(queues, database):
    await a_child(database, given_name="Ada")
    await a_child(database, standing="left-england")
    await a_child(database, authority=await an_authority(database, "E08000003"))

    assert await queues.names() == ["Ada"]


async def test_a_child_of_two_records_waits_once_and_where_neither_has_a_school(queues, database):
    one = await a_child(database, given_name="Ada")
    await a_child(database, given_name="Ada", identity_id=one)
    two = await a_child(database, given_name="Bea")
    other = await a_child(database, given_name="Bea", identity_id=two)
    await attends(database, other, await a_setting(database))

    assert await queues.names() == ["Ada"]


async def test_pages_go_through_the_queue_the_longest_waiting_first(queues, out_of_school):
    for days in (10, 50, 30, 20, 40):
        await out_of_school(days=days, given_name=f"Since{days}")
    names, after, pages = [], None, 0

    while after is not None or not pages:
        page = await queues.page(first=2, after=after)
        names += [edge["node"]["child"]["givenName"] for edge in page["edges"]]
        after, pages = page["pageInfo"]["endCursor"] if page["pageInfo"]["hasNextPage"] else None, pages + 1

    assert names == ["Since50", "Since40", "Since30", "Since20", "Since10"]
    assert pages == 3


async def test_a_cursor_stands_where_its_child_stood_who_waits_no_more(queues, out_of_school, database):
    children = {days: await out_of_school(days=days, given_name=f"Since{days}") for days in (30, 20, 10)}
    cursor = (await queues.page(first=2))["pageInfo"]["endCursor"]

    await attends(database, children[20], await a_setting(database), started_on=EARLIER)

    assert await queues.names(after=cursor) == ["Since10"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"first": 0}, "first must be between 1 and 100; it is 0."),
        ({"first": 101}, "first must be between 1 and 100; it is 101."),
        ({"after": "no cursor"}, "`after` is not a cursor of this list."),
        ({"authority": "E08000003"}, "An authority's queues are worked at its own gateway."),
    ],
)
async def test_what_no_page_can_be_read_by_is_refused(queues, out_of_school, asked, said):
    await out_of_school()

    answer = await queues.answer(**asked)

    assert (answer.codes, answer.messages) == (["BAD_CRITERIA"], [said])


async def test_the_authority_goes_by_either_of_its_codes(queues, out_of_school):
    await out_of_school(given_name="Ada")

    assert await queues.names(authority="009") == ["Ada"]
