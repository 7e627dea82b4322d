"""GraphQL over HTTP, edition of September 2026: each MUST and SHOULD for servers, in the order of its sections.

Where a test's name says "instead of", a SHOULD is not followed; `docs/http.md` says why.
"""

import asyncio
import json
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from connectors.postgres.database import Database
from gateway.asked import Operation
from gateway.errors import BadRequest, DecisionUnavailable
from schema.directory import DIRECTORY
from schema.limits import Limits
from schema.reading import DocumentReader
from tests.support.gateway import Answer, a_gateway, a_persona
from tests.support.postgres import fresh_database

ME = "{ me { role } }"
GRAPHQL = "application/graphql-response+json"
JSON = "application/json"
LIMITS = Limits(tokens=1_000, depth=10, aliases=15, directives=10, root_fields=20, operations=1, nodes=1_000)
CHANGE = 'mutation { liftWithholding(input: {idempotencyKey: "k", withholding: "w", reason: "r"}) { errors { code } } }'


@pytest.fixture(scope="module")
async def gate(postgres, tmp_path_factory):
    """A gateway that answers GET as well, and a nurse who may ask it."""
    async with fresh_database(postgres) as url:
        database = await Database.open(url, pool_min=1, pool_max=2, timeout=20.0)
        nurse = await a_persona(database, "health-practitioner")
        folder = tmp_path_factory.mktemp("gateway")
        async with a_gateway(url, folder, get_queries=True) as client:
            yield Gate(client, nurse, database)
        await database.close()


class Gone:
    """An engine that cannot be reached."""

    name, revision = "gone", "r1"

    async def decide(self, _question):
        raise DecisionUnavailable("No policy decision could be had in time; nothing is told.", reason="engine-gone")


class Gate:
    """Sends requests of any form in the nurse's name."""

    def __init__(self, client, nurse, database):
        self.client = client
        self.nurse = nurse
        self.database = database

    async def send(self, method="POST", *, body=None, json_body=None, params=None, **headers):
        sent = self.client.headers(self.nurse) | {"accept": GRAPHQL}
        if method == "POST":
            sent["content-type"] = JSON
        sent |= {name.replace("_", "-"): text for name, text in headers.items()}
        content = json.dumps(json_body).encode() if json_body is not None else body
        query = "" if params is None else f"?{urlencode(params)}"
        response = await self.client.http.request(
            method,
            f"/graphql{query}",
            content=content,
            headers={name: text for name, text in sent.items() if text is not None},
        )
        return Answer(response.status_code, response.headers, response.content, response.json())

    async def ask(self, query=ME, *, variables=None, name=None, **headers):
        parameters = {"query": query, "variables": variables, "operationName": name}
        return await self.send(json_body={key: part for key, part in parameters.items() if part is not None}, **headers)

    async def changes(self):
        return await self.database.fetch("SELECT * FROM change")


# URL


async def test_a_server_must_enable_requests_at_one_url_for_queries_and_mutations(gate):
    assert (await gate.ask(ME)).status == 200
    assert (await gate.ask(CHANGE)).status == 200


async def test_a_server_that_forbids_a_request_should_use_the_relevant_4xx(gate):
    assert (await gate.ask(authorization=None)).status == 401
    assert (await gate.ask(access_purpose=None)).status == 403


@pytest.mark.parametrize("query", [ME, "{ unheardOf }", "{"])
async def test_forbidding_should_not_depend_on_the_contents_of_a_well_formed_request(gate, query):
    refused = await gate.ask(query, access_purpose="curiosity")

    assert (refused.status, refused.codes) == (403, ["PURPOSE_REQUIRED"])


# Serialization format


@pytest.mark.parametrize(
    "content_type", [JSON, f"{JSON}; charset=utf-8", f'{JSON}; charset="UTF-8"', "Application/JSON"]
)
async def test_utf_8_must_be_assumed_where_a_content_type_names_no_encoding(gate, content_type):
    asked = json.dumps({"query": 'query { me { role } } # "é, ü, ш"'}, ensure_ascii=False)

    answer = await gate.send(body=asked.encode(), content_type=content_type)

    assert answer.data == {"me": {"role": "health-practitioner"}}


