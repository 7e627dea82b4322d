"""Decisions are asked for once, whoever waits for them."""

import asyncio

import pytest

from gateway.disclosure.decisions import Decisions, Memory
from gateway.disclosure.question import AccessAttributes, Answer, CallerAttributes, Decision, FieldDecision
from gateway.errors import DecisionUnavailable, RulesChanged
from gateway.vocabulary import Effect, RecordType

NURSE = CallerAttributes(role="health-practitioner", agency="a", authority="E08000009", standing="current")
SUPPORT = AccessAttributes(purpose="direct-support", origin="local", grant=None, now="2026-11-22T10:00:00+00:00")
CHILD = (RecordType.CHILD, (("shield", "none"),))
SHIELDED = (RecordType.CHILD, (("shield", "active"),))


class PatientDecider:
    """Discloses everything, once it is let go."""

    name = "patient"

    def __init__(self, *, fails=False):
        self.revision = "one"
        self.questions = []
        self.reached, self.go = asyncio.Condition(), asyncio.Event()
        self.fails = fails
        self.taken_back = 0

    async def decide(self, question):
        async with self.reached:
            self.questions.append(question)
            self.reached.notify_all()
        revision = self.revision
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.taken_back += 1
            raise
        if self.fails:
            raise DecisionUnavailable("No decision.", reason="engine-late")
        items = {
            key: Decision(
                exists=Effect.DISCLOSE,
                reasons=(revision,),
                fields={name: FieldDecision(effect=Effect.DISCLOSE) for name in item.fields},
            )
            for key, item in question.items.items()
        }
        return Answer(revision=revision, items=items)


def decisions(decider, memory):
    return Decisions(decider=decider, memory=memory, caller=NURSE, access=SUPPORT)


async def asked(decider, count):
    """Wait until so many questions have reached the engine."""
    async with asyncio.timeout(60), decider.reached:
        await decider.reached.wait_for(lambda: len(decider.questions) >= count)


async def test_asks_that_wait_for_the_same_class_ask_the_engine_once():
    decider, memory = PatientDecider(), Memory()
    asks = [asyncio.create_task(decisions(decider, memory).decide([CHILD])) for _ in range(20)]
    await asked(decider, 1)

    decider.go.set()
    decided = await asyncio.gather(*asks)

    assert len(decider.questions) == 1
    assert all(answers == decided[0] for answers in decided)


async def test_an_ask_waits_for_what_is_under_way_and_asks_the_rest_itself():
    decider, memory = PatientDecider(), Memory()
    first = asyncio.create_task(decisions(decider, memory).decide([CHILD]))
    await asked(decider, 1)
    second = asyncio.create_task(decisions(decider, memory).decide([SHIELDED, CHILD, SHIELDED]))
    await asked(decider, 2)

    decider.go.set()
    one, other = await first, await second

    assert [next(iter(question.items.values())).record_class for question in decider.questions] == [
        CHILD[1],
        SHIELDED[1],
    ]
    assert len(other) == 3
    assert other[1] is one[0]


async def test_one_who_goes_away_takes_no_answer_along():
    decider, memory = PatientDecider(), Memory()
    leaving = asyncio.create_task(decisions(decider, memory).decide([CHILD]))
    await asked(decider, 1)
    staying = asyncio.create_task(decisions(decider, memory).decide([CHILD]))
    await asyncio.sleep(0)

    leaving.cancel()
    decider.go.set()

    assert (await staying)[0].exists is Effect.DISCLOSE
    assert len(decider.questions) == 1


async def test_a_question_for_which_nobody_waits_any_more_is_taken_back_and_asked_afresh_by_the_next():
    decider, memory = PatientDecider(), Memory()
    leaving = [asyncio.create_task(decisions(decider, memory).decide([CHILD])) for _ in range(2)]
    await asked(decider, 1)

    for ask in leaving:
        ask.cancel()
    await asyncio.gather(*leaving, return_exceptions=True)
    next_one = asyncio.create_task(decisions(decider, memory).decide([CHILD]))
    await asked(decider, 2)

    assert decider.taken_back == 1
    decider.go.set()
    assert (await next_one)[0].exists is Effect.DISCLOSE


async def test_a_failing_engine_fails_all_who_wait_and_is_asked_again_by_the_next():
    decider, memory = PatientDecider(fails=True), Memory()
    decider.go.set()

    failed = await asyncio.gather(
        *(decisions(decider, memory).decide([CHILD]) for _ in range(3)), return_exceptions=True
    )
    decider.fails = False
    decided = await decisions(decider, memory).decide([CHILD])

    assert [type(error) for error in failed] == [DecisionUnavailable] * 3
    assert len({id(error) for error in failed}) == 3
    assert decided[0].exists is Effect.DISCLOSE


async def test_an_ask_that_begins_under_new_rules_does_not_wait_for_an_answer_under_the_old():
    decider, memory = PatientDecider(), Memory()
    before = asyncio.create_task(decisions(decider, memory).decide([CHILD]))
    await asked(decider, 1)
    decider.revision = "two"
    after = asyncio.create_task(decisions(decider, memory).decide([CHILD]))
    await asked(decider, 2)

    decider.go.set()

    assert (await before)[0].reasons == ("one",)
    assert (await after)[0].reasons == ("two",)


async def test_an_ask_is_never_decided_under_two_revisions():
    decider, memory = PatientDecider(), Memory()
    decider.go.set()
    ask = decisions(decider, memory)
    await ask.decide([CHILD])
    decider.revision = "two"

    with pytest.raises(RulesChanged):
        await ask.decide([SHIELDED])


async def test_a_search_is_decided_once_for_the_same_criteria_and_anew_for_others():
    decider, memory = PatientDecider(), Memory()
    decider.go.set()
    record_class = (("budget", "ample"), ("scope", "home"))

    for fields in (("familyName",), ("familyName",), ("familyName", "gender")):
        decision = await decisions(decider, memory).decide_fields(RecordType.SEARCH, record_class, fields)
        assert tuple(decision.fields) == fields

    assert len(decider.questions) == 2
