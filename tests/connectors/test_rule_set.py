"""A rule set as an engine is given it."""

import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from connectors.embedded_engine import Evaluation, build
from connectors.policy_questions import CASE_KEY, read_cases
from connectors.rule_set import RuleSet, RuleSetUnreadable

POLICIES = Path(__file__).resolve().parents[2] / "policies"
RULES = RuleSet.read(POLICIES)
CASE = next(
    case for case in read_cases(POLICIES) if case.name == "a-health-practitioner-sees-the-nhs-number-and-not-the-upn"
)


def test_reasons_are_weighed_in_the_order_of_the_book():
    weighed = RULES.document()["weighed"]

    assert sorted(weighed, key=lambda code: weighed[code]["weight"]) == [
        reason["code"] for reason in RULES.data["reasons"]
    ]


def test_weights_are_equally_long_for_one_engine_sorts_numbers_as_words():
    assert {len(str(reason["weight"])) for reason in RULES.document()["weighed"].values()} == {4}


def test_weighing_leaves_what_the_book_says_of_a_reason_as_it_is():
    weighed = RULES.document()["weighed"]

    assert [weighed[reason["code"]] for reason in RULES.data["reasons"]] == [
        {**reason, "weight": weighed[reason["code"]]["weight"]} for reason in RULES.data["reasons"]
    ]


@pytest.mark.parametrize(
    "listed",
    [
        pytest.param([{"code": "field-not-for-role", "effect": "disclose"}], id="listed twice"),
        pytest.param([None, "shield-active", {"code": 7}, {"effect": "mask"}], id="not to be read"),
    ],
)
def test_a_reason_of_which_the_book_says_two_things_or_none_hides_the_record(listed):
    reasons = [reason for reason in RULES.data["reasons"] if listed[0] or reason["code"] != "field-not-for-role"]
    rules = RuleSet.of(RULES.modules, {**RULES.data, "reasons": [*listed, *reasons]})

    with TemporaryDirectory() as folder:
        build(rules, built := Path(folder) / "built")
        answer = Evaluation(built).answer(CASE.question.as_input())

    assert answer["items"][CASE_KEY]["exists"] == "conceal"


def test_a_book_without_reasons_has_none_to_weigh():
    assert RuleSet.of({}, {}).document()["weighed"] == {}


@pytest.mark.parametrize("name", ["revision", "weighed"])
def test_what_an_engine_is_given_beside_the_book_cannot_stand_in_it(tmp_path, name):
    folder = Path(shutil.copytree(POLICIES, tmp_path / "policies"))
    (folder / "data.json").write_text(json.dumps({**RULES.data, name: {}}))

    with pytest.raises(RuleSetUnreadable, match="of its own"):
        RuleSet.read(folder)
