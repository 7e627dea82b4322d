"""What a review found is recorded, kept as history, and cleared only by a second, independent reviewer (L5)."""

from dataclasses import replace

import asyncpg
import pytest

from tests.changes.asking import a_key, ask_change
from tests.support.builders import an_agency, an_authority
from tests.support.gateway import a_persona

TOLD = """case { id person firstDay lastDay state
outcomes { outcome patterns reason recordedBy recordedAt independent clears } }"""
EXPLAINED = {"outcome": "EXPLAINED", "reason": "Covered for a colleague that week"}


@pytest.fixture
def record(client, supervisor, nurse):
    async def record(by=None, **changed):
        stated = {
            "person": nurse.person,
            "firstDay": "2026-11-01",
            "lastDay": "2026-11-21",
            "patterns": ["NO_RELATIONSHIP"],
            "outcome": "TO_BE_SPOKEN_TO",
            "reason": "Looked at twelve children of another team",
        } | changed
        return await ask_change(client, by or supervisor, "recordReviewOutcome", TOLD, **stated)

    return record


@pytest.fixture
async def auditor_elsewhere(database):
    elsewhere = await an_authority(database, "E08000003")
    auditor = await a_persona(
        database, "auditor", agency=await an_agency(database, authority=elsewhere), purpose="review"
    )
    return replace(auditor, authority=elsewhere)


def case_of(answer):
    return answer.payload["case"]


async def test_the_first_outcome_opens_a_case(record, nurse, supervisor):
    recorded = await record()

    assert recorded.refused == []
    assert case_of(recorded) | {"id": None} == {
        "id": None,
        "person": nurse.person,
        "firstDay": "2026-11-01",
        "lastDay": "2026-11-21",
        "state": "OPEN",
        "outcomes": [
            {
                "outcome": "TO_BE_SPOKEN_TO",
                "patterns": ["NO_RELATIONSHIP"],
                "reason": "Looked at twelve children of another team",
                "recordedBy": supervisor.person,
                "recordedAt": "2026-11-22T10:00:00+00:00",
                "independent": False,
                "clears": False,
            }
        ],
    }


async def test_one_reviewer_of_the_own_authority_clears_nothing(record):
    assert case_of(await record(**EXPLAINED))["state"] == "AWAITING_SECOND_REVIEWER"


async def test_the_same_reviewer_twice_clears_nothing(record):
    case = case_of(await record(**EXPLAINED))["id"]

    assert case_of(await record(case=case, **EXPLAINED))["state"] == "AWAITING_SECOND_REVIEWER"


async def test_two_reviewers_of_the_own_authority_clear_nothing(record, database):
    case = case_of(await record(**EXPLAINED))["id"]
    colleague = await a_persona(database, "supervisor", purpose="review")
    auditor_at_home = await a_persona(database, "auditor", purpose="review")

    for by in (colleague, auditor_at_home):
        assert case_of(await record(by=by, case=case, **EXPLAINED))["state"] == "AWAITING_SECOND_REVIEWER"


async def test_a_second_reviewer_from_elsewhere_clears_the_case(record, auditor_elsewhere):
    case = case_of(await record(**EXPLAINED))["id"]

    cleared = case_of(await record(by=auditor_elsewhere, case=case, **EXPLAINED))

    assert cleared["state"] == "CLEARED"
    assert [(one["independent"], one["clears"]) for one in cleared["outcomes"]] == [(False, False), (True, True)]


async def test_the_reviewer_from_elsewhere_may_be_the_first(record, auditor_elsewhere):
    case = case_of(await record(by=auditor_elsewhere, outcome="TO_BE_SPOKEN_TO"))["id"]
    alone = case_of(await record(case=case, **EXPLAINED))
    await record(by=auditor_elsewhere, case=case, **EXPLAINED)

    together = case_of(await record(case=case, **EXPLAINED))

    assert alone["state"] == "AWAITING_SECOND_REVIEWER", "who found it unexplained has cleared nothing"
    assert together["state"] == "CLEARED"


async def test_whoever_changed_their_mind_does_not_count_as_the_second_reviewer(record, auditor_elsewhere):
    case = case_of(await record(by=auditor_elsewhere, **EXPLAINED))["id"]
    await record(by=auditor_elsewhere, case=case, outcome="REFERRED")

    assert case_of(await record(case=case, **EXPLAINED))["state"] == "AWAITING_SECOND_REVIEWER"


