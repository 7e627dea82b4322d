"""Who may ask at all: standing as it is on the day of the ask."""

from datetime import timedelta

import pytest

from gateway.errors import Unauthenticated
from gateway.identity import Claims, identify
from gateway.vocabulary import CallerStanding
from tests.support.builders import HOME, TODAY, a_registration, an_agency


@pytest.fixture
def register(database):
    from connectors.postgres.register import PostgresRegister

    return PostgresRegister(database)


def claims_of(person, agency, *, role="health-practitioner", authority=HOME, mediated_for=None):
    return Claims(
        person=person,
        name="Made-up Person",
        role=role,
        agency=str(agency),
        authority=authority,
        mediated_for=mediated_for,
        token="t-1",
    )


async def standing(database, register, *, agency=None, claimed=None, **stated):
    agency = agency or await an_agency(database)
    person, _ = await a_registration(database, agency=agency, **stated)
    caller = await identify(claims_of(person, agency, **(claimed or {})), register=register, today=TODAY)
    return caller.standing


async def test_a_registered_person_is_current(database, register):
    assert await standing(database, register) is CallerStanding.CURRENT


async def test_training_counts_through_its_last_day(database, register):
    assert await standing(database, register, training_valid_until=TODAY) is CallerStanding.CURRENT


async def test_training_that_ended_yesterday_has_lapsed(database, register):
    lapsed = TODAY - timedelta(days=1)

    assert await standing(database, register, training_valid_until=lapsed) is CallerStanding.TRAINING_LAPSED


async def test_a_check_counts_for_three_years(database, register):
    issued = TODAY.replace(year=TODAY.year - 3)

    assert await standing(database, register, check_issued_on=issued) is CallerStanding.CURRENT


async def test_a_check_older_than_three_years_has_lapsed(database, register):
    issued = TODAY.replace(year=TODAY.year - 3) - timedelta(days=1)

    assert await standing(database, register, check_issued_on=issued) is CallerStanding.CHECK_LAPSED


async def test_an_agency_whose_accreditation_ended_lets_nobody_ask(database, register):
    agency = await an_agency(database, accredited_until=TODAY - timedelta(days=1))

    assert await standing(database, register, agency=agency) is CallerStanding.ACCREDITATION_LAPSED


async def test_a_suspended_person_is_suspended_whatever_else_holds(database, register):
    from tests.support.builders import NOW

    assert await standing(database, register, suspended_at=NOW) is CallerStanding.SUSPENDED


async def test_a_suspended_agency_suspends_its_people(database, register):
    from tests.support.builders import NOW

    agency = await an_agency(database, suspended_at=NOW)

    assert await standing(database, register, agency=agency) is CallerStanding.SUSPENDED


async def test_a_role_the_register_does_not_know_for_the_person_is_unregistered(database, register):
    assert await standing(database, register, claimed={"role": "social-worker"}) is CallerStanding.UNREGISTERED


async def test_an_authority_that_is_not_the_agencys_is_unregistered(database, register):
    assert await standing(database, register, claimed={"authority": "E08000003"}) is CallerStanding.UNREGISTERED


async def test_an_agency_that_is_not_the_persons_is_unregistered(database, register):
    person, _ = await a_registration(database)

    caller = await identify(claims_of(person, await an_agency(database)), register=register, today=TODAY)

    assert caller.standing is CallerStanding.UNREGISTERED


async def test_the_standing_of_the_person_asked_for_goes_with_the_mediators(database, register):
    agency = await an_agency(database)
    mediator, _ = await a_registration(database, role="directory-team", agency=agency)
    lapsed, _ = await a_registration(
        database, role="voluntary-practitioner", training_valid_until=TODAY - timedelta(days=1)
    )

    caller = await identify(
        claims_of(mediator, agency, role="directory-team", mediated_for=lapsed), register=register, today=TODAY
    )

    assert caller.standing is CallerStanding.CURRENT
    assert caller.acts_for == ("voluntary-practitioner", "training-lapsed")


async def test_nobody_can_mediate_for_a_person_the_register_does_not_know(database, register):
    agency = await an_agency(database)
    mediator, _ = await a_registration(database, role="directory-team", agency=agency)

    with pytest.raises(Unauthenticated):
        await identify(
            claims_of(mediator, agency, role="directory-team", mediated_for="nobody"), register=register, today=TODAY
        )