@pytest.mark.parametrize("accept", [GRAPHQL, f"{GRAPHQL}; charset=utf-8", f'{GRAPHQL};charset="UTF-8"'])
async def test_utf_8_must_be_assumed_where_accept_names_no_encoding(gate, accept):
    answer = await gate.ask(accept=accept)

    assert answer.headers["content-type"] == f"{GRAPHQL}; charset=utf-8"


# Request


async def test_a_server_must_support_requests_by_post(gate):
    assert (await gate.send(json_body={"query": ME})).status == 200


@pytest.mark.parametrize("name", ["operationName", "variables", "extensions"])
async def test_null_for_an_optional_parameter_is_as_good_as_none(gate, name):
    assert (await gate.send(json_body={"query": ME, name: None})).data == {"me": {"role": "health-practitioner"}}


async def test_each_parameter_of_a_request_counts(gate):
    text = "query named($yes: Boolean!) { me { role @include(if: $yes) name @skip(if: $yes) } }"

    answer = await gate.send(
        json_body={"query": text, "operationName": "named", "variables": {"yes": True}, "extensions": {"some": "value"}}
    )

    assert answer.data == {"me": {"role": "health-practitioner"}}


# GET


async def test_by_get_the_parameters_must_stand_in_the_query_of_the_address(gate):
    text = "query named($yes: Boolean!) { me { role @include(if: $yes) } }"
    params = {"query": text, "operationName": "named", "variables": '{"yes": true}', "extensions": '{"some": "value"}'}

    assert (await gate.send("GET", params=params)).data == {"me": {"role": "health-practitioner"}}


@pytest.mark.parametrize("name", ["operationName", "variables", "extensions"])
async def test_by_get_an_empty_optional_parameter_is_as_good_as_none(gate, name):
    assert (await gate.send("GET", params={"query": ME, name: ""})).data == {"me": {"role": "health-practitioner"}}


async def test_by_get_a_name_of_null_is_a_name(gate):
    answer = await gate.send("GET", params={"query": "query null { me { role } }", "operationName": "null"})

    assert answer.data == {"me": {"role": "health-practitioner"}}


@pytest.mark.parametrize("name", ["variables", "extensions"])
@pytest.mark.parametrize("text", ["{", "[]", "7", "null", '{"a": 1, "a": 2}'])
async def test_by_get_variables_and_extensions_must_be_json_objects(gate, name, text):
    assert (await gate.send("GET", params={"query": ME, name: text})).status == 400


@pytest.mark.parametrize("params", [[("query", ME), ("query", ME)], [("query", b"\xff")], [("qeury", ME)], []])
async def test_by_get_parameters_that_are_missing_or_twice_or_unreadable_are_refused(gate, params):
    answer = await gate.send("GET", params=params)

    assert (answer.status, answer.codes) == (400, ["BAD_REQUEST"])


async def test_get_must_not_execute_a_mutation_and_405_is_recommended(gate):
    before = await gate.changes()

    answer = await gate.send("GET", params={"query": CHANGE})

    assert (answer.status, answer.codes, answer.headers["allow"]) == (405, ["BAD_REQUEST"], "POST")
    assert await gate.changes() == before


async def test_get_must_not_execute_the_mutation_that_the_operation_name_picks(database, database_url, tmp_path):
    nurse = await a_persona(database, "health-practitioner")
    async with a_gateway(database_url, tmp_path, get_queries=True, operation_limit=2) as client:
        gate = Gate(client, nurse, database)
        both = {"query": f"query look {ME} {CHANGE.replace('mutation', 'mutation change')}"}

        looked = await gate.send("GET", params=both | {"operationName": "look"})
        changed = await gate.send("GET", params=both | {"operationName": "change"})

    assert looked.data == {"me": {"role": "health-practitioner"}}
    assert changed.status == 405


async def test_where_get_is_not_enabled_it_is_refused_with_what_is_allowed(database, database_url, tmp_path):
    nurse = await a_persona(database, "health-practitioner")
    async with a_gateway(database_url, tmp_path) as client:
        answer = await Gate(client, nurse, database).send("GET", params={"query": ME})

    assert (answer.status, answer.codes, answer.headers["allow"]) == (405, ["BAD_REQUEST"], "POST")


