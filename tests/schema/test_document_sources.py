"""The documents in clients' sources: what is found, what is put together, and what is refused with file and line."""

import hashlib
import json

import pytest
from typer.testing import CliRunner

from gateway.cli.main import app
from gateway.documents import DocumentsUnreadable, TrustedDocuments

IN_TYPESCRIPT = """
// gql`query NotThis { nothing }`
const address = "https://example.invalid/`"; const said = 'it`s';
export const WHO = gql`
  fragment Who on Child { id givenName }
`;
export const WHO_IS = gql`
  query WhoIs($id: ID!) {
    child(by: { id: $id }) { ...Who }
  }
  ${WHO}
`;
const me = graphql<Me, Nothing>(/* GraphQL */ `query Me { me { role } }`);
const other = `no ${`more ${gql} }`} document`;
"""
IN_PYTHON = '''
from gql import gql

AGAIN = gql(
    """
    query Again($id: ID!) { child(by: { id: $id }) { ...Who } }
    """
)
'''


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "src"


def written(folder, **files):
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def extract(*words):
    return CliRunner().invoke(app, ["documents", "extract", *(str(word) for word in words)])


def test_operations_are_found_in_all_kinds_of_sources_with_the_fragments_they_need(folder, tmp_path):
    written(folder, app__who_ts=IN_TYPESCRIPT, ask_py=IN_PYTHON, me_graphql="query Whole { me { role } }")
    written(folder / "node_modules", theirs_js="gql`broken`")

    said = extract(folder, "-o", tmp_path / "manifest.json", "--ids", tmp_path / "ids.json")

    assert said.exit_code == 0, said.output
    manifest, ids = (json.loads((tmp_path / name).read_text()) for name in ("manifest.json", "ids.json"))
    assert sorted(ids) == ["Again", "Me", "WhoIs", "Whole"]
    assert all(hashlib.sha256(text.encode()).hexdigest() == digest for digest, text in manifest.items())
    assert manifest[ids["WhoIs"]].endswith("fragment Who on Child {\n  id\n  givenName\n}")
    assert manifest[ids["Again"]].count("fragment Who") == 1
    assert "query Me { me { role } }" in manifest.values(), "what stands alone is trusted as it was written, too"


def test_the_same_sources_make_the_same_manifest(folder):
    written(folder, b_ts=IN_TYPESCRIPT, a_graphql="query First { me { role } }")

    assert extract(folder).stdout == extract(folder / "b.ts", folder / "a.graphql").stdout


@pytest.mark.parametrize(
    ("name", "text", "place", "what"),
    [
        ("a_ts", "\nconst q = gql`\n  query A {\n    me { ${fields} }\n  }`", "a.ts:4", "while the program runs"),
        ("a_py", "\nq = gql(f'query A {{ me {{ {x} }} }}')", "a.py:2", "while the program runs"),
        ("a_py", "\nq = gql('''\n  query A {\n    me { rolle }\n  }''')", "a.py:4", "Cannot query field 'rolle'"),
        ("a_py", "def", "a.py:1", "cannot be read as Python"),
        ("a_graphql", "query A {\n  me { role }", "a.graphql:2", "Expected Name"),
        ("a_graphql", "\n{ me { role } }", "a.graphql:2", "has no name"),
        ("a_graphql", "query A { me { role } }\nquery A { me { purposes } }", "a.graphql:2", "another operation"),
        ("a_graphql", "query A {\n  me { ...Nobody }\n}", "a.graphql:2", "no source has the fragment Nobody"),
        ("a_graphql", "fragment F on Caller { role }\ntype T { a: Int }", "a.graphql:2", "neither an operation"),
        ("a_graphql", "query A {\n" + "me { role }\n" * 30 + "}", "a.graphql:1", "at most 20 are allowed"),
        ("a_ts", "\nconst q = gql`query A { me", "a.ts:2", "has no end"),
        ("a_txt", "query A { me { role } }", "a.txt:1", "no GraphQL is looked for"),
    ],
)
def test_what_cannot_be_trusted_is_named_with_file_and_line_and_nothing_is_written(folder, name, text, place, what):
    written(folder, **{name: text})
    output = folder / "manifest.json"

    said = extract(folder / name.replace("_", "."), "-o", output)

    assert said.exit_code == 2
    assert place in said.output
    assert what in said.output
    assert not output.exists()


def test_all_faults_of_all_sources_are_named_at_once(folder):
    written(folder, a_py="gql(x)\ngql(y)", b_graphql="{ me { role } }", c_graphql="query C { me { nothing } }")

    said = extract(folder)

    assert [place in said.output for place in ("a.py:1", "a.py:2", "b.graphql:1", "c.graphql:1")] == [True] * 4


def test_sources_without_an_operation_make_no_manifest(folder):
    written(folder, a_ts="const nothing = 1;")

    assert extract(folder).exit_code == 2


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"a": 1}', '{"' + "0" * 64 + '": "query A { me { role } }"}', "[" * 100_000],
    ids=["empty", "list", "no text", "another hash", "deep"],
)
def test_a_manifest_that_is_not_as_it_must_be_is_refused_by_its_name(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)

    with pytest.raises(DocumentsUnreadable, match=r"manifest\.json"):
        TrustedDocuments([tmp_path / "manifest.json"])
