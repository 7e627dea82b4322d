"""Involvements are recorded, ended, led and marked by those who are involved (D4, D8)."""

import pytest

from tests.changes.asking import ask_change
from tests.support.builders import a_carer, a_child, a_practitioner, an_agency, an_involvement
from tests.support.gateway import a_persona
from tests.support.ids import carer_id, child_id, involvement_id, practitioner_id

WORK = "involvement { id service startedOn endedOn active isLeadProfessional commonAssessmentCompleted practitioner { name } }"  # noqa: E501 - one document


@pytest.fixture
async def child(database):
    return await a_child(database)


@pytest.fixture
async def post(database, nurse):
    """The nurse's own post."""
    return await a_practitioner(database, agency=nurse.agency, person=nurse.person, name="Nia Nurse")


@pytest.fixture
def change(client, nurse):
    async def change(action, by=None, told=WORK, **stated):
        return await ask_change(client, by or nurse, action, told, **stated)

    return change


async def test_a_practitioner_records_their_own_involvement(client, nurse, change, child, post, database):
    answer = await change("recordInvolvement", child=child_id(child), service="SCHOOL_NURSING", startedOn="2026-11-20")

    told = answer.payload["involvement"]
    assert answer.refused == []
    assert told | {"id": None} == {
        "id": None,
        "service": "SCHOOL_NURSING",
        "startedOn": "2026-11-20",
        "endedOn": None,
        "active": True,
        "isLeadProfessional": False,
        "commonAssessmentCompleted": False,
        "practitioner": {"name": "Nia Nurse"},
    }
    (row,) = await database.fetch("SELECT * FROM involvement")
    assert (row["child_id"], row["practitioner_id"], row["source"]) == (child, post, "directory-gateway")
    assert told["id"] == client.as_known(nurse, involvement_id(row["id"]))


async def test_a_colleague_at_the_same_agency_is_named_and_one_elsewhere_is_not_there(change, child, nurse, database):
    colleague = await a_practitioner(database, agency=nurse.agency)
    stranger = await a_practitioner(database)

    answers = [
        await change(
            "recordInvolvement",
            child=child_id(child),
            service="SCHOOL_NURSING",
            practitioner=practitioner_id(practitioner),
        )
        for practitioner in (colleague, stranger)
    ]

    assert [answer.refused for answer in answers] == [[], ["NOT_FOUND"]]


async def test_a_sensitive_service_is_recorded_on_consent_or_harm_only(change, child, post, database):
    stated = {"child": child_id(child), "service": "MENTAL_HEALTH"}

    without = await change("recordInvolvement", **stated)
    with_consent = await change("recordInvolvement", **stated, consent={"basis": "CHILD_CONSENT"})
    on_harm = await change("recordInvolvement", **stated, consent={"basis": "SIGNIFICANT_HARM"})

    assert [answer.refused for answer in (without, with_consent, on_harm)] == [["CONSENT_NEEDED"], [], []]
    assert with_consent.payload["involvement"]["service"] == "MENTAL_HEALTH"
    rows = await database.fetch("SELECT basis, version FROM involvement_consent ORDER BY basis")
    assert [tuple(row) for row in rows] == [("child-consent", 1), ("significant-harm", 1)]


async def test_a_service_of_a_sensitive_agency_is_sensitive_whatever_it_is_called(change, child, client, database):
    agency = await an_agency(database, sensitive=True)
    worker = await a_persona(database, "health-practitioner", agency=agency)
    await a_practitioner(database, agency=agency, person=worker.person)

    answer = await change("recordInvolvement", by=worker, child=child_id(child), service="YOUTH_SUPPORT")

    assert answer.refused == ["CONSENT_NEEDED"]


async def test_an_adult_service_is_recorded_with_a_carer_of_the_child(change, child, post, database):
    carer, stranger = await a_carer(database, of=[child]), await a_carer(database)

    answers = [
        await change(
            "recordInvolvement",
            child=child_id(child),
            service="DISABILITY",
            carer=carer_id(one),
            consent={"basis": "CARER_CONSENT"},
        )
        for one in (carer, stranger)
    ]

    assert [answer.refused for answer in answers] == [[], ["NOT_FOUND"]]
    (row,) = await database.fetch("SELECT carer_id, sensitive FROM involvement")
    assert tuple(row) == (carer, True)