@pytest.mark.parametrize(
    "query",
    [
        '{ child(by: {nhsNumber: "9000000009"}) { id } }',
        '{ me { role } ...a } fragment a on Query { ... { practitioner(id: "x") { name } } }',
        "{ _entities(representations: []) { __typename } }",
    ],
)
async def test_by_get_nothing_is_asked_that_may_name_a_person(gate, query):
    answer = await gate.send("GET", params={"query": query})

    assert (answer.status, answer.codes) == (400, ["BAD_REQUEST"])
    assert "POST" in answer.messages[0]


# POST


async def test_a_server_must_support_post_with_json_in_utf_8(gate):
    answer = await gate.send(
        body='{"query": "{ me { role } } # Łucja"}'.encode(), content_type=f"{JSON}; charset=utf-8"
    )

    assert answer.status == 200


async def test_post_without_a_content_type_should_be_refused_with_a_4xx(gate):
    answer = await gate.send(json_body={"query": ME}, content_type=None)

    assert (answer.status, answer.codes) == (415, ["BAD_REQUEST"])


async def test_properties_that_are_not_understood_must_be_ignored(gate):
    assert (await gate.send(json_body={"query": ME, "unheardOf": {"of": 1}})).status == 200


# Response


@pytest.mark.parametrize(
    ("asked", "keys"), [({"query": ME}, {"data"}), ({"query": "{"}, {"errors"}), ({"qeury": ME}, {"errors"})]
)
async def test_the_body_must_be_an_execution_result_or_a_request_error_result(gate, asked, keys):
    answer = await gate.send(json_body=asked)

    assert set(answer.document) == keys
    assert all(isinstance(error["message"], str) for error in answer.document.get("errors", []))


async def test_the_content_type_must_be_stated_and_should_say_the_encoding(gate):
    assert (await gate.ask()).headers["content-type"] == f"{GRAPHQL}; charset=utf-8"


async def test_the_graphql_media_type_must_be_supported(gate):
    assert (await gate.ask(accept=GRAPHQL)).headers["content-type"].startswith(GRAPHQL)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (GRAPHQL, GRAPHQL),
        (JSON, JSON),
        (f"{JSON}, {GRAPHQL}", JSON),
        (f"{GRAPHQL}, {JSON}", GRAPHQL),
        (f"{JSON};q=0.5, {GRAPHQL}", GRAPHQL),
        (f"{GRAPHQL};q=0.5, {JSON}", JSON),
        (f"{GRAPHQL};q=0.300, {JSON};q=0.3", GRAPHQL),
        (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),
        (f"{JSON}, text/plain, */*", JSON),
        ("text/html, application/*;q=0.1", GRAPHQL),
        ("*/*", GRAPHQL),
        (f"{GRAPHQL};q=0, */*", JSON),
        (f"*/*;q=0.1, {JSON};q=0", GRAPHQL),
        (f'text/plain; of="a, {JSON}", {GRAPHQL}', GRAPHQL),
        (f"{GRAPHQL}; charset=iso-8859-1, {JSON};q=0.1", JSON),
        ("APPLICATION/JSON", JSON),
        ("", GRAPHQL),
        (None, GRAPHQL),
    ],
)
async def test_the_highest_media_type_that_accept_lists_and_the_server_has_must_be_used(gate, accept, media_type):
    answer = await gate.ask(accept=accept)

    assert (answer.status, answer.headers["content-type"]) == (200, f"{media_type}; charset=utf-8")


@pytest.mark.parametrize(
    "accept", ["text/html", "application/xml, text/*", f"{GRAPHQL};q=0", "*/*;q=0", f"{GRAPHQL}; charset=utf-16", ";"]
)
async def test_where_no_supported_media_type_is_accepted_406_should_be_the_answer(gate, accept):
    answer = await gate.ask(accept=accept)

    assert (answer.status, answer.codes) == (406, ["BAD_REQUEST"])
    assert answer.headers["content-type"] == f"{JSON}; charset=utf-8"


async def test_a_client_of_the_older_media_type_is_answered_in_it(gate):
    answer = await gate.ask(accept=JSON)

    assert (answer.status, answer.headers["content-type"]) == (200, f"{JSON}; charset=utf-8")


@pytest.mark.parametrize("query", ["{", "{ unheardOf }", "query($a: Int!) { me { role @include(if: $a) } }"])
async def test_a_client_of_the_older_media_type_reads_errors_in_a_200_instead_of_a_4xx_of_the_newer(gate, query):
    answer = await gate.ask(query, accept=JSON)

    assert (answer.status, answer.codes) == (200, ["BAD_REQUEST"])
    assert answer.data is None
    assert answer.headers["content-type"] == f"{JSON}; charset=utf-8"


