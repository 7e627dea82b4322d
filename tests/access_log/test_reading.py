"""Who looked, through HTTP: what child, carer, auditor and the data protection officer each see (L4, A5, V2)."""

from uuid import uuid4

import pytest

from gateway.known_ids import IdScope
from gateway.ledger.references import EntryReferences
from tests.access_log.looking import LOG
from tests.support.builders import a_shield, an_agency
from tests.support.gateway import a_persona
from tests.support.ids import child_id
from tests.support.ledger import latest_entry

REPORT = "/access-log/report"


@pytest.fixture
async def officer(database):
    return await a_persona(database, "auditor", purpose="subject-access")


async def test_a_mother_sees_who_looked_in_plain_words_and_not_what_they_wrote(looking):
    await looking.look(
        looking.nurse, "givenName address { postcode } settings { name }", **{"access-reason": "His temper"}
    )

    (entry,) = await looking.log(looking.mother)

    assert (entry["role"], entry["purpose"]) == ("health-practitioner", "direct-support")
    assert entry["fieldsInWords"] == ["your child's name", "your child's address", "your child's school and GP"]
    assert (entry["reason"], entry["number"]) == (None, None)
    assert {"field": "reason", "reason": "WORDS_OF_OTHERS"} in entry["withheld"]


async def test_a_child_reads_the_words_of_ordinary_support_and_no_others(looking):
    await looking.look(looking.nurse, **{"access-reason": "Seeing you today"})
    await looking.look(looking.worker, **{"access-reason": "Suspect the father"})

    entries = {entry["role"]: entry["reason"] for entry in await looking.log(looking.ayesha)}

    assert entries == {"health-practitioner": "Seeing you today", "social-worker": None}


async def test_an_enquiry_is_hidden_from_the_mother_and_shown_to_child_and_auditor(looking):
    await looking.look(looking.worker)

    assert await looking.looks(looking.mother) == []
    assert await looking.looks(looking.ayesha) == ["social-worker"]
    assert (await looking.entry("social-worker"))["reason"] == "Seeing the child today"


async def test_a_sensitive_service_is_never_named(looking, database):
    clinic = await an_agency(database, name="Rose Clinic", sensitive=True)
    nurse = await a_persona(database, "health-practitioner", agency=clinic)
    await looking.look(nurse, **{"access-reason": "Clinic on Tuesday"})

    for reader in (looking.ayesha, looking.mother):
        page = await looking.page(reader)
        (entry,) = [
            one["node"] for one in page.data["accessLog"]["edges"] if one["node"]["purpose"] == "direct-support"
        ]
        assert (entry["person"], entry["role"], entry["agency"], entry["reason"]) == (None, None, None, None)
        assert not any(word in page.content for word in (b"Rose", b"Clinic", nurse.person.encode()))


async def test_an_agency_that_is_not_known_here_is_not_named_either(looking, database):
    await looking.look(looking.nurse)
    await database.execute("DELETE FROM registration WHERE person = $1", looking.nurse.person)
    await database.execute("DELETE FROM agency WHERE id = $1", looking.nurse.agency)

    (entry,) = await looking.log(looking.ayesha)

    assert (entry["agency"], entry["role"]) == (None, None)


async def test_erased_keys_show_as_no_longer_known(looking, database):
    both = '{ a: child(by: {id: "%s"}) { givenName } b: child(by: {id: "%s"}) { givenName } }'
    answer = await looking.client.ask(looking.nurse, both % (child_id(looking.child), child_id(looking.brother)))
    assert answer.codes == []
    await database.execute(
        "UPDATE ledger_key SET wrapped = NULL, child_id = NULL, destroyed_at = now() WHERE child_id = $1",
        looking.brother,
    )

    (entry,) = await looking.log(looking.ayesha)

    assert entry["erased"] is True
    assert (entry["person"], entry["reason"], entry["role"]) == (None, None, "health-practitioner")
    assert entry["fieldsInWords"] == ["your name"]


