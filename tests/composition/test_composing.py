"""The graph in a partner's supergraph: composed by two composers, and asked through a gateway of federation."""

import json
from uuid import UUID

import pytest

from connectors.synthetic import demo_cast as cast
from gateway.vocabulary import RecordType
from tests.composition.partners import SDL, partners_subgraph, run, tool
from tests.support.ledger import latest_entry

COMPOSERS = ["apollo", "guild"]
TOLD = """
fragment Told on Child {
  givenName
  carers { name telephone }
  involvements { service practitioner { name telephone } withheld { field reason } }
  withheld { field reason remedy }
}
"""
ALONE = "query ($id: ID!) { child(by: { id: $id }) { ...Told } }" + TOLD
BY_CLUB = "{ clubs { name members { ...Told } meetsAt { name telephone } } }" + TOLD
BY_CHILD = "query ($id: ID!) { child(by: { id: $id }) { givenName clubs { name } } }"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the subgraphs lie, and supergraphs are made."""
    folder = tmp_path_factory.mktemp("composing")
    (folder / "clubs.graphql").write_text(partners_subgraph(), encoding="utf-8")
    return folder


def compose(composer, partner, address="http://directory.invalid"):
    directory = f"directory={SDL}@{address}/graphql"
    return run(tool("compose.mjs", composer, directory, f"clubs={partner}@http://clubs.invalid"))


@pytest.fixture(scope="module", params=COMPOSERS)
def supergraph(request, folder, served):
    """What asks a supergraph of the gateway and the partner's clubs."""
    partner, clubs, supergraph = (folder / name for name in ("clubs.graphql", "clubs.json", "supergraph.graphql"))
    composed = compose(request.param, partner, served.address)
    assert composed.stderr == ""
    supergraph.write_text(composed.stdout, encoding="utf-8")

    def ask(known, query, variables=None):
        clubs.write_text(json.dumps(known), encoding="utf-8")
        question = {"query": query, "variables": variables or {}, "headers": served.headers}
        done = run(tool("supergraph.mjs", supergraph, partner, clubs), typed=json.dumps(question))
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    return ask


@pytest.mark.parametrize("composer", COMPOSERS)
def test_the_printed_schema_composes_alone(composer):
    composed = run(tool("compose.mjs", composer, f"directory={SDL}"))

    assert (composed.returncode, composed.stderr) == (0, "")
    assert "type Child" in composed.stdout


@pytest.mark.parametrize("composer", COMPOSERS)
def test_a_subgraph_that_does_not_fit_is_refused_by_the_composer(composer, tmp_path):
    partner = tmp_path / "clubs.graphql"
    partner.write_text(partners_subgraph().replace("  clubs: [Club!]!\n}\n\ntype Club", "  child: Int\n}\n\ntype Club"))

    composed = compose(composer, partner)

    assert (composed.returncode, composed.stdout) == (1, "")
    assert "Query.child" in composed.stderr


def a_club(known, *members, at=cast.LINDEN_PRIMARY):
    return {
        "__typename": "Club",
        "id": "1",
        "name": "Chess club",
        "members": [{"__typename": "Child", "id": known.told(RecordType.CHILD, child)} for child in members],
        "meetsAt": {"__typename": "Setting", "id": known.told(RecordType.SETTING, at)},
    }


async def test_a_partner_is_told_of_the_members_of_a_club_what_the_directory_tells_of_them(supergraph, served):
    children = [cast.AYESHA, cast.GRACE]
    told = [
        (await served.ask(ALONE, {"id": served.known.told(RecordType.CHILD, child)}))["data"]["child"]
        for child in children
    ]

    answer = supergraph([a_club(served.known, *children)], BY_CLUB)

    (club,) = answer["data"]["clubs"]
    assert club["members"] == told
    assert club["meetsAt"]["name"] == "Linden Vale Primary School"
    assert told[1]["withheld"] != []


async def test_a_child_of_the_directory_has_the_fields_that_a_partner_adds(supergraph, served):
    answer = supergraph(
        [a_club(served.known, cast.AYESHA)], BY_CHILD, {"id": served.known.told(RecordType.CHILD, cast.AYESHA)}
    )

    assert answer["data"] == {"child": {"givenName": "Ayesha", "clubs": [{"name": "Chess club"}]}}


async def test_a_member_whom_the_directory_does_not_know_of_is_null_and_the_rest_is_told(supergraph, served):
    answer = supergraph([a_club(served.known, UUID(int=1), cast.AYESHA)], BY_CLUB)

    (club,) = answer["data"]["clubs"]
    assert [child and child["givenName"] for child in club["members"]] == [None, "Ayesha"]
    assert club["meetsAt"]["name"] == "Linden Vale Primary School"


async def test_what_a_query_plan_asks_stands_in_the_ledger_under_the_person_who_asked(supergraph, served):
    supergraph([a_club(served.known, cast.AYESHA, cast.GRACE)], BY_CLUB)

    entry = await latest_entry(served.database, served.data_dir)
    looked_at = {record["id"] for record in entry["records"] if record["type"] == "Child"}
    assert "_entities" in entry["ask"]["text"]
    assert entry["caller"]["person"] == "nurse.okafor"
    assert {str(cast.AYESHA), str(cast.GRACE)} <= looked_at
