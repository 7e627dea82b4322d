"""Children's demographics: what an answer of the national service changes, and what it must not."""

from datetime import date, timedelta

import pytest

from connectors.feeds.files import read_file
from connectors.feeds.load import load_patients
from tests.feeds.patients import (
    DATA,
    HOME,
    NOW,
    NUMBER,
    OTHER_NUMBER,
    THIRD_NUMBER,
    a_home,
    a_name,
    a_patient,
    a_practice,
    a_search_set,
    digests,
    load,
    open_shields,
    outcome,
    the_child,
)
from tests.support.builders import a_child, a_setting, a_shield

EXAMPLES = sorted((DATA / "pds").rglob("*.json"))
LATER = NOW + timedelta(days=30)


async def load_examples(database, *, now=NOW, **options):
    files = [read_file(path) for path in EXAMPLES]
    return await load_patients(database, files, authority=HOME, now=now, **options)


async def test_every_published_example_is_taken_or_refused_with_its_reason(database):
    reports = await load_examples(database, include_adults=True)

    counts = sum((report.counts for report in reports[1:]), reports[0].counts.copy())
    reasons = sum((report.reasons(whole_rows=True) for report in reports[1:]), reports[0].reasons(whole_rows=True))
    assert counts == {"accepted": 54, "unchanged": 40, "rejected": 28, "quarantined": 2}
    assert reasons == {
        ("rejected", "operation-outcome"): 20,
        ("rejected", "resource-not-supported"): 3,
        ("rejected", "nhs-number-check"): 2,
        ("rejected", "name-missing"): 3,
        ("quarantined", "version-conflict"): 2,
    }


async def test_the_published_adults_are_not_taken_unless_asked_for(database):
    reports = await load_examples(database)

    reasons = sum((report.reasons(whole_rows=True) for report in reports[1:]), reports[0].reasons(whole_rows=True))
    assert reasons[("rejected", "not-a-child")] == 84
    eldest = await database.fetchrow("SELECT min(date_of_birth) AS born FROM child")
    assert eldest["born"] > date(2008, 11, 22)


async def test_loading_the_published_examples_twice_changes_nothing(database):
    await load_examples(database, include_adults=True)
    before = await digests(database)

    reports = await load_examples(database, include_adults=True, now=LATER)

    assert sum(report.counts["accepted"] for report in reports) == 0
    assert await digests(database) == before


async def test_a_new_child_is_held_with_its_provenance_and_can_be_searched_for(database):
    assert await outcome(database, a_patient(family="O'Koro", given=("Ada", "Mae"))) == "accepted"

    child = await the_child(database)
    key = await database.fetchrow("SELECT * FROM child_search_key WHERE child_id = $1", child["id"])
    assert (child["given_name"], child["family_name"], child["gender"]) == ("Ada Mae", "O'Koro", "FEMALE")
    assert (child["authority"], child["standing"], child["date_of_birth"]) == (HOME, "live", date(2015, 6, 1))
    assert (child["address_lines"], child["postcode"]) == (["1 Acacia Road", "Sale"], "M33 2TL")
    assert (child["name_source"], child["name_asserted_at"]) == ("nhs-demographics", NOW)
    assert (key["family_key"], key["given_first_key"], key["postcode_key"]) == ("okoro", "ada", "M332TL")


async def test_a_search_set_is_dated_by_the_service(database):
    await load(database, a_search_set(a_patient(), timestamp="2026-05-01T09:00:00+01:00"))

    assert (await the_child(database))["name_asserted_at"].isoformat() == "2026-05-01T08:00:00+00:00"


async def test_a_new_name_and_address_replace_the_old_ones_which_are_kept_as_history(database):
    await load(database, a_patient())
    new_home = a_home("2 Beech Road", "M33 3AA", start="2026-11-01")

    found = await outcome(
        database, a_patient(version=4, name=[a_name("Bello", "Ada", start="2026-10-01")], address=[new_home]), now=LATER
    )

    child = await the_child(database)
    name = await database.fetchrow("SELECT * FROM child_former_name")
    home = await database.fetchrow("SELECT * FROM child_former_address")
    keys = await database.fetch("SELECT former, family_key, postcode_key FROM child_search_key ORDER BY former")
    assert found == "accepted"
    assert (child["family_name"], child["postcode"], child["name_asserted_at"]) == ("Bello", "M33 3AA", LATER)
    assert (name["family_name"], name["used_until"], name["asserted_at"]) == ("Okoro", date(2026, 10, 1), NOW)
    assert (home["postcode"], home["lived_from"], home["lived_until"]) == (
        "M33 2TL",
        date(2016, 1, 1),
        date(2026, 11, 1),
    )
    assert [tuple(row) for row in keys] == [(False, "bello", "M333AA"), (True, "okoro", "M333AA")]


