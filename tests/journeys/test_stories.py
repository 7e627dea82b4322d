"""The stories of the field, through HTTP over the demonstration: exactly what each persona sees, and does not."""

from uuid import UUID

import pytest

from connectors.synthetic import demo_cast as cast
from tests.journeys.demo_world import CAST, STORY, a_stage, children_in, named
from tests.support.ids import child_id
from tests.support.ledger import entry_of

JAMIE = {"criteria": {"givenName": "Jamie", "familyName": "Tennant", "dateOfBirth": "2012-01-17"}}
HER_HIDING_PLACE = (b"Grace", b"Harbour", b"M16", b"efuge", b"Linden Vale", b"Rowan", b"Marsh")

MOTHERS_QUESTION = """
query Mine($child: ID!) {
  child(by: { id: $child }) { givenName involvements { service } }
  accessLog(child: $child, first: 20) {
    edges { node { at person role purpose reason fields policyRevision withheld { field reason } } }
    withheld { field }
  }
}
"""


@pytest.fixture(scope="module")
async def stage(postgres, tmp_path_factory):
    async with a_stage(postgres, tmp_path_factory.mktemp("keys")) as stage:
        yield stage


def test_every_story_is_told_here():
    assert STORY.keys() == {"emergency", "school-leaver", "shielded", "sensitive", "lapsed", "two-practices"}


async def test_a_name_and_a_date_of_birth_lead_a_nurse_to_parents_school_nurse_and_social_worker(stage):
    found = children_in(await stage.tell("emergency"))

    ayesha = named(found, "Ayesha")
    assert [child["givenName"] for child in found] == ["Ayesha", "Aleena"]  # the girl who is not she comes after
    assert [(carer["name"], carer["relationship"], carer["telephone"]) for carer in ayesha["carers"]] == [
        ("Nasreen Rahmani", "MOTHER", "07700 900123"),
        ("Tariq Rahmani", "FATHER", "07700 900123"),
    ]
    assert {(work["service"], work["practitioner"]["name"]) for work in ayesha["involvements"]} == {
        ("SOCIAL_CARE", "Thandi Mbeki"),
        ("SCHOOL_NURSING", "Beth Calloway"),
    }
    assert all(work["practitioner"]["telephone"] for work in ayesha["involvements"])
    assert ayesha["leadProfessional"] == {"name": "Thandi Mbeki"}
    assert ayesha["withheld"] == [{"field": "upn", "reason": "NOT_FOR_ROLE", "remedy": "NONE"}]


async def test_the_directory_team_is_shown_who_has_no_school_and_who_has_no_gp(stage):
    queue = '(authority: "E08000009", first: 100) { edges { node { ageDays child { givenName } } } waiting { number } }'

    answer = await stage.ask(
        "directory-team", f"{{ missingEducation{queue} withoutGp{queue} }}", **{"access-purpose": "administration"}
    )

    for told in (answer.data["missingEducation"], answer.data["withoutGp"]):
        waiting = [edge["node"] for edge in told["edges"]]
        assert waiting
        assert all(entry["ageDays"] >= 0 and entry["child"]["givenName"] for entry in waiting)
        assert told["waiting"]["number"] == (len(waiting) if len(waiting) >= 10 else None)


async def test_a_youth_worker_finds_the_gp_of_a_school_leaver_and_no_school(stage):
    (callum,) = children_in(await stage.tell("school-leaver"))

    assert [(setting["kind"], setting["name"]) for setting in callum["settings"]] == [
        ("GP_PRACTICE", "Mill Lane Medical Practice")
    ]
    assert callum["settings"][0]["telephone"] == "0161 496 0400"
    assert callum["involvements"] == []


async def test_of_a_shielded_girl_a_teacher_sees_name_birth_gender_identifier_and_her_carers_name_alone(stage):
    answer = await stage.tell("shielded")

    (grace,) = children_in(answer)
    (carer,) = grace.pop("carers")
    assert {name: value for name, value in grace.items() if value is not None and name != "withheld"} == {
        "id": stage.client.as_known(CAST["teacher"], child_id(cast.GRACE)),
        "givenName": "Grace",
        "familyName": "Whitlock",
        "dateOfBirth": "2015-06-21",
        "gender": "FEMALE",
        "upn": "F358405020104",
    }
    assert {name: value for name, value in carer.items() if value is not None and name != "withheld"} == {
        "name": "Helen Whitlock"
    }
    assert {one["field"]: one["reason"] for one in grace["withheld"]} == {
        "address": "SHIELDED",
        "addressStatus": "SHIELDED",
        "commonAssessmentCompleted": "SHIELDED",
        "formerNames": "SHIELDED",
        "involvements": "SHIELDED",
        "leadProfessional": "SHIELDED",
        "nhsNumber": "NOT_FOR_ROLE",
        "responsibleAuthority": "SHIELDED",
        "settings": "SHIELDED",
    }
    assert not any(word in answer.content for word in (b"Harbour", b"M16", b"efuge", b"Linden", b"Tennant", b"07700"))


async def test_a_brothers_record_does_not_lead_to_the_shielded_girl(stage):
    answer = await stage.ask(
        "teacher",
        """query Brother($criteria: ChildCriteria!) { searchChildren(criteria: $criteria, first: 5) { candidates {
            child { givenName address { postcode } settings { name }
            carers { name address { postcode } telephone children { givenName carers { name } } }
            involvements { service practitioner { name } agency { name } }
        } } } }""",
        JAMIE,
    )

    (jamie,) = children_in(answer)
    assert {carer["name"] for carer in jamie["carers"]} == {"Helen Whitlock", "Edith Whitlock"}
    assert {child["givenName"] for carer in jamie["carers"] for child in carer["children"] or ()} <= {"Jamie"}
    assert not any(word in answer.content for word in HER_HIDING_PLACE)


