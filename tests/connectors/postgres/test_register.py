"""The register: who may ask, as it stands at this ask."""

from datetime import timedelta

import pytest

from connectors.postgres.register import PostgresRegister
from tests.support.builders import (
    HOME,
    NOW,
    TODAY,
    a_carer,
    a_child,
    a_practitioner,
    a_registration,
    an_agency,
)


@pytest.fixture
def register(database):
    return PostgresRegister(database)


async def test_a_registration_comes_with_the_facts_of_person_and_agency(database, register):
    agency = await an_agency(database, name="Sale Health", accredited_until=TODAY + timedelta(days=9))
    key = await a_registration(database, agency=agency, name="Nia Nurse")

    registration = (await register.registrations([key]))[key]

    assert (registration.person, registration.role, registration.name) == (*key, "Nia Nurse")
    assert (registration.agency, registration.agency_name, registration.authority) == (agency, "Sale Health", HOME)
    assert registration.accredited_until == TODAY + timedelta(days=9)
    assert registration.training_valid_until == TODAY + timedelta(days=200)
    assert registration.check_issued_on == TODAY - timedelta(days=200)
    assert not registration.suspended


async def test_a_role_somebody_is_not_registered_in_is_absent(database, register):
    person, role = await a_registration(database)
    other, other_role = await a_registration(database, role="gp")

    found = await register.registrations([(person, role), (person, other_role), (other, role), ("nobody", role)])

    assert set(found) == {(person, role)}


async def test_a_suspended_person_or_agency_is_suspended(database, register):
    person = await a_registration(database, suspended_at=NOW)
    agency = await a_registration(database, agency=await an_agency(database, suspended_at=NOW))

    found = await register.registrations([person, agency])

    assert [found[key].suspended for key in (person, agency)] == [True, True]


async def test_an_involvement_counts_for_the_agency_asked_for_and_a_conflict_for_every_post(database, register):
    agency = await an_agency(database)
    key = await a_registration(database, agency=agency)
    here = await a_practitioner(database, person=key[0], agency=agency)
    elsewhere = await a_practitioner(database, person=key[0])
    await a_practitioner(database, person="somebody-else", agency=agency)

    registration = (await register.registrations([key]))[key]

    assert (registration.practitioners, registration.posts) == ({here}, {here, elsewhere})


async def test_a_subject_is_registered_for_an_own_record_only(database, register):
    child = await a_child(database)
    carer = await a_carer(database)
    as_child = await a_registration(database, role="child", subject_child=child)
    as_carer = await a_registration(database, role="carer", subject_carer=carer)

    found = await register.registrations([as_child, as_carer])

    assert (found[as_child].subject_child, found[as_child].subject_carer) == (child, None)
    assert (found[as_carer].subject_child, found[as_carer].subject_carer) == (None, carer)


async def test_a_suspension_counts_from_the_next_ask(database, register):
    key = await a_registration(database)
    await register.registrations([key])
    await database.execute("UPDATE registration SET suspended_at = now()")

    assert (await register.registrations([key]))[key].suspended


async def test_the_one_registration_of_a_person_is_found_without_its_role(database, register):
    person, role = await a_registration(database)

    assert (await register.registration_of(person)).role == role


async def test_several_registrations_or_none_are_not_the_one(database, register):
    person, _ = await a_registration(database)
    await a_registration(database, person, role="gp")

    assert await register.registration_of(person) is None
    assert await register.registration_of("nobody") is None
