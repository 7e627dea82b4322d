"""The checks of NHS numbers and unique pupil numbers: every slip of one character is caught."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.identifiers import UPN_LETTERS, IdentifierFault, compact, nhs_number_fault, upn_fault

DIGITS = "0123456789"


@st.composite
def nhs_numbers(draw):
    first = draw(st.text(DIGITS, min_size=9, max_size=9).filter(lambda nine: _nhs_check(nine) != 10))
    return f"{first}{_nhs_check(first)}"


def _nhs_check(nine):
    return (11 - sum(int(digit) * (10 - place) for place, digit in enumerate(nine)) % 11) % 11


@st.composite
def upns(draw):
    authority = draw(st.sampled_from(["358", "201", "801", "943", "001"]))
    rest = draw(st.text(DIGITS, min_size=8, max_size=8)) + draw(st.sampled_from(DIGITS + UPN_LETTERS))
    signs = authority + rest
    values = [int(sign) if sign.isdigit() else UPN_LETTERS.index(sign) for sign in signs]
    return UPN_LETTERS[sum(place * value for place, value in enumerate(values, 2)) % 23] + signs


@pytest.mark.parametrize("number", ["9434765919", "9434765870", "9000000009", "9000000025", "9000000033", "9111231130"])
def test_a_valid_nhs_number_has_no_fault(number):
    assert nhs_number_fault(number) is None


@pytest.mark.parametrize("number", ["9000000000", "0449310999", "1234567890", "9000000015"])
def test_an_nhs_number_with_a_wrong_check_digit_is_refused(number):
    assert nhs_number_fault(number) is IdentifierFault.NHS_NUMBER_CHECK


def test_nine_digits_whose_check_would_be_ten_make_no_nhs_number():
    nine = next(f"{n:09}" for n in range(100) if _nhs_check(f"{n:09}") == 10)

    assert all(nhs_number_fault(nine + digit) for digit in DIGITS)


@pytest.mark.parametrize("number", ["", "943476591", "94347659190", "943476591X", "\uff19434765919", "943 476 5919"])
def test_what_is_not_ten_ascii_digits_is_no_nhs_number(number):
    assert nhs_number_fault(number) is IdentifierFault.NHS_NUMBER_FORMAT


@given(nhs_numbers())
def test_a_made_nhs_number_has_no_fault(number):
    assert nhs_number_fault(number) is None


@given(nhs_numbers(), st.integers(0, 9), st.sampled_from(DIGITS))
def test_one_wrong_digit_of_an_nhs_number_is_always_caught(number, place, digit):
    slipped = number[:place] + digit + number[place + 1 :]

    assert (nhs_number_fault(slipped) is None) == (slipped == number)


@given(nhs_numbers(), st.integers(0, 8))
def test_two_neighbouring_digits_swapped_are_always_caught(number, place):
    slipped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]

    assert (nhs_number_fault(slipped) is None) == (slipped == number)


@pytest.mark.parametrize("upn", ["B801200005001", "A80120000501A"])
def test_a_valid_upn_has_no_fault(upn):
    assert upn_fault(upn) is None


@pytest.mark.parametrize(
    ("upn", "fault"),
    [
        ("A801200005001", IdentifierFault.UPN_CHECK),
        ("X80120000A001", IdentifierFault.UPN_FORMAT),
        ("E000200005001", IdentifierFault.UPN_AUTHORITY),
        ("B80120000500", IdentifierFault.UPN_FORMAT),
        ("I801200005001", IdentifierFault.UPN_FORMAT),
        ("b801200005001", IdentifierFault.UPN_FORMAT),
        ("A80120000501O", IdentifierFault.UPN_FORMAT),
    ],
)
def test_a_wrong_upn_is_refused_with_its_reason(upn, fault):
    assert upn_fault(upn) is fault


@given(upns())
def test_a_made_upn_permanent_or_temporary_has_no_fault(upn):
    assert upn_fault(upn) is None


@given(upns(), st.integers(0, 12), st.sampled_from(DIGITS + UPN_LETTERS))
def test_one_wrong_character_of_a_upn_is_always_caught(upn, place, sign):
    slipped = upn[:place] + sign + upn[place + 1 :]
    turned_temporary = place == 12 and sign.isdigit() != upn[12].isdigit()

    # The two forms share their check: letter J counts as digit 8 does, so the last character may change form unseen.
    assert turned_temporary or (upn_fault(slipped) is None) == (slipped == upn)


def test_identifiers_are_compared_without_the_spaces_and_hyphens_people_write():
    assert compact(" 943-476 5919 ") == "9434765919"
    assert compact("b801200005001") == "B801200005001"
