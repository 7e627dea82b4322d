"""How an ask began is committed to before others are asked, and made again from its entry without any key."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.asked import Asked, Operation, commitment_of, entry_of
from gateway.errors import SourceUnavailable
from gateway.identity import Access, Claims
from gateway.ledger.beginning import COMMITMENT, commitment_to
from gateway.ledger.commitments import Commitments
from tests.ledger.entries import NOON, sealed

HOME = "E08000009"
COMMITMENTS = Commitments(b"k" * 32)
# Halves of surrogate pairs too: what cannot be written as it is, is committed to as it is written.
TEXTS = st.text(st.characters(), max_size=8)


def an_ask(*, person="nurse.okafor", purpose="direct-support", mediated_for=None, text="{ me { role } }", request="r"):
    return Asked(
        claims=Claims(
            person=person,
            name="Ada Okafor",
            role="health-practitioner",
            agency="agency",
            authority=HOME,
            mediated_for=mediated_for,
            token="",
        ),
        access=Access(purpose=purpose, reason="Seeing the child", case=None, grant=None),
        operation=Operation(text=text, name=None, variables={}),
        request_id=request,
        at=NOON,
    )


def entry_after(asked, error=None):
    return json.loads(sealed(entry_of(asked, error, gateway=HOME, commitments=COMMITMENTS)).entry)


@given(st.builds(an_ask, person=TEXTS, purpose=TEXTS, mediated_for=st.none() | TEXTS, text=TEXTS, request=TEXTS))
def test_what_was_committed_to_is_made_again_from_the_stored_entry(asked):
    before = commitment_of(asked, gateway=HOME)

    assert COMMITMENT.fullmatch(before)
    assert commitment_to(entry_after(asked)) == before


def test_half_a_surrogate_pair_is_committed_to_as_it_is_written():
    asked = an_ask(person=chr(0xD800), request=f"r{chr(0xDC80)}")
    before = commitment_of(asked, gateway=HOME)

    document = entry_after(asked)

    assert document["caller"]["person"] == "\\ud800"
    assert commitment_to(document) == before


def test_how_the_ask_ends_changes_nothing():
    answered, failed = an_ask(), an_ask()
    failed.salt = answered.salt
    late = SourceUnavailable("The answer was not complete.", reason="request-late")

    assert commitment_to(entry_after(answered)) == commitment_to(entry_after(failed, late))


@pytest.mark.parametrize(
    ("part", "name"),
    [
        (None, "at"),
        (None, "gateway"),
        (None, "request_id"),
        (None, "salt"),
        ("access", "grant"),
        ("access", "origin"),
        ("access", "purpose"),
        ("caller", "agency"),
        ("caller", "authority"),
        ("caller", "mediated_for"),
        ("caller", "person"),
        ("caller", "role"),
        ("operation", "hash"),
    ],
)
def test_whatever_of_it_is_changed_afterwards_the_commitment_is_another(part, name):
    document = entry_after(an_ask())
    before = commitment_to(document)
    (document if part is None else document[part])[name] = "AAAA"

    assert commitment_to(document) != before


def test_the_same_ask_looks_different_each_time():
    assert commitment_of(an_ask(), gateway=HOME) != commitment_of(an_ask(), gateway=HOME)


def test_a_second_entry_of_one_ask_has_a_salt_of_its_own():
    asked = an_ask()

    first, second = entry_after(asked), entry_after(asked)

    assert first["salt"] != second["salt"]
