"""Property 1, in time: what may not be seen costs the same work.

Response times are a noisy witness on a shared machine, so the work itself is compared: which statements the database is
sent and how many questions the policy engine is asked. Decisions are remembered by class and minute, so each ask is
made twice and the second is compared: the first of a class costs one question more, whoever's record it was.
"""

from dataclasses import dataclass

import pytest

from tests.support.documents import Document, Reference, searches
from tests.support.statements import note_statements
from tests.support.worlds import (
    CONSENTS,
    Asker,
    Key,
    World,
    a_child_row,
    a_small_world,
    an_involvement_row,
    consent_rows,
    registered,
    shield_rows,
)

CHILD, INVOLVEMENT = Key("child", 1), Key("involvement", 2)
NURSE = Asker(role="health-practitioner", purpose="direct-support")
PLAIN = a_small_world()
SHIELDED = PLAIN.plus("shield", *shield_rows(1, PLAIN.rows("child")[0], "active"))
SENSITIVE = an_involvement_row(
    2, CHILD, practitioner_id=Key("practitioner", 4), service="MENTAL_HEALTH", sensitive=True
)
BY_ID = Document("query($id: ID!) { child(by: {id: $id}) { id givenName } }", {"id": Reference(CHILD)})
BY_NODE = Document("query($id: ID!) { node(id: $id) { id } }", {"id": Reference(INVOLVEMENT)})
INVOLVED = Document(
    "query($id: ID!) { child(by: {id: $id}) { involvements { service practitioner { name agency { name } } } } }",
    {"id": Reference(CHILD)},
)
"""One level below the other: loads of one kind that meet may share a statement, or may not."""


@dataclass(frozen=True)
class Hidden:
    """Two worlds that the nurse may not tell apart, and what the nurse asks of both."""

    name: str
    one: World
    other: World
    documents: tuple[Document, ...]


def _archived():
    return PLAIN.changed("child", lambda row: row["id"] == CHILD, standing="archived")


def _moved():
    return SHIELDED.changed("child", lambda row: row["id"] == CHILD, postcode="LS1 4AP")


def _unfooted():
    with_it = PLAIN.plus("involvement", SENSITIVE)
    return with_it.plus("involvement_consent", *consent_rows(CHILD, INVOLVEMENT, CONSENTS[2]))


HIDDEN = (
    Hidden("an archived child", _archived(), PLAIN.without_child(CHILD), (BY_ID, *searches(PLAIN.rows("child")))),
    Hidden("where a shielded child lives", SHIELDED, _moved(), tuple(searches(SHIELDED.rows("child")))),
    Hidden("a withdrawn consent", _unfooted(), PLAIN, (BY_NODE, INVOLVED)),
)


class Counting:
    """A real engine that remembers how many classes of which type it was asked about."""

    name = "counting"

    def __init__(self, engine):
        self.engine, self.asked = engine, []

    @property
    def revision(self):
        return self.engine.revision

    async def decide(self, question):
        self.asked.append(sorted(item.type for item in question.items.values()))
        return await self.engine.decide(question)


@pytest.fixture
def sent(monkeypatch):
    """The statements that asks send through a pool, in order."""
    return note_statements(monkeypatch, "fetch", "fetchrow")


@pytest.mark.parametrize("hidden", HIDDEN, ids=lambda hidden: hidden.name)
async def test_what_may_not_be_seen_costs_the_same_work(opened_places, decider, new_example, sent, hidden):
    counting = Counting(decider)
    async with opened_places(decider=counting) as place:
        work = []
        for world in (hidden.one, hidden.other):
            await place.settle(registered(world, NURSE), example=new_example())
            work.append([await _work(place, document, sent, counting) for document in hidden.documents])

    assert all(statements for of_a_world in work for statements, _ in of_a_world)
    assert work[0] == work[1]


async def _work(place, document, sent, counting):
    await place.ask(NURSE, document)
    sent.clear()
    counting.asked.clear()
    await place.ask(NURSE, document)
    return list(sent), list(counting.asked)


async def test_children_that_may_not_be_found_do_not_make_too_many(twin_places, new_example):
    """S1, S3: sixty shielded children at an address are no reason to ask for a narrower search."""
    rows = [a_child_row(number, given_name=None) for number in range(1, 61)]
    shields = [shield for number, row in enumerate(rows, start=1) for shield in shield_rows(number, row, "active")]
    one = registered(a_small_world(), NURSE).without_child(CHILD)
    found = next(one for one in searches(rows[:1]) if "postcode" in one.variables["criteria"])
    example = new_example()
    await twin_places[0].settle(one.plus("child", *rows).plus("shield", *shields), example=example)
    await twin_places[1].settle(one, example=example)

    answers = [await place.ask(NURSE, found) for place in twin_places]

    assert answers[0].content == answers[1].content
    assert answers[0].data["searchChildren"]["candidates"] == []