async def test_a_destroyed_key_of_the_child_leaves_an_empty_log_and_no_failure(looking, database):
    await looking.look(looking.nurse)
    await database.execute(
        "UPDATE ledger_key SET wrapped = NULL, child_id = NULL, destroyed_at = now() WHERE child_id = $1", looking.child
    )

    assert await looking.log(looking.ayesha) == []


async def test_ids_and_cursors_do_not_count_what_others_ask(looking):
    await looking.look(looking.nurse)
    for _ in range(3):
        await looking.look(looking.nurse, child=looking.brother)
    await looking.look(looking.nurse)

    first = await looking.page(looking.ayesha)
    again = await looking.page(looking.ayesha)

    ids = [edge["node"]["id"] for edge in first.data["accessLog"]["edges"]]
    assert all(not one.isdecimal() and len(one) == 32 for one in ids)
    assert [edge["cursor"] for edge in first.data["accessLog"]["edges"]] == ids
    assert [edge["node"]["id"] for edge in again.data["accessLog"]["edges"]][-2:] == ids  # the same each time
    numbers = [int(one["number"]) for one in await looking.log(looking.auditor) if one["role"] == "health-practitioner"]
    assert numbers == [4, 0]  # for the auditor, whose business they are


def test_a_reference_leads_back_for_its_child_and_agency_alone():
    references, child, other = EntryReferences(b"k" * 32), uuid4(), uuid4()
    scope, stranger = IdScope("E08000009", "one"), IdScope("E08000009", "another")
    reference = references.reference(child, 41, scope=scope)

    assert references.number(child, reference, scope=scope) == 41
    assert references.number(child, reference, scope=stranger) is None
    assert references.number(other, reference, scope=scope) is None
    assert EntryReferences(b"j" * 32).number(child, reference, scope=scope) is None
    altered = reference[:-1] + ("A" if reference[-1] != "A" else "B")
    assert references.number(child, altered, scope=scope) is None
    assert references.reference(child, 42, scope=scope)[-11:] != reference[-11:]


@pytest.mark.parametrize("cursor", ["0", "41", "x" * 32, "é" * 32])
async def test_a_cursor_of_another_list_is_refused_whether_or_not_there_is_such_a_child(looking, cursor):
    known = await looking.page(looking.ayesha, after=cursor)
    unknown = await looking.page(looking.ayesha, after=cursor, child=looking.nurse.agency)

    assert known.codes == unknown.codes == ["BAD_CRITERIA"]
    assert known.content == unknown.content


async def test_the_data_protection_officer_sees_what_the_child_may_see(looking, officer):
    await looking.look(looking.nurse)
    await looking.look(looking.worker)
    await looking.withhold()

    prepared = await looking.log(officer, reader="CHILD")

    assert [one["role"] for one in prepared if one["purpose"] == "direct-support"] == ["health-practitioner"]
    assert "social-worker" not in {one["role"] for one in prepared}
    assert prepared[-1]["fieldsInWords"] == ["your name"]


async def test_prepared_for_a_carer_there_is_no_enquiry_and_no_word(looking, officer):
    await looking.look(looking.nurse)
    await looking.look(looking.worker)

    prepared = await looking.log(officer, reader="CARER")

    assert [one["role"] for one in prepared] == ["health-practitioner"]
    assert prepared[0]["reason"] is None


async def test_a_carer_sees_no_more_by_reading_as_the_child(looking):
    await looking.look(looking.worker)

    assert await looking.log(looking.mother, reader="CHILD") == []


