"""Refusals are told in turn; answers, and what went wrong on our side, never wait."""

from types import SimpleNamespace

import pytest

from gateway import turns
from gateway.turns import AT_ONCE, LONGEST, Turns
from tests.support.gateway import a_gateway, a_persona

ME = "{ me { role } }"
TOO_LITTLE = '{ searchChildren(criteria: {familyName: "*"}) { sources { status } } }'


@pytest.fixture
def slept(monkeypatch):
    """How long each wait was, while no time passes."""
    slept = []

    async def sleep(seconds):
        slept.append(seconds)

    standing = SimpleNamespace(get_running_loop=lambda: SimpleNamespace(time=lambda: 1_000.0), sleep=sleep)
    monkeypatch.setattr(turns, "asyncio", standing)
    return slept


async def test_a_few_refusals_are_told_at_once_and_each_of_more_waits_for_one_turn_longer_and_not_for_ever(slept):
    refusals = Turns(rate=1.0)
    for _ in range(AT_ONCE):
        await refusals.wait()
    at_once = len(slept)
    for _ in range(7):
        await refusals.wait()

    assert at_once == 0
    assert slept == [1, 2, 3, 4, LONGEST, LONGEST, LONGEST]


async def test_every_refusal_takes_a_turn_and_nothing_else_does(database, database_url, tmp_path):
    nurse = await a_persona(database, "health-practitioner")

    class Noted:
        turns = 0

        async def wait(self):
            self.turns += 1

    async def taken(asking):
        before = noted.turns
        answer = await asking
        return answer.status_code if hasattr(answer, "status_code") else answer.status, noted.turns - before

    noted = Noted()
    async with a_gateway(database_url, tmp_path, requests_at_once=1, requests_waiting=0) as client:
        client.app.state.endpoint._refusals = noted
        sent = client.headers(nurse)
        came_to = {
            "an answer": await taken(client.ask(nurse, ME)),
            "an invalid document": await taken(client.ask(nurse, "{ unheardOf }")),
            "too little to search by": await taken(client.ask(nurse, TOO_LITTLE)),
            "no token": await taken(client.ask(nurse, ME, headers={})),
            "no JSON": await taken(client.http.post("/graphql", content=b"{", headers=sent)),
            "no purpose": await taken(client.ask(nurse, ME, **{"access-purpose": None})),
        }
        async with client.app.state.gateway.answering.door.place():
            came_to["no place"] = await taken(client.ask(nurse, ME))

    assert came_to == {
        "an answer": (200, 0),
        "an invalid document": (400, 1),
        "too little to search by": (200, 1),
        "no token": (401, 1),
        "no JSON": (415, 1),
        "no purpose": (403, 1),
        "no place": (503, 0),
    }
