"""More asks than a gateway can answer: those inside are answered, the rest are turned away at once, and it recovers."""

import asyncio

import httpx

from tests.faults.crowd import an_asker
from tests.faults.locks import locked
from tests.support.builders import a_child
from tests.support.processes import NAME_OF, a_served_gateway, recorded, until

PLACES, ROOM, CROWD = 4, 2, 40
PATIENCE = 20
EITHER = ("application/graphql-response+json", "application/json")
"""What clients accept: a balancer has to see that they were turned away, whatever they read."""


async def test_a_crowd_is_turned_away_at_the_door_while_those_inside_wait_and_are_answered(
    database, database_url, nurse, tmp_path
):
    asker = await an_asker(nurse, database, tmp_path)
    child = asker.child_id(await a_child(database))
    settings = {
        "requests_at_once": PLACES, "requests_waiting": ROOM, "requests_patience": PATIENCE,
        "database_timeout": PATIENCE, "ledger_timeout": PATIENCE,
    }  # fmt: skip

    async with (
        a_served_gateway(tmp_path, url=database_url, **settings) as gateway,
        httpx.AsyncClient(base_url=gateway.address, timeout=60) as http,
    ):

        async def ask(number):
            headers = asker.headers | {"x-request-id": f"asked-{number}", "accept": EITHER[number % 2]}
            return await http.post("/graphql", json={"query": NAME_OF, "variables": {"id": child}}, headers=headers)

        before = await ask(CROWD + 1)  # the document is known from here on: a new one is read outside the door
        async with locked(database_url, "child"):
            asks = [asyncio.create_task(ask(number)) for number in range(CROWD)]
            turned_away = CROWD - PLACES - ROOM
            await until(lambda: have_ended(asks, turned_away))
        answers = await asyncio.gather(*asks)
        after = await ask(CROWD)
        alive = await http.get("/healthz")

    told = [answer for answer in answers if answer.status_code == 200]
    refused = [answer for answer in answers if answer.status_code == 503]
    assert len(told) == PLACES + ROOM
    assert len(refused) == CROWD - len(told)
    assert {answer.json()["errors"][0]["extensions"]["code"] for answer in refused} == {"OVERLOADED"}
    assert {answer.headers["retry-after"] for answer in refused} == {"1"}
    assert (before.status_code, after.status_code, alive.status_code) == (200, 200, 200)
    # Nothing of those turned away was looked at, so nothing of them is recorded.
    assert len(await recorded(database)) == len(told) + 2


async def have_ended(asks, least):
    return sum(ask.done() for ask in asks) >= least