@pytest.mark.parametrize(
    ("stated", "code", "field"),
    [
        ({"service": "UNSPECIFIED_SENSITIVE"}, "BAD_SERVICE", "service"),
        ({"startedOn": "2026-11-23"}, "BAD_DATE", "startedOn"),
        ({"consent": {"basis": "CHILD_CONSENT"}}, "NO_CONSENT_NEEDED", "consent"),
        ({"practitioner": "prc-nobody"}, "NOT_FOUND", "practitioner"),
        ({"child": "chd-nobody"}, "NOT_FOUND", "child"),
    ],
)
async def test_what_cannot_be_recorded_is_refused_with_its_field(change, child, post, database, stated, code, field):
    plain = {"child": child_id(child), "service": "SCHOOL_NURSING"}

    refused = await change("recordInvolvement", **plain | stated)

    assert [(error["code"], error["field"]) for error in refused.payload["errors"]] == [(code, field)]
    assert await database.fetch("SELECT FROM involvement") == []


async def test_who_has_no_post_names_the_practitioner(change, child):
    refused = await change("recordInvolvement", child=child_id(child), service="SCHOOL_NURSING")

    assert refused.refused == ["PRACTITIONER_NEEDED"]


async def test_an_involvement_ends_today_and_no_longer_counts_as_one(change, child, post, database):
    work = await an_involvement(database, child, practitioner_id=post)

    ended = await change("endInvolvement", involvement=involvement_id(work))
    again = await change("endInvolvement", involvement=involvement_id(work))

    assert (ended.payload["involvement"]["endedOn"], ended.payload["involvement"]["active"]) == ("2026-11-22", False)
    assert again.refused == ["ALREADY_ENDED"]


@pytest.mark.parametrize("day", ["2025-08-31", "2026-11-23"])
async def test_an_involvement_ends_between_its_first_day_and_today(change, child, post, database, day):
    work = await an_involvement(database, child, practitioner_id=post)

    assert (await change("endInvolvement", involvement=involvement_id(work), endedOn=day)).refused == ["BAD_DATE"]


@pytest.mark.parametrize("action", ["endInvolvement", "declareLeadProfessional", "recordCommonAssessment"])
async def test_a_colleagues_involvement_is_not_ones_own_to_change(change, child, post, database, action):
    await an_involvement(database, child, practitioner_id=post)
    work = await an_involvement(database, child)

    assert (await change(action, involvement=involvement_id(work))).refused == ["NOT_INVOLVED"]


async def test_the_directory_team_ends_anybodys_involvement(change, child, database, team):
    work = await an_involvement(database, child)

    assert (await change("endInvolvement", by=team, involvement=involvement_id(work))).refused == []


async def test_one_practitioner_leads_at_a_time(change, child, post, database):
    before = await an_involvement(database, child, is_lead_professional=True)
    work = await an_involvement(database, child, practitioner_id=post)

    answer = await change("declareLeadProfessional", involvement=involvement_id(work))

    assert answer.payload["involvement"]["isLeadProfessional"] is True
    rows = await database.fetch("SELECT id FROM involvement WHERE is_lead_professional")
    assert [row["id"] for row in rows] == [work]
    assert before != work


async def test_one_practitioner_leads_over_all_records_of_a_child(change, child, post, database):
    twin = await a_child(database, identity_id=child)
    await an_involvement(database, twin, is_lead_professional=True)
    work = await an_involvement(database, child, practitioner_id=post)

    await change("declareLeadProfessional", involvement=involvement_id(work))

    rows = await database.fetch("SELECT id FROM involvement WHERE is_lead_professional")
    assert [row["id"] for row in rows] == [work]


async def test_a_completed_assessment_is_marked_and_nothing_of_it_is_kept(change, child, post, database):
    work = await an_involvement(database, child, practitioner_id=post)

    answer = await change("recordCommonAssessment", involvement=involvement_id(work))

    assert answer.payload["involvement"]["commonAssessmentCompleted"] is True
