"""Client libraries as partners get them, over real HTTP: the page's programs ask every example of the README."""

import json

import pytest

from tests.composition.partners import ROOT, blocks, javascript_client, python_client, run

EXAMPLES = blocks(ROOT / "README.md", "graphql")


@pytest.fixture(params=[python_client, javascript_client], ids=["python", "javascript"])
def client(request, tmp_path, served):
    """What asks a question with a client library, in the name of whom the token names."""

    def ask(question, token=served.token):
        return run(request.param(tmp_path), typed=question, DIRECTORY=served.address, TOKEN=token)

    return ask


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
async def test_a_client_library_is_told_what_the_gateway_answers(client, served, example):
    expected = await served.ask(example)

    done = client(example)

    assert done.stderr == ""
    assert json.loads(done.stdout) == expected["data"]
    assert any(expected["data"].values())


async def test_a_client_library_names_the_code_of_a_refusal(client):
    done = client("{ me { name } }", token="of-nobody")

    assert (done.returncode, done.stdout, done.stderr.strip()) == (1, "", "UNAUTHENTICATED")


async def test_a_client_library_names_the_code_of_an_ask_that_cannot_be_answered(client):
    done = client('{ searchChildren(criteria: { familyName: "Rahmani" }) { candidates { grade } } }')

    assert (done.returncode, done.stdout, done.stderr.strip()) == (1, "", "BAD_CRITERIA")
