"""Involvements: whether they run, on what footing they are recorded, and through whom contact is brokered."""

from datetime import date, timedelta

import pytest

from gateway.vocabulary import Consent, Service
from tests.support.builders import (
    HOME,
    NOW,
    SOURCE,
    TODAY,
    a_carer,
    a_child,
    a_consent,
    a_practitioner,
    a_safeguarding_contact,
    a_sensitive_involvement,
    an_agency,
    an_authority,
    an_involvement,
)


async def read(directory, involvement):
    return (await directory.involvements_by_id([involvement]))[involvement]


async def test_an_involvement_comes_with_all_its_values(database, directory):
    agency = await an_agency(database)
    practitioner = await a_practitioner(database, agency=agency)
    child = await a_child(database)
    involvement = await an_involvement(
        database,
        child,
        practitioner_id=practitioner,
        service="SOCIAL_CARE",
        started_on=date(2025, 2, 3),
        is_lead_professional=True,
    )

    record = await read(directory, involvement)

    assert (record.child, record.practitioner, record.agency, record.carer) == (child, practitioner, agency, None)
    assert (record.service, record.started_on, record.ended_on) == (Service.SOCIAL_CARE, date(2025, 2, 3), None)
    assert (record.is_lead_professional, record.common_assessment_completed) == (True, False)
    assert record.provenance["service"].source == SOURCE


@pytest.mark.parametrize(
    ("ended_on", "active"),
    [(None, True), (TODAY + timedelta(days=1), True), (TODAY, False), (date(2025, 10, 1), False)],
)
async def test_an_involvement_is_active_until_the_day_it_ends(database, directory, ended_on, active):
    involvement = await an_involvement(database, await a_child(database), ended_on=ended_on)

    assert (await read(directory, involvement)).active is active


async def test_active_involvements_come_first_then_the_most_recent(database, directory):
    child = await a_child(database)
    ended = await an_involvement(database, child, started_on=date(2026, 1, 1), ended_on=TODAY)
    early = await an_involvement(database, child, started_on=date(2024, 1, 1))
    late = await an_involvement(database, child, started_on=date(2025, 1, 1))

    involvements = (await directory.involvements([child]))[child]

    assert [involvement.id for involvement in involvements] == [late, early, ended]


async def test_an_adult_service_shows_with_the_carer_and_not_with_the_child(database, directory):
    child = await a_child(database)
    carer = await a_carer(database, of=[child])
    involvement = await an_involvement(database, child, carer_id=carer)

    assert await directory.involvements([child]) == {}
    [record] = (await directory.involvements_of_carers([carer]))[carer]
    assert (record.id, record.carer, record.child) == (involvement, carer, child)


async def test_an_involvement_that_is_not_sensitive_needs_no_consent(database, directory):
    involvement = await an_involvement(database, await a_child(database))

    assert (await read(directory, involvement)).consent is Consent.NONE_NEEDED


@pytest.mark.parametrize(
    ("stated", "consent"),
    [
        ({}, Consent.GIVEN),
        ({"basis": "carer-consent"}, Consent.GIVEN),
        ({"expires_at": NOW + timedelta(seconds=1)}, Consent.GIVEN),
        ({"basis": "significant-harm"}, Consent.SIGNIFICANT_HARM),
        ({"expires_at": NOW}, Consent.EXPIRED),
        ({"basis": "significant-harm", "expires_at": NOW}, Consent.EXPIRED),
        ({"withdrawn_at": NOW}, Consent.WITHDRAWN),
        ({"withdrawn_at": NOW, "expires_at": NOW}, Consent.WITHDRAWN),
    ],
)
async def test_the_footing_of_a_sensitive_involvement_is_as_it_stands_now(database, directory, stated, consent):
    child = await a_child(database)
    involvement = await a_sensitive_involvement(database, child)
    await a_consent(database, child, involvement, **stated)

    assert (await read(directory, involvement)).consent is consent


async def test_a_sensitive_involvement_without_a_consent_says_so(database, directory):
    involvement = await a_sensitive_involvement(database, await a_child(database))

    assert (await read(directory, involvement)).consent is Consent.MISSING


async def test_the_highest_version_of_a_consent_counts(database, directory):
    child = await a_child(database)
    involvement = await a_sensitive_involvement(database, child)
    await a_consent(database, child, involvement, version=2, withdrawn_at=NOW)
    await a_consent(database, child, involvement, version=1)

    assert (await read(directory, involvement)).consent is Consent.WITHDRAWN


async def test_contact_with_any_service_can_be_brokered_by_the_front_door(database, directory):
    child = await a_child(database)
    home = await an_authority(database, HOME)
    elsewhere = await an_authority(database, "E08000003")
    await a_safeguarding_contact(database, authority=elsewhere, telephone="0161 496 0999")
    await a_safeguarding_contact(database, authority=home, role="OUT_OF_HOURS", telephone="0161 496 0998")
    await a_safeguarding_contact(database, authority=home, telephone="0161 496 0100")
    sensitive, plain = await a_sensitive_involvement(database, child), await an_involvement(database, child)

    assert (await read(directory, sensitive)).brokered_contact == "0161 496 0100"
    assert (await read(directory, plain)).brokered_contact == "0161 496 0100"
