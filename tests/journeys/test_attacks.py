"""An attacker's afternoon: a shielded girl's whereabouts, by every road that somebody in good standing could think of.

Whatever is asked, nothing of what hides comes back: not in a body, not in a header, not in an error. The directory
team walks the first road as well, to see that there is something to be found at its end.
"""

import asyncio
import json
import re
import uuid
from itertools import chain, product

import pytest
from graphql import get_named_type, is_enum_type, is_leaf_type

from tests.support.builders import (
    a_carer,
    a_child,
    a_former_name,
    a_practitioner,
    a_sensitive_involvement,
    a_setting,
    a_shield,
    an_agency,
    an_involvement,
    attends,
    cares_for,
)
from tests.support.documents import SCHEMA, everything
from tests.support.gateway import a_gateway, a_persona
from tests.support.ids import child_id

STREET, POSTCODE, TELEPHONE, EMAIL = "9 Larkspur Steps", "M17 9QX", "07700 900777", "hidden@larkspur.example"
SCHOOL, PRACTICE, FORMER = "Larkspur Academy", "Larkspur Surgery", "Larkspurformer"
WORKER, WORKERS_TELEPHONE = "Wilhelmina Larkspur", "0161 496 0999"
HIDDEN = (
    STREET,
    POSTCODE,
    POSTCODE.replace(" ", ""),
    TELEPHONE,
    TELEPHONE.replace(" ", ""),
    "larkspur",
    WORKERS_TELEPHONE,
)
"""In lower case no answer may hold any of these."""

ORDINARY = (
    "health-practitioner", "education-practitioner", "early-years-practitioner", "youth-practitioner",
    "voluntary-practitioner", "supervisor", "auditor", "policy-author", "supplier",
)  # fmt: skip
BORN = "2015-03-04"
FIND = """query($c: ChildCriteria!) { searchChildren(criteria: $c, first: 50) {
    candidates { grade reasons child { id givenName familyName } } } }"""


@pytest.fixture
async def gate(database_url, tmp_path):
    async with a_gateway(database_url, tmp_path, decision_timeout=20.0, request_timeout=30.0) as client:
        yield client


@pytest.fixture
async def girl(database):
    """A shielded girl with all that hides, and a brother who lives with her and is not shielded himself."""
    girl = await a_child(
        database, given_name="Wren", family_name="Sparrow", address_lines=[STREET], postcode=POSTCODE,
        nhs_number="9434765919", upn="B801200005001",
    )  # fmt: skip
    brother = await a_child(
        database, given_name="Robin", family_name="Sparrow", address_lines=[STREET], postcode=POSTCODE
    )
    carer = await a_carer(
        database,
        of=[girl],
        name="Jenny Wagtail",
        address_lines=[STREET],
        postcode=POSTCODE,
        telephone=TELEPHONE,
        email=EMAIL,
    )
    await cares_for(database, carer, brother)
    await a_former_name(database, girl, given_name="Wren", family_name=FORMER)
    for child in (girl, brother):
        await attends(database, child, await a_setting(database, name=SCHOOL))
    await attends(database, girl, await a_setting(database, name=PRACTICE, kind="GP_PRACTICE"))
    agency = await an_agency(database, name="Larkspur Centre")
    worker = await a_practitioner(database, name=WORKER, telephone=WORKERS_TELEPHONE, agency=agency)
    await an_involvement(database, girl, practitioner_id=worker)
    await a_sensitive_involvement(database, girl, practitioner_id=worker)
    await a_shield(database, girl)
    return girl


async def somebody(database, role):
    purpose = {"auditor": "review", "supervisor": "review", "policy-author": "policy-testing"}.get(
        role, "direct-support"
    )
    return await a_persona(database, role, purpose=purpose)


async def found(gate, persona, criteria):
    answer = await gate.ask(persona, FIND, {"c": criteria})
    search = (answer.data or {}).get("searchChildren") or {"candidates": []}
    return {one["child"]["givenName"]: one["child"]["id"] for one in search["candidates"] if one["child"]}


