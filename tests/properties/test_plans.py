"""A plan tells what graphql-core tells, byte for byte, and its entry says the same."""

from datetime import date
from itertools import count
from uuid import UUID

import orjson
import pytest
from graphql import get_named_type, is_leaf_type, parse, validate
from hypothesis import assume, given
from hypothesis import strategies as st

from benchmarks.documents import FIND, WHO_WORKS_WITH
from gateway.asked import Operation
from schema.directory import DIRECTORY
from schema.plan import DocumentPlan
from schema.plan_levels import LEVELS
from tests.properties.profile import examples
from tests.support.builders import (
    a_carer,
    a_child,
    a_consent,
    a_practitioner,
    a_sensitive_involvement,
    a_setting,
    a_shield,
    an_agency,
    an_involvement,
    attends,
)  # fmt: skip
from tests.support.documents import Document, Reference
from tests.support.gateway import a_persona
from tests.support.ids import child_id
from tests.support.worlds import Key, askers, worlds

SCHEMA = DIRECTORY._schema


@st.composite
def planned_documents(draw, world):
    """Documents that plans cover: one child or one search, with aliases, repeated fields and fragments."""
    fragments = []
    aliases = count()

    def selection(type_name, depth):
        fields = SCHEMA.type_map[type_name].fields
        names = [name for name in sorted(fields) if is_covered(type_name, name, depth)]
        chosen = draw(st.lists(st.sampled_from(["__typename", *names]), min_size=1, max_size=6))
        parts = [field(type_name, name, depth) for name in chosen]
        wrapped = draw(st.integers(0, 7))
        if wrapped == 0:
            parts = ["__typename", f"... on {type_name} {{ {' '.join(parts)} }}", parts[0]]
        if wrapped == 1:
            fragments.append(f"fragment f{len(fragments)} on {type_name} {{ {' '.join(parts)} }}")
            parts = [f"...f{len(fragments) - 1}", "... { __typename }", f"...f{len(fragments) - 1}"]
        return f"{{ {' '.join(parts)} }}"

    def field(type_name, name, depth):
        if name == "__typename":
            return name
        definition = SCHEMA.type_map[type_name].fields[name]
        below = get_named_type(definition.type)
        arguments = draw(st.sampled_from(["", "(active: true)", "(active: false)"])) if definition.args else ""
        number = next(aliases) if arguments or draw(st.integers(0, 5)) == 0 else 99
        alias = f"a{number}: " if number < 7 else ""
        if arguments and not alias:
            arguments = ""
        return f"{alias}{name}{arguments}{'' if is_leaf_type(below) else selection(below.name, depth - 1)}"

    keys = [Key("child", 99), *world.keys("child")]
    if draw(st.booleans()):
        variables = {"by": {"id": Reference(draw(st.sampled_from(keys)))}}
        body = f"query($by: ChildKey!) {{ child(by: $by) {selection('Child', 5)} }}"
    else:
        rows = world.rows("child")
        row = draw(st.sampled_from(rows)) if rows else {"family_name": "Okafor", "date_of_birth": date(2015, 3, 4)}
        variables = {"by": {"familyName": row["family_name"], "dateOfBirth": row["date_of_birth"].isoformat()}}
        found = f"{{ candidates {selection('Candidate', 5)} }}"
        body = f"query($by: ChildCriteria!) {{ searchChildren(criteria: $by) {found} }}"
    document = Document(" ".join([body, *fragments]), variables)
    assume(not validate(SCHEMA, parse(document.text)))
    return document


def is_covered(type_name, name, depth):
    definition = SCHEMA.type_map[type_name].fields[name]
    if is_leaf_type(get_named_type(definition.type)):
        return True
    resolved = definition.extensions["strawberry-definition"].base_resolver is not None
    return depth > 1 and (not resolved or (type_name, name) in LEVELS)


def reader_of(place):
    return place.client.http._transport.app.state.gateway.answering._graph._reader


def read(place, text):
    return reader_of(place).read(Operation(text=text, name=None, variables={}))


@pytest.fixture(scope="module")
def walking(twin_places):
    """The second of the twins, whose documents all run on graphql-core."""
    reader_of(twin_places[1])._planned = lambda document: None
    return twin_places


@given(st.data())
@examples(25)
async def test_a_plan_and_graphql_core_tell_and_note_the_same(walking, book, new_example, data):
    base = data.draw(worlds(), label="world")
    asker, world = data.draw(askers(base, book), label="asker")
    document = data.draw(planned_documents(world), label="document")
    example = new_example()
    answers, entries = [], []

    for place in walking:
        await place.settle(world, example=example)
        answers.append(await place.ask(asker, document))
        entries.append(noted(await place.entry()))

    known = reader_of(walking[0])._read.get((document.text, None))
    assert answers[0].codes == ["QUERY_TOO_COSTLY"] if known is None else isinstance(known.plan, DocumentPlan)
    assert answers[0].content == answers[1].content
    assert answers[0].status == answers[1].status
    assert entries[0] == entries[1]


@pytest.mark.parametrize(
    "text",
    [
        WHO_WORKS_WITH,
        FIND,
        "query($id: ID!) { child(by: {id: $id}) { ...A carers { name children { ...A } } } } fragment A on Child "
        "{ __typename name: givenName address { postcode lines } ... on Node { id } carers { id } withheld { field } }",
        "query($id: ID!, $now: Boolean) { child(by: {id: $id}) { past: involvements(active: false) { id } "
        "involvements(active: $now) { agency { name localAuthority { code } } child { upn } } provenance { stale } } }",
    ],
)
def test_the_documents_that_count_are_planned(walking, text):
    assert isinstance(read(walking[0], text).plan, DocumentPlan)


