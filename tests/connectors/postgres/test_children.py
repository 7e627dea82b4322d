"""Children, carers and settings as the directory brings them."""

from datetime import date
from uuid import uuid4

import pytest

from connectors.postgres.directory import PostgresDirectory
from gateway.errors import SourceMalformed
from gateway.ports import Criteria
from gateway.records import Address, Assertion
from gateway.vocabulary import AddressStatus, ContactRole, Gender, Relationship, SettingKind
from tests.support.builders import (
    ASSERTED,
    CONFIRMED,
    HOME,
    NOW,
    SOURCE,
    TODAY,
    a_carer,
    a_child,
    a_former_name,
    a_practitioner,
    a_safeguarding_contact,
    a_sensitive_involvement,
    a_setting,
    a_setting_link,
    a_source,
    an_agency,
    an_authority,
    an_involvement,
    attends,
    cares_for,
)


async def test_a_child_comes_with_all_its_values(database, directory):
    child = await a_child(
        database,
        given_name="Ayesha",
        family_name="Example",
        date_of_birth=date(2015, 3, 4),
        gender="FEMALE",
        uprn="100011",
        nhs_number="9434765919",
        upn="B801200005001",
    )

    record = (await directory.children([child]))[child]

    assert (record.id, record.given_name, record.family_name) == (child, "Ayesha", "Example")
    assert (record.date_of_birth, record.gender) == (date(2015, 3, 4), Gender.FEMALE)
    assert record.address == Address(lines=("12 Acacia Road", "Sale"), postcode="M33 2TL", uprn="100011")
    assert record.address_status is AddressStatus.CURRENT
    assert (record.nhs_number, record.upn, record.responsible_authority) == ("9434765919", "B801200005001", HOME)


async def test_a_child_without_lines_or_postcode_has_no_address(database, directory):
    child = await a_child(database, address_lines=[], postcode=None, address_status="NO_KNOWN_ADDRESS")

    record = (await directory.children([child]))[child]

    assert (record.address, record.address_status) == (None, AddressStatus.NO_KNOWN_ADDRESS)


async def test_each_value_of_a_child_says_who_asserted_it(database, directory):
    await a_source(database, "school-census")
    child = await a_child(database, upn="B801200005001", upn_source="school-census")

    record = (await directory.children([child]))[child]

    held = Assertion(source=SOURCE, asserted_at=ASSERTED, last_confirmed_at=CONFIRMED)
    assert record.provenance["familyName"] == record.provenance["gender"] == record.provenance["address"] == held
    assert record.provenance["upn"].source == "school-census"
    assert "nhsNumber" not in record.provenance


async def test_a_batch_answers_for_each_child_it_knows(database, directory):
    known = {await a_child(database) for _ in range(5)}

    records = await directory.children([*known, uuid4()])

    assert set(records) == known


async def test_the_lead_professional_is_the_one_of_an_active_involvement(database, directory):
    child = await a_child(database)
    await an_involvement(database, child, is_lead_professional=True, ended_on=TODAY)
    lead = await a_practitioner(database)
    await an_involvement(database, child, practitioner_id=lead, is_lead_professional=True)

    assert (await directory.children([child]))[child].lead_professional == lead


async def test_a_sensitive_involvement_does_not_show_through_its_child(database, directory):
    child = await a_child(database)
    await a_sensitive_involvement(database, child, is_lead_professional=True, common_assessment_completed=True)

    record = (await directory.children([child]))[child]

    assert (record.lead_professional, record.common_assessment_completed) == (None, False)


async def test_a_common_assessment_counts_while_its_involvement_is_active(database, directory):
    assessed, formerly = await a_child(database), await a_child(database)
    await an_involvement(database, assessed, common_assessment_completed=True)
    await an_involvement(database, formerly, common_assessment_completed=True, ended_on=TODAY)

    records = await directory.children([assessed, formerly])

    assert records[assessed].common_assessment_completed
    assert not records[formerly].common_assessment_completed


async def test_former_names_come_most_recent_first(database, directory):
    child = await a_child(database)
    await a_former_name(database, child, family_name="Early", used_until=date(2017, 1, 1))
    await a_former_name(database, child, family_name="Late", used_until=date(2022, 1, 1))
    await a_former_name(database, child, family_name="Undated")

    names = (await directory.former_names([child]))[child]

    assert [name.family_name for name in names] == ["Late", "Early", "Undated"]


async def test_carers_with_parental_responsibility_come_first(database, directory):
    child = await a_child(database)
    await cares_for(database, await a_carer(database, name="Aunt"), child, has_parental_responsibility=False)
    await a_carer(database, of=[child], name="Mother")

    carers = (await directory.carers([child]))[child]

    assert [carer.name for carer in carers] == ["Mother", "Aunt"]
    assert [carer.has_parental_responsibility for carer in carers] == [True, False]


