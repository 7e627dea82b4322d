"""The rim of an application: names it is asked for by, what every response says, and what an error comes to."""

import logging

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from gateway.http_rim import Rim, host_of, hosts_of
from tests.support.gateway import a_gateway
from tests.support.postgres import fresh_database

ASKED = "0190f2b0-0000-4000-8000-000000000001"
PATHS = [
    "/graphql", "/graphiql", "/policies", "/ledger", "/access-log", "/healthz", "/readyz", "/.well-known/directory",
    "/ledger/proof/inclusion", "/policies/api/unheardOf", "/graphiql?persona=unheardOf",
    "/access-log?persona=unheardOf", "/access-log/report", "/unheardOf",
]  # fmt: skip


@pytest.fixture(scope="module")
async def http(postgres, tmp_path_factory):
    """One gateway for all requests: none of them changes anything."""
    async with (
        fresh_database(postgres) as url,
        a_gateway(url, tmp_path_factory.mktemp("gateway")) as client,
    ):
        yield client.http


@pytest.mark.parametrize("path", PATHS)
async def test_whatever_is_asked_the_response_is_kept_by_nobody_framed_by_nobody_and_taken_as_it_says(http, path):
    headers = (await http.get(path)).headers

    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert (policy["default-src"], policy["frame-ancestors"], policy["base-uri"]) == ("'none'", "'none'", "'none'")
    assert "unsafe" not in headers["content-security-policy"]
    assert "strict-transport-security" not in headers


@pytest.mark.parametrize("path", PATHS)
async def test_over_tls_a_browser_is_told_to_come_by_tls_only(http, path):
    answer = await http.get(f"https://gateway.test{path}")

    assert int(answer.headers["strict-transport-security"].removeprefix("max-age=")) >= 365 * 24 * 3600


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/unheardOf", 404), ("DELETE", "/policies", 405)])
async def test_what_the_framework_refuses_has_the_form_of_all_errors(http, method, path, status):
    answer = await http.request(method, path)

    assert answer.status_code == status
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    assert (status == 405) == ("allow" in answer.headers)


@pytest.mark.parametrize(
    "host", ["attacker.invalid", "localhost.attacker.invalid", "", "gateway.test@attacker.invalid"]
)
@pytest.mark.parametrize("path", ["/graphiql", "/graphql", "/policies", "/healthz"])
async def test_a_name_that_somebody_elses_dns_leads_here_is_refused(http, host, path):
    answer = await http.get(path, headers={"host": host})

    assert answer.status_code == 421
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    assert "GATEWAY_ALLOWED_HOSTS" in answer.json()["errors"][0]["message"]
    assert "attacker" not in answer.text


@pytest.mark.parametrize("host", ["gateway.test", "GATEWAY.test:8000", "gateway.test.", "127.0.0.1:1"])
async def test_a_name_that_is_allowed_is_answered(http, host):
    assert (await http.get("/healthz", headers={"host": host})).status_code == 200


async def test_in_development_this_machine_may_be_asked_by_its_own_names_only(database_url, tmp_path):
    async with a_gateway(database_url, tmp_path, allowed_hosts=None) as client:
        asked = {
            host: (await client.http.get("/graphiql", headers={"host": host})).status_code
            for host in ("localhost:8000", "127.0.0.1:8000", "[::1]:8000", "gateway.test", "192.0.2.7:8000")
        }

    assert asked == {
        "localhost:8000": 200, "127.0.0.1:8000": 200, "[::1]:8000": 200, "gateway.test": 421, "192.0.2.7:8000": 421,
    }  # fmt: skip


def test_in_production_names_are_the_proxys_business_unless_they_are_stated():
    assert hosts_of(None, development=False, host="0.0.0.0") is None  # noqa: S104 - what an operator states
    assert hosts_of("Gateway.example., other.example", development=False, host="::") == {
        "gateway.example",
        "other.example",
    }


def test_a_request_that_names_two_hosts_names_none():
    assert host_of({"type": "http", "headers": [(b"host", b"localhost"), (b"host", b"attacker.invalid")]}) is None


async def test_what_nobody_expected_is_told_as_internal_and_logged_without_its_words(caplog):
    async def failing(_request):
        raise ValueError("Ayesha Rahmani could not be loaded")

    app = Starlette(routes=[Route("/", failing)], middleware=[Middleware(Rim)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as http:
        with caplog.at_level(logging.ERROR):
            answer = await http.get("/", headers={"x-request-id": ASKED})

    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (500, "INTERNAL")
    assert "Ayesha" not in answer.text
    assert "Ayesha" not in caplog.text
    assert f"unexpected ValueError: request {ASKED}" in caplog.text


async def test_a_response_that_says_otherwise_itself_is_left_as_it_is():
    async def kept(_request):
        return PlainTextResponse("", headers={"cache-control": "public, max-age=3600"})

    app = Starlette(routes=[Route("/", kept)], middleware=[Middleware(Rim)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as http:
        assert (await http.get("/")).headers["cache-control"] == "public, max-age=3600"
