"""A gateway, the team that works the queues, a teacher who owns entries, and children without a school."""

from datetime import date, timedelta

import pytest

from tests.changes.asking import ask_change
from tests.queues.asking import PAGE, Queues
from tests.support.builders import NOW, a_child, a_practitioner, a_setting, attends
from tests.support.gateway import a_gateway, a_persona
from tests.support.ids import child_id, practitioner_id
from tests.support.moment import ClientOfTheMoment, Moment

SLOW = {"database_timeout": 10, "ledger_timeout": 10, "request_timeout": 30}


@pytest.fixture
def clock():
    """The moment it is for the gateway; a test moves it on."""

    return Moment()


@pytest.fixture
async def client(database_url, tmp_path, clock):
    async with a_gateway(database_url, tmp_path, clock=clock, **SLOW) as client:
        yield ClientOfTheMoment(client, clock)


@pytest.fixture
async def team(database):
    return await a_persona(database, "directory-team", purpose="administration")


@pytest.fixture
async def teacher(database):
    return await a_persona(database, "education-practitioner", purpose="missing-education")


@pytest.fixture
async def teachers_post(database, teacher):
    return await a_practitioner(database, person=teacher.person, agency=teacher.agency, name="Sara Lindqvist")


@pytest.fixture
def queues(client, team):
    return Queues(client, team)


@pytest.fixture
async def out_of_school(database):
    """Makes a child whose last school ended so many days ago, with a GP practice."""
    school, practice = await a_setting(database), await a_setting(database, kind="GP_PRACTICE")

    async def out_of_school(*, days=30, **stated):
        child = await a_child(database, **stated)
        await attends(database, child, school, ended_on=NOW.date() - timedelta(days=days))
        await attends(database, child, practice, started_on=date(2015, 4, 1))
        return child

    return out_of_school


@pytest.fixture
def work(client, team, teachers_post):
    """Records that a child's entry was worked, by the team and owned by the teacher unless stated otherwise."""

    async def work(child, /, *, by=None, key=None, **stated):
        said = {
            "queue": "MISSING_EDUCATION",
            "child": child_id(child),
            "owner": practitioner_id(teachers_post),
            "action": "ASK_CARER",
            "outcome": "UNDER_WAY",
        }
        return await ask_change(client, by or team, "recordQueueOutcome", f"entry {PAGE}", key=key, **said | stated)

    return work