def assert_nothing_hidden(answer, what):
    # What the caller typed may come back in an error of ours: attacks type nothing that hides.
    seen = (answer.content.decode("utf-8", "replace") + str(answer.headers)).casefold()
    leaked = [secret for secret in HIDDEN if secret.casefold() in seen]
    assert not leaked, (what, leaked, answer.content[:2000])


def guesses(shown, child):
    """Ids that somebody might try: as shown, as they look in the database, and with the letters of other types."""
    yield shown
    for prefix in ("chd", "car", "set", "prc", "inv", "agy", "CHD", "child"):
        yield f"{prefix}-{child}"
        yield f"{prefix}-{shown.partition('-')[2]}"
    yield from (str(child), str(child).upper(), f"E08000009.{shown}", f"{shown} ", f"{shown}\u0000", f"{shown}%00", "")


ROADS = {
    "by id": "query($id: ID!) { child(by: {id: $id}) " + everything("Child", 3) + " }",
    "by NHS number": 'query { child(by: {nhsNumber: "9434765919"}) ' + everything("Child", 3) + " }",
    "by UPN": 'query { child(by: {upn: "B801200005001"}) ' + everything("Child", 3) + " }",
    "by node": "query($id: ID!) { node(id: $id) { __typename ... on Child " + everything("Child", 3) + " } }",
    "by reference": "query($id: ID!) { _entities(representations: [{__typename: \"Child\", id: $id}]) {"
    " ... on Child " + everything("Child", 3) + " } }",
    "by her log": "query($id: ID!) { accessLog(child: $id, first: 50) { edges { node "
    + everything("AccessLogEntry", 1) + " } } }",
    "past and present": "query($id: ID!) { child(by: {id: $id}) { a: involvements(active: true) "
    + everything("Involvement", 2) + " b: involvements(active: false) " + everything("Involvement", 2) + " } }",
}  # fmt: skip


@pytest.mark.parametrize("role", ORDINARY)
async def test_no_road_to_the_shielded_girl_tells_where_she_is(gate, database, girl, role):
    shown = child_id(girl)
    persona = await somebody(database, role)

    for road, text in ROADS.items():
        answer = await gate.ask(persona, text, {"id": shown} if "$id" in text else {})
        assert "QUERY_TOO_COSTLY" not in answer.codes, road  # or nothing was tried
        assert_nothing_hidden(answer, (role, road))


async def test_no_guess_at_an_id_tells_more_than_the_id_itself(gate, database, girl):
    nurse = await a_persona(database, "health-practitioner")
    shown = gate.as_known(nurse, child_id(girl))

    for road in ("by id", "by node", "by reference"):
        for guess in guesses(shown, girl):
            assert_nothing_hidden(await gate.ask(nurse, ROADS[road], {"id": guess}), (road, guess))


async def test_the_directory_team_finds_at_the_end_of_these_roads_what_hides(gate, database, girl):
    shown = child_id(girl)
    team = await a_persona(database, "directory-team", purpose="brokering")

    answer = await gate.ask(team, ROADS["by id"], {"id": shown})

    assert {secret for secret in HIDDEN if secret in answer.content.decode()} >= {STREET, POSTCODE, TELEPHONE}


async def test_nobody_whom_she_lives_with_leads_to_her(gate, database, girl):
    nurse = await a_persona(database, "health-practitioner")
    brother = (await found(gate, nurse, {"familyName": "Sparrow", "dateOfBirth": BORN})).get("Robin")
    if brother is None:
        return  # so much is hidden of him that he is not found at all

    for text in (ROADS["by id"], ROADS["by node"], ROADS["by reference"]):
        answer = await gate.ask(nurse, text, {"id": brother})
        assert_nothing_hidden(answer, "through her brother")
        for carer in set(re.findall(r'"(car-[^"]+)"', answer.content.decode())):
            through = await gate.ask(
                nurse,
                "query($id: ID!) { node(id: $id) { ... on Carer " + everything("Carer", 3) + " } }",
                {"id": carer},
            )
            assert_nothing_hidden(through, "through a carer")


