"""A gateway that changes things, and the people who may."""

import pytest

from tests.support.gateway import a_gateway, a_persona, shared_engine
from tests.support.ledger import as_read, opening_reader


@pytest.fixture
async def decider():
    return await shared_engine()


@pytest.fixture
async def client(database_url, tmp_path, decider):
    settings = {"decider": decider, "database_timeout": 10, "ledger_timeout": 10, "request_timeout": 30}
    async with a_gateway(database_url, tmp_path, **settings) as client:
        yield client


@pytest.fixture
async def supervisor(database):
    return await a_persona(database, "supervisor", purpose="review")


@pytest.fixture
async def nurse(database):
    return await a_persona(database, "health-practitioner")


@pytest.fixture
async def team(database):
    return await a_persona(database, "directory-team", purpose="administration")


@pytest.fixture
def entries(database, tmp_path):
    """The documents of all entries, opened, the oldest first."""

    async def entries():
        reader = opening_reader(database, tmp_path)
        stored = await reader.latest(first=1_000)
        return [as_read(opened) for opened in reversed(await reader.opened(stored))]

    return entries
