"""What is usual is told by the many, and chance is reckoned as a coin is."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.reviewing.spread import Spread, chance_of


def test_one_who_stands_out_does_not_raise_the_bar():
    usual = Spread([3, 4, 5, 4, 3, 5, 4, 4])

    assert Spread([3, 4, 5, 4, 3, 5, 4, 400]).bound(400, deviations=5) == usual.bound(400, deviations=5)


def test_where_nobody_has_any_some_still_come_by_chance():
    assert Spread([0] * 10).bound(0, deviations=5) == 2.5


def test_the_bar_lies_above_the_smaller_half_of_a_divided_group():
    spread = Spread([0] * 12 + [20] * 5)

    assert spread.bound(20, deviations=5) == 20


def test_a_group_of_one_has_no_peers_to_be_compared_with():
    assert Spread([7]).bound(7, deviations=5) == 7 + 5 * math.sqrt(7)


@given(st.lists(st.integers(0, 500), min_size=1, max_size=60))
def test_the_bar_is_never_below_the_middle(values):
    spread = Spread(values)

    assert all(spread.bound(value, deviations=1) > spread.middle for value in values)


@given(st.integers(0, 12), st.integers(0, 12), st.floats(0.001, 1))
def test_chance_is_the_binomial_tail(hits, among, share):
    expected = sum(
        math.comb(among, count) * share**count * (1 - share) ** (among - count) for count in range(hits, among + 1)
    )

    assert chance_of(hits, among=among, share=share) == pytest.approx(expected, abs=1e-9)
