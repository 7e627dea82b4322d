"""What is sealed opens with its keys, stays closed once one is destroyed, and means one thing only."""

import json

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.ledger.canonical import prepare
from gateway.ledger.master_key import MasterKey, NotWrappedByThis, new_key
from gateway.ledger.opening import open_entry, open_sealed
from gateway.ledger.sealing import (
    NOBODY,
    CannotOpen,
    KeyName,
    SealingKey,
    decoded,
    encoded,
    open_part,
    part_key,
    seal,
)
from tests.ledger.entries import AYESHA, BEN, a_masked_involvement, a_record, an_entry, keys_for, opened, stored

BOTH = an_entry(records=(a_record(), a_record(BEN), a_record(AYESHA, id="carer-1", about=(str(AYESHA), str(BEN)))))


def test_an_entry_opens_to_the_words_that_were_sealed():
    read = opened(an_entry(records=(a_record(), a_masked_involvement())))

    assert read.ask == {
        "caller": "Robin Example",
        "case": "C-2026-118",
        "operation": "WhoWorksWith",
        "reason": "New referral",
        "text": "query WhoWorksWith",
        "variables": "{}",
    }
    assert read.records == (
        {"id": str(AYESHA), "values": {"givenName": "commitment-1", "dateOfBirth": "commitment-2"}},
        {"id": "0190f2b0-0000-7000-8000-000000000002", "values": {"service": "commitment-3"}},
    )


def test_an_ask_about_nobody_is_sealed_under_the_key_of_nobody():
    entry = an_entry(records=())

    assert [name.child for name in prepare(entry).keys] == [NOBODY]
    assert opened(entry).ask["reason"] == "New referral"
    assert opened(entry, without=[NOBODY]).ask is None


def test_a_record_about_no_child_opens_without_any_childs_key():
    entry = an_entry(records=(a_record(), a_record(id="setting-1", about=())))

    read = opened(entry, without=[AYESHA])

    assert read.records[0] is None
    assert read.records[1]["id"] == "setting-1"


def test_once_a_childs_key_is_destroyed_what_is_about_that_child_is_closed_and_the_rest_is_not():
    read = opened(BOTH, without=[BEN])

    assert read.ask is None
    assert [words and words["id"] for words in read.records] == [str(AYESHA), None, None]
    assert set(read.children.values()) == {AYESHA}


def test_each_year_has_keys_of_its_own():
    early, late = an_entry(), an_entry(at=an_entry().at.replace(year=2027))

    assert prepare(early).keys[0].year == 2026
    assert keys_for(prepare(early)).keys().isdisjoint(keys_for(prepare(late)))


def test_the_same_words_look_different_in_every_entry():
    one, other = (json.loads(stored(an_entry(salt=salt * 16)).entry) for salt in (b"a", b"b"))

    assert one["sealed"][0]["text"] != other["sealed"][0]["text"]


def test_a_sealed_part_that_was_changed_or_moved_does_not_open():
    document = json.loads(stored(BOTH).entry)
    keys = {key.tag: (name, key) for name, key in keys_for(prepare(BOTH)).items()}
    moved = document | {"sealed": document["sealed"][::-1]}
    changed = json.loads(json.dumps(document))
    content = bytearray(decoded(changed["sealed"][0]["text"]))
    content[-1] ^= 1
    changed["sealed"][0]["text"] = encoded(bytes(content))

    for damaged in (moved, changed):
        with pytest.raises(CannotOpen):
            open_sealed(damaged, 0, keys)


def test_no_second_key_opens_a_part_even_where_the_cipher_would_let_it():
    honest, other = part_key([new_key()], salt=b"s" * 16, part=0), part_key([new_key()], salt=b"s" * 16, part=0)
    sealed = decoded(seal(honest, b"words"))
    forged = encoded(sealed[:32] + AESGCM(other).encrypt(bytes(12), b"other words", None))

    with pytest.raises(CannotOpen):
        open_part(other, forged)
    with pytest.raises(CannotOpen):
        open_part(honest, forged)


@pytest.mark.parametrize("text", ["", "A", "\u00e9", "AAAA"])
def test_what_is_no_sealed_part_does_not_open(text):
    with pytest.raises(CannotOpen):
        open_part(b"k" * 32, text)


def test_a_tag_says_nothing_of_the_key_and_is_the_same_each_time():
    key = new_key()

    assert SealingKey.of(key.secret) == key
    assert len(key.tag) == 16
    assert key.tag not in key.secret


def test_a_wrapped_key_unwraps_for_its_child_and_year_under_its_master_key_only():
    master, name, key = MasterKey(b"m" * 32), KeyName(AYESHA, 2026), new_key()
    wrapped = master.wrap(name, key)

    assert master.unwrap(name, wrapped) == key
    assert key.secret not in wrapped
    for wrong, wanted in (
        (MasterKey(b"n" * 32), name),
        (master, KeyName(BEN, 2026)),
        (master, KeyName(AYESHA, 2027)),
    ):
        with pytest.raises(NotWrappedByThis):
            wrong.unwrap(wanted, wrapped)
    with pytest.raises(NotWrappedByThis):
        master.unwrap(name, wrapped[:-1] + bytes([wrapped[-1] ^ 1]))


def test_a_short_master_key_is_refused():
    with pytest.raises(ValueError, match="32 bytes"):
        MasterKey(b"m" * 31)


def test_an_entry_without_any_key_at_hand_still_says_who_asked_and_which_fields_were_told():
    read = open_entry(stored(BOTH), {})

    assert read.ask is None
    assert read.document["caller"]["person"] == "practitioner-7"
    assert read.document["records"][0]["disclosed"] == ["dateOfBirth", "givenName"]
