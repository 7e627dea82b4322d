"""The form of requests and replies at the graph's address."""

import pytest

from tests.support.builders import a_child
from tests.support.gateway import a_gateway, a_persona
from tests.support.ids import child_id

ME = "{ me { role } }"


@pytest.fixture
async def client(database_url, tmp_path):
    async with a_gateway(database_url, tmp_path) as client:
        yield client


@pytest.fixture
async def nurse(database):
    return await a_persona(database, "health-practitioner")


async def entries(database):
    return await database.fetch("SELECT outcome, entry FROM ledger_entry ORDER BY seq")


async def test_an_answer_is_not_stored_on_its_way(client, nurse):
    answer = await client.ask(nurse, ME)

    assert answer.data == {"me": {"role": "health-practitioner"}}
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/graphql-response+json; charset=utf-8"


async def test_a_request_id_is_echoed_and_stands_in_the_ledger(client, nurse, database):
    answer = await client.ask(nurse, ME, **{"x-request-id": "asked-1"})

    assert answer.headers["x-request-id"] == "asked-1"
    assert '"request_id":"asked-1"' in (await entries(database))[0]["entry"]


async def test_a_request_id_of_no_known_form_is_replaced(client, nurse):
    answer = await client.ask(nurse, ME, **{"x-request-id": "a b<c>"})

    assert len(answer.headers["x-request-id"]) == 36


async def test_clients_of_the_older_media_type_get_a_200_with_the_errors(client, nurse):
    answer = await client.ask(nurse, ME, **{"access-purpose": None, "accept": "application/json"})

    assert answer.status == 200
    assert answer.codes == ["PURPOSE_REQUIRED"]
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"", "application/json", 400),
        (b"null", "application/json", 400),
        (b'"text"', "application/json", 400),
        (b"[]", "application/json", 400),
        (b'[{"query":"{ me { role } }"}]', "application/json", 400),
        (b"{}", "application/json", 400),
        (b'{"query": 7}', "application/json", 400),
        (b'{"query": "{ me { role } }", "variables": []}', "application/json", 400),
        (b'{"query": "{ me { role } }", "operationName": 7}', "application/json", 400),
        (b'{"query": "{ me { role } }", "extensions": []}', "application/json", 400),
        (b'{"query": "\xff"}', "application/json", 400),
        (b'{"query": "{ me { role } }", "variables": {"n": ' + b"9" * 5000 + b"}}", "application/json", 400),
        (b"[" * 5000 + b"]" * 5000, "application/json", 400),
        (b'{"query": "' + b"x" * 100_001 + b'"}', "application/json", 413),
        (b"query=%7B%7D", "application/x-www-form-urlencoded", 415),
        (b"{ me { role } }", "application/graphql", 415),
    ],
)
async def test_a_body_that_is_no_request_is_refused_and_named(client, nurse, body, content_type, status):
    headers = client.headers(nurse) | {"content-type": content_type}

    response = await client.http.post("/graphql", content=body, headers=headers)

    assert response.status_code == status
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_a_compressed_body_is_refused(client, nurse):
    headers = client.headers(nurse) | {"content-type": "application/json", "content-encoding": "gzip"}

    response = await client.http.post("/graphql", content=b"x", headers=headers)

    assert response.status_code == 415


async def test_a_query_in_the_address_is_not_served(client, nurse):
    response = await client.http.get("/graphql", params={"query": ME}, headers=client.headers(nurse))

    assert response.status_code == 405


async def test_without_a_token_nothing_is_told_and_nothing_recorded(client, nurse, database):
    answer = await client.ask(nurse, ME, authorization=None)

    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])
    assert answer.headers["www-authenticate"] == "Bearer"
    assert await entries(database) == []


async def test_an_expired_token_is_refused_and_recorded_under_its_name(client, nurse, database):
    token = client.token(nurse, valid_for=-3600)

    answer = await client.ask(nurse, ME, authorization=f"Bearer {token}")

    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])
    (entry,) = await entries(database)
    assert entry["outcome"] == "refused"
    assert '"reason":"token-expired"' in entry["entry"]
    assert nurse.person in entry["entry"]


@pytest.mark.parametrize("header", ["access-purpose", "access-reason"])
async def test_an_ask_without_purpose_or_reason_is_told_which_purposes_there_are(client, nurse, database, header):
    answer = await client.ask(nurse, ME, **{header: None})

    assert (answer.status, answer.codes) == (403, ["PURPOSE_REQUIRED"])
    assert "direct-support" in answer.messages[0]
    assert (await entries(database))[0]["outcome"] == "refused"


@pytest.mark.parametrize("purpose", ["curiosity", "administration", "a purpose, in words", "x" * 200])
async def test_a_purpose_that_is_unknown_or_not_the_roles_opens_nothing(client, nurse, purpose):
    answer = await client.ask(nurse, ME, **{"access-purpose": purpose})

    assert answer.codes == ["PURPOSE_REQUIRED"]


async def test_a_reason_of_any_length_is_not_cut_but_refused(client, nurse, database):
    answer = await client.ask(nurse, ME, **{"access-reason": "x" * 501})

    assert answer.codes == ["BAD_REQUEST"]
    assert (await entries(database))[0]["outcome"] == "refused"


@pytest.mark.parametrize(
    "query",
    [
        "{",
        "{ nothing }",
        "{ me { role } } { me { role } }",
        "query a { me { role } } query b { me { role } }",
        "# only",
    ],
)
async def test_a_document_that_cannot_be_run_is_refused_and_recorded(client, nurse, database, query):
    answer = await client.ask(nurse, query)

    assert answer.status == 400
    assert answer.codes[0] in ("BAD_REQUEST", "QUERY_TOO_COSTLY")
    assert (await entries(database))[0]["outcome"] == "refused"


async def test_a_misspelt_field_is_not_answered_with_suggestions(client, nurse):
    answer = await client.ask(nurse, "{ me { rol } }")

    assert "role" not in answer.messages[0].replace("rol'", "")


async def test_a_document_of_too_many_tokens_is_too_costly(client, nurse):
    answer = await client.ask(nurse, "{ me { " + "role " * 1001 + "} }")

    assert answer.codes == ["QUERY_TOO_COSTLY"]


async def test_a_variable_that_does_not_fit_is_refused_without_repeating_it(client, nurse, database):
    query = 'query($d: Date!) { searchChildren(criteria: {familyName: "Lu", dateOfBirth: $d}) { sources { status } } }'

    answer = await client.ask(nurse, query, {"d": "the ninth of May"})

    assert answer.codes == ["BAD_REQUEST"]
    assert b"ninth" not in answer.content


async def test_an_answer_that_would_touch_too_many_records_is_refused(database, database_url, tmp_path, nurse):
    child = await a_child(database)
    query = "query($id: ID!) { " + " ".join(f"c{n}: child(by: {{id: $id}}) {{ id }}" for n in range(6)) + " }"

    async with a_gateway(database_url, tmp_path, node_limit=5) as client:
        answer = await client.ask(nurse, query, {"id": child_id(child)})

    assert answer.codes == ["QUERY_TOO_COSTLY"]
    assert answer.data is None


@pytest.mark.parametrize("address", ["/healthz", "/readyz"])
async def test_health_and_readiness_are_told(client, address):
    assert (await client.http.get(address)).status_code == 200