@pytest.mark.parametrize("asked", [{"qeury": ME}, {"query": 7}, {"query": ME, "variables": [7]}])
async def test_a_request_that_is_not_well_formed_gets_a_4xx_in_either_media_type(gate, asked):
    assert [(await gate.send(json_body=asked, accept=accept)).status for accept in (JSON, GRAPHQL)] == [400, 400]


# Validation

INVALID = {
    "executable definitions": "type Query { me: Int }",
    "operation name uniqueness": "query a { me { role } } query a { me { role } }",
    "lone anonymous operation": "{ me { role } } query a { me { role } }",
    "subscription": "subscription { me { role } }",
    "field selections": "{ me { unheardOf } }",
    "field selection merging": "{ me { role: name role } }",
    "leaf field selections": "{ me { role { name } } }",
    "leaf field selections of objects": "{ me }",
    "argument names": "{ me(of: 1) { role } }",
    "argument uniqueness": '{ localAuthority(code: "358", code: "358") { code } }',
    "required arguments": "{ localAuthority { code } }",
    "fragment name uniqueness": "{ ...a } fragment a on Query { me { role } } fragment a on Query { me { role } }",
    "fragment spread type existence": "{ ... on UnheardOf { me } }",
    "fragments on composite types": "{ me { ... on String { role } } }",
    "fragments must be used": "{ me { role } } fragment a on Query { me { role } }",
    "fragment spread target defined": "{ ...a }",
    "fragment spreads must not form cycles": "{ ...a } fragment a on Query { ...a }",
    "fragment spread is possible": "{ me { ... on Child { id } } }",
    "values of correct type": '{ searchChildren(criteria: {upn: "x"}, first: "x") { sources { status } } }',
    "input object field names": '{ searchChildren(criteria: {unheardOf: "x"}) { sources { status } } }',
    "input object field uniqueness": '{ searchChildren(criteria: {upn: "x", upn: "x"}) { sources { status } } }',
    "input object required fields": "mutation { withdrawConsent(input: {}) { errors { code } } }",
    "one of exactly one field": '{ child(by: {id: "a", upn: "b"}) { id } }',
    "directives are defined": "{ me { role @unheardOf } }",
    "directives are in valid locations": "query @skip(if: true) { me { role } }",
    "directives are unique per location": "{ me { role @skip(if: true) @skip(if: true) } }",
    "variable uniqueness": "query($a: Int, $a: Int) { me { role } }",
    "variables are input types": "query($a: Child) { me { role } }",
    "all variable uses defined": "{ me { role @skip(if: $a) } }",
    "all variables used": "query($a: Int) { me { role } }",
    "all variable usages are allowed": "query($a: String!) { me { role @skip(if: $a) } }",
}


@pytest.mark.parametrize("rule", INVALID)
def test_every_validation_rule_of_graphql_should_be_applied(rule):
    reader = DocumentReader(DIRECTORY._schema, replace(LIMITS, operations=2))

    with pytest.raises(BadRequest):
        reader.read(Operation(text=INVALID[rule], name="a" if "query a" in INVALID[rule] else None, variables={}))


# Status codes


async def test_data_that_is_not_null_must_come_with_a_2xx_and_should_with_200(gate):
    assert (await gate.ask()).status == 200


async def test_data_and_errors_come_with_200_instead_of_294(gate):
    answer = await gate.ask('{ searchChildren(criteria: {familyName: "Rahmani"}) { sources { status } } }')

    assert (answer.status, answer.codes) == (200, ["BAD_CRITERIA"])
    assert answer.document["data"] is None


@pytest.mark.parametrize(
    "query", ["{", "{ unheardOf }", "# nothing", "query a { me { role } } query b { me { role } }"]
)
async def test_without_data_the_status_must_be_a_4xx_or_5xx(gate, query):
    answer = await gate.ask(query)

    assert answer.status == 400
    assert "data" not in answer.document


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "QUERY", "TRACE", "UNHEARDOF"])
async def test_an_unsupported_method_should_get_405_and_must_be_told_what_is_allowed(gate, method):
    response = await gate.client.http.request(method, "/graphql", headers=gate.client.headers(gate.nurse))

    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")
    assert method == "HEAD" or response.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "text/plain",
        f"{JSON}; charset=utf-16",
        f"{JSON}; charset",
        f"{JSON} and more",
        "json",
    ],
)
async def test_an_unsupported_content_type_should_get_415(gate, content_type):
    answer = await gate.send(json_body={"query": ME}, content_type=content_type)

    assert (answer.status, answer.codes, answer.headers["accept"]) == (415, ["BAD_REQUEST"], JSON)


