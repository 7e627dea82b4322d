"""Property 5: with the engine gone, slow, answering garbage or changing its mind, no field is told."""

import asyncio
import json
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.embedded_engine import EmbeddedDecider
from connectors.opa import OpaDecider
from connectors.rule_set import RuleSet
from gateway.disclosure.question import Answer
from gateway.errors import DecisionUnavailable
from tests.properties.conftest import POLICIES
from tests.properties.profile import examples
from tests.support.builders import NOW
from tests.support.documents import battery
from tests.support.opa_server import opa_server
from tests.support.tools import opa_command
from tests.support.worlds import Asker, a_small_world, registered, worlds

NURSE = Asker(role="health-practitioner", purpose="direct-support")


class Altered:
    """Answers as the real engine does, until a chosen question, whose answer it alters on the way."""

    name = "altered"

    def __init__(self, engine):
        self.engine, self.alter, self.at, self.asked = engine, None, 0, 0

    @property
    def revision(self):
        return self.engine.revision

    async def decide(self, question):
        answer = await self.engine.decide(question)
        self.asked += 1
        if self.asked != self.at:
            return answer
        return Answer.from_document(self.alter(_document(answer)), question)


class Gone:
    """An engine that cannot be reached."""

    name, revision = "gone", "r1"

    async def decide(self, _question):
        raise DecisionUnavailable("No policy decision could be had in time; nothing is told.", reason="engine-gone")


class Restless:
    """An engine whose rules are never the same twice."""

    name, revision = "restless", "r0"

    def __init__(self, engine):
        self.engine, self.numbers = engine, count(1)

    async def decide(self, question):
        answer = await self.engine.decide(question)
        return Answer(revision=f"r{next(self.numbers)}", items=answer.items)


def _document(answer):
    """The answer as the policies' JSON."""
    return {
        "v": 1,
        "revision": answer.revision,
        "items": {
            key: {
                "exists": item.exists.value,
                "reasons": list(item.reasons),
                "fields": {
                    name: {
                        "effect": one.effect.value,
                        "reasons": list(one.reasons),
                        "tell": one.tell,
                        "remedy": one.remedy,
                        "obligations": [obligation.value for obligation in one.obligations],
                    }
                    for name, one in item.fields.items()
                },
            }
            for key, item in answer.items.items()
        },
    }


def _without(*path):
    def altered(document):
        place = document
        for step in path[:-1]:
            place = next(iter(place.values())) if step is any else place[step]
        place.pop(next(iter(place)) if path[-1] is any else path[-1])
        return document

    return altered


def _with(value, *path):
    def altered(document):
        place = document
        for step in path[:-1]:
            place = next(iter(place.values())) if step is any else place[step]
        place[next(iter(place)) if path[-1] is any else path[-1]] = value
        return document

    return altered


_DISCLOSED = {"effect": "disclose", "reasons": [], "tell": None, "remedy": None, "obligations": []}
_FIELD = ("items", any, "fields", any)
ALTERATIONS = {
    "no document": lambda _document: None,
    "a word": lambda _document: "disclose",
    "a list": lambda document: [document],
    "an empty object": lambda _document: {},
    "no version": _without("v"),
    "another version": _with(2, "v"),
    "no revision": _without("revision"),
    "an empty revision": _with("", "revision"),
    "a number for a revision": _with(7, "revision"),
    "no items": _without("items"),
    "an item missing": _without("items", any),
    "an item that is nothing": _with(None, "items", any),
    "no existence": _without("items", any, "exists"),
    "an unknown existence": _with("maybe", "items", any, "exists"),
    "a withheld existence": _with("withhold", "items", any, "exists"),
    "a field missing": _without(*_FIELD),
    "an unknown effect": _with("allow", *_FIELD, "effect"),
    "no effect": _without(*_FIELD, "effect"),
    "an unknown obligation": _with(_DISCLOSED | {"effect": "mask", "obligations": ["rot13"]}, *_FIELD),
    "a mask without obligation": _with(_DISCLOSED | {"effect": "mask"}, *_FIELD),
    "an obligation without mask": _with(["address-district"], *_FIELD, "obligations"),
    "obligations that are a word": _with("address-district", *_FIELD, "obligations"),
    "a withholding that says nothing": _with(_DISCLOSED | {"effect": "withhold"}, *_FIELD),
    "reasons that are no words": _with([1], *_FIELD, "reasons"),
    "reasons that are one word": _with("role-permits", *_FIELD, "reasons"),
    "a code that is a number": _with(7, *_FIELD, "tell"),
    "a code that is a list": _with(["SHIELDED"], *_FIELD, "tell"),
}


