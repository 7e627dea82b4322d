"""The ledger's proofs as an outsider gets them over HTTP, without a token."""

from base64 import b64decode
from contextlib import asynccontextmanager

import pytest

from connectors.postgres.database import Database
from gateway.errors import AuditUnavailable
from gateway.ledger.checkpoint import read_checkpoint, trusted
from gateway.ledger.merkle import verify_consistency, verify_inclusion
from gateway.ledger.notes import KeyKind, SigningKey, VerifierKey
from gateway.ledger.witnessing import Quorum
from tests.support.builders import HOME, NOW
from tests.support.gateway import a_gateway, a_persona
from tests.support.ledger_tree import ORIGIN, Administrator, add_entries, leaves_in, root_of
from tests.support.postgres import fresh_database
from tests.support.processes import until

SIZE = 300


@asynccontextmanager
async def an_outsider(url, folder):
    """A client of a gateway with a ledger of 300 entries, once they are signed; and their hashes."""
    database = await Database.open(url, pool_min=1, pool_max=1)
    await add_entries(database, SIZE)
    async with a_gateway(url, folder, ledger_checkpoint_interval=0.05) as client:
        await until(lambda: _signed(client.http, SIZE))
        yield client.http, await leaves_in(database)
    await database.close()


@pytest.fixture(scope="module")
async def outsider(postgres, tmp_path_factory):
    async with fresh_database(postgres) as url, an_outsider(url, tmp_path_factory.mktemp("outsider")) as outsider:
        yield outsider


@pytest.fixture
def http(outsider):
    return outsider[0]


@pytest.fixture
def leaves(outsider):
    return outsider[1]


async def _signed(http, size):
    answer = await http.get("/ledger/checkpoint")
    return answer.status_code == 200 and read_checkpoint(answer.text)[0].size >= size


async def test_the_newest_checkpoint_is_a_note_signed_by_the_published_key(http, leaves):
    answer = await http.get("/ledger/checkpoint")
    identity = (await http.get("/.well-known/directory")).json()

    checkpoint, note = read_checkpoint(answer.text)
    assert (checkpoint.origin, checkpoint.size, checkpoint.root) == (ORIGIN, SIZE, root_of(leaves))
    assert trusted(note, [VerifierKey.parse(key) for key in identity["ledger"]["keys"]])
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["cache-control"] == "no-store"


async def test_a_gateway_says_who_it_is(http):
    answer = await http.get("/.well-known/directory")

    identity = answer.json()
    assert identity["authority"] == HOME
    assert identity["ledger"]["origin"] == ORIGIN
    assert identity["ledger"]["checkpoint"] == (await http.get("/ledger/checkpoint")).text
    assert identity["policy"]["revision"]
    assert identity["witness"] == {"key": None}
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(("seq", "size"), [(0, 1), (0, SIZE), (255, 256), (299, SIZE), (128, 200)])
async def test_an_inclusion_proof_verifies(http, leaves, seq, size):
    answer = await http.get("/ledger/proof/inclusion", params={"seq": seq, "size": size})

    told = answer.json()
    proof = [b64decode(found) for found in told["proof"]]
    assert b64decode(told["leaf_hash"]) == leaves[seq]
    assert verify_inclusion(seq, size, leaves[seq], proof, root_of(leaves[:size]))
    assert answer.headers["cache-control"] == "public, max-age=3600"


async def test_an_inclusion_proof_without_a_size_is_for_the_newest_checkpoint(http):
    answer = await http.get("/ledger/proof/inclusion", params={"seq": 7})

    assert (answer.json()["seq"], answer.json()["size"]) == (7, SIZE)
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(("first", "second"), [(0, SIZE), (1, 2), (100, SIZE), (SIZE, SIZE), (256, 257)])
async def test_a_consistency_proof_verifies(http, leaves, first, second):
    answer = await http.get("/ledger/proof/consistency", params={"from": first, "to": second})

    proof = [b64decode(found) for found in answer.json()["proof"]]
    assert verify_consistency(first, second, root_of(leaves[:first]), root_of(leaves[:second]), proof)