async def test_a_carer_comes_with_the_link_to_the_child_and_its_provenance(database, directory):
    await a_source(database, "school-census")
    child = await a_child(database)
    carer = await a_carer(database)
    await cares_for(database, carer, child, relationship="GRANDPARENT", source="school-census")

    [record] = (await directory.carers([child]))[child]

    assert (record.id, record.relationship) == (carer, Relationship.GRANDPARENT)
    assert record.provenance["relationship"].source == "school-census"
    assert record.provenance["telephone"].source == SOURCE


async def test_a_carer_whose_care_has_ended_is_not_among_the_carers(database, directory):
    child = await a_child(database)
    await cares_for(database, await a_carer(database), child, until=TODAY)

    assert await directory.carers([child]) == {}


async def test_a_carer_reached_without_a_child_has_no_relationship(database, directory):
    carer = await a_carer(database, of=[await a_child(database)])

    record = (await directory.carers_by_id([carer]))[carer]

    assert (record.relationship, record.has_parental_responsibility) == (None, None)
    assert "relationship" not in record.provenance


async def test_the_children_of_a_carer_come_eldest_first(database, directory):
    younger = await a_child(database, date_of_birth=date(2018, 1, 1))
    elder = await a_child(database, date_of_birth=date(2012, 1, 1))
    formerly = await a_child(database)
    carer = await a_carer(database, of=[younger, elder])
    await cares_for(database, carer, formerly, until=TODAY)

    children = (await directory.children_of_carers([carer]))[carer]

    assert [child.id for child in children] == [elder, younger]


async def test_two_carers_of_one_child_each_have_it(database, directory):
    child = await a_child(database)
    carers = [await a_carer(database, of=[child]) for _ in range(2)]

    found = await directory.children_of_carers(carers)

    assert {carer: [record.id for record in records] for carer, records in found.items()} == {
        carers[0]: [child],
        carers[1]: [child],
    }


async def test_a_setting_comes_with_the_start_of_the_childs_link(database, directory):
    child = await a_child(database)
    school = await a_setting(database, urn="106373", name="Sale High")
    practice = await a_setting(database, kind="GP_PRACTICE", ods_code="P91007", name="Conway Road")
    await attends(database, child, practice, started_on=None)
    await attends(database, child, school, started_on=date(2023, 9, 1))

    settings = (await directory.settings([child]))[child]

    assert [(setting.name, setting.started_on) for setting in settings] == [
        ("Sale High", date(2023, 9, 1)),
        ("Conway Road", None),
    ]
    assert settings[1].kind is SettingKind.GP_PRACTICE
    assert {"name", "startedOn", "urn"} <= set(settings[0].provenance)


async def test_a_setting_that_a_child_has_left_is_not_among_its_settings(database, directory):
    child = await a_child(database)
    await attends(database, child, await a_setting(database), ended_on=TODAY)

    assert await directory.settings([child]) == {}


async def test_a_setting_reached_without_a_child_has_no_start(database, directory):
    child, school = await a_child(database), await a_setting(database)
    await attends(database, child, school)

    record = (await directory.settings_by_id([school]))[school]

    assert (record.id, record.started_on) == (school, None)
    assert "startedOn" not in record.provenance


async def test_a_practice_is_found_by_its_ods_code(database, directory):
    practice = await a_setting(database, kind="GP_PRACTICE", ods_code="P91007")

    assert (await directory.find_setting(ods_code="P91007")).id == practice


async def test_an_open_schools_urn_leads_to_itself(database, directory):
    school = await a_setting(database, urn="106373")
    await a_setting(database, urn="140000")
    await a_setting_link(database, "106373", "140000")

    assert (await directory.find_setting(urn="106373")).id == school


async def test_a_closed_schools_urn_leads_along_the_chain_to_the_open_successor(database, directory):
    await a_setting(database, urn="100001", status="CLOSED")
    await a_setting(database, urn="100002", status="CLOSED")
    successor = await a_setting(database, urn="100003")
    await a_setting_link(database, "100001", "100002")
    await a_setting_link(database, "100002", "100003")
    await a_setting_link(database, "100003", "100002", relation="PREDECESSOR")

    assert (await directory.find_setting(urn="100001")).id == successor


async def test_closed_schools_that_succeed_each_other_lead_to_the_one_asked_for(database, directory):
    closed = await a_setting(database, urn="100001", status="CLOSED")
    await a_setting(database, urn="100002", status="CLOSED")
    await a_setting_link(database, "100001", "100002")
    await a_setting_link(database, "100002", "100001")

    assert (await directory.find_setting(urn="100001")).id == closed


