"""Fixtures for what costs: a server for the whole run, a database for each test."""

import gc
import logging
import sys
import threading

import pytest

from connectors.postgres.database import Database
from connectors.postgres.directory import PostgresDirectory
from connectors.postgres.server import EmbeddedServer
from tests.properties import profile as _profile  # noqa: F401 - registers the profiles that `--hypothesis-profile` names
from tests.support.builders import NOW
from tests.support.gateway import close_shared_engine
from tests.support.postgres import fresh_database, make_template, server_folder


def pytest_collection_finish():
    """Leave what was imported and collected to no search for garbage: it stays, and searching it stops all for long."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
async def postgres():
    """The URL of a real PostgreSQL with a migrated template; do not stop it, other tests share it."""
    with server_folder() as folder:
        server = EmbeddedServer(folder)
        server.start()
        await make_template(server.url)
        yield server.url
        server.leave()


@pytest.fixture(scope="session", autouse=True)
async def _no_engine_is_left():
    yield
    await close_shared_engine()


@pytest.fixture(autouse=True)
def _logging_is_left_as_it_was():
    """A command that a test runs in this process says where log lines go; the next test's go where they went."""
    root = logging.getLogger()
    kept = root.handlers[:], root.level
    hooks = sys.excepthook, sys.unraisablehook, threading.excepthook
    yield
    root.handlers[:], root.level = kept
    sys.excepthook, sys.unraisablehook, threading.excepthook = hooks
    logging.captureWarnings(False)


@pytest.fixture
async def database_url(postgres):
    """The URL of an empty migrated database of the test's own."""
    async with fresh_database(postgres) as url:
        yield url


@pytest.fixture
async def database(database_url):
    """A `Database` on the test's own database."""
    database = await Database.open(database_url, pool_min=1, pool_max=4, timeout=20.0)
    yield database
    await database.close()


@pytest.fixture
def directory(database):
    """The directory port on the test's own database, on the day the builders' world stands still."""
    return PostgresDirectory(database, today=lambda: NOW)