@pytest.mark.parametrize("use", ["old", "maiden", "nickname"])
async def test_other_names_are_kept_as_former_names_with_their_period(database, use):
    names = [a_name("Okoro", "Ada"), a_name("Before", "Ada", use=use, start="2015-06-01", end="2020-01-31")]

    await load(database, a_patient(name=names))

    held = await database.fetchrow("SELECT family_name, used_from, used_until FROM child_former_name")
    assert tuple(held) == ("Before", date(2015, 6, 1), date(2020, 1, 31))


async def test_a_name_that_the_service_calls_old_is_not_kept_twice(database):
    await load(database, a_patient())
    names = [a_name("Bello", "Ada", start="2026-10-01"), a_name("Okoro", "Ada", use="old", end="2026-09-30")]

    await load(database, a_patient(version=4, name=names))

    held = await database.fetch("SELECT family_name, used_until FROM child_former_name")
    assert [tuple(row) for row in held] == [("Okoro", date(2026, 9, 30))]


async def test_an_address_that_is_over_is_the_last_known_one(database):
    await load(database, a_patient(address=[a_home("1 Acacia Road", "M33 2TL", start="2016-01-01", end="2020-01-01")]))

    child = await the_child(database)
    assert (child["address_status"], child["postcode"]) == ("LAST_KNOWN", "M33 2TL")


async def test_the_current_address_stands_and_those_that_are_over_or_temporary_are_history(database):
    addresses = [
        a_home("1 Gone Road", "M33 1AA", start="2015-06-01", end="2019-01-01"),
        a_home("2 Now Road", "M33 2AA", start="2019-01-02"),
        a_home("3 Hostel", "M33 3AA", use="temp", start="2026-01-01"),
    ]

    await load(database, a_patient(address=addresses))

    held = await database.fetch("SELECT postcode FROM child_former_address ORDER BY 1")
    assert (await the_child(database))["postcode"] == "M33 2AA"
    assert [row["postcode"] for row in held] == ["M33 1AA", "M33 3AA"]


async def test_a_patient_without_address_has_no_known_address(database):
    await load(database, a_patient(address=None))

    assert (await the_child(database))["address_status"] == "NO_KNOWN_ADDRESS"


async def test_an_older_version_changes_nothing(database):
    await load(database, a_patient(version=5))
    before = await digests(database)

    assert await outcome(database, a_patient(version=4, family="Older"), now=LATER) == "unchanged"
    assert await digests(database) == before


async def test_a_minimal_answer_blanks_nothing_that_is_held(database):
    await load(database, a_patient())
    held = await the_child(database)

    found = await outcome(database, a_patient(version=4, name=None, gender=None, birthDate=None, address=None))

    assert found == "unchanged"
    assert await the_child(database) == held


async def test_a_later_value_of_another_source_is_left_alone(database):
    await a_child(database, nhs_number=NUMBER, family_name="Okoro", given_name="Ada", date_of_birth=date(2015, 6, 1))
    answer = a_search_set(a_patient(family="Stale"), timestamp="2020-01-01T00:00:00+00:00")

    (report,) = await load(database, answer)

    assert (await the_child(database))["family_name"] == "Okoro"
    assert ("rejected", "newer-value-held") in report.reasons(whole_rows=False)


async def test_a_death_changes_the_standing(database):
    await load(database, a_patient())

    assert await outcome(database, a_patient(version=4, deceasedDateTime="2026-11-01T00:00:00+00:00")) == "accepted"
    held = await the_child(database)
    assert (held["standing"], held["died_on"]) == ("deceased", date(2026, 11, 1))


