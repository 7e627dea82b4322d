"""A site to visit and a browser to visit it with."""

import socket
from contextlib import contextmanager
from threading import Thread

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from gateway.pages.graphiql import graphiql_routes
from tests.browser.chromium import chromium, complaints_of, requests_of
from tests.browser.directory_of_one import PERSONAS, graphql


@pytest.fixture(scope="session")
def site():
    """The URL of a server with the page and a GraphQL endpoint of one question."""
    app = Starlette(routes=[*graphiql_routes(personas=PERSONAS), Route("/graphql", graphql)])
    with served(app) as url:
        yield url


@pytest.fixture(scope="session")
def chromium_session(tmp_path_factory):
    """One Chromium for all tests here; starting it is what costs."""
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture
def browser(chromium_session):
    """The browser with nothing in its logs."""
    chromium_session.get("about:blank")
    complaints_of(chromium_session)
    requests_of(chromium_session)
    return chromium_session


@contextmanager
def served(app):
    """Serve an ASGI application on a free port of this machine and lend its URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None))
    thread = Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