@pytest.mark.parametrize(
    "address",
    [
        "inclusion",
        "inclusion?seq=-1",
        "inclusion?seq=300",
        "inclusion?seq=5&size=5",
        "inclusion?seq=5&size=301",
        "inclusion?seq=1&seq=2",
        "inclusion?seq=0x1",
        "inclusion?seq=01",
        "inclusion?seq=1%00",
        "inclusion?seq=9999999999999999999",
        "inclusion?seq=%D9%A1",
        "consistency",
        "consistency?from=2&to=1",
        "consistency?from=1&to=301",
        "consistency?from=a",
    ],
)
async def test_numbers_that_make_no_sense_are_refused_in_a_sentence(http, address):
    answer = await http.get(f"/ledger/proof/{address}")

    assert answer.status_code == 400
    [error] = answer.json()["errors"]
    assert error["extensions"]["code"] == "BAD_REQUEST"
    assert error["message"].endswith(".")


async def test_a_gateway_without_a_witness_key_is_no_witness(http):
    answer = await http.post("/ledger/witness/add-checkpoint", content=b"old 0\n\n")

    assert (answer.status_code, answer.text) == (404, "This gateway is no witness.\n")


async def test_a_damaged_tree_is_told_as_unavailable_and_not_ready(database_url, tmp_path):
    async with an_outsider(database_url, tmp_path) as (http, _):
        administrator = await Administrator.of(database_url)
        await administrator.does("DELETE FROM ledger_tile")
        await administrator.does("DELETE FROM ledger_entry WHERE seq >= 290")
        await administrator.leave()
        await until(lambda: _not_ready(http))

        answer = await http.get("/ledger/proof/inclusion", params={"seq": 1})
        checks = (await http.get("/readyz")).json()["checks"]

    assert answer.status_code == 503
    assert answer.json()["errors"][0]["extensions"]["code"] == "AUDIT_UNAVAILABLE"
    assert checks["signing"] is False


async def _not_ready(http):
    return (await http.get("/readyz")).status_code == 503


async def test_a_whole_gateway_is_ready(http):
    ready = (await http.get("/readyz")).json()

    assert ready["ready"] is True
    assert ready["checks"]["signing"] is ready["checks"]["witnesses"] is True


async def test_nothing_is_told_while_the_quorum_is_lacking(database, database_url, tmp_path):
    nurse = await a_persona(database, "health-practitioner")
    key = SigningKey.new("somebody/witness", KeyKind.WITNESS)
    settings = {"ledger_witnesses": f"http://127.0.0.1:1/witness {key.verifier}", "ledger_witness_quorum": 1}

    async with a_gateway(database_url, tmp_path, **settings) as client:
        answer = await client.ask(nurse, "{ me { role } }")
        ready = await client.http.get("/readyz")

    assert (answer.status, answer.codes, answer.data) == (503, ["AUDIT_UNAVAILABLE"], None)
    assert (ready.status_code, ready.json()["checks"]["witnesses"]) == (503, False)


def test_a_quorum_counts_witnesses_that_signed_lately():
    now = int(NOW.timestamp())
    quorum = Quorum(2, patience=30, clock=lambda: NOW)

    with pytest.raises(AuditUnavailable) as held:
        quorum.hold()
    quorum.take({"a": now - 30, "b": now})
    quorum.hold()
    quorum.take({"a": now - 31, "b": now})

    assert held.value.reason == "ledger-unwitnessed"
    assert not quorum.met


def test_a_witness_whose_clock_runs_far_ahead_does_not_count_for_long():
    quorum = Quorum(1, patience=30, clock=lambda: NOW)

    quorum.take({"a": int(NOW.timestamp()) + 3600})

    assert not quorum.met


def test_without_a_quorum_nothing_is_held_back():
    Quorum(0, patience=30, clock=lambda: NOW).hold()