async def test_a_death_without_its_day_counts_from_the_message_that_brings_it(database):
    await load(database, a_patient())
    await load(database, a_patient(version=4, deceasedBoolean=True))

    assert (await the_child(database))["died_on"] == NOW.date()


async def test_the_day_of_a_death_may_follow(database):
    await load(database, a_patient())
    await load(database, a_patient(version=4, deceasedBoolean=True))

    assert await outcome(database, a_patient(version=5, deceasedDateTime="2026-10-30")) == "accepted"
    assert (await the_child(database))["died_on"] == date(2026, 10, 30)


async def test_of_who_is_dead_when_first_heard_of_no_day_is_made_up(database):
    await load(database, a_patient(deceasedDateTime="2010"))

    held = await the_child(database)
    assert (held["standing"], held["died_on"]) == ("deceased", None)


class TestShielding:
    async def test_a_restricted_child_is_shielded_at_once_for_six_months(self, database):
        await load(database, a_patient(security="R", address=None))

        (shield,) = await open_shields(database)
        assert (shield["requested_by"], shield["decided_at"]) == ("demographics", NOW)
        assert shield["review_due"] == date(2027, 5, 22)

    @pytest.mark.parametrize("code", ["R", "V"])
    async def test_a_child_that_becomes_restricted_keeps_what_is_held_and_is_shielded(self, database, code):
        await load(database, a_patient())

        found = await outcome(database, a_patient(version=4, security=code, name=None, birthDate=None, address=None))

        child = await the_child(database)
        assert found == "accepted"
        assert (child["family_name"], child["postcode"]) == ("Okoro", "M33 2TL")
        assert len(await open_shields(database)) == 1

    async def test_an_unrestricted_answer_does_not_lift_the_shield(self, database):
        await load(database, a_patient(security="R"))

        await load(database, a_patient(version=4))

        assert len(await open_shields(database)) == 1

    async def test_a_shield_that_a_review_lifted_comes_back_only_for_a_new_version(self, database):
        restricted = a_patient(security="R")
        await load(database, restricted)
        await database.execute("UPDATE shield SET lifted_at = $1", NOW)

        await load(database, restricted)
        after_replay = await open_shields(database)
        await load(database, a_patient(version=4, security="R"))

        assert after_replay == []
        assert len(await open_shields(database)) == 1

    async def test_a_restriction_counts_although_the_rest_is_refused(self, database):
        await load(database, a_patient())

        assert await outcome(database, a_patient(version=4, security="R", birthDate="soon")) == "date-format"
        assert len(await open_shields(database)) == 1

    @pytest.mark.parametrize("security", [[], [{"code": "X"}], [{"code": ["U"]}]])
    async def test_a_patient_whose_confidentiality_is_not_known_is_refused(self, database, security):
        patient = a_patient() | {"meta": {"versionId": "3", "security": security}}

        assert await outcome(database, patient) == "confidentiality-unknown"
        assert await the_child(database) is None

    async def test_an_answer_about_a_different_person_is_quarantined(self, database):
        await load(database, a_patient())
        before = await digests(database)

        assert await outcome(database, a_patient(version=4, family="Other", born="2014-01-01")) == "identity-conflict"
        assert await digests(database) == before

    async def test_one_version_that_says_two_things_is_quarantined(self, database):
        await load(database, a_patient())

        assert await outcome(database, a_patient(born="2015-06-02")) == "version-conflict"

    async def test_a_namesake_of_a_shielded_child_makes_no_second_unshielded_record(self, database):
        known = {"family_name": "Okoro", "given_name": "Ada", "date_of_birth": date(2015, 6, 1)}
        await a_shield(database, await a_child(database, nhs_number=OTHER_NUMBER, **known))

        assert await outcome(database, a_patient()) == "possible-duplicate"
        assert await the_child(database) is None

    async def test_a_namesake_without_number_makes_no_second_record_and_shares_the_restriction(self, database):
        known = {"family_name": "Okoro", "given_name": "Ada", "date_of_birth": date(2015, 6, 1)}
        namesake = await a_child(database, **known)

        assert await outcome(database, a_patient(security="R")) == "possible-duplicate"
        (shield,) = await open_shields(database)
        assert (shield["child_id"], shield["decided_at"]) == (namesake, None)

    async def test_a_namesake_with_another_number_is_another_child(self, database):
        await load(database, a_patient(OTHER_NUMBER))

        assert await outcome(database, a_patient()) == "accepted"


