"""Fixtures of the faults: somebody who may ask."""

import pytest

from tests.faults.crowd import a_nurse


@pytest.fixture
async def nurse(database):
    return await a_nurse(database)
