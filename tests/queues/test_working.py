"""What is done about a child in a queue: recorded under a key, kept, and never triggering anything (domain rule M1)."""

from datetime import timedelta

import pytest

from connectors.postgres.database import Database
from gateway.errors import SourceMalformed
from tests.changes.asking import a_key
from tests.support.builders import NOW, TODAY, a_child, a_conflict, a_practitioner, a_setting, a_shield, attends
from tests.support.gateway import a_persona
from tests.support.ids import practitioner_id

IN_A_MONTH = (TODAY + timedelta(days=30)).isoformat()
AT_HOME = {"outcome": "EDUCATED_AT_HOME", "action": "NOTHING_MORE", "reopensOn": IN_A_MONTH}


@pytest.fixture
async def child(out_of_school):
    return await out_of_school(given_name="Ada")


async def test_an_outcome_names_owner_action_and_who_worked_when(work, queues, child, team):
    recorded = await work(child, action="VISIT_HOME", outcome="NOBODY_REACHED")

    (entry,) = await queues.entries()
    assert recorded.refused == []
    assert recorded.payload["entry"] == entry
    assert entry["owner"]["name"] == "Sara Lindqvist"
    assert (entry["state"], entry["action"], entry["outcome"]) == ("OPEN", "VISIT_HOME", "NOBODY_REACHED")
    assert (entry["workedBy"], entry["workedAt"]) == (team.person, NOW.isoformat())


async def test_the_history_keeps_all_that_was_done_the_latest_first(work, queues, child, team):
    await work(child)
    await work(child, action="OFFER_PLACE")

    (entry,) = await queues.entries()

    assert [(one["action"], one["recordedBy"]) for one in entry["history"]] == [
        ("OFFER_PLACE", team.person), ("ASK_CARER", team.person)
    ]  # fmt: skip


async def test_an_outcome_closes_the_entry_until_the_day_it_states(work, queues, child, clock):
    recorded = await work(child, **AT_HOME)

    assert recorded.payload["entry"]["state"] == "CLOSED"
    assert (await queues.names(), await queues.names(state="CLOSED")) == ([], ["Ada"])
    clock.pass_(days=29)
    assert await queues.names() == []
    clock.pass_(days=1)
    (entry,) = await queues.entries()
    assert (entry["state"], entry["outcome"], entry["reopensOn"]) == ("OPEN", "EDUCATED_AT_HOME", IN_A_MONTH)


async def test_who_found_a_school_does_not_come_back(work, queues, child, clock, database):
    await work(child, outcome="REGISTERED", reopensOn=IN_A_MONTH)
    await attends(database, child, await a_setting(database), started_on=TODAY)

    clock.pass_(days=60)

    assert await queues.names() == []


async def test_a_school_that_ends_after_the_outcome_opens_the_entry_again(work, queues, child, clock, database):
    await work(child, outcome="REGISTERED", reopensOn=(TODAY + timedelta(days=300)).isoformat())
    ended = TODAY + timedelta(days=20)
    await attends(database, child, await a_setting(database), started_on=TODAY, ended_on=ended)

    clock.pass_(days=25)

    (entry,) = await queues.entries()
    assert (entry["state"], entry["since"], entry["ageDays"]) == ("OPEN", ended.isoformat(), 5)


async def test_closing_one_queue_closes_no_other(work, queues, database):
    child = await a_child(database, given_name="Ada")

    await work(child, **AT_HOME)

    assert (await queues.names(), await queues.names("withoutGp")) == ([], ["Ada"])


@pytest.mark.parametrize(
    ("stated", "refused"),
    [
        ({"outcome": "EDUCATED_AT_HOME"}, "BAD_DATE"),
        (AT_HOME | {"reopensOn": TODAY.isoformat()}, "BAD_DATE"),
        (AT_HOME | {"reopensOn": (TODAY + timedelta(days=367)).isoformat()}, "BAD_DATE"),
        ({"outcome": "UNDER_WAY", "reopensOn": IN_A_MONTH}, "BAD_DATE"),
        ({"outcome": "TREATED_ELSEWHERE", "reopensOn": IN_A_MONTH}, "BAD_OUTCOME"),
        ({"owner": "prc-00000000000000000000000000000000"}, "NOT_FOUND"),
        ({"child": "chd-00000000000000000000000000000000"}, "NOT_FOUND"),
        ({"queue": "WITHOUT_GP"}, "NOT_FOUND"),
    ],
)
async def test_what_does_not_fit_is_refused_and_nothing_is_kept(work, child, database, stated, refused):
    answer = await work(child, **stated)

    assert answer.refused == [refused]
    assert await database.fetch("SELECT FROM queue_outcome") == []


