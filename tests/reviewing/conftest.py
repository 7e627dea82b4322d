"""A gateway that reviews, and the people who may."""

import pytest

from tests.changes.conftest import client, decider, entries, supervisor  # noqa: F401 - fixtures
from tests.reviewing.ledger_of_one import recorded
from tests.support.gateway import a_persona


@pytest.fixture
async def insider(database):
    return await a_persona(database, "health-practitioner", name="Robin Okafor")


@pytest.fixture
async def auditor(database):
    return await a_persona(database, "auditor", purpose="review")


@pytest.fixture
def asked(database_url, tmp_path):
    """Record asks in the gateway's ledger."""

    async def asked(*asks):
        await recorded(database_url, tmp_path, *asks)

    return asked
