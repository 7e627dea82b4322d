"""The bytes of an entry: one form, the form of RFC 8785."""

import hashlib
import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.canonical import children_of, index_of, leaf_hash, prepare
from gateway.ledger.entry import NOT_FOUND, AccessNote, CodeNote, OperationNote, OutcomeNote, OutcomeStatus
from gateway.vocabulary import RecordType
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

# Every character that has a UTF-8 form, with those that JSON writers treat in different ways made likely.
ODD = st.sampled_from(
    '\x00\x07\x08\t\n\x0b\x0c\r\x1f"\\/\x7f\x80\x9f\u2028\u2029\ufeff\ufffe\uffff\U0001f600\U0010ffff'
)
TEXTS = st.text(st.one_of(st.characters(exclude_categories=["Cs"]), ODD), max_size=20)
MAYBE = st.none() | TEXTS
FIELDS = st.dictionaries(st.from_regex(r"[_A-Za-z][_0-9A-Za-z]{0,12}", fullmatch=True), TEXTS, max_size=6)


CLASSES = (
    (("involved", True), ("shield", "none")),
    (("criteria", ("dateOfBirth", "familyName")), ("involved", False), ("shield", "active")),
)


@st.composite
def entries(draw):
    """Entries with any text wherever a caller or a source may put one."""
    return an_entry(
        request_id=draw(TEXTS),
        at=draw(st.datetimes(timezones=st.just(timezone(timedelta(hours=1))), min_value=datetime(1970, 1, 2))),  # noqa: DTZ001 - hypothesis adds the zone
        caller=draw(st.none() | st.builds(a_caller, person=TEXTS, name=MAYBE, role=TEXTS, mediated_for=MAYBE)),
        access=AccessNote(purpose=draw(MAYBE), reason=draw(MAYBE), case=draw(MAYBE), grant=draw(MAYBE)),
        operation=OperationNote(hash=draw(TEXTS), name=draw(MAYBE), text=draw(TEXTS), variables=draw(TEXTS)),
        outcome=OutcomeNote(
            status=draw(st.sampled_from(OutcomeStatus)),
            codes=tuple(draw(st.lists(st.builds(CodeNote, code=TEXTS, reason=TEXTS), max_size=2))),
        ),
        records=tuple(
            draw(
                st.lists(
                    st.builds(
                        a_record,
                        type=st.sampled_from(RecordType),
                        disclosed=FIELDS,
                        record_class=st.none() | st.sampled_from(CLASSES),
                    ),
                    max_size=3,
                )
            )
        ),
        searches=draw(st.integers(0, 32_767)),
    )


@given(entries(), st.integers(0, 2**53 - 1))
def test_an_entry_is_written_as_rfc_8785_writes_it(entry, seq):
    written = sealed(entry, seq).entry
    document = json.loads(written)

    assert written == rfc8785.dumps(document)
    assert document["seq"] == seq


def test_every_key_of_an_entry_is_ascii_so_that_orders_of_keys_agree():
    def keys(value):
        if isinstance(value, dict):
            yield from value
            for part in value.values():
                yield from keys(part)
        elif isinstance(value, list):
            for part in value:
                yield from keys(part)

    document = json.loads(sealed(an_entry(records=(a_record(), a_masked_involvement()))).entry)

    assert all(key.isascii() for key in keys(document))


@pytest.mark.parametrize("half", [chr(0xD800), chr(0xDFFF), f"a{chr(0xDC80)}b", chr(0xDE00) + chr(0xD83D)], ids=ascii)
def test_half_a_surrogate_pair_is_spelt_out_and_the_ask_is_recorded(half):
    entry = an_entry(caller=a_caller(person=half), access=AccessNote(purpose=half, reason=half))

    kept = sealed(entry)

    document = json.loads(kept.entry)
    spelt = "".join(f"\\u{ord(letter):04x}" if not letter.isascii() else letter for letter in half)
    assert opened(entry).ask["reason"] == spelt
    assert kept.index.person == spelt
    assert rfc8785.dumps(document) == kept.entry


