"""The demonstration's stories are true today, tomorrow and a year from now, and what was recorded since stays."""

from datetime import date, timedelta

import asyncpg
import pytest

from connectors.synthetic import demo_cast as cast
from connectors.synthetic.demo_world import CHILDREN, load_demo_world
from connectors.synthetic.rows import COLUMNS
from gateway.identifiers import nhs_number_fault, upn_fault
from tests.synthetic.worlds import digests

TODAY = date(2026, 11, 22)
LATER = [TODAY + timedelta(days=days) for days in (0, 1, 40, 200, 366)]


@pytest.fixture
async def connection(database_url):
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close(timeout=60)


async def counts(connection):
    return {table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in COLUMNS}  # noqa: S608 - the project's own names


async def test_loading_twice_on_one_day_changes_nothing(database_url, connection):
    await load_demo_world(database_url, today=TODAY)
    before = await digests(connection)

    await load_demo_world(database_url, today=TODAY)

    assert await digests(connection) == before


async def test_a_year_of_refreshing_adds_no_child_and_no_service(database_url, connection):
    await load_demo_world(database_url, today=TODAY)
    before = await counts(connection)

    for day in LATER:
        await load_demo_world(database_url, today=day)

    after = await counts(connection)
    # A school begins and ends with the school year; everything else only changes its dates.
    assert {table for table in before if before[table] != after[table]} <= {"child_setting"}
    assert before["child"] == CHILDREN + 7


@pytest.mark.parametrize("day", LATER)
async def test_every_story_finds_its_child_by_name_and_date_of_birth(database_url, connection, day):
    await load_demo_world(database_url, today=TODAY)
    await load_demo_world(database_url, today=day)

    for story in cast.STORIES:
        criteria = story.criteria(day)
        found = await connection.fetch(
            "SELECT id FROM child WHERE given_name = $1 AND family_name = $2 AND date_of_birth = $3",
            criteria.given_name,
            criteria.family_name,
            criteria.date_of_birth,
        )
        assert [row["id"] for row in found] == [story.child]


async def test_the_girl_in_the_emergency_department_has_parents_nurse_and_social_worker(database_url, connection):
    await load_demo_world(database_url, today=TODAY)

    carers = await connection.fetch("SELECT relationship FROM child_carer WHERE child_id = $1", cast.AYESHA)
    services = await connection.fetch(
        "SELECT service, person FROM involvement JOIN practitioner ON practitioner.id = practitioner_id "
        "WHERE child_id = $1 AND ended_on IS NULL",
        cast.AYESHA,
    )
    same = await connection.fetchval(
        "SELECT count(*) FROM child AS one JOIN child AS other USING (family_name, date_of_birth) WHERE one.id = $1",
        cast.AYESHA,
    )

    assert {row["relationship"] for row in carers} == {"MOTHER", "FATHER"}
    assert {tuple(row) for row in services} == {("SCHOOL_NURSING", None), ("SOCIAL_CARE", "social.mbeki")}
    assert same == 2


async def test_the_school_leaver_has_no_current_setting_but_his_practice(database_url, connection):
    await load_demo_world(database_url, today=TODAY)

    kinds = await connection.fetch(
        "SELECT kind FROM child_setting JOIN setting ON setting.id = setting_id "
        "WHERE child_id = $1 AND ended_on IS NULL",
        cast.CALLUM,
    )

    assert [row["kind"] for row in kinds] == ["GP_PRACTICE"]


async def test_the_shielded_girl_is_linked_to_her_unshielded_brother_by_their_mother(database_url, connection):
    await load_demo_world(database_url, today=TODAY)

    shielded = await connection.fetch(
        "SELECT child_id FROM shield WHERE lifted_at IS NULL AND decided_at IS NOT NULL AND child_id = ANY($1)",
        [cast.GRACE, cast.JAMIE],
    )
    shared = await connection.fetch(
        "SELECT carer_id FROM child_carer WHERE child_id = ANY($1) GROUP BY carer_id HAVING count(*) = 2",
        [cast.GRACE, cast.JAMIE],
    )
    former = await connection.fetchval("SELECT family_name FROM child_former_name WHERE child_id = $1", cast.GRACE)

    assert [row["child_id"] for row in shielded] == [cast.GRACE]
    assert [row["carer_id"] for row in shared] == [cast.HELEN]
    assert former == "Tennant"


