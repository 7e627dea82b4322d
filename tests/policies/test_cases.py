"""The named situations of the rule book, each on both engines."""

from pathlib import Path

import pytest

from connectors.policy_judgement import differences
from connectors.policy_questions import read_cases

CASES = read_cases(Path(__file__).resolve().parents[2] / "policies")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_the_situation_is_decided_as_expected(engine, case):
    answer = await engine.decide(case.question)

    assert differences(case, answer) == []


async def test_every_reason_of_the_book_is_met_by_a_case(rules, embedded):
    met = set()
    for case in CASES:
        answer = await embedded.decide(case.question)
        for decision in answer.items.values():
            met |= set(decision.reasons)
            met.update(reason for field in decision.fields.values() for reason in field.reasons)

    unused = {"birth-as-year"}  # on offer to a policy owner, given to no role yet
    assert {reason["code"] for reason in rules.data["reasons"]} - met == unused
