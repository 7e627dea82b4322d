"""A gateway whose clock a test moves, a child, and those who look at her record and at who did."""

import pytest

from tests.access_log.looking import Looking
from tests.support.builders import a_carer, a_child, an_agency
from tests.support.gateway import a_gateway, a_persona, shared_engine
from tests.support.moment import ClientOfTheMoment, Moment

SUBJECT = {"purpose": "subject-access", "training_valid_until": None, "check_issued_on": None}


@pytest.fixture
async def decider():
    return await shared_engine()


@pytest.fixture
def clock():
    """The moment it is for the gateway; a test moves it on."""

    return Moment()


SLOW = {"database_timeout": 10, "ledger_timeout": 10, "request_timeout": 30}


@pytest.fixture
async def client(database_url, tmp_path, decider, clock):
    async with a_gateway(database_url, tmp_path, decider=decider, clock=clock, **SLOW) as client:
        yield ClientOfTheMoment(client, clock)


@pytest.fixture
async def looking(client, database):
    """Ayesha, her brother, her mother, and a social worker, a nurse and reviewers of her authority."""
    child = await a_child(database, given_name="Ayesha")
    brother = await a_child(database, given_name="Bilal")
    carer = await a_carer(database, of=[child, brother])
    office = await an_agency(database, kind="social-care")
    return Looking(
        client=client,
        database=database,
        child=child,
        brother=brother,
        ayesha=await a_persona(database, "child", subject_child=child, **SUBJECT),
        mother=await a_persona(database, "carer", subject_carer=carer, **SUBJECT),
        nurse=await a_persona(database, "health-practitioner"),
        worker=await a_persona(database, "social-worker", agency=office, purpose="safeguarding-enquiry"),
        supervisor=await a_persona(database, "supervisor", agency=office, purpose="review"),
        auditor=await a_persona(database, "auditor", purpose="review"),
        second=await a_persona(database, "auditor", purpose="review"),
    )
