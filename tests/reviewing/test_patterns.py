"""Each pattern shows what it is for, and leaves alone what looks like it and is work."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.errors import AccessLapsed, BadCriteria, BudgetExhausted
from gateway.reviewing.conduct import EVIDENCE_LIMIT
from gateway.reviewing.looks import Nearness
from gateway.reviewing.thresholds import Thresholds
from gateway.settings import Settings
from gateway.vocabulary import ReviewPattern
from tests.reviewing.stretches import (
    MONDAY,
    THRESHOLDS,
    a_look,
    a_stranger,
    a_stretch,
    a_touch,
    common,
    findings,
    ordinary,
    patterns,
)

NIGHT = MONDAY.replace(hour=23)


def test_ordinary_callers_are_not_shown():
    assert findings() == {}


def test_a_rare_surname_is_shown_once_it_is_met():
    stretch = a_stretch(a_look(a_stranger(surname=True)), surnames=frozenset({"okafor"}))

    assert patterns(stretch, commonness=common(surnames={"okafor": 1})) == {"SAME_SURNAME"}


def test_a_common_surname_is_not_shown_once_it_is_met():
    stretch = a_stretch(a_look(a_stranger(surname=True)), surnames=frozenset({"khan"}))

    assert patterns(stretch, commonness=common(surnames={"khan": 40})) == set()


def test_many_children_of_a_common_surname_are_shown():
    looks = [a_look(a_stranger(surname=True)) for _ in range(4)]
    stretch = a_stretch(*looks, surnames=frozenset({"khan"}))

    assert patterns(stretch, commonness=common(surnames={"khan": 40})) == {"SAME_SURNAME"}


def test_one_child_of_a_common_surname_looked_at_again_and_again_is_shown():
    looks = [a_look(a_stranger("the-child", surname=True), at=MONDAY + timedelta(days=day)) for day in range(3)]
    stretch = a_stretch(*looks, surnames=frozenset({"khan"}))

    assert patterns(stretch, commonness=common(surnames={"khan": 400})) == {"SAME_SURNAME"}


def test_a_namesake_of_the_own_caseload_is_not_shown():
    looks = [a_look(a_touch("the-child", surname=True), at=MONDAY + timedelta(days=day)) for day in range(9)]

    assert patterns(a_stretch(*looks, surnames=frozenset({"okafor"}))) == set()


@pytest.mark.parametrize("touch", [a_touch(near=Nearness.FAMILY), a_stranger(near=Nearness.ADDRESS)])
def test_the_own_family_and_the_own_home_are_shown_at_once(touch):
    assert patterns(a_stretch(a_look(touch))) == {"SAME_ADDRESS"}


def test_a_child_of_the_caseload_who_lives_in_the_same_house_is_not_shown():
    assert patterns(a_stretch(a_look(a_touch(near=Nearness.ADDRESS)))) == set()


def test_children_of_the_own_postcode_are_shown_where_chance_would_hardly_bring_them():
    looks = [a_look(a_stranger(near=Nearness.POSTCODE)) for _ in range(2)]
    stretch = a_stretch(*looks, postcodes=frozenset({"M332TL"}))

    assert patterns(stretch, commonness=common(postcodes={"M332TL": 3})) == {"SAME_ADDRESS"}
    assert patterns(stretch, commonness=common(postcodes={"M332TL": 100})) == set()


def test_children_whom_nobody_in_the_agency_knows_are_shown():
    assert patterns(a_stretch(*(a_look(a_stranger()) for _ in range(8)))) == {"NO_RELATIONSHIP"}


def test_a_few_of_them_are_not():
    assert patterns(a_stretch(*(a_look(a_stranger()) for _ in range(5)))) == set()


def test_the_children_of_colleagues_are_not_strangers():
    assert patterns(a_stretch(*(a_look(a_touch(own=False)) for _ in range(15)))) == set()


def test_what_the_directory_does_not_know_any_more_is_held_against_nobody():
    erased = [a_look(a_touch(own=None, agency=None, shielded=True, surname=True, after=1)) for _ in range(15)]

    assert patterns(a_stretch(*erased)) == set()


def test_many_strangers_are_usual_where_all_peers_have_them():
    desk = [
        a_stretch(*(a_look(a_stranger()) for _ in range(30)), person=f"desk-{number}", agency="duty-desk")
        for number in range(8)
    ]
    insider = a_stretch(*(a_look(a_stranger()) for _ in range(30)), agency="duty-desk")

    assert patterns(insider, *desk) == set()


def test_with_few_in_the_agency_the_role_is_the_measure():
    alone = a_stretch(*(a_look(a_stranger()) for _ in range(15)), agency="small-agency")

    found = findings(alone)["insider", "NO_RELATIONSHIP"]

    assert "the middle of the 13 callers of the same role is 0" in found.explanation


def test_a_crowd_in_one_day_is_shown():
    crowd = [a_look(a_touch(), at=MONDAY + timedelta(minutes=one)) for one in range(40)]

    assert patterns(a_stretch(*crowd)) == {"UNUSUAL_VOLUME"}


def test_the_same_child_over_and_over_is_no_crowd():
    assert patterns(a_stretch(*(a_look(a_touch("the-child")) for _ in range(80)))) == set()


def test_whoever_always_had_such_days_is_not_shown():
    def crowd(day):
        return [a_look(a_touch(), at=day + timedelta(minutes=one)) for one in range(40)]

    past = [look for day in range(1, 8) for look in crowd(MONDAY - timedelta(days=day))]

    assert patterns(a_stretch(*crowd(MONDAY), past=past)) == set()


def test_nights_are_shown_where_nobody_else_works_them():
    assert patterns(a_stretch(*(a_look(a_touch()) for _ in range(9)))) == set()
    assert patterns(a_stretch(*(a_look(a_touch(), at=NIGHT) for _ in range(9)))) == {"UNUSUAL_HOURS"}


def test_weekends_are_odd_hours():
    saturday = MONDAY + timedelta(days=5)

    assert patterns(a_stretch(*(a_look(a_touch(), at=saturday) for _ in range(9)))) == {"UNUSUAL_HOURS"}


def test_hours_are_those_of_the_clock_on_the_wall_in_summer():
    half_past_seven_at_night = MONDAY.replace(month=7, day=6, hour=18, minute=30)
    half_past_eight_at_night = half_past_seven_at_night + timedelta(hours=1)

    assert patterns(a_stretch(*(a_look(a_touch(), at=half_past_seven_at_night) for _ in range(9)))) == set()
    assert patterns(a_stretch(*(a_look(a_touch(), at=half_past_eight_at_night) for _ in range(9)))) == {"UNUSUAL_HOURS"}


def test_whoever_always_worked_nights_is_not_shown():
    past = [a_look(a_touch(), at=NIGHT - timedelta(days=day)) for day in range(1, 25)]

    assert patterns(a_stretch(*(a_look(a_touch(), at=NIGHT) for _ in range(15)), past=past)) == set()
    assert patterns(a_stretch(*(a_look(a_touch(), at=NIGHT) for _ in range(15)))) == {"UNUSUAL_HOURS"}


def test_the_smaller_half_of_a_ward_that_works_nights_is_not_shown():
    ward = [ordinary(number, agency="ward") for number in range(20, 32)]
    nights = [
        a_stretch(*(a_look(a_touch(), at=NIGHT) for _ in range(20)), person=f"night-{number}", agency="ward")
        for number in range(5)
    ]

    assert findings(*ward, *nights) == {}


def test_shielded_children_not_worked_with_are_shown():
    hunted = [a_look(a_touch(own=False, shielded=True)) for _ in range(7)]

    assert patterns(a_stretch(*hunted)) == {"SHIELDED_RECORDS"}


def test_shielded_children_of_the_caseload_are_not():
    assert patterns(a_stretch(*(a_look(a_touch(shielded=True)) for _ in range(9)))) == set()


def test_looks_after_a_colleagues_are_shown():
    followed = [a_look(a_touch(own=False, after=number)) for number in range(7)]

    assert patterns(a_stretch(*followed)) == {"AFTER_COLLEAGUE"}


def test_refusals_are_shown_and_an_exhausted_budget_apart():
    refused = [a_look(code=code) for code in (BadCriteria.code, AccessLapsed.code) for _ in range(6)]

    assert patterns(a_stretch(*refused)) == {"REPEATED_REFUSALS"}
    assert patterns(a_stretch(a_look(code=BudgetExhausted.code))) == {"BUDGET_EXHAUSTED"}


def test_only_the_patterns_asked_for_are_judged():
    stretch = a_stretch(a_look(code=BudgetExhausted.code), *(a_look(a_stranger()) for _ in range(9)))

    assert patterns(stretch, patterns=[ReviewPattern.NO_RELATIONSHIP]) == {"NO_RELATIONSHIP"}


def test_a_finding_says_what_was_counted_what_is_usual_and_where_the_threshold_lies():
    looks = [a_look(a_stranger()) for _ in range(30)]

    found = findings(a_stretch(*looks))["insider", "NO_RELATIONSHIP"]

    assert found.explanation == (
        "Looked at 30 children with whom neither the caller nor the agency works, worked before or worked soon after; "
        "the middle of the 13 callers of the same role and agency is 0 (threshold: more than 5)."
    )
    assert (found.measured, found.threshold, found.entry_count) == (30, 5, 30)
    assert list(found.shown) == looks[:EVIDENCE_LIMIT]


def test_no_sentence_names_a_child_a_surname_or_a_place():
    looks = [
        a_look(a_stranger(f"tag-{one}", surname=True, near=Nearness.POSTCODE, shielded=True, after=1))
        for one in range(9)
    ]
    stretch = a_stretch(
        *looks, a_look(code=BudgetExhausted.code), surnames=frozenset({"okafor"}), postcodes=frozenset({"M332TL"})
    )

    sentences = " ".join(found.explanation for found in findings(stretch).values()).lower()

    assert sentences.count("threshold") == 6
    assert not any(word in sentences for word in ("okafor", "m332tl", "tag-", "insider"))


def test_callers_with_more_patterns_come_first():
    one = a_stretch(
        *(a_look(a_stranger(), at=MONDAY + timedelta(days=number % 5)) for number in range(60)), person="one-pattern"
    )
    two = a_stretch(
        *(a_look(a_stranger()) for _ in range(12)), a_look(code=BudgetExhausted.code), person="two-patterns"
    )

    assert [person for person, _ in findings(one, two)] == ["two-patterns", "two-patterns", "one-pattern"]


def test_the_defaults_are_those_of_the_settings():
    assert Thresholds.of(Settings()) == THRESHOLDS


def test_a_threshold_moves_with_its_setting():
    looks = [a_look(a_stranger()) for _ in range(8)]

    assert patterns(a_stretch(*looks), thresholds=replace(THRESHOLDS, strangers=9)) == set()


def test_where_there_is_nobody_to_compare_with_the_least_that_counts_is_the_threshold():
    found = findings(a_stretch(*(a_look(a_stranger()) for _ in range(6))), peers=0)["insider", "NO_RELATIONSHIP"]

    assert found.explanation.endswith("; there are too few callers to compare with (threshold: more than 5).")
