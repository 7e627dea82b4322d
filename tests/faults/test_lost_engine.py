"""A policy engine that is gone, hangs or is killed midway: nothing is told, at once, and the ledger says why."""

import asyncio
import signal
import time
from datetime import timedelta

import pytest

from connectors.rule_set import RuleSet
from gateway.settings import PACKAGED_POLICIES
from tests.support.builders import NOW, a_child
from tests.support.gateway import a_gateway, a_persona
from tests.support.ids import child_id
from tests.support.processes import NAME_OF, an_opa, recorded, unread, until

IN_TIME = 0.5
"""Seconds to a refusal. A promise of the service, and the default of the time-out it rests on."""
MARGIN = 10.0
"""Seconds over it that a busy machine may take: less than anything else that would end the wait."""


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now

    def next_minute(self):
        """Decisions are remembered by the minute; from the next one on the engine is needed again."""
        self.now += timedelta(minutes=1)


@pytest.fixture
def rules():
    return RuleSet.read(PACKAGED_POLICIES)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def opa(rules, tmp_path):
    async with an_opa(rules, tmp_path) as opa:
        yield opa


@pytest.fixture
async def nurse(database):
    return await a_persona(database, "health-practitioner")


@pytest.fixture
async def asked(database, database_url, opa, clock, nurse, tmp_path):
    """Asks a gateway for one child under a request id, a minute later each time."""
    variables = {"id": child_id(await a_child(database, given_name="Ayesha"))}
    settings = {"opa_url": opa.url, "decision_timeout": IN_TIME}
    async with a_gateway(database_url, tmp_path, clock=clock, **settings) as client:

        async def ask(request_id):
            clock.next_minute()
            began = time.monotonic()
            answer = await client.ask(nurse, NAME_OF, variables, **{"x-request-id": request_id})
            return answer, time.monotonic() - began

        async def answers():
            answer, _ = await ask(f"again-{time.monotonic_ns()}")
            return answer.status == 200

        ask.until_answered = lambda: until(answers)
        await ask.until_answered()
        yield ask


def assert_refused(answer, took, entry, *, reasons):
    assert (answer.status, answer.data, answer.codes) == (503, None, ["DECISION_UNAVAILABLE"])
    assert b"Ayesha" not in answer.content
    assert took < IN_TIME + MARGIN
    assert entry["outcome"]["status"] == "failed"
    assert [note["code"] for note in entry["outcome"]["codes"]] == ["DECISION_UNAVAILABLE"]
    assert {note["reason"] for note in entry["outcome"]["codes"]} <= reasons
    assert entry["records"] == []


async def test_an_engine_that_is_gone_means_refusals_and_recovery_when_it_is_back(
    asked, opa, rules, database, tmp_path
):
    opa.kill()

    answer, took = await asked("gone")
    async with an_opa(rules, tmp_path, port=opa.port):
        await asked.until_answered()

    assert_refused(answer, took, (await recorded(database))["gone"], reasons={"engine-failed", "engine-silent"})


async def test_an_engine_that_hangs_means_refusals_in_time_and_recovery_when_it_goes_on(asked, opa, database):
    opa.send(signal.SIGSTOP)

    answer, took = await asked("hung")
    opa.send(signal.SIGCONT)
    await asked.until_answered()

    assert_refused(answer, took, (await recorded(database))["hung"], reasons={"engine-late", "engine-silent"})


async def test_an_engine_killed_while_it_decides_means_refusals(asked, opa, rules, database, tmp_path):
    opa.send(signal.SIGSTOP)  # so that it surely has questions in hand when it dies
    asking = [asyncio.create_task(asked(f"midway-{number}")) for number in range(8)]
    await until(lambda: in_hand(opa))
    opa.kill()
    answers = await asyncio.gather(*asking)
    async with an_opa(rules, tmp_path, port=opa.port):
        await asked.until_answered()

    found = await recorded(database)
    for number, (answer, took) in enumerate(answers):
        assert_refused(
            answer, took, found[f"midway-{number}"], reasons={"engine-failed", "engine-late", "engine-silent"}
        )


async def in_hand(opa):
    """Whether bytes wait at the engine's port that it has not read."""
    return any(waiting > 0 for waiting in unread(opa.port))


async def test_what_was_decided_before_is_not_told_either_once_the_engine_is_gone(asked, opa, database, clock):
    opa.kill()
    killed = time.monotonic()

    async def refused():
        # The same minute each time, so that only the engine's silence can forbid what is remembered.
        clock.now -= timedelta(minutes=1)
        answer, _ = await asked(f"remembered-{time.monotonic_ns()}")
        return answer.codes == ["DECISION_UNAVAILABLE"]

    await until(refused)

    assert time.monotonic() - killed < IN_TIME + MARGIN
    assert "engine-silent" in str((await recorded(database)).values())
