"""A disputed value can be proved, and nothing can be read out of a commitment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.commitments import Commitments, ToCommit, opens, value_bytes, values_bytes

KEY, SALT = b"k" * 32, b"s" * 16
CHILD = {"record_type": "Child", "record_id": "id-1", "field": "givenName"}
PLAIN = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text() | st.dates()
VALUES = PLAIN | st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=5
)
NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6)


def commit(key=KEY, salt=SALT, *, record_type="Child", record_id="id-1", field="givenName", value=b'"Ayesha"'):
    return Commitments(key).commit(salt, record_type, record_id, {field: value})[field]


def test_the_value_that_was_told_fits_its_commitment():
    assert Commitments(KEY).check(commit(), salt=SALT, value=b'"Ayesha"', **CHILD)


def test_another_value_does_not_fit():
    assert not Commitments(KEY).check(commit(), salt=SALT, value=b'"Aisha"', **CHILD)


@pytest.mark.parametrize(
    "change",
    [
        {"key": b"K" * 32},
        {"salt": b"S" * 16},
        {"record_type": "Carer"},
        {"record_id": "id-2"},
        {"field": "familyName"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_same_value_under_another_key_salt_record_or_field_looks_different(change):
    assert commit(**change) != commit()


@given(st.tuples(NAMES, NAMES, NAMES, st.binary(max_size=6)), st.tuples(NAMES, NAMES, NAMES, st.binary(max_size=6)))
def test_no_two_different_values_share_a_message(one, other):
    def of(parts):
        record_type, record_id, field, value = parts
        return commit(record_type=record_type, record_id=record_id, field=field, value=value)

    assert (of(one) == of(other)) == (one == other)


def test_the_fields_of_a_record_get_the_commitment_each_would_get_alone():
    values = {"givenName": b'"Ayesha"', "upn": b"null", "dateOfBirth": b'"2015-02-03"'}

    together = Commitments(KEY).commit(SALT, "Child", "id-1", values)

    assert together == {field: commit(field=field, value=value) for field, value in values.items()}
    assert len(set(together.values())) == 3


def test_the_records_of_an_entry_get_the_commitments_each_would_get_alone():
    records = [
        ToCommit("Child", "id-1", (b"givenName", b"upn"), (b'"Ayesha"', b"null")),
        ToCommit("Setting", "id-2", (), ()),
        ToCommit("Carer", "id-3", (b"name",), (b'"Samira"',)),
    ]

    texts = Commitments(KEY).commit_each(SALT, records)

    assert texts == [
        [commit(), commit(field="upn", value=b"null")],
        [],
        [commit(record_type="Carer", record_id="id-3", field="name", value=b'"Samira"')],
    ]


@given(st.lists(VALUES, max_size=6))
def test_values_have_the_same_bytes_together_as_one_by_one(values):
    assert list(values_bytes(values)) == [value_bytes(value) for value in values]


def test_a_commitment_is_192_bits_in_letters_that_need_no_escape():
    assert len(commit()) == 32
    assert set(commit()) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_a_record_of_which_nothing_is_told_has_no_commitment():
    assert Commitments(KEY).commit(SALT, "Child", "id-1", {}) == {}


def test_a_short_key_is_refused():
    with pytest.raises(ValueError, match="32 bytes"):
        Commitments(b"k" * 31)


def test_each_entry_gets_a_salt_of_its_own():
    assert Commitments.new_salt() != Commitments.new_salt()


def test_an_opening_proves_the_value_of_its_field_and_of_no_other():
    opening = Commitments(KEY).opening(SALT, "Child", "id-1", "givenName")

    assert opens(commit(), opening, b'"Ayesha"')
    assert not opens(commit(), opening, b'"Aisha"')
    assert not opens(commit(field="familyName"), opening, b'"Ayesha"')