class TestSupersededNumbers:
    async def leads_to(self, database, number):
        row = await database.fetchrow(
            "SELECT nhs_number FROM child_superseded_identifier JOIN child ON child.id = child_id WHERE value = $1",
            number,
        )
        return row and row["nhs_number"]

    async def test_a_survivor_found_under_another_number_is_reached_by_both(self, database):
        entry = {"fullUrl": f"https://api.example/Patient/{OTHER_NUMBER}", "resource": a_patient()}

        await load(database, a_search_set(entry))

        assert await self.leads_to(database, OTHER_NUMBER) == NUMBER

    async def test_an_identifier_that_differs_from_the_id_leads_to_the_survivor(self, database):
        system = "https://fhir.nhs.uk/Id/nhs-number"
        identifiers = [{"system": system, "value": OTHER_NUMBER}]

        await load(database, a_patient(identifier=identifiers))

        assert await self.leads_to(database, OTHER_NUMBER) == NUMBER

    async def test_a_replaced_patient_leads_to_its_survivor_wherever_it_stands_in_the_file(self, database):
        link = [{"type": "replaced-by", "other": {"identifier": {"value": NUMBER}}}]

        await load(database, a_search_set(a_patient(OTHER_NUMBER, link=link), a_patient()))

        assert await self.leads_to(database, OTHER_NUMBER) == NUMBER
        assert await the_child(database, OTHER_NUMBER) is None

    async def test_a_replaced_patient_whose_survivor_is_not_held_is_quarantined(self, database):
        link = [{"type": "replaced-by", "other": {"reference": f"Patient/{NUMBER}"}}]

        assert await outcome(database, a_patient(OTHER_NUMBER, link=link)) == "survivor-unknown"

    async def test_the_record_of_a_superseded_number_goes_on_under_the_new_one(self, database):
        await load(database, a_patient(OTHER_NUMBER))
        child = await the_child(database, OTHER_NUMBER)

        await load(database, a_patient(link=[{"type": "replaces", "other": {"identifier": {"value": OTHER_NUMBER}}}]))

        assert (await the_child(database))["id"] == child["id"]
        assert await self.leads_to(database, OTHER_NUMBER) == NUMBER

    async def test_two_records_that_turn_out_one_share_the_shield_of_either(self, database):
        await load(database, a_search_set(a_patient(OTHER_NUMBER, security="R"), a_patient(given=("Adaeze",))))
        link = [{"type": "replaces", "other": {"identifier": {"value": OTHER_NUMBER}}}]

        await load(database, a_patient(version=4, given=("Adaeze",), link=link))

        survivor = await the_child(database)
        (shield,) = await open_shields(database)
        identities = await database.fetch("SELECT DISTINCT identity_id FROM child")
        joined = await database.fetchrow("SELECT grade, reasons, identity_before FROM child_link")
        assert [row["identity_id"] for row in identities] == [survivor["identity_id"]] == [shield["identity_id"]]
        assert (joined["grade"], joined["reasons"]) == ("CERTAIN", ["IDENTIFIER_SUPERSEDED"])
        assert joined["identity_before"] != survivor["identity_id"]
        assert await self.leads_to(database, OTHER_NUMBER) == NUMBER

    async def test_a_late_answer_about_a_superseded_number_is_quarantined(self, database):
        entry = {"fullUrl": f"https://api.example/Patient/{OTHER_NUMBER}", "resource": a_patient()}
        await load(database, a_search_set(entry))

        assert await outcome(database, a_patient(OTHER_NUMBER, version=9)) == "nhs-number-superseded"

    async def test_two_records_of_different_people_are_not_joined(self, database):
        await load(database, a_search_set(a_patient(OTHER_NUMBER, family="Other", born="2014-01-01"), a_patient()))
        link = [{"type": "replaces", "other": {"identifier": {"value": OTHER_NUMBER}}}]

        assert await outcome(database, a_patient(version=4, link=link)) == "identity-conflict"
        assert await database.fetch("SELECT * FROM child_link") == []