@pytest.mark.parametrize(
    "criteria",
    [
        {"familyName": FORMER, "dateOfBirth": BORN},
        {"familyName": "Sparrow", "dateOfBirth": BORN, "gender": "FEMALE", "postcode": POSTCODE},
        {"givenName": "Wren", "dateOfBirth": BORN, "gender": "FEMALE", "postcode": POSTCODE},
        {"familyName": "Sparrow", "givenName": "Wren", "dateOfBirth": BORN, "postcode": POSTCODE},
        {"familyName": "Sparrow", "dateOfBirth": BORN, "gender": "FEMALE", "postcode": POSTCODE[:3]},
    ],
    ids=str,
)
@pytest.mark.parametrize("role", ["health-practitioner", "education-practitioner", "youth-practitioner"])
async def test_a_search_by_what_hides_is_as_if_she_were_not_there(gate, database, girl, role, criteria):
    persona = await somebody(database, role)
    before = await gate.ask(persona, FIND, {"c": criteria})
    await database.execute("UPDATE child SET standing = 'archived' WHERE id = $1", girl)

    after = await gate.ask(persona, FIND, {"c": criteria})

    assert before.content == after.content
    assert '"Wren"' not in before.content.decode()


TYPED = (
    "' OR '1'='1", "Sparrow'; DROP TABLE child; --", "Sparrow%", "Sp*", "Sparrow\u0000", "$$Sparrow$$", "\\x27 OR 1=1",
    "Sparrow\u202e", "{{7*7}}", "${jndi:ldap://x}", "../../etc/passwd", "<script>alert(1)</script>", "S" * 5_000,
)  # fmt: skip


def searches_for(typed):
    yield {"familyName": typed, "dateOfBirth": BORN}
    yield {"familyName": "Sparrow", "givenName": typed, "dateOfBirth": BORN}
    yield {"familyName": "Sparrow", "dateOfBirth": BORN, "gender": "FEMALE", "postcode": typed}
    yield {"nhsNumber": typed}
    yield {"upn": typed}


async def test_what_is_typed_is_never_part_of_a_statement(gate, database, girl):
    nurse = await a_persona(database, "health-practitioner")
    children = await database.fetch("SELECT count(*) FROM child")

    for criteria in chain.from_iterable(map(searches_for, TYPED)):
        answer = await gate.ask(nurse, FIND, {"c": criteria})
        assert answer.status in (200, 400), (criteria, answer.content)
        assert "INTERNAL" not in answer.codes
        assert_nothing_hidden(answer, criteria)

    assert await database.fetch("SELECT count(*) FROM child") == children


HEADERS = (
    {"access-grant": str(uuid.uuid4())},
    {"access-grant": "00000000-0000-0000-0000-000000000000"},
    {"access-grant": "' OR state = 'usable"},
    {"access-purpose": "brokering"},
    {"access-purpose": "administration"},
    {"access-purpose": "subject-access"},
    {"access-purpose": "direct-support, administration"},
    {"x-role": "directory-team"},
    {"x-forwarded-user": "team"},
    {"x-original-url": "/ledger"},
    {"x-http-method-override": "PUT"},
    {"x-forwarded-for": "127.0.0.1"},
    {"traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"},
    {"x-apollo-operation-name": "introspection"},
)


async def test_no_header_opens_anything(gate, database, girl):
    shown = child_id(girl)
    nurse = await a_persona(database, "health-practitioner")

    for changed in HEADERS:
        assert_nothing_hidden(await gate.ask(nurse, ROADS["by id"], {"id": shown}, **changed), changed)


CLAIMED = ("directory-team", "social-worker", "peer", "auditor", "child", "carer", "DIRECTORY-TEAM", "gp ")


async def test_a_role_that_is_only_claimed_opens_nothing(gate, database, girl):
    shown = child_id(girl)
    nurse = await a_persona(database, "health-practitioner")
    purposes = ("direct-support", "brokering", "administration", "review", "subject-access")

    for claimed, purpose in product(CLAIMED, purposes):
        headers = {"authorization": f"Bearer {gate.token(nurse, role=claimed)}", "access-purpose": purpose}
        answer = await gate.ask(nurse, ROADS["by id"], {"id": shown}, **headers)
        assert answer.status in (401, 403), (claimed, purpose)
        assert_nothing_hidden(answer, (claimed, purpose))


