"""To whom a queue is shown: a child who may not be known of makes no difference to pages, cursors and counts."""

import json
import shutil

import pytest

from gateway.settings import PACKAGED_POLICIES
from tests.queues.asking import Queues
from tests.queues.conftest import SLOW
from tests.support.builders import NOW, a_carer, a_child, a_practitioner, a_shield, an_authority
from tests.support.gateway import a_gateway, a_persona


@pytest.fixture
async def owned(out_of_school, database, teachers_post):
    """Makes a child without a school whose entry the teacher owns."""

    async def owned(**stated):
        child = await out_of_school(**stated)
        await database.execute(
            "INSERT INTO queue_outcome (child_id, queue, owner_id, action, outcome, recorded_by, recorded_at, "
            "recorded_on) VALUES ($1, 'missing-education', $2, 'ask-carer', 'under-way', 'somebody', $3, $4)",
            child,
            teachers_post,
            NOW,
            NOW.date(),
        )
        return child

    return owned


async def test_an_owner_is_shown_their_entries_and_the_team_all(queues, owned, out_of_school, teacher):
    await owned(days=20, given_name="Ada")
    await out_of_school(days=10, given_name="Bea")

    assert await queues.names(by=teacher) == ["Ada"]
    assert await queues.names() == ["Ada", "Bea"]


@pytest.mark.parametrize("shield", [{}, {"decided_at": None}, "sibling"], ids=["active", "provisional", "associated"])
async def test_a_shielded_child_makes_no_difference_to_whom_it_is_hidden_from(queues, owned, teacher, database, shield):
    for days in (90, 70, 50, 30):
        await owned(days=days, given_name=f"Since{days}")
    before = await _all_pages(queues, teacher)

    for days in (95, 80, 60, 20):
        child = await owned(days=days, given_name="Hidden")
        if shield == "sibling":
            sibling = await a_child(database, standing="archived")
            await a_carer(database, of=(child, sibling))
            await a_shield(database, sibling)
        else:
            await a_shield(database, child, **shield)

    assert await _all_pages(queues, teacher) == before
    assert len(before) == 2
    assert len(await queues.entries()) == 8


@pytest.mark.parametrize("hidden", ["shielded", "destroyed"])
async def test_no_page_goes_on_from_a_child_who_is_hidden_by_now(queues, owned, teacher, database, hidden):
    child = await owned(days=50)
    cursor = (await queues.page(by=teacher, first=1))["pageInfo"]["endCursor"]
    await owned(days=30, given_name="Later")
    before = await queues.names(by=teacher, after=cursor)
    if hidden == "shielded":
        await a_shield(database, child)
    else:
        await database.execute("DELETE FROM child WHERE id = $1", child)

    answer = await queues.answer(by=teacher, after=cursor)

    assert before == ["Later"]
    assert answer.data["missingEducation"]["edges"] == []
    assert answer.data["missingEducation"]["pageInfo"]["hasNextPage"] is False
    # Where she is taught by now would move her place, and with it what comes behind.
    await database.execute("UPDATE child_setting SET ended_on = '2020-01-01' WHERE child_id = $1", child)
    assert (await queues.answer(by=teacher, after=cursor)).content == answer.content


GONE = {
    "moved": "UPDATE child SET authority = 'E08000003' WHERE id = $1",
    "grown-up": "UPDATE child SET standing = 'adult' WHERE id = $1",
    "archived": "UPDATE child SET standing = 'archived' WHERE id = $1",
}


@pytest.mark.parametrize("asker", ["team", "owner"])
@pytest.mark.parametrize("gone", GONE)
async def test_a_page_goes_on_from_a_child_who_only_left_the_queue(queues, owned, team, teacher, database, gone, asker):
    await an_authority(database, "E08000003")
    by = team if asker == "team" else teacher
    child = await owned(days=50)
    cursor = (await queues.page(by=by, first=1))["pageInfo"]["endCursor"]
    await owned(days=30, given_name="Later")

    await database.execute(GONE[gone], child)

    assert await queues.names(by=by, after=cursor) == ["Later"]
    await a_shield(database, child)
    shown = ["Later"] if asker == "team" else []
    assert await queues.names(by=by, after=cursor) == shown, "a shield hides the place of whoever left as well"


async def test_whoever_hands_the_last_of_a_page_on_goes_on_from_there(queues, owned, teacher, database):
    child = await owned(days=50)
    await owned(days=30, given_name="Later")
    cursor = (await queues.page(by=teacher, first=1))["pageInfo"]["endCursor"]
    await database.execute(
        "INSERT INTO queue_outcome (child_id, queue, owner_id, action, outcome, recorded_by, recorded_at, recorded_on) "
        "SELECT child_id, queue, $2, action, outcome, recorded_by, recorded_at, recorded_on FROM queue_outcome "
        "WHERE child_id = $1",
        child,
        await a_practitioner(database),
    )

    assert await queues.names(by=teacher, after=cursor) == ["Later"]


async def _all_pages(queues, by):
    """The bytes of every page of two entries each."""
    found, after = [], None
    while not found or after is not None:
        answer = await queues.answer(by=by, first=2, after=after)
        page = answer.data["missingEducation"]
        found.append(answer.content)
        after = page["pageInfo"]["endCursor"] if page["pageInfo"]["hasNextPage"] else None
    return found


@pytest.mark.parametrize(
    ("role", "purpose"),
    [
        ("education-practitioner", "missing-education"),
        ("social-worker", "missing-education"),
        ("voluntary-practitioner", "early-help"),
        ("auditor", "review"),
        ("supplier", "administration"),
        ("directory-team", "brokering"),
    ],
)
async def test_whoever_works_no_queue_is_shown_nothing_of_it(queues, database, role, purpose):
    persona = await a_persona(database, role, purpose=purpose)
    before = await queues.answer(by=persona)

    for _ in range(12):
        await a_child(database)

    after = await queues.answer(by=persona)
    assert after.content == before.content
    assert after.data["missingEducation"]["edges"] == []


async def test_what_is_not_shown_is_not_in_the_ledger_child_by_child(queues, database, teacher):
    await a_child(database)

    await queues.answer(by=teacher)

    assert await database.fetch("SELECT FROM ledger_child") == []


@pytest.fixture
def without_shielded(tmp_path):
    """The rules, under which the directory team does not handle shielded records."""
    folder = tmp_path / "rules"
    shutil.copytree(PACKAGED_POLICIES, folder)
    book = json.loads((folder / "data.json").read_text())
    book["roles"]["directory-team"]["handles"].remove("shielded")
    (folder / "data.json").write_text(json.dumps(book))
    return folder


async def test_a_child_who_may_not_be_known_of_is_in_no_count(
    database_url, database, tmp_path, without_shielded, team, out_of_school
):
    async with a_gateway(database_url, tmp_path, policies_dir=without_shielded, **SLOW) as client:
        queues = Queues(client, team)
        for days in range(20, 30):
            await out_of_school(days=days)
        before = await _all_pages(queues, team)

        for days in (10, 25, 40):
            await a_shield(database, await out_of_school(days=days))

        assert await _all_pages(queues, team) == before
        assert (await queues.page(first=1))["waiting"]["number"] == 10
