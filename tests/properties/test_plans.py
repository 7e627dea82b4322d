"""A plan tells what graphql-core tells, byte for byte, and its entry says the same."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.documents import FIND, WHO_WORKS_WITH
from schema.plan import DocumentPlan
from tests.properties.profile import examples
from tests.support.documents import Document, Reference, documents
from tests.support.worlds import Key, askers, worlds

PLANNED = ("child", "searchChildren")


def graph_of(place):
    return place.client.http._transport.app.state.gateway.answering._graph


@pytest.fixture(scope="module")
def walking(twin_places):
    """The second of the twins, whose documents all run on graphql-core."""
    graph_of(twin_places[1])._planned = lambda document: None
    return twin_places


@given(st.data())
@examples(25)
async def test_a_plan_and_graphql_core_tell_and_note_the_same(walking, book, new_example, data):
    base = data.draw(worlds(), label="world")
    asker, world = data.draw(askers(base, book), label="asker")
    document = data.draw(documents(world, roots=PLANNED), label="document")
    example = new_example()
    answers, entries = [], []

    for place in walking:
        await place.settle(world, example=example)
        answers.append(await place.ask(asker, document))
        entries.append(noted(await place.entry()))

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
    graph = graph_of(walking[0])

    assert isinstance(graph._judged(text).plan, DocumentPlan)


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
    assert graph_of(walking[0])._judged(text).plan is None


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
    private = entry["private"]["records"]
    told = [
        record | {"committed": sorted(committed)} for record, committed in zip(entry["records"], private, strict=True)
    ]
    return {
        "records": sorted(told, key=lambda record: orjson.dumps(record, option=orjson.OPT_SORT_KEYS)),
        "sources": [source["authority"] for source in entry["sources"]],
        "outcome": entry["outcome"],
        "searches": entry["searches"],
    }