async def test_a_body_that_is_not_there_in_time_should_get_408(database, database_url, tmp_path):
    nurse = await a_persona(database, "health-practitioner")

    async def trickling():
        yield b'{"query": "'
        await asyncio.Event().wait()

    async with a_gateway(database_url, tmp_path, request_timeout=1) as client:
        response = await client.http.post(
            "/graphql", content=trickling(), headers=client.headers(nurse) | {"content-type": JSON}
        )

    assert response.status_code == 408
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_an_address_that_is_too_long_should_get_414(gate):
    answer = await gate.send("GET", params={"query": ME + "," * 6_000})

    assert (answer.status, answer.codes) == (414, ["BAD_REQUEST"])
    assert "POST" in answer.messages[0]


async def test_a_body_that_is_too_large_should_get_413(gate):
    answer = await gate.send(json_body={"query": ME + "#" * 100_000})

    assert (answer.status, answer.codes) == (413, ["BAD_REQUEST"])
    assert "100000 bytes" in answer.messages[0]


@pytest.mark.parametrize("body", [b"NONSENSE", b'{"query":', b"", b'{"query": "\xff"}', b'\xef\xbb\xbf{"query": "x"}'])
async def test_a_body_that_is_no_json_should_get_400(gate, body):
    answer = await gate.send(body=body)

    assert (answer.status, answer.codes) == (400, ["BAD_REQUEST"])


@pytest.mark.parametrize(
    "asked",
    [
        {"qeury": ME},
        {"query": None},
        {"query": ""},
        {"query": [ME]},
        {"query": ME, "variables": [7]},
        {"query": ME, "variables": "{}"},
        {"query": ME, "operationName": 7},
        {"query": ME, "extensions": []},
    ],
)
async def test_a_request_that_is_not_well_formed_gets_400_instead_of_422(gate, asked):
    answer = await gate.send(json_body=asked)

    assert (answer.status, answer.codes) == (400, ["BAD_REQUEST"])


async def test_a_document_that_cannot_be_parsed_should_get_400(gate):
    assert (await gate.ask("{")).status == 400


async def test_a_document_that_is_not_valid_gets_400_instead_of_422_and_is_not_executed(gate):
    assert (await gate.ask("{ me { role } unheardOf }")).document.keys() == {"errors"}


@pytest.mark.parametrize(
    ("query", "name"),
    [(ME, "unheardOf"), ("query a { me { role } }", "b"), ("fragment a on Query { me { role } }", None)],
)
async def test_an_operation_that_cannot_be_determined_gets_400_instead_of_422_and_is_not_executed(gate, query, name):
    answer = await gate.ask(query, name=name)

    assert (answer.status, answer.codes, answer.data) == (400, ["BAD_REQUEST"], None)


@pytest.mark.parametrize("variables", [{}, {"yes": None}, {"yes": "x"}, {"yes": [True]}])
async def test_variables_that_cannot_be_coerced_get_400_instead_of_422_and_nothing_is_executed(gate, variables):
    answer = await gate.ask("query($yes: Boolean!) { me { role @include(if: $yes) } }", variables=variables)

    assert (answer.status, answer.codes, answer.data) == (400, ["BAD_REQUEST"], None)


async def test_a_client_that_is_not_permitted_should_get_401_or_403(gate):
    assert (await gate.ask(authorization="Bearer x")).status == 401
    assert (await gate.ask(access_reason=None)).status == 403


async def test_a_failure_of_the_servers_own_should_get_a_5xx(database, database_url, tmp_path):
    nurse = await a_persona(database, "health-practitioner")
    async with a_gateway(database_url, tmp_path, decider=Gone()) as client:
        answer = await Gate(client, nurse, database).ask()

    assert (answer.status, answer.codes) == (503, ["DECISION_UNAVAILABLE"])
