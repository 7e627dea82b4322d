"""Signed notes and checkpoints: the published examples verify, and nothing that was altered does."""

import pytest

from gateway.ledger.checkpoint import Checkpoint, read_checkpoint, trusted
from gateway.ledger.merkle import EMPTY_ROOT
from gateway.ledger.notes import KeyKind, MalformedNote, Note, SigningKey, VerifierKey, is_signed

# The example of Go's note package, which the specification was made from.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETERS_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
PETERS_FILE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz\n"

AT = 1_795_000_000
TREE = Checkpoint(origin="directory-gateway/E08000009", size=12, root=bytes(range(32)))


@pytest.fixture(scope="module")
def log_key():
    return SigningKey.new("directory-gateway/E08000009", KeyKind.LOG)


@pytest.fixture(scope="module")
def witness_key():
    return SigningKey.new("directory-gateway/E08000006/witness", KeyKind.WITNESS)


def test_the_published_note_verifies():
    note = Note.parse(PETERS_NOTE)

    assert len(note.signed_by(VerifierKey.parse(PETER))) == 1
    assert str(note) == PETERS_NOTE


def test_the_published_key_file_makes_the_published_signature():
    key = SigningKey.parse(PETERS_FILE)

    text = Note.parse(PETERS_NOTE).text

    assert str(Note(text=text, signatures=(key.sign(text),))) == PETERS_NOTE
    assert (key.file_text, str(key.verifier)) == (PETERS_FILE, PETER)


def test_a_note_that_was_altered_does_not_verify():
    note = Note.parse(PETERS_NOTE.replace("problem is", "problem was"))

    assert note.signed_by(VerifierKey.parse(PETER)) == ()
    assert note.forged_for(VerifierKey.parse(PETER))


def test_a_key_of_the_same_name_is_another_key(log_key):
    other = SigningKey.new(log_key.verifier.name, KeyKind.LOG)
    note = TREE.signed([log_key])

    assert trusted(note, [log_key.verifier])
    assert not trusted(note, [other.verifier])
    assert not note.forged_for(other.verifier)


def test_a_note_with_one_false_line_of_a_trusted_key_is_not_trusted(log_key):
    false = Checkpoint(origin=TREE.origin, size=11, root=TREE.root).signed([log_key])

    note = TREE.signed([log_key]).with_signatures(false.signatures)

    assert note.signed_by(log_key.verifier)
    assert not trusted(note, [log_key.verifier])


def test_two_keys_sign_at_once_and_either_is_enough(log_key):
    successor = SigningKey.new(log_key.verifier.name, KeyKind.LOG)

    note = Note.parse(str(TREE.signed([log_key, successor])))

    assert trusted(note, [log_key.verifier])
    assert trusted(note, [successor.verifier])


def test_a_checkpoint_reads_back(log_key):
    checkpoint, note = read_checkpoint(str(TREE.signed([log_key])))

    assert checkpoint == TREE
    assert trusted(note, [log_key.verifier])


def test_a_cosignature_holds_the_moment_and_signs_it(log_key, witness_key):
    cosigned = TREE.signed([log_key]).with_signatures([witness_key.cosign(TREE.text, at=AT)])

    [signature] = cosigned.signed_by(witness_key.verifier)

    assert signature.at == AT
    later = (AT + 1).to_bytes(8, "big") + signature.signature[8:]
    altered = type(signature)(name=signature.name, key_id=signature.key_id, signature=later)
    assert not is_signed(TREE.text, altered, witness_key.verifier)


def test_a_log_signature_is_no_cosignature_of_the_same_key():
    both = [SigningKey("somebody", kind, bytes(32)) for kind in KeyKind]

    assert not is_signed(TREE.text, both[0].sign(TREE.text), both[1].verifier)
    assert not is_signed(TREE.text, both[1].cosign(TREE.text, at=AT), both[0].verifier)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PeterNeumann",
        PETER.replace("c74f20a3", "c74f20a4"),
        PETER.replace("c74f20a3", "c74f"),
        PETER.replace("Peter", "Peter "),
        PETER[:-4],
        PETER.replace("+AR", "+BR"),
        PETER + "=",
    ],
)
def test_what_is_no_verifier_key_is_refused(text):
    with pytest.raises(MalformedNote):
        VerifierKey.parse(text)


@pytest.mark.parametrize("text", ["", PETER, PETERS_FILE.replace("c74f20a3", "c74f20a4"), PETERS_FILE[:-5]])
def test_what_is_no_key_file_is_refused(text):
    with pytest.raises(MalformedNote):
        SigningKey.parse(text)


@pytest.mark.parametrize(
    "note",
    [
        "",
        "text\n",
        "text\n\n",
        "text\n\n— name\n",
        "text\n\n— name AAAA\n",
        "text\n\n- name AAAAAAAAAAAA\n",
        PETERS_NOTE[:-1],
        PETERS_NOTE.replace("is.", "is.\r"),
        PETERS_NOTE + "\n",
        PETERS_NOTE + PETERS_NOTE.splitlines()[-1] + "\n" * 2,
        PETERS_NOTE + "".join(PETERS_NOTE.splitlines(keepends=True)[-1:] * 64),
    ],
)
def test_what_is_no_note_is_refused(note):
    with pytest.raises(MalformedNote):
        Note.parse(note)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "origin\n12\n",
        TREE.text[:-1],
        TREE.text.replace("\n12\n", "\n012\n"),
        TREE.text.replace("\n12\n", "\n-1\n"),
        TREE.text.replace("\n12\n", "\n9223372036854775808\n"),
        TREE.text.replace("\n12\n", "\n0\n"),
        TREE.text.replace("=", ""),
        TREE.text + "\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text):
    with pytest.raises(MalformedNote):
        Checkpoint.parse(text)


def test_the_empty_tree_has_a_checkpoint_and_extensions_are_let_be():
    empty = Checkpoint(origin="origin", size=0, root=EMPTY_ROOT)

    assert Checkpoint.parse(empty.text + "extension\n") == empty
