"""What the log tells the child, and what it tells whoever checks it."""

import io

import orjson
import pytest

from gateway.ledger.canonical import leaf_hash
from gateway.ledger.entry import AccessNote
from gateway.ledger.export import MalformedExport, line_of, read_export
from gateway.ledger.reading import Damage, IndexedEntry, access_of, check_sequence
from gateway.ledger.stored import StoredEntry
from tests.ledger.entries import (
    AYESHA,
    BEN,
    NOON,
    a_caller,
    a_concealed_record,
    a_masked_involvement,
    a_record,
    an_entry,
    opened,
    sealed,
)


def stored(seq, *, number=None, **changes):
    entry = sealed(an_entry(**changes), seq if number is None else number).entry
    return StoredEntry(seq=seq, entry=entry, leaf_hash=leaf_hash(entry))


def indexed(seq, *, entry=None, index_from=None):
    entry = entry or an_entry()
    index = sealed(index_from or entry)
    numbered = sealed(entry, seq).entry
    return IndexedEntry(
        stored=StoredEntry(seq=seq, entry=numbered, leaf_hash=leaf_hash(numbered)),
        index=index.index,
        children=index.children,
    )


def damage(entries, **options):
    return [(finding.damage, finding.first_seq, finding.entries) for finding in check_sequence(entries, **options)]


def test_the_log_says_who_saw_a_child_why_and_which_fields():
    entry = an_entry(
        caller=a_caller(mediated_for="practitioner-9"),
        records=(a_record(), a_masked_involvement(), a_record(BEN, disclosed={"gender": "c"})),
    )

    seen = access_of(opened(entry, 41), [AYESHA])

    assert (seen.seq, seen.at, seen.person, seen.name) == (41, NOON, "practitioner-7", "Robin Example")
    assert (seen.role, seen.authority, seen.mediated_for) == ("health-practitioner", "E08000009", "practitioner-9")
    assert (seen.purpose, seen.reason, seen.case) == ("direct-support", "New referral", "C-2026-118")
    assert seen.fields == ("Child.dateOfBirth", "Child.givenName", "Involvement.service")


def test_a_child_whose_record_was_concealed_was_told_of_in_no_field():
    entry = an_entry(records=(a_record(), a_concealed_record(BEN)))

    assert access_of(opened(entry), [BEN]).fields == ()


def test_the_records_of_one_child_are_read_together():
    entry = an_entry(records=(a_record(), a_record(BEN, disclosed={"gender": "c"})))

    assert access_of(opened(entry), [AYESHA, BEN]).fields == ("Child.dateOfBirth", "Child.gender", "Child.givenName")


def test_an_ask_by_nobody_known_can_be_read():
    entry = an_entry(caller=None, access=AccessNote(purpose=None, reason=None))

    assert access_of(opened(entry), []).person is None


def test_a_whole_sequence_has_no_findings():
    assert damage([stored(0), stored(1), indexed(2)]) == []


def test_a_sequence_may_be_checked_from_any_number_on():
    assert damage([stored(5), stored(6)], first=5) == []


def test_missing_entries_are_found_with_the_first_that_is_missing():
    assert damage([stored(0), stored(3), stored(5)]) == [(Damage.GAP, 1, 3)]


def test_a_sequence_that_does_not_begin_at_the_beginning_has_a_gap():
    assert damage([stored(2)]) == [(Damage.GAP, 0, 2)]


def test_an_entry_that_is_there_twice_is_found():
    assert damage([stored(0), stored(1), stored(1), stored(2)]) == [(Damage.DUPLICATE, 1, 1)]


def test_entries_in_another_order_are_found():
    assert (Damage.OUT_OF_ORDER, 1, 1) in damage([stored(0), stored(2), stored(3), stored(1)])


def test_an_edited_entry_no_longer_fits_its_hash():
    one = stored(1)
    edited = StoredEntry(seq=1, entry=one.entry.replace(b"practitioner-7", b"practitioner-8"), leaf_hash=one.leaf_hash)

    assert damage([stored(0), edited]) == [(Damage.HASH_MISMATCH, 1, 1)]


@pytest.mark.parametrize("entry", [b"", b"{", b"[]", b'{ "seq":0}', b"\xff", b'{"seq":0,"a":1}'])
def test_an_entry_that_is_not_canonical_json_is_found(entry):
    assert damage([StoredEntry(seq=0, entry=entry, leaf_hash=leaf_hash(entry))]) == [(Damage.MALFORMED, 0, 1)]


def test_an_entry_under_a_number_that_is_not_its_own_is_found():
    assert damage([stored(0, number=1)]) == [(Damage.MISNUMBERED, 0, 1)]


@pytest.mark.parametrize(
    "index_from",
    [an_entry(caller=a_caller(person="somebody-else")), an_entry(records=()), an_entry(searches=3)],
    ids=["person", "children", "searches"],
)
def test_an_index_that_disagrees_with_its_entry_is_found(index_from):
    assert damage([indexed(0, index_from=index_from)]) == [(Damage.INDEX_DISAGREES, 0, 1)]


def test_an_entry_of_another_shape_is_found_through_its_index():
    entry = orjson.dumps({"seq": 0})
    strange = StoredEntry(seq=0, entry=entry, leaf_hash=leaf_hash(entry))
    one = indexed(0)

    assert damage([IndexedEntry(stored=strange, index=one.index, children=one.children)]) == [(Damage.MALFORMED, 0, 1)]


def test_several_findings_come_in_the_order_of_the_sequence():
    found = damage([stored(0), stored(1, number=9), stored(3)])

    assert found == [(Damage.MISNUMBERED, 1, 1), (Damage.GAP, 2, 1)]


def test_an_export_is_read_back_byte_for_byte():
    entries = [stored(0), stored(1, access=AccessNote(purpose=None, reason=',"entry":}\n\u2028'))]

    assert list(read_export(io.BytesIO(b"".join(map(line_of, entries))))) == entries


def test_a_line_of_an_export_is_json_for_everybody():
    one = stored(3)

    line = orjson.loads(line_of(one))

    assert (line["seq"], line["leaf_hash"]) == (3, one.leaf_hash.hex())
    assert line["entry"] == orjson.loads(one.entry)


@pytest.mark.parametrize("line", [b"\n", b"{}\n", b'{"seq":0,"leaf_hash":"zz","entry":{}}\n', b'{"entry":{}}\n'])
def test_a_line_that_no_export_writes_is_named(line):
    with pytest.raises(MalformedExport, match="line 2"):
        list(read_export([line_of(stored(0)), line]))