def test_the_hash_of_a_leaf_is_that_of_rfc_9162():
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert leaf_hash(b"entry") == hashlib.sha256(b"\x00entry").digest()


def test_an_instant_without_a_time_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        prepare(an_entry(at=NOON.replace(tzinfo=None)))


def test_an_instant_is_written_in_utc_with_microseconds():
    at = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))

    assert json.loads(sealed(an_entry(at=at)).entry)["at"] == "2026-11-22T12:00:00.000000Z"


@pytest.mark.parametrize("searches", [-1, 32_768])
def test_a_count_of_searches_that_the_index_cannot_hold_is_refused(searches):
    with pytest.raises(ValueError, match="searches"):
        prepare(an_entry(searches=searches))


def test_a_child_that_is_not_an_id_is_refused_before_it_waits_with_others():
    with pytest.raises(ValueError, match="UUID"):
        prepare(an_entry(records=(a_record(about=("Ayesha",)),)))


def test_a_claim_that_no_index_can_hold_is_cut_in_the_index_and_whole_in_the_entry():
    long_claim = "\x00" + "x" * 5_000

    kept = sealed(an_entry(caller=a_caller(person=long_claim)))

    assert kept.index.person == "\ufffd" + "x" * 199
    assert json.loads(kept.entry)["caller"]["person"] == long_claim


def test_the_index_of_an_entry_can_be_made_again_from_its_bytes():
    kept = sealed(an_entry(records=(a_record(), a_masked_involvement(), a_concealed_record())), 7)
    document = json.loads(kept.entry)

    assert index_of(document) == kept.index
    assert children_of(document) == kept.children


def test_a_child_is_indexed_once_with_all_that_was_told_and_not_told_of_it():
    entry = an_entry(records=(a_record(), a_masked_involvement(), a_concealed_record()))

    children = opened(entry).children
    ayesha, ben = sorted(sealed(entry).children, key=lambda row: children[row.tag] != AYESHA)
    assert ayesha.told == ("Child.dateOfBirth", "Child.givenName", "Involvement.service")
    assert ayesha.withheld == ("Child.address", "Involvement.practitioner")
    assert (children[ben.tag], ben.told, ben.withheld) == (BEN, (), ("Child.givenName",))


def test_an_id_that_led_to_nothing_is_written_as_not_found():
    document = json.loads(sealed(an_entry(records=(a_record(exists=NOT_FOUND, disclosed={}, withheld={}),))).entry)

    assert document["records"][0]["exists"] == "not-found"


def test_who_was_asked_about_and_why_stands_nowhere_but_in_the_sealed_parts():
    entry = an_entry(records=(a_record(), a_masked_involvement()))
    other = replace(
        entry,
        caller=a_caller(name="Someone Else"),
        access=AccessNote(purpose="direct-support", reason="Another reason", case=None),
        operation=replace(entry.operation, name="Other", text="query Other", variables='{"a":1}'),
        records=(
            a_record(BEN, disclosed={"givenName": "x", "dateOfBirth": "y"}),
            a_masked_involvement(BEN)._replace(id="another"),
        ),
    )
    one, two = json.loads(sealed(entry).entry), json.loads(sealed(other).entry)

    for sealed_or_keyed in ("keys", "sealed"):
        assert one.pop(sealed_or_keyed) != two.pop(sealed_or_keyed)
    assert one == two


def test_no_word_of_an_ask_and_no_id_can_be_read_in_what_is_kept():
    entry = an_entry(records=(a_record(), a_masked_involvement(), a_record(BEN)))

    kept = sealed(entry).entry.decode()

    for words in ("Robin Example", "New referral", "C-2026-118", "query WhoWorksWith", "commitment-1"):
        assert words not in kept
    for record in entry.records:
        assert record.id not in kept


def test_what_is_kept_of_an_entry_without_a_salt_of_16_bytes_is_nothing():
    with pytest.raises(ValueError, match="16 bytes"):
        prepare(an_entry(salt=b"short"))
