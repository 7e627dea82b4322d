"""A witness: it cosigns what continues what it cosigned before, and nothing else, whoever asks and how often."""

import asyncio

import pytest

from connectors.postgres.checkpoints import WitnessedLedgers
from gateway.ledger.checkpoint import Checkpoint, hash_text
from gateway.ledger.merkle import consistency_spans, nodes_of, root_over
from gateway.ledger.notes import KeyKind, SigningKey, is_signed, signature_of
from gateway.ledger.witness import SIZE_TYPE, Witness, ask_text
from tests.ledger.test_merkle import leaves_of, naive_proof, naive_root
from tests.support.builders import NOW

LOG = SigningKey.new("directory-gateway/E08000006", KeyKind.LOG)
OLDER = SigningKey.new("directory-gateway/E08000006", KeyKind.LOG)
KEY = SigningKey.new("directory-gateway/E08000009/witness", KeyKind.WITNESS)
LEAVES = leaves_of(50)


@pytest.fixture
async def witness(database_url):
    held = WitnessedLedgers(database_url, timeout=5)
    yield Witness(KEY, logs=[LOG.verifier, OLDER.verifier], held=held, clock=lambda: NOW)
    await held.close()


def a_note(size, *, leaves=LEAVES, key=LOG, origin=None):
    return str(Checkpoint(origin=origin or key.verifier.name, size=size, root=naive_root(leaves[:size])).signed([key]))


def an_ask(old, size, *, leaves=LEAVES, proof=None, note=None, **stated):
    if proof is None:
        proof = naive_proof(old, leaves[:size]) if 0 < old <= size else []
    return ask_text(old, [hash_text(found) for found in proof], note or a_note(size, leaves=leaves, **stated)).encode()


async def test_a_first_checkpoint_is_cosigned(witness):
    reply = await witness.add_checkpoint(an_ask(0, 5))

    signature = signature_of(reply.body.removesuffix("\n"))
    assert reply.status == 200
    assert is_signed(a_note(5).partition("\n\n")[0] + "\n", signature, KEY.verifier)
    assert signature.at == int(NOW.timestamp())


async def test_what_continues_the_last_checkpoint_is_cosigned(witness):
    for old, size in ((0, 1), (1, 1), (1, 8), (8, 21), (21, 50), (50, 50)):
        assert (await witness.add_checkpoint(an_ask(old, size))).status == 200


async def test_the_empty_tree_is_cosigned_and_continued(witness):
    for old, size in ((0, 0), (0, 0), (0, 3)):
        assert (await witness.add_checkpoint(an_ask(old, size))).status == 200


async def test_either_key_of_a_ledger_that_changes_keys_is_known(witness):
    assert (await witness.add_checkpoint(an_ask(0, 5, key=OLDER))).status == 200
    assert (await witness.add_checkpoint(an_ask(5, 6, key=LOG))).status == 200


@pytest.mark.parametrize("old", [0, 4, 6])
async def test_whoever_does_not_know_what_was_cosigned_is_told(witness, old):
    await witness.add_checkpoint(an_ask(0, 5))

    reply = await witness.add_checkpoint(an_ask(old, 9))

    assert (reply.status, reply.body, reply.media_type) == (409, "5\n", SIZE_TYPE)


async def test_a_rewritten_history_is_not_cosigned(witness):
    await witness.add_checkpoint(an_ask(0, 5))
    rewritten = [*LEAVES[:2], naive_root([]), *LEAVES[3:]]

    reply = await witness.add_checkpoint(an_ask(5, 9, leaves=rewritten))

    assert reply.status == 422
    assert (await witness.add_checkpoint(an_ask(5, 9))).status == 200


async def test_another_tree_of_the_same_size_is_not_cosigned(witness):
    await witness.add_checkpoint(an_ask(0, 5))

    reply = await witness.add_checkpoint(an_ask(5, 5, leaves=LEAVES[::-1]))

    assert (reply.status, reply.body) == (409, "5\n")


async def test_a_smaller_tree_is_not_cosigned(witness):
    await witness.add_checkpoint(an_ask(0, 5))

    assert (await witness.add_checkpoint(an_ask(5, 4, proof=[]))).status == 400
    assert (await witness.add_checkpoint(an_ask(4, 4))).status == 409


@pytest.mark.parametrize("proof", [[], [naive_root(LEAVES[:5])], [*naive_proof(5, LEAVES[:9]), bytes(32)]])
async def test_a_proof_that_leads_nowhere_is_refused(witness, proof):
    await witness.add_checkpoint(an_ask(0, 5))

    assert (await witness.add_checkpoint(an_ask(5, 9, proof=proof))).status == 422


async def test_a_first_checkpoint_brings_no_proof(witness):
    assert (await witness.add_checkpoint(an_ask(0, 5, proof=[bytes(32)]))).status == 422


async def test_unknown_ledgers_and_unknown_keys_are_told_apart(witness):
    stranger = SigningKey.new("directory-gateway/E08000003", KeyKind.LOG)
    impostor = SigningKey.new(LOG.verifier.name, KeyKind.LOG)

    assert (await witness.add_checkpoint(an_ask(0, 5, key=stranger))).status == 404
    assert (await witness.add_checkpoint(an_ask(0, 5, key=impostor))).status == 403
    assert (await witness.add_checkpoint(an_ask(0, 5, note=a_note(5).replace("\n5\n", "\n6\n")))).status == 403
    assert (await witness.add_checkpoint(an_ask(0, 5))).status == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"old 0\n\n",
        b"old 0\n" + a_note(5).encode(),
        b"old 00\n\n" + a_note(5).encode(),
        b"old -1\n\n" + a_note(5).encode(),
        b"old 0\nnohash\n\n" + a_note(5).encode(),
        b"old 0\n" + b"AAAA\n" * 2 + b"\n" + a_note(5).encode(),
        b"old 5\n" + (hash_text(bytes(32)) + "\n").encode() * 64 + b"\n" + a_note(9).encode(),
        b"old 0\n\n" + a_note(5).encode() + b"\n",
        b"old 0\n\n" + b"x" * 100_000,
    ],
)
async def test_what_is_no_request_is_refused(witness, body):
    assert (await witness.add_checkpoint(body)).status == 400


async def test_two_that_ask_at_once_get_one_history(witness, database_url):
    other = Witness(KEY, logs=[LOG.verifier], held=WitnessedLedgers(database_url, timeout=5), clock=lambda: NOW)
    forked = LEAVES[::-1]

    replies = await asyncio.gather(
        *(one.add_checkpoint(an_ask(0, 5, leaves=leaves)) for one in (witness, other) for leaves in (LEAVES, forked))
    )

    await other._held.close()
    cosigned = {i % 2 for i, reply in enumerate(replies) if reply.status == 200}
    assert len(cosigned) == 1


async def test_what_was_cosigned_is_remembered_by_another_process(witness, database_url):
    await witness.add_checkpoint(an_ask(0, 5))
    restarted = Witness(KEY, logs=[LOG.verifier], held=WitnessedLedgers(database_url, timeout=5), clock=lambda: NOW)

    reply = await restarted.add_checkpoint(an_ask(0, 5, leaves=LEAVES[::-1]))

    await restarted._held.close()
    assert reply.status == 409


def test_the_proofs_of_these_tests_are_those_the_gateway_makes():
    spans = consistency_spans(5, 9)

    made = [root_over([naive_root(LEAVES[i << level : (i + 1) << level]) for level, i in nodes_of(*s)]) for s in spans]

    assert made == naive_proof(5, LEAVES[:9])