async def test_two_tokens_or_two_purposes_in_one_request_open_nothing(gate, database, girl):
    shown = child_id(girl)
    nurse, team = await a_persona(database, "health-practitioner"), await a_persona(database, "directory-team")
    body = gate.as_known(nurse, {"query": ROADS["by id"], "variables": {"id": shown}})
    own = gate.headers(nurse)
    doubled = [
        [*own.items(), ("access-purpose", "brokering")],
        [*own.items(), ("authorization", "Bearer none")],
        [("authorization", "Bearer none"), *own.items()],
        [*own.items(), ("access-grant", str(uuid.uuid4())), ("access-grant", "")],
    ]

    for headers in doubled:
        response = await gate.http.post("/graphql", json=body, headers=headers)
        assert_nothing_hidden(response, headers[-1])
    assert team.role == "directory-team"


def _literal(kind, shown):
    kind = getattr(kind, "of_type", kind)
    named = get_named_type(kind)
    if named.name == "ID":
        return shown
    if is_enum_type(named):
        return next(iter(named.values))
    if is_leaf_type(named):
        return {"Boolean": True, "Int": 1, "Date": BORN, "DateTime": "2026-11-22T10:00:00+00:00"}.get(
            named.name, "E08000009" if named.name == "LocalAuthorityCode" else "Seen today"
        )
    return {name: _value(field.type, shown) for name, field in named.fields.items()}


def _value(kind, shown):
    text = str(kind)
    value = _literal(kind, shown)
    return [value] if text.startswith("[") else value


@pytest.mark.parametrize("name", sorted(SCHEMA.mutation_type.fields))
async def test_no_change_tells_more_than_a_query(gate, database, girl, name):
    shown = child_id(girl)
    nurse = await a_persona(database, "health-practitioner")
    mutation = SCHEMA.mutation_type.fields[name]
    input_type = mutation.args["input"].type
    payload = get_named_type(mutation.type)
    parts = [
        part if is_leaf_type(get_named_type(field.type)) else f"{part} {everything(get_named_type(field.type).name, 2)}"
        for part, field in payload.fields.items()
    ]
    text = f"mutation($input: {input_type}) {{ {name}(input: $input) {{ {' '.join(parts)} }} }}"
    variables = {"input": _value(input_type, shown) | {"idempotencyKey": str(uuid.uuid4())}}

    answer = await gate.ask(nurse, text, variables)
    again = await gate.ask(nurse, text, variables)

    assert "INTERNAL" not in answer.codes
    for one in (answer, again):
        assert_nothing_hidden(one, name)


PATHS = (
    "/graphql/", "//graphql", "/graphql/..", "/GraphQL", "/graphql%2f", "/graphql?query={__typename}", "/", "/.env",
    "/.git/config", "/metrics", "/readyz", "/healthz", "/ledger", "/policies", "/access-log", "/graphiql",
    "/.well-known/directory", "/ledger/checkpoint", "/ledger/views/entries", "/federation/locate", "/federation/ping",
    "/policies/static/../../settings.py", "/ledger/static/%2e%2e/%2e%2e/settings.py", "/docs", "/openapi.json",
)  # fmt: skip


METHODS = ("GET", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "HEAD")


async def test_no_other_address_or_method_tells_anything(gate, database, girl):
    nurse = await a_persona(database, "health-practitioner")
    body = json.dumps({"query": ROADS["by NHS number"]})
    headers = gate.headers(nurse) | {"content-type": "application/json"}

    for path, method in product(PATHS, METHODS):
        response = await gate.http.request(method, path, content=body, headers=headers)
        assert response.status_code < 500 or response.status_code == 503, (method, path)
        assert_nothing_hidden(response, (method, path))


async def test_what_one_is_told_at_the_same_moment_as_the_directory_team_is_ones_own(gate, database, girl):
    shown = child_id(girl)
    nurse = await a_persona(database, "health-practitioner")
    team = await a_persona(database, "directory-team", purpose="brokering")

    answers = await asyncio.gather(
        *(gate.ask(who, ROADS["by id"], {"id": shown}) for _ in range(15) for who in (nurse, team))
    )

    for answer in answers[::2]:
        assert_nothing_hidden(answer, "at the same moment")
    assert all(STREET in answer.content.decode() for answer in answers[1::2])