async def test_a_practitioner_of_a_sensitive_agency_is_sensitive(database, directory):
    agency = await an_agency(database, sensitive=True)
    nurse = await a_practitioner(database)
    counsellor = await a_practitioner(database, agency=agency)

    found = await directory.practitioners([nurse, counsellor])

    assert (found[nurse].sensitive, found[counsellor].sensitive) == (False, True)
    assert found[counsellor].agency == agency


async def test_an_agency_and_an_authority_publish_their_contacts_in_order(database, directory):
    agency, authority = await an_agency(database), await an_authority(database)
    await a_safeguarding_contact(database, agency=agency, role="NAMED_NURSE", name="Second", position=2)
    await a_safeguarding_contact(database, agency=agency, role="NAMED_DOCTOR", name="First", position=1)
    await a_safeguarding_contact(database, authority=authority, role="FRONT_DOOR")

    of_agency = (await directory.agencies([agency]))[agency].safeguarding_contacts
    of_authority = (await directory.local_authorities([authority]))[authority].safeguarding_contacts

    assert [contact.name for contact in of_agency] == ["First", "Second"]
    assert [contact.role for contact in of_authority] == [ContactRole.FRONT_DOOR]


async def test_an_authority_is_known_by_either_code(database, directory):
    await an_authority(database, "E08000009", legacy_code="358")

    found = await directory.local_authorities(["358", "E08000009"])

    assert {asked: authority.code for asked, authority in found.items()} == {
        "358": "E08000009",
        "E08000009": "E08000009",
    }


ASKS_WITH_UNKNOWN_KEYS = {
    "children": lambda directory, key: directory.children([key]),
    "former_names": lambda directory, key: directory.former_names([key]),
    "carers": lambda directory, key: directory.carers([key]),
    "carers_by_id": lambda directory, key: directory.carers_by_id([key]),
    "children_of_carers": lambda directory, key: directory.children_of_carers([key]),
    "settings": lambda directory, key: directory.settings([key]),
    "settings_by_id": lambda directory, key: directory.settings_by_id([key]),
    "involvements": lambda directory, key: directory.involvements([key]),
    "involvements_of_carers": lambda directory, key: directory.involvements_of_carers([key]),
    "involvements_by_id": lambda directory, key: directory.involvements_by_id([key]),
    "practitioners": lambda directory, key: directory.practitioners([key]),
    "agencies": lambda directory, key: directory.agencies([key]),
    "local_authorities": lambda directory, key: directory.local_authorities([str(key)]),
    "search": lambda directory, key: directory.search(
        Criteria(family_name="Nobody", date_of_birth=date(2015, 3, 4), given_name=str(key))
    ),
    "find_child by NHS number": lambda directory, key: directory.find_child(nhs_number="9434765919"),
    "find_child by UPN": lambda directory, key: directory.find_child(upn="B801200005001"),
    "find_setting by URN": lambda directory, key: directory.find_setting(urn="999999"),
    "find_setting by ODS code": lambda directory, key: directory.find_setting(ods_code="P91007"),
}


@pytest.mark.parametrize("ask", ASKS_WITH_UNKNOWN_KEYS.values(), ids=ASKS_WITH_UNKNOWN_KEYS)
async def test_an_unknown_key_is_absent_from_the_answer(database, directory, ask):
    child = await a_child(database)
    await a_carer(database, of=[child])
    await an_involvement(database, child)
    await attends(database, child, await a_setting(database))

    assert not await ask(directory, uuid4())


@pytest.mark.parametrize("port", [name for name in ASKS_WITH_UNKNOWN_KEYS if " " not in name and name != "search"])
async def test_no_keys_get_no_answer(directory, port):
    assert await getattr(directory, port)([]) == {}


async def test_a_word_outside_the_vocabulary_is_malformed(database, directory):
    child = await a_child(database)
    await cares_for(database, await a_carer(database), child, relationship="NEIGHBOUR")

    with pytest.raises(SourceMalformed) as refusal:
        await directory.carers([child])

    assert refusal.value.reason == "row-malformed"


async def test_today_is_the_local_day_and_not_the_one_in_utc(database):
    child = await a_child(database)
    involvement = await an_involvement(database, child, ended_on=date(2026, 7, 2))
    just_past_local_midnight = NOW.replace(month=7, day=1, hour=23, minute=30)
    directory = PostgresDirectory(database, today=lambda: just_past_local_midnight)

    assert not (await directory.involvements_by_id([involvement]))[involvement].active