@pytest.fixture(scope="module")
async def altered(decider):
    return Altered(decider)


@pytest.fixture(scope="module")
async def altered_place(opened_places, altered):
    async with opened_places(decider=altered, clock=CLOCK) as place:
        yield place


@pytest.mark.parametrize("alteration", ALTERATIONS)
@given(st.data())
@examples(3)
async def test_an_answer_that_is_not_whole_tells_nothing(altered_place, altered, new_example, alteration, data):
    altered.alter, altered.asked = ALTERATIONS[alteration], 0
    altered.at = data.draw(st.sampled_from((1, 2)), label="question")
    world = registered(data.draw(worlds(children=2)), NURSE)
    await altered_place.settle(world, example=new_example())

    answer = await _asked_afresh(altered_place, next(iter(battery(world.rows("child")))))

    await _assert_nothing_told(altered_place, answer, reason="policy-incomplete")


async def test_a_mask_that_cannot_be_carried_out_tells_nothing(altered_place, altered, new_example):
    masked = _DISCLOSED | {"effect": "mask", "obligations": ["address-district"]}
    altered.alter, altered.asked, altered.at = _with(masked, "items", any, "fields", "involvements"), 0, 2
    world = await _settled(altered_place, new_example)

    answer = await _asked_afresh(altered_place, next(iter(battery(world.rows("child")))))

    await _assert_nothing_told(altered_place, answer, reason="policy-incomplete:mask-impossible")


async def test_an_engine_that_is_gone_tells_nothing(opened_places, new_example):
    async with opened_places(decider=Gone()) as place:
        world = await _settled(place, new_example)

        answer = await place.ask(NURSE, next(iter(battery(world.rows("child")))))

        await _assert_nothing_told(place, answer, reason="engine-gone")


async def test_an_engine_that_is_late_tells_nothing(opened_places, new_example):
    hurried = EmbeddedDecider(POLICIES, timeout=0.000_001)
    async with opened_places(decider=hurried) as place:
        world = await _settled(place, new_example)

        answer = await place.ask(NURSE, next(iter(battery(world.rows("child")))))

        await _assert_nothing_told(place, answer, reason="engine-late")
    await hurried.close()


async def test_a_server_that_never_answers_tells_nothing(opened_places, new_example):
    async def silent(_reader, writer):
        await asyncio.sleep(30)
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    engine = OpaDecider(f"http://127.0.0.1:{port}", timeout=0.2)
    async with opened_places(decider=engine) as place:
        world = await _settled(place, new_example)

        answer = await place.ask(NURSE, next(iter(battery(world.rows("child")))))

        await _assert_nothing_told(place, answer, reason="engine-late")
    await engine.close()
    server.close()


async def test_rules_that_change_in_every_answer_tell_nothing(opened_places, decider, new_example):
    async with opened_places(decider=Restless(decider)) as place:
        world = await _settled(place, new_example)

        answer = await place.ask(NURSE, next(iter(battery(world.rows("child")))))

        await _assert_nothing_told(place, answer, reason="revision-changed")


async def test_once_the_engine_is_killed_nothing_more_is_told(opened_places, new_example, tmp_path):
    opa_command()
    with opa_server(RuleSet.read(POLICIES), tmp_path) as url:
        engine = OpaDecider(url, timeout=5)
        stack = opened_places(decider=engine, clock=CLOCK)
        place = await stack.__aenter__()
        world = await _settled(place, new_example)
        document = next(iter(battery(world.rows("child"))))
        before = await _asked_afresh(place, document)
    after = await _asked_afresh(place, document)

    assert before.data["child"]["givenName"]
    # Whoever looks after it may have noticed its silence before this ask was refused by it.
    await _assert_nothing_told(place, after, reason=("engine-failed", "engine-silent"))
    await engine.close()
    await stack.__aexit__(None, None, None)


class Clock:
    """Goes on by a minute when told to: what was decided in another minute is not remembered."""

    def __init__(self):
        self.at = NOW

    def __call__(self):
        return self.at


CLOCK = Clock()


async def _asked_afresh(place, document):
    CLOCK.at += timedelta(minutes=1)
    return await place.ask(NURSE, document)


async def _settled(place, new_example):
    world = registered(a_small_world(), NURSE)
    await place.settle(world, example=new_example())
    return world


async def _assert_nothing_told(place, answer, *, reason):
    assert json.loads(answer.content).get("data") is None
    assert answer.codes == ["DECISION_UNAVAILABLE"]
    entry = await place.entry()
    assert entry["outcome"]["status"] == "failed"
    assert entry["outcome"]["codes"][0]["reason"].startswith(reason)
    assert entry["records"] == []
