"""Search keys: what makes two ways of writing a name, a postcode or a date the same."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.postgres.keys import (
    first_name_key,
    name_key,
    name_keys,
    name_pattern,
    near_dates,
    postcode_key,
    sound,
)


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("O'Brien", "obrien"),
        ("O\u2019Brien", "obrien"),
        ("Ní Bhriain", "nibhriain"),
        ("Smith-Jones", "smithjones"),
        ("van der Berg", "vanderberg"),
        ("Łukasz", "lukasz"),
        ("Ørsted", "orsted"),
        ("Шевченко", "shevchenko"),
        ("محمد", "mhmd"),
        ("  ", ""),
    ],
)
def test_a_name_is_its_letters(written, key):
    assert name_key(written) == key


@pytest.mark.parametrize(
    ("written", "key"),
    [("Mary Jane", "mary"), ("Jean-Luc", "jean"), ("'Abd al", "abd"), ("Ayesha", "ayesha"), ("", "")],
)
def test_the_first_of_several_given_names_has_its_own_key(written, key):
    assert first_name_key(written) == key


@pytest.mark.parametrize(
    ("one", "other"),
    [("obrien", "obryan"), ("ayesha", "aisha"), ("khan", "kahn"), ("stephen", "steven"), ("clark", "clarke")],
)
def test_spellings_of_one_name_sound_alike(one, other):
    assert sound(one) == sound(other)


@pytest.mark.parametrize(("one", "other"), [("smith", "jones"), ("mohammed", "michael"), ("khan", "hanna")])
def test_different_names_sound_different(one, other):
    assert sound(one) != sound(other)


def test_a_record_without_a_given_name_has_no_given_keys():
    keys = name_keys(given_name=None, family_name="Example")

    assert (keys.given, keys.given_first, keys.given_sound) == (None, None, None)


@pytest.mark.parametrize("written", ["M33 2TL", "m332tl", " m33  2tl"])
def test_a_postcode_is_its_letters_and_digits(written):
    assert postcode_key(written) == "M332TL"


@pytest.mark.parametrize(
    "other",
    [date(2015, 4, 3), date(2015, 3, 14), date(2015, 3, 5), date(2015, 3, 3), date(2014, 3, 4), date(2016, 3, 4)],
)
def test_a_slip_of_the_pen_is_near(other):
    assert other in near_dates(date(2015, 3, 4))


@pytest.mark.parametrize("other", [date(2015, 5, 6), date(1915, 3, 4), date(2012, 4, 3)])
def test_another_date_is_not_near(other):
    assert other not in near_dates(date(2015, 3, 4))


def test_the_days_round_the_end_of_the_world_and_of_february_do_not_fail():
    assert date(2015, 2, 28) in near_dates(date(2016, 2, 28))
    assert near_dates(date(2016, 2, 29))[0] == date(2016, 2, 29)


@given(st.dates())
def test_a_date_is_near_itself_first_and_each_date_is_there_once(born):
    near = near_dates(born)

    assert near[0] == born
    assert len(near) == len(set(near)) <= 60


@given(st.text(max_size=60))
def test_any_text_has_keys_of_plain_letters(written):
    key = name_key(written)

    assert key == name_key(key)
    assert set(key) <= set("abcdefghijklmnopqrstuvwxyz")
    assert bool(sound(key)) == bool(key)


@given(st.text(alphabet="abc*", min_size=1, max_size=8), st.text(alphabet="abc", max_size=8))
def test_what_a_pattern_matches_lies_between_its_bounds(written, key):
    pattern = name_pattern(written)

    if pattern.matches(key):
        assert pattern.low <= key < pattern.high
