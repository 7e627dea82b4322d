"""Roads around shield, consent and conflict that somebody tried: each is closed, and says so here."""

import asyncio
from datetime import date, timedelta

import pytest

from connectors.postgres.links import link
from gateway.vocabulary import MatchGrade, MatchReason
from tests.support.builders import (
    NOW,
    TODAY,
    a_carer,
    a_child,
    a_conflict,
    a_consent,
    a_practitioner,
    a_safeguarding_contact,
    a_sensitive_involvement,
    a_setting,
    a_shield,
    an_agency,
    an_involvement,
    attends,
    cares_for,
)
from tests.support.gateway import a_gateway, a_persona
from tests.support.ids import carer_id, child_id
from tests.support.ledger import latest_entry

SEARCH = "query($c: ChildCriteria!) { searchChildren(criteria: $c) { candidates { child { familyName } } } }"
SUBJECT = {"purpose": "subject-access", "training_valid_until": None, "check_issued_on": None}


@pytest.fixture
async def gate(database_url, tmp_path):
    async with a_gateway(database_url, tmp_path, decision_timeout=10.0, request_timeout=20.0) as client:
        yield client


async def ask_about(gate, persona, child, fields, **changed):
    answer = await gate.ask(persona, f'{{ child(by: {{id: "{child_id(child)}"}}) {{ {fields} }} }}', **changed)
    assert answer.codes == []
    return answer.data["child"]


async def join(database, child, survivor):
    async with database.transaction() as connection:
        await link(
            connection,
            child,
            survivor,
            grade=MatchGrade.CERTAIN,
            reasons=[MatchReason.IDENTIFIER_SUPERSEDED],
            by="made-up-feed",
            at=NOW,
        )


@pytest.fixture
async def joined(database):
    """A record and the one that it was joined to, under another name."""
    old = await a_child(database, given_name="Ruby", family_name="Oldname", nhs_number="9434765919")
    new = await a_child(database, given_name="Ruby", family_name="Newname", nhs_number="9434765870")
    await an_involvement(database, old, service="SOCIAL_CARE")
    await a_carer(database, of=[old])
    await attends(database, old, await a_setting(database))
    await join(database, old, new)
    return old, new


async def test_the_new_name_of_a_shielded_child_is_not_found_by_the_old_one(gate, database, joined):
    nurse = await a_persona(database, "health-practitioner")
    await a_shield(database, joined[1])

    answer = await gate.ask(nurse, SEARCH, {"c": {"familyName": "Oldname", "dateOfBirth": "2015-03-04"}})

    assert answer.data["searchChildren"]["candidates"] == []


async def test_who_works_with_a_joined_record_works_with_the_child(gate, database, joined):
    nurse = await a_persona(database, "health-practitioner")

    child = await ask_about(gate, nurse, joined[1], "involvements { service } carers { name } settings { name }")

    assert [work["service"] for work in child["involvements"]] == ["SOCIAL_CARE"]
    assert len(child["carers"]) == len(child["settings"]) == 1


async def test_an_archived_twin_does_not_hide_the_live_one(gate, database):
    nurse = await a_persona(database, "health-practitioner")
    live = await a_child(database, family_name="Twin", nhs_number="9434765919")
    gone = await a_child(database, family_name="Twin", nhs_number="9434765870", standing="archived")
    await join(database, live, gone)

    answer = await gate.ask(nurse, SEARCH, {"c": {"familyName": "Twin", "dateOfBirth": "2015-03-04"}})

    assert len(answer.data["searchChildren"]["candidates"]) == 1


async def test_who_looked_before_two_records_were_joined_is_not_forgotten(gate, database):
    gp = await a_persona(database, "gp")
    old, new = await a_child(database), await a_child(database)
    await ask_about(gate, gp, old, "givenName")
    await join(database, old, new)
    me = await a_persona(database, "child", subject_child=new, **SUBJECT)

    answer = await gate.ask(
        me, f'{{ accessLog(child: "{child_id(new)}", first: 5) {{ edges {{ node {{ role }} }} }} }}'
    )

    assert [edge["node"]["role"] for edge in answer.data["accessLog"]["edges"]] == ["gp"]


@pytest.mark.parametrize(
    ("criteria", "reason"),
    [
        ({"familyName": "Khan"}, "criteria-too-few"),
        ({"givenName": "Ayesha", "dateOfBirth": "2015-06-01", "gender": "FEMALE"}, "criteria-too-few"),
        ({"familyName": "K*", "dateOfBirth": "2015-06-01"}, "wildcard-too-early"),
        ({"familyName": "O'*n", "dateOfBirth": "2015-06-01"}, "wildcard-too-early"),
    ],
)
async def test_the_rules_decide_what_a_search_needs(gate, database, tmp_path, criteria, reason):
    gp = await a_persona(database, "gp")

    answer = await gate.ask(gp, SEARCH, {"c": criteria})

    assert answer.codes == ["BAD_CRITERIA"]
    codes = (await latest_entry(database, tmp_path))["outcome"]["codes"]
    assert [code["reason"] for code in codes] == [reason]