class TestPractices:
    async def registered(self, database):
        rows = await database.fetch(
            "SELECT ods_code, started_on, ended_on FROM child_setting JOIN setting ON id = setting_id ORDER BY 1"
        )
        return [tuple(row) for row in rows]

    async def test_two_practices_at_once_are_kept_as_two(self, database):
        for code in ("A11111", "A22222"):
            await a_setting(database, ods_code=code, kind="GP_PRACTICE")
        practices = [a_practice("A11111", start="2020-01-01"), a_practice("A22222", start="2021-01-01")]

        await load(database, a_patient(generalPractitioner=practices))

        assert await self.registered(database) == [
            ("A11111", date(2020, 1, 1), None),
            ("A22222", date(2021, 1, 1), None),
        ]

    async def test_a_change_of_practice_ends_the_one_before(self, database):
        for code in ("A11111", "A22222"):
            await a_setting(database, ods_code=code, kind="GP_PRACTICE")
        await load(database, a_patient(generalPractitioner=[a_practice("A11111", start="2020-01-01")]))

        await load(database, a_patient(version=4, generalPractitioner=[a_practice("A22222", start="2026-02-01")]))

        assert await self.registered(database) == [
            ("A11111", date(2020, 1, 1), date(2026, 2, 1)),
            ("A22222", date(2026, 2, 1), None),
        ]

    async def test_a_change_of_practice_leaves_those_that_had_ended_before(self, database):
        for code in ("A11111", "A22222"):
            await a_setting(database, ods_code=code, kind="GP_PRACTICE")
        ended = [a_practice("A11111", start="2020-01-01", end="2021-01-01")]
        await load(database, a_patient(generalPractitioner=ended))

        await load(database, a_patient(version=4, generalPractitioner=[a_practice("A22222", start="2026-02-01")]))

        assert ("A11111", date(2020, 1, 1), date(2021, 1, 1)) in await self.registered(database)

    async def test_a_practice_that_is_not_known_is_left_out_and_taken_once_it_is(self, database):
        patient = a_patient(generalPractitioner=[a_practice("A11111", start="2020-01-01")])
        (report,) = await load(database, patient)
        await a_setting(database, ods_code="A11111", kind="GP_PRACTICE")

        assert report.reasons(whole_rows=False) == {("rejected", "practice-unknown"): 1}
        assert await outcome(database, patient) == "accepted"
        assert await self.registered(database) == [("A11111", date(2020, 1, 1), None)]


@pytest.mark.parametrize(
    ("patient", "reason"),
    [
        (a_patient("9000000000"), "nhs-number-check"),
        (a_patient("12345"), "nhs-number-format"),
        (a_patient(None, identifier=[]), "nhs-number-missing"),
        (a_patient(name=None), "name-missing"),
        (a_patient(born=None), "date-of-birth-missing"),
        (a_patient(born="2015-06"), "date-of-birth-partial"),
        (a_patient(born="2015-02-30"), "date-format"),
        (a_patient(born="2027-01-01"), "date-of-birth-in-future"),
        (a_patient(born="2008-11-22"), "not-a-child"),
        (a_patient(gender="girl"), "gender-unknown"),
        (a_patient(meta={"security": [{"code": "U"}]}), "version-missing"),
        (a_patient(security="REDACTED"), "record-invalidated"),
        (a_patient(family="Oko\u0000ro"), "text-unreadable"),
        ({"resourceType": "RelatedPerson"}, "resource-not-supported"),
        ({"resourceType": "OperationOutcome"}, "operation-outcome"),
    ],
)
async def test_what_cannot_be_taken_is_refused_with_its_reason(database, patient, reason):
    assert await outcome(database, patient) == reason
    assert await database.fetch("SELECT * FROM child") == []


async def test_the_day_before_the_eighteenth_birthday_is_still_childhood(database):
    assert await outcome(database, a_patient(born="2008-11-23")) == "accepted"


async def test_one_bad_entry_spoils_no_other(database):
    bundle = a_search_set(
        a_patient(), a_patient("9000000000"), {"resource": None}, a_patient(THIRD_NUMBER, family="Udo")
    )

    (report,) = await load(database, bundle)

    assert report.counts == {"accepted": 2, "rejected": 2}
    assert [(found.row, found.refusal.reason) for found in report.findings] == [
        (2, "nhs-number-check"),
        (3, "resource-not-supported"),
    ]
