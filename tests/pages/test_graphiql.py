"""The GraphiQL page as HTTP sees it: what a browser is told to allow, to keep and to send."""

import json
import re
from html.parser import HTMLParser

import pytest
from httpx import ASGITransport, AsyncClient
from starlette.applications import Starlette

from gateway.pages.graphiql import PagePersona, graphiql_routes

NURSE = PagePersona(key="nurse", title="Nadia <nurse>", token="n", purpose="care", reason="", example="{ a }")
POLICE = PagePersona(
    key="police", title="Piotr", token="p", purpose="safeguarding", reason="Call 17", example="</script><b>$x</b>"
)


def visitor(*personas):
    app = Starlette(routes=graphiql_routes(personas=personas, endpoint="/ask"))
    return AsyncClient(transport=ASGITransport(app), base_url="http://gateway.invalid")


class Elements(HTMLParser):
    """Every element of a page with its attributes and the text right inside it."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append({"tag": tag, "text": "", **dict(attrs)})

    def handle_data(self, data):
        if self.found:
            self.found[-1]["text"] += data

    def of(self, tag):
        return [element for element in self.found if element["tag"] == tag]


def configuration_of(answer):
    return next(json.loads(e["text"]) for e in Elements(answer.text).of("script") if e.get("id") == "configuration")


def assets_of(answer):
    elements = Elements(answer.text)
    scripts = [e["src"] for e in elements.of("script") if "src" in e]
    return scripts + [e["href"] for e in elements.of("link") if e["rel"] == "stylesheet"]


async def test_the_first_persona_is_chosen_unless_another_is_named():
    client = visitor(NURSE, POLICE)

    assert configuration_of(await client.get("/graphiql"))["example"] == "{ a }"
    assert configuration_of(await client.get("/graphiql?persona=police"))["headers"] == {
        "Authorization": "Bearer p",
        "Access-Purpose": "safeguarding",
        "Access-Reason": "Call 17",
    }


async def test_an_empty_reason_is_not_sent():
    configuration = configuration_of(await visitor(NURSE).get("/graphiql"))

    assert configuration["headers"] == {"Authorization": "Bearer n", "Access-Purpose": "care"}


async def test_only_the_chosen_personas_token_is_in_the_page():
    answer = await visitor(NURSE, POLICE).get("/graphiql?persona=police")

    assert "Bearer n" not in answer.text
    assert "Bearer p" in answer.text


async def test_an_unknown_persona_is_not_found():
    answer = await visitor(NURSE).get("/graphiql?persona=nobody")

    assert answer.status_code == 404


async def test_without_personas_the_page_starts_with_no_headers():
    answer = await visitor().get("/graphiql")

    assert configuration_of(answer)["headers"] == {}
    assert Elements(answer.text).of("nav") == []


async def test_the_page_asks_the_endpoint_it_was_given():
    answer = await visitor(NURSE).get("/graphiql")

    assert configuration_of(answer)["endpoint"] == "/ask"


async def test_nothing_a_persona_says_becomes_markup():
    answer = await visitor(NURSE, POLICE).get("/graphiql?persona=police")

    assert configuration_of(answer)["example"] == "</script><b>$x</b>"
    assert [e["tag"] for e in Elements(answer.text).found if e["tag"] in {"b", "nurse"}] == []


async def test_the_page_allows_no_inline_script_no_evaluation_and_no_other_host():
    answer = await visitor(NURSE).get("/graphiql")

    directives = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == "'self'"
    assert directives["connect-src"] == "'self'"
    assert re.fullmatch(r"'self' 'nonce-[\w-]{22}'", directives["style-src"])


async def test_the_nonce_is_fresh_for_every_page():
    client = visitor(NURSE)

    first, second = await client.get("/graphiql"), await client.get("/graphiql")

    assert configuration_of(first)["nonce"] in first.headers["content-security-policy"]
    assert configuration_of(first)["nonce"] != configuration_of(second)["nonce"]


async def test_the_page_is_never_kept_because_it_holds_a_token():
    answer = await visitor(NURSE).get("/graphiql")

    assert answer.headers["cache-control"] == "no-store"


async def test_the_bundle_has_an_address_made_of_its_content_and_is_kept_by_nobody():
    client = visitor(NURSE)
    addresses = assets_of(await client.get("/graphiql"))

    answers = [await client.get(address) for address in addresses]

    assert [a.headers["content-type"].split(";")[0] for a in answers] == ["text/javascript", "text/css"]
    assert {a.headers["cache-control"] for a in answers} == {"no-store"}


@pytest.mark.parametrize("address", ["/graphiql", "/graphiql?persona=nobody", "script", "style"])
async def test_no_answer_may_be_read_as_another_type(address):
    client = visitor(NURSE)
    script, style = assets_of(await client.get("/graphiql"))

    answer = await client.get({"script": script, "style": style}.get(address, address))

    assert answer.headers["x-content-type-options"] == "nosniff"