async def test_what_was_recorded_last_counts_and_the_history_stays(record, auditor_elsewhere):
    case = case_of(await record(**EXPLAINED))["id"]
    await record(by=auditor_elsewhere, case=case, **EXPLAINED)

    reopened = case_of(await record(case=case, outcome="REFERRED", reason="New evidence"))

    assert reopened["state"] == "OPEN"
    assert [one["outcome"] for one in reopened["outcomes"]] == ["EXPLAINED", "EXPLAINED", "REFERRED"]


async def test_history_cannot_be_changed_in_the_database_either(record, database_url):
    await record()
    connection = await asyncpg.connect(database_url)

    try:
        for statement in ("UPDATE review_outcome SET reason = 'nothing'", "DELETE FROM review_outcome"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()


async def test_nobody_records_an_outcome_about_themselves(record, supervisor, database):
    assert (await record(person=supervisor.person, **EXPLAINED)).refused == ["SECOND_PERSON_NEEDED"]


async def test_nobody_adds_to_the_case_about_themselves(record, supervisor, database):
    colleague = await a_persona(database, "supervisor", purpose="review")
    case = case_of(await record(by=colleague, person=supervisor.person))["id"]

    assert (await record(person=supervisor.person, case=case, **EXPLAINED)).refused == ["NOT_FOUND"]


async def test_a_supervisor_of_another_authority_neither_records_nor_learns_of_a_case(record, database):
    elsewhere = await an_authority(database, "E08000003")
    stranger = await a_persona(
        database, "supervisor", agency=await an_agency(database, authority=elsewhere), purpose="review"
    )
    stranger = replace(stranger, authority=elsewhere)
    case = case_of(await record())["id"]

    assert (await record(by=stranger)).refused == ["HELD_ELSEWHERE"]
    assert (await record(by=stranger, case=case)).refused == ["NOT_FOUND"]


@pytest.mark.parametrize("role", ["health-practitioner", "directory-team"])
async def test_no_other_role_records_an_outcome(record, database, role):
    purpose = "administration" if role == "directory-team" else "direct-support"
    curious = await a_persona(database, role, purpose=purpose)

    assert (await record(by=curious)).refused == ["NOT_FOR_ROLE"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"reason": " "}, "REASON_NEEDED"),
        ({"patterns": []}, "PATTERN_NEEDED"),
        ({"lastDay": "2026-10-01"}, "BAD_PERIOD"),
        ({"lastDay": "2026-12-31"}, "BAD_PERIOD"),
        ({"person": "nobody"}, "NOT_FOUND"),
        ({"case": "no-case"}, "NOT_FOUND"),
        ({"case": "00000000-0000-4000-8000-000000000000"}, "NOT_FOUND"),
    ],
)
async def test_what_cannot_be_recorded_is_refused(record, database, changed, code):
    assert (await record(**changed)).refused == [code]
    assert await database.fetch("SELECT FROM review_case") == []


async def test_a_case_of_another_person_is_not_added_to(record, database):
    other = await a_persona(database, "health-practitioner")
    case = case_of(await record(person=other.person))["id"]

    assert (await record(case=case)).refused == ["NOT_FOUND"]


async def test_the_same_key_records_once(record, database):
    key = a_key()

    first, second = await record(key=key), await record(key=key)

    assert case_of(first) == case_of(second)
    assert len(await database.fetch("SELECT FROM review_outcome")) == 1


async def test_what_was_decided_on_clearing_stands_in_the_ledger(record, entries, auditor_elsewhere):
    case = case_of(await record(**EXPLAINED))["id"]
    waiting = (await entries())[-1]
    await record(by=auditor_elsewhere, case=case, **EXPLAINED)
    cleared = (await entries())[-1]

    def clearing(entry):
        (found,) = [record for record in entry["records"] if "closeAccessReview" in str(record)]
        return found.get("withheld"), found.get("disclosed")

    assert clearing(waiting)[0]["closeAccessReview"]["reasons"] == ["independent-reviewer-missing"]
    assert clearing(cleared)[1] == ["closeAccessReview"]