async def test_a_late_wildcard_finds_a_child(gate, database):
    await a_child(database, family_name="Khanna", date_of_birth=date(2015, 6, 1))
    gp = await a_persona(database, "gp")

    answer = await gate.ask(gp, SEARCH, {"c": {"familyName": "Kha*", "dateOfBirth": "2015-06-01"}})

    assert [one["child"]["familyName"] for one in answer.data["searchChildren"]["candidates"]] == ["Khanna"]


async def test_a_conflict_binds_whoever_carries_the_question(gate, database):
    mediator = await a_persona(database, "directory-team", purpose="safeguarding-enquiry")
    gp = await a_persona(database, "gp", purpose="safeguarding-enquiry")
    child = await a_child(database)
    await an_involvement(database, child)
    await a_conflict(database, child, await a_practitioner(database, person=gp.person, agency=gp.agency))
    token = gate.token(mediator, mediated_for=gp.person)

    told = await ask_about(gate, mediator, child, "involvements { id }", authorization=f"Bearer {token}")

    assert told["involvements"] is None


async def test_who_asks_for_somebody_and_may_not_is_told_so_and_not_that_access_has_lapsed(gate, database):
    volunteer = await a_persona(database, "voluntary-practitioner")
    teacher = await a_persona(database, "education-practitioner")
    token = gate.token(volunteer, mediated_for=teacher.person)

    answer = await gate.ask(volunteer, "{ me { role } }", authorization=f"Bearer {token}")

    assert (answer.status, answer.data, answer.codes) == (403, None, ["MEDIATION_NOT_LISTED"])


async def test_a_mediators_own_involvement_opens_nothing_for_another(gate, database):
    clinic = await an_agency(database, sensitive=True)
    nurse = await a_persona(database, "health-practitioner", agency=clinic)
    teacher = await a_persona(database, "education-practitioner")
    post = await a_practitioner(database, person=nurse.person, agency=clinic)
    child = await a_child(database)
    work = await a_sensitive_involvement(database, child, service="SEXUAL_HEALTH", practitioner_id=post)
    await a_consent(database, child, work)
    token = gate.token(nurse, mediated_for=teacher.person)

    told = await ask_about(gate, nurse, child, "involvements { service }", authorization=f"Bearer {token}")

    assert told["involvements"] == [{"service": "UNSPECIFIED_SENSITIVE"}]


async def test_an_involvement_at_another_agency_opens_nothing_here(gate, database):
    clinic = await an_agency(database, sensitive=True, accredited_until=TODAY - timedelta(days=1))
    nurse = await a_persona(database, "health-practitioner")
    post = await a_practitioner(database, person=nurse.person, agency=clinic)
    child = await a_child(database)
    work = await a_sensitive_involvement(database, child, service="SEXUAL_HEALTH", practitioner_id=post)
    await a_consent(database, child, work)

    told = await ask_about(gate, nurse, child, "involvements { service }")

    assert told["involvements"] == [{"service": "UNSPECIFIED_SENSITIVE"}]


@pytest.mark.parametrize(
    "consent", [{"scope": "record-only"}, {"given_at": NOW + timedelta(days=1)}, {"withdrawn_at": NOW}]
)
async def test_a_consent_that_does_not_reach_so_far_shows_nothing(gate, database, consent):
    teacher = await a_persona(database, "education-practitioner")
    child = await a_child(database)
    await a_consent(database, child, await a_sensitive_involvement(database, child), **consent)

    told = await ask_about(gate, teacher, child, "involvements { id }")

    assert told["involvements"] == []


async def test_a_broker_can_be_reached_about_an_unspecified_service(gate, database):
    teacher = await a_persona(database, "education-practitioner")
    child = await a_child(database)
    await a_safeguarding_contact(database, telephone="0161 496 0100")
    await a_consent(database, child, await a_sensitive_involvement(database, child))

    told = await ask_about(gate, teacher, child, "involvements { service brokeredContact }")

    assert told["involvements"] == [{"service": "UNSPECIFIED_SENSITIVE", "brokeredContact": "0161 496 0100"}]


async def test_a_father_does_not_learn_that_somebody_enquired_about_him(gate, database):
    gp = await a_persona(database, "gp", purpose="safeguarding-enquiry")
    child = await a_child(database)
    carer = await a_carer(database, of=[child])
    father = await a_persona(database, "carer", subject_carer=carer, **SUBJECT)
    await ask_about(gate, gp, child, "givenName", **{"access-reason": "Suspect abuse by the father"})

    answer = await gate.ask(
        father, f'{{ accessLog(child: "{child_id(child)}", first: 5) {{ edges {{ node {{ reason }} }} }} }}'
    )

    assert answer.data["accessLog"]["edges"] == []


