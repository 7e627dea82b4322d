"""Fixtures of the faults, and the table that they come to."""

import pytest

from tests.faults import table
from tests.faults.crowd import a_nurse


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="cause each fault for as long and as often as promised")


def pytest_terminal_summary(terminalreporter):
    if table.ROWS:
        terminalreporter.section("faults")
        for line in table.table(table.ROWS):
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def long(pytestconfig):
    """Whether this is the long form: `make faults`."""
    return pytestconfig.getoption("--long", default=False)


@pytest.fixture
async def nurse(database):
    return await a_nurse(database)
