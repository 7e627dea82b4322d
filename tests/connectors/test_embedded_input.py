"""What the embedded engine reads is the question as it was asked, or nothing."""

from dataclasses import replace
from pathlib import Path

import pytest

from connectors.embedded_engine import EmbeddedDecider, Evaluation, build
from connectors.embedded_input import engine_input
from connectors.rule_set import RuleSet
from gateway.errors import DecisionUnavailable
from tests.connectors.test_deciders import POLICIES, QUESTION

ECHO = RuleSet.of({"directory/decide.rego": "package directory\n\nanswer := input\n"}, {})


@pytest.fixture(scope="module")
def echo(tmp_path_factory):
    build(ECHO, built := Path(tmp_path_factory.mktemp("echo")) / "rules.rbb")
    return Evaluation(built)


@pytest.mark.parametrize(
    "part",
    [
        *("", "word", "two words", "Zoë 🦊", "0", "true", "null"),
        *(0, 1, -7, 1 << 40, True, False, None),
        *([], {}, [[]], [{}], {"": ""}, ["a", "b", "a"], [1, True, None, "x", ["y"]]),
        {"one": {"two": {"three": ["four", {"five": False}]}}, "six": None},
    ],
    ids=repr,
)
def test_a_document_is_read_as_it_is_written(echo, part):
    assert echo.answer({"part": part}) == {"part": part}


def test_a_whole_question_is_read_as_it_is_asked(echo):
    assert echo.answer(QUESTION.as_input()) == QUESTION.as_input()


@pytest.mark.parametrize(
    ("part", "fault"),
    [(0.5, TypeError), (object(), TypeError), ("social-worker\0", ValueError), ("\ud800", ValueError)],
    ids=["a fraction", "no JSON", "a word with a NUL", "no text"],
)
@pytest.mark.parametrize("place", ["value", "name", "element"])
def test_what_would_be_read_otherwise_is_not_taken(part, fault, place):
    documents = {"value": {"x": part}, "name": {part: "x"}, "element": {"x": ["y", part]}}

    with pytest.raises(fault):
        engine_input(documents[place])


async def test_a_role_is_not_cut_short():
    decider = EmbeddedDecider(POLICIES, timeout=20)
    cut = replace(QUESTION.caller, role=f"{QUESTION.caller.role}\0of another kind")

    with pytest.raises(DecisionUnavailable):
        await decider.decide(replace(QUESTION, caller=cut))

    await decider.close()