async def test_the_log_does_not_tell_a_carer_of_an_involvement_that_the_record_hides(gate, database):
    gp = await a_persona(database, "gp")
    child = await a_child(database)
    carer = await a_carer(database, of=[child])
    mother = await a_persona(database, "carer", subject_carer=carer, **SUBJECT)
    await a_consent(database, child, await a_sensitive_involvement(database, child))
    await ask_about(gate, gp, child, "givenName involvements { service }")

    answer = await gate.ask(
        mother, f'{{ accessLog(child: "{child_id(child)}", first: 5) {{ edges {{ node {{ fields }} }} }} }}'
    )

    (edge,) = answer.data["accessLog"]["edges"]
    assert edge["node"]["fields"] == ["Child.givenName", "Child.involvements"]


async def test_an_auditor_reads_who_looked_and_nothing_else_of_the_child(gate, database):
    gp = await a_persona(database, "gp")
    auditor = await a_persona(database, "auditor", purpose="review")
    child = await a_child(database)
    await a_shield(database, child)
    await ask_about(gate, gp, child, "givenName")

    answer = await gate.ask(
        auditor,
        f'{{ accessLog(child: "{child_id(child)}", first: 5) {{ edges {{ node {{ role }} }} }} '
        f'child(by: {{id: "{child_id(child)}"}}) {{ givenName address {{ postcode }} }} }}',
    )

    assert [edge["node"]["role"] for edge in answer.data["accessLog"]["edges"]] == ["gp"]
    assert answer.data["child"] == {"givenName": None, "address": None}


@pytest.mark.parametrize("standing", ["archived", "deceased", "adult"])
async def test_a_carer_is_held_no_longer_than_a_child_in_their_care(gate, database, standing):
    worker = await a_persona(database, "social-worker")
    carer = await a_carer(database, of=[await a_child(database, standing=standing)])

    answer = await gate.ask(worker, f'{{ node(id: "{carer_id(carer)}") {{ ... on Carer {{ name telephone }} }} }}')

    assert answer.data["node"] is None


async def test_an_authority_as_parent_is_no_list_of_the_children_in_care(gate, database):
    worker = await a_persona(database, "social-worker")
    authority, child = await a_carer(database), await a_child(database)
    await cares_for(database, authority, child, relationship="CORPORATE_PARENT")

    told = await ask_about(gate, worker, child, "carers { children { id } }")

    assert told["carers"] == [{"children": []}]


async def test_a_declared_conflict_takes_the_assessment_indicator_along(gate, database):
    gp = await a_persona(database, "gp")
    child = await a_child(database)
    await an_involvement(database, child, common_assessment_completed=True)
    await a_conflict(database, child, await a_practitioner(database, person=gp.person, agency=gp.agency))

    assert (await ask_about(gate, gp, child, "commonAssessmentCompleted"))["commonAssessmentCompleted"] is None


async def test_searches_at_the_same_moment_share_one_budget(database, database_url, tmp_path):
    nurse = await a_persona(database, "health-practitioner")
    criteria = {"c": {"familyName": "Nobody", "dateOfBirth": "2015-03-04"}}

    async with a_gateway(
        database_url, tmp_path, search_budget=3, decision_timeout=10.0, request_timeout=20.0
    ) as client:
        answers = await asyncio.gather(*(client.ask(nurse, SEARCH, criteria) for _ in range(12)))

    assert sum(answer.codes == [] for answer in answers) <= 3
    assert any(answer.codes == ["BUDGET_EXHAUSTED"] for answer in answers)


@pytest.mark.parametrize("swapped", [False, True])
async def test_one_fragment_in_two_places_is_told_each_place_its_own(gate, database, swapped):
    nurse = await a_persona(database, "health-practitioner")
    one, two = await a_child(database), await a_child(database)
    for child in (one, two):
        await a_carer(database, of=[child], telephone="07700 900123")
    plain, more = "...F", "...F carers { telephone }"
    first, second = (more, plain) if swapped else (plain, more)

    answer = await gate.ask(
        nurse,
        f'{{ a: child(by: {{id: "{child_id(one)}"}}) {{ {first} }} '
        f'b: child(by: {{id: "{child_id(two)}"}}) {{ {second} }} }} '
        "fragment F on Child { carers { name } }",
    )

    with_telephone = answer.data["a" if swapped else "b"]["carers"][0]
    without = answer.data["b" if swapped else "a"]["carers"][0]
    assert (set(without), set(with_telephone)) == ({"name"}, {"name", "telephone"})


async def test_the_schema_cannot_be_read_many_times_at_once(gate, database):
    nurse = await a_persona(database, "health-practitioner")

    answer = await gate.ask(nurse, "{ " + " ".join(f"a{n}: __schema {{ types {{ name }} }}" for n in range(3)) + " }")

    assert answer.codes == ["QUERY_TOO_COSTLY"]


async def test_a_reason_in_any_letters_is_kept_as_it_was_written(gate, database):
    nurse = await a_persona(database, "health-practitioner")
    reason = "Ó Briain rang; 電話"

    await gate.ask(nurse, "{ me { role } }", **{"access-reason": reason.encode()})

    entry = await latest_entry(database, gate.data_dir)
    assert entry["ask"]["reason"] == reason