async def test_an_outcome_sent_again_is_recorded_once(work, child, database):
    key = a_key()

    answers = [await work(child, key=key) for _ in range(2)]

    assert answers[0].payload == answers[1].payload
    assert (await work(child, key=key, action="VISIT_HOME")).refused == ["KEY_REUSED"]
    assert len(await database.fetch("SELECT FROM queue_outcome")) == 1


async def test_an_owner_works_their_entry_and_hands_it_on(work, queues, child, teacher, database):
    await work(child)
    another = await a_practitioner(database, name="Tom Brennan")

    handed_on = await work(child, by=teacher, owner=practitioner_id(another))

    assert (handed_on.refused, handed_on.payload["entry"]) == ([], None)
    assert await queues.names(by=teacher) == []
    (entry,) = await queues.entries()
    assert (entry["owner"]["name"], entry["workedBy"]) == ("Tom Brennan", teacher.person)


async def test_who_does_not_own_an_entry_cannot_tell_it_from_none(work, child, teacher, database):
    taught = await a_child(database)
    await attends(database, taught, await a_setting(database))

    answers = [await work(one, by=teacher) for one in (child, taught)]

    assert answers[0].content == answers[1].content
    assert answers[0].refused == ["NOT_FOUND"]


async def test_a_purpose_that_the_queue_does_not_serve_works_nothing(work, child, client, teacher, database):
    await work(child)
    helping = await a_persona(
        database, "education-practitioner", person=f"{teacher.person}-too", agency=teacher.agency, purpose="early-help"
    )

    assert (await work(child, by=helping)).refused == ["NOT_FOUND"]


async def test_the_owner_of_a_shielded_childs_entry_works_it_no_more(work, child, teacher, database):
    await work(child)
    await a_shield(database, child)

    assert (await work(child, by=teacher)).refused == ["NOT_FOUND"]
    assert (await work(child)).refused == []


async def test_who_has_a_conflict_sees_that_a_child_waits_and_works_nothing(
    work, queues, child, teacher, teachers_post, database
):
    await work(child)
    await a_conflict(database, child, teachers_post)

    (entry,) = await queues.entries(by=teacher)

    assert (entry["child"]["givenName"], entry["owner"], entry["history"]) == ("Ada", None, None)
    assert {one["reason"] for one in entry["withheld"]} == {"CONFLICT"}
    assert (await work(child, by=teacher)).refused == ["CONFLICT"]


async def test_what_was_done_is_only_added_to_and_goes_with_the_child(work, database: Database):
    child = await a_child(database)
    await work(child)

    for statement in ("UPDATE queue_outcome SET recorded_by = 'somebody'", "DELETE FROM queue_outcome"):
        with pytest.raises(SourceMalformed):
            await database.execute(statement)
    await database.execute("DELETE FROM child WHERE id = $1", child)

    assert await database.fetch("SELECT FROM queue_outcome") == []


async def test_an_outcome_changes_nothing_but_its_history(work, child, database):
    before = await _all_rows(database)

    await work(child, **AT_HOME)

    after = await _all_rows(database)
    assert {table for table in before if before[table] != after[table]} <= {"queue_outcome", "change"}


async def _all_rows(database):
    """How many rows each table has that is not the ledger's, and what they are."""
    tables = await database.fetch(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        " AND table_name NOT LIKE 'ledger%' AND table_name <> 'spending'"
    )
    return {
        name: [str(row) for row in await database.fetch(f"SELECT * FROM {name} ORDER BY 1")]  # noqa: S608
        for (name,) in tables
    }