async def test_a_shielded_girl_is_not_found_by_her_former_name(stage):
    query = "query F($criteria: ChildCriteria!) { searchChildren(criteria: $criteria) { candidates { grade } } }"
    former = {"givenName": "Grace", "familyName": "Tennant", "dateOfBirth": "2015-06-21"}
    nobody = former | {"givenName": "Nobody"}

    answers = [await stage.ask("teacher", query, {"criteria": criteria}) for criteria in (former, nobody)]

    assert answers[0].content == answers[1].content
    assert answers[0].data == {"searchChildren": {"candidates": []}}


async def test_two_sensitive_services_show_as_unspecified_and_the_withdrawn_one_never(stage):
    answer = await stage.tell("sensitive")
    to_the_team = await stage.tell("sensitive", persona="directory-team")

    (megan,) = children_in(answer)
    assert [work["service"] for work in megan["involvements"]] == ["UNSPECIFIED_SENSITIVE"] * 2
    for work in megan["involvements"]:
        assert (work["agency"], work["practitioner"], work["startedOn"]) == (None, None, None)
        assert {"field": "practitioner", "reason": "SENSITIVE", "remedy": "REQUEST_BROKER"} in work["withheld"]
    assert not any(word in answer.content for word in (b"Fairburn", b"Devlin", b"Rourke", b"Clinic", b"Mental"))
    (known,) = children_in(to_the_team)
    assert {work["service"] for work in known["involvements"]} == {"MENTAL_HEALTH", "SEXUAL_HEALTH"}
    assert b"Rourke" not in to_the_team.content


async def test_the_ledger_says_why_the_withdrawn_service_was_not_shown(stage):
    answer = await stage.tell("sensitive", **{"x-request-id": "why-not"})

    entry = await entry_of(stage.database, stage.client.data_dir, answer.headers["x-request-id"])
    involvements = [record for record in entry["records"] if record["type"] == "Involvement"]
    assert sorted(record["exists"] for record in involvements) == ["conceal", "disclose", "disclose"]
    assert [record["reasons"] for record in involvements if record["exists"] == "conceal"] == [["consent-lacking"]]


async def test_a_nurse_whose_training_lapsed_is_told_nothing_and_recorded(stage):
    answer = await stage.tell("lapsed", **{"x-request-id": "lapsed"})

    entry = await entry_of(stage.database, stage.client.data_dir, "lapsed")
    assert (answer.status, answer.data, answer.codes) == (403, None, ["ACCESS_LAPSED"])
    assert b"Rahmani" not in answer.content
    assert entry["outcome"] == {
        "status": "refused",
        "codes": [{"code": "ACCESS_LAPSED", "reason": "standing-lapsed"}],
    }
    assert (entry["caller"]["person"], entry["records"]) == ("nurse.hartley", [])


async def test_a_boy_with_two_practices_shows_both(stage):
    (oliver,) = children_in(await stage.tell("two-practices"))

    assert {(setting["kind"], setting["name"]) for setting in oliver["settings"]} == {
        ("GP_PRACTICE", "Rowan Surgery"),
        ("GP_PRACTICE", "Mill Lane Medical Practice"),
    }


async def test_ayeshas_mother_sees_who_looked_and_why_and_her_own_look_is_recorded(postgres, tmp_path):
    ayesha = child_id(cast.AYESHA)
    async with a_stage(postgres, tmp_path) as stage:
        await stage.tell("emergency")
        await stage.tell("lapsed")
        first = await stage.ask("carer", MOTHERS_QUESTION, {"child": ayesha}, **{"x-request-id": "mother"})
        second = await stage.ask("carer", MOTHERS_QUESTION, {"child": ayesha})
        entry = await entry_of(stage.database, stage.client.data_dir, "mother")

    (look,) = [edge["node"] for edge in first.data["accessLog"]["edges"]]  # the refused one saw nothing of her
    assert first.data["child"]["givenName"] == "Ayesha"
    assert (look["role"], look["purpose"]) == ("health-practitioner", "direct-support")
    assert look["reason"] is None  # what a nurse writes may speak of others
    assert {"Child.carers", "Child.involvements", "Carer.telephone"} <= set(look["fields"])
    assert not any(name.startswith(("Involvement.", "Practitioner.")) for name in look["fields"])
    assert "Child.upn" not in look["fields"]
    assert look["withheld"] == [
        {"field": "policyRevision", "reason": "NOT_FOR_ROLE"},
        {"field": "reason", "reason": "WORDS_OF_OTHERS"},
    ]
    assert [edge["node"]["purpose"] for edge in second.data["accessLog"]["edges"]] == [
        "subject-access",
        "direct-support",
    ]
    assert (entry["caller"]["person"], entry["caller"]["role"]) == ("carer.rahmani", "carer")
    assert entry["access"]["purpose"] == "subject-access"
    assert {record["type"] for record in entry["records"]} == {"Child", "Involvement", "AccessLogEntry"}
    assert {child for record in entry["records"] for child in record["about"]} == {str(cast.AYESHA)}


@pytest.mark.parametrize("child", [cast.ALEENA, cast.GRACE], ids=["not hers", "shielded"])
async def test_ayeshas_mother_sees_no_other_child(stage, child):
    unknown = UUID(int=child.int + 0xFFFF)

    answers = [await stage.ask("carer", MOTHERS_QUESTION, {"child": child_id(one)}) for one in (child, unknown)]

    assert answers[0].data == {"child": None, "accessLog": {"edges": [], "withheld": []}}
    assert answers[0].content == answers[1].content