async def test_one_of_three_sensitive_services_has_its_consent_withdrawn(database_url, connection):
    await load_demo_world(database_url, today=TODAY)

    rows = await connection.fetch(
        "SELECT service, withdrawn_at IS NOT NULL AS withdrawn FROM involvement JOIN involvement_consent AS consent "
        "ON consent.involvement_id = involvement.id WHERE involvement.child_id = $1 AND sensitive",
        cast.MEGAN,
    )

    assert {tuple(row) for row in rows} == {
        ("MENTAL_HEALTH", False),
        ("SEXUAL_HEALTH", False),
        ("SUBSTANCE_MISUSE", True),
    }


async def test_a_boy_has_two_practices_at_once(database_url, connection):
    await load_demo_world(database_url, today=TODAY)

    assert (
        await connection.fetchval(
            "SELECT count(*) FROM child_setting WHERE child_id = $1 AND ended_on IS NULL", cast.OLIVER
        )
        == 2
    )


@pytest.mark.parametrize("day", LATER[:3])
async def test_every_persona_is_registered_and_only_one_has_lapsed_since_yesterday(database_url, connection, day):
    await load_demo_world(database_url, today=TODAY)
    await load_demo_world(database_url, today=day)

    rows = {
        (row["person"], row["role"]): row
        for row in await connection.fetch("SELECT * FROM registration WHERE person NOT LIKE 'p-%'")
    }
    lapsed = {
        person: row["training_valid_until"]
        for (person, role), row in rows.items()
        if role != "carer" and row["training_valid_until"] < day
    }

    assert rows.keys() == {(persona.person, persona.role) for persona in cast.PERSONAS}
    assert lapsed == {"nurse.hartley": day - timedelta(days=1)}
    assert rows["carer.rahmani", "carer"]["subject_carer"] == cast.NASREEN


async def test_what_was_recorded_since_stays(database_url, connection):
    await load_demo_world(database_url, today=TODAY)
    await connection.execute(
        "INSERT INTO conflict VALUES ($1, $2, now(), NULL)", cast.AYESHA, cast.AYESHAS_SCHOOL_NURSE
    )
    await connection.execute(
        "INSERT INTO shield VALUES (gen_random_uuid(), $1, $1, 'carer', now(), NULL, $2, NULL)", cast.AYESHA, TODAY
    )
    await connection.execute(
        "INSERT INTO ledger_entry VALUES (0, '{}', decode(repeat('00', 32), 'hex'), now(), 'r', NULL, NULL, NULL, "
        "NULL, NULL, 'answered', 0)"
    )
    await connection.execute("INSERT INTO ledger_child VALUES (decode(repeat('00', 16), 'hex'), 0, '{}', '{}')")

    await load_demo_world(database_url, today=TODAY + timedelta(days=3))

    assert await connection.fetchval("SELECT count(*) FROM ledger_child") == 1
    for table in ("conflict", "shield"):
        assert await connection.fetchval(f"SELECT count(*) FROM {table} WHERE child_id = $1", cast.AYESHA) == 1  # noqa: S608 - named above


async def test_the_demonstration_and_a_generated_authority_stand_side_by_side(database_url, connection):
    from connectors.synthetic.claim import Plan
    from connectors.synthetic.generate import generate

    await load_demo_world(database_url, today=TODAY)
    await generate(database_url, Plan(authority="E08000009", children=500, seed=7, as_of=TODAY), processes=1)
    await load_demo_world(database_url, today=TODAY)

    assert await connection.fetchval("SELECT count(*) FROM child") == 500 + CHILDREN + 7


async def test_the_neighbours_are_named_with_whom_to_ask(database_url, connection):
    await load_demo_world(database_url, today=TODAY)

    rows = await connection.fetch(
        "SELECT code, legacy_code FROM authority JOIN safeguarding_contact ON authority = code "
        "WHERE role = 'FRONT_DOOR' ORDER BY code"
    )

    assert [tuple(row) for row in rows] == [
        ("E08000003", "352"),
        ("E08000006", "355"),
        ("E08000007", "356"),
        ("E08000009", "358"),
    ]


async def test_no_number_of_the_demonstration_is_one_that_the_checks_refuse(database_url, connection):
    await load_demo_world(database_url, today=TODAY)

    rows = await connection.fetch("SELECT nhs_number, upn FROM child")

    assert {nhs_number_fault(row["nhs_number"]) for row in rows if row["nhs_number"]} == {None}
    assert {upn_fault(row["upn"]) for row in rows if row["upn"]} == {None}
