"""The named situations of the rule book, each on both engines."""

from pathlib import Path

import httpx
import pytest

from connectors.policy_judgement import differences
from connectors.policy_questions import read_cases
from tests.support.opa_server import opa_server

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


def test_what_a_subject_refuses_is_heard_whatever_is_asked_for(rules, tmp_path):
    unheard = []
    with opa_server(rules, tmp_path) as url, httpx.Client(base_url=url, timeout=60) as client:
        for case in CASES:
            said = client.post("/v1/data/directory", json={"input": case.question.as_input()}).json()["result"]
            refusing = [name for name, subject in said.items() if isinstance(subject, dict) and subject.get("refusals")]
            unheard += [(case.name, name) for name in refusing if said[name]["refusals"] not in said["_speaking"]]

    assert unheard == []