async def test_the_directory_team_prepares_and_reads_no_log_for_itself(looking, database):
    team = await a_persona(database, "directory-team", purpose="subject-access")
    await looking.look(looking.nurse)

    prepared = await looking.log(team, reader="CHILD")
    own = await looking.client.ask(
        team, LOG, {"child": child_id(looking.child), "first": 5}, **{"access-purpose": "administration"}
    )

    assert [one["role"] for one in prepared] == ["health-practitioner"]
    assert own.data["accessLog"]["edges"] == []
    assert own.data["accessLog"]["withheld"] == [{"field": "accessLog", "reason": "NOT_FOR_PURPOSE"}]


async def posted(looking, persona, **fields):
    child = looking.client.as_known(persona, child_id(looking.child))
    form = {"access_token": looking.client.token(persona), "child": child, "reason": "I want to see"}
    return await looking.client.http.post(REPORT, data=form | fields)


async def test_the_form_gives_a_report_that_is_recorded_as_an_ask(looking, database, tmp_path):
    await looking.look(looking.nurse, "givenName")

    response = await posted(looking, looking.ayesha)

    entry = await latest_entry(database, tmp_path)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert "looked at your name, to help you directly." in response.text
    assert "Seeing the child today" in response.text
    assert "script-src" not in response.headers["content-security-policy"]
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert (entry["caller"]["person"], entry["access"]["purpose"]) == (looking.ayesha.person, "subject-access")
    assert {record["type"] for record in entry["records"]} >= {"AccessLogEntry", "Child"}


async def test_the_report_for_the_mother_holds_no_enquiry(looking):
    await looking.look(looking.worker)

    response = await posted(looking, looking.mother)

    assert "There is no look that we can show here." in response.text
    assert "social worker" not in response.text


async def test_a_report_takes_all_pages_of_the_log(looking):
    for _ in range(103):
        await looking.look(looking.nurse)

    response = await posted(looking, looking.ayesha)

    assert response.text.count("Seeing the child today") == 103


async def test_an_app_asks_with_headers_and_json(looking):
    await looking.look(looking.nurse)
    headers = looking.client.headers(looking.ayesha)
    asked = looking.client.as_known(looking.ayesha, {"child": child_id(looking.child)})

    page = await looking.client.http.post(REPORT, json=asked, headers=headers)
    refused = await looking.client.http.post(REPORT, json=asked, headers=headers | {"access-purpose": "direct-support"})

    assert page.status_code == 200
    assert "to help you directly" in page.text
    assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (403, "PURPOSE_REQUIRED")


async def test_a_shielded_childs_report_names_nobody(looking, database):
    await looking.look(looking.nurse)
    await a_shield(database, looking.child)

    response = await posted(looking, looking.mother)

    assert response.status_code == 200
    assert "Where a child lives is kept safe here." in response.text
    assert "health worker" not in response.text


@pytest.mark.parametrize(
    ("fields", "status"),
    [({"access_token": "nonsense"}, 401), ({"reason": " "}, 403), ({"reader": "NEIGHBOUR"}, 400)],
)
async def test_what_is_refused_is_said_on_the_form(looking, fields, status):
    response = await posted(looking, looking.ayesha, **fields)

    assert response.status_code == status
    assert 'role="alert"' in response.text
    assert looking.client.token(looking.ayesha) not in response.text


async def test_a_practitioner_gets_a_report_without_a_look(looking):
    await looking.look(looking.worker)

    response = await posted(looking, looking.nurse)

    assert response.status_code == 403
    assert "social worker" not in response.text


@pytest.mark.parametrize(("content", "kind", "status"), [(b"\xff", "application/x-www-form-urlencoded", 400),
    (b"[]", "application/json", 400), (b"{}", "application/json", 400), (b"x", "text/plain", 415)])  # fmt: skip
async def test_other_forms_of_request_are_refused(looking, content, kind, status):
    response = await looking.client.http.post(REPORT, content=content, headers={"content-type": kind})

    assert response.status_code == status


async def test_nothing_is_asked_by_a_url(looking):
    response = await looking.client.http.get(REPORT, params={"child": child_id(looking.child)})

    assert response.status_code == 405