@pytest.mark.parametrize(
    "text",
    [
        "query($id: ID!) { one: child(by: {id: $id}) { id } other: child(by: {id: $id}) { id } }",
        "query($id: ID!, $no: Boolean!) { child(by: {id: $id}) { id @skip(if: $no) } }",
        "query($id: ID!) { child(by: {id: $id}) { formerNames { familyName } } }",
        "query($id: ID!) { node(id: $id) { id } }",
        "{ __schema { types { name } } }",
        "{ me { name } }",
    ],
)
def test_what_plans_do_not_cover_runs_on_graphql_core(walking, text):
    assert read(walking[0], text).plan is None


@given(st.data())
@examples(3)
async def test_variables_that_do_not_fit_are_refused_alike(walking, book, new_example, data):
    asker, world = data.draw(askers(data.draw(worlds()), book))
    document = data.draw(
        st.sampled_from(
            [
                Document(WHO_WORKS_WITH, {}),
                Document(WHO_WORKS_WITH, {"id": None}),
                Document(FIND, {"familyName": "Okafor", "dateOfBirth": "yesterday"}),
                Document("query($k: ChildKey!) { child(by: $k) { id } }", {"k": {"id": "x", "upn": "y"}}),
                Document(WHO_WORKS_WITH, {"id": Reference(Key("child", 99))}),
            ]
        )
    )
    example = new_example()
    answers = []

    for place in walking:
        await place.settle(world, example=example)
        answers.append(await place.ask(asker, document))

    assert answers[0].content == answers[1].content


def noted(entry):
    """What an entry says, without what differs from ask to ask: instants, ids of requests, salts and their like."""
    # Levels side by side end in either order, and classes are numbered as they appear: the class itself is compared.
    told = [
        record
        | {
            "committed": sorted(record["committed"]),
            "disclosed": sorted(record.get("disclosed", ())),
            "class": entry["classes"][record["class"]] if "class" in record else None,
        }
        for record in entry["records"]
    ]
    return {
        "records": sorted(told, key=lambda record: orjson.dumps(record, option=orjson.OPT_SORT_KEYS)),
        "sources": [source["authority"] for source in entry["sources"]],
        "outcome": entry["outcome"],
        "searches": entry["searches"],
    }


ROLES = (
    "health-practitioner", "education-practitioner", "early-years-practitioner", "youth-practitioner",
    "voluntary-practitioner", "gp", "social-worker", "police-child-protection", "directory-team", "supervisor",
    "auditor", "supplier",
)  # fmt: skip
EVERYTHING = """query($id: ID!) { child(by: {id: $id}) {
  id givenName familyName address { postcode } withheld { field reason }
  responsibleAuthority { name } leadProfessional { name agency { name } }
  carers { id name telephone withheld { field } children { id involvements { id } } involvements { id service } }
  settings { id name localAuthority { code } withheld { field } }
  involvements { id service withheld { field } practitioner { id name agency { name } } agency { id } child { id } }
} }"""


@pytest.mark.parametrize("shielded", [False, True])
@pytest.mark.parametrize("role", ROLES)
async def test_a_family_with_something_behind_every_field_is_told_alike(walking, book, role, shielded):
    answers, entries, child = [], [], UUID(int=0xFA0000 + 100 * ROLES.index(role) + shielded)

    for place in walking:
        persona = await a_family_and_a_caller(place.database, role, child, shielded=shielded, book=book)
        answers.append(await place.client.ask(persona, EVERYTHING, {"id": child_id(child)}))
        entries.append(noted(await place.entry()))

    assert answers[0].content == answers[1].content
    assert entries[0] == entries[1]


async def test_a_plan_loads_nothing_behind_a_field_that_is_withheld(walking, book):
    place, child = walking[0], UUID(int=0xFB0000)
    persona = await a_family_and_a_caller(place.database, "health-practitioner", child, shielded=True, book=book)

    told = (await place.client.ask(persona, EVERYTHING, {"id": child_id(child)})).data["child"]

    withheld = {one["field"] for one in told["withheld"]}
    assert {"settings", "involvements", "address"} <= withheld
    assert all(told[name] is None for name in withheld)
    assert {"Setting", "Involvement"}.isdisjoint(record["type"] for record in (await place.entry())["records"])


async def a_family_and_a_caller(database, role, child, *, shielded, book):
    """A child with a carer, a setting and two involvements, the same in every database, and somebody to ask."""
    ids = iter(range(child.int * 16, child.int * 16 + 16))
    agency = await an_agency(database, id=UUID(int=next(ids)), name="Agency")
    await a_child(database, id=child, given_name="Ayesha", family_name="Okafor")
    carer = await a_carer(database, of=[child], id=UUID(int=next(ids)), name="Carer")
    await attends(database, child, await a_setting(database, id=UUID(int=next(ids)), name="School"))
    practitioner = await a_practitioner(database, agency=agency, id=UUID(int=next(ids)), name="Practitioner")
    common = {"practitioner_id": practitioner}
    await an_involvement(database, child, id=UUID(int=next(ids)), is_lead_professional=True, **common)
    sensitive = await a_sensitive_involvement(database, child, id=UUID(int=next(ids)), **common)
    await a_consent(database, child, sensitive)
    await an_involvement(database, child, carer_id=carer, id=UUID(int=next(ids)), **common)
    if shielded:
        await a_shield(database, child)
    purpose = book["roles"][role]["purposes"][0]
    return await a_persona(database, role, agency=agency, purpose=purpose, person=f"asker-{child.int}")
