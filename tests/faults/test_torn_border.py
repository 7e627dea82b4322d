"""Two gateways that are processes, and the network between them: cut in mid-answer, and the other one killed."""

import asyncio
import re

import pytest

from tests.faults.border import a_border
from tests.faults.locks import locked
from tests.support.borders import port_of
from tests.support.processes import free_port, until
from tests.support.relay import Relay


@pytest.fixture
async def border(postgres, tmp_path):
    async with a_border(postgres, tmp_path) as border:
        yield border


async def waits_for(database, table):
    """Whether a gateway waits for a table of the database."""
    return bool(
        await database.fetch(
            "SELECT FROM pg_stat_activity JOIN pg_locks USING (pid) "
            f"WHERE relation = '{table}'::regclass AND NOT granted AND datname = current_database()"
        )
    )


async def test_a_cut_network_and_a_killed_gateway_are_named_and_the_two_ledgers_agree(border):
    there, behind = border.there, free_port()
    relay = Relay(behind)
    async with relay.listening(port_of(there.member)), border.served(border.here) as ours:
        async with border.served(there, peer_port=behind) as theirs:
            before = await border.found(ours)
            relay.cut()
            cut = await border.found(ours)
            relay.heal()
            healed = await border.found(ours)
            async with locked(there.database.url, "child"):
                asking = asyncio.create_task(border.found(ours))
                await until(lambda: waits_for(there.database, "child"))
                theirs.kill()
                killed = await asking
        async with border.served(there, peer_port=behind):
            back = await border.found(ours)

    assert [before, cut, healed, killed, back] == [
        (1, 1, "ANSWERED"),
        (1, 0, "UNAVAILABLE"),
        (1, 1, "ANSWERED"),
        (1, 0, "UNAVAILABLE"),
        (1, 1, "ANSWERED"),
    ]
    assert relay.cut_off == 1
    compared = await border.reconciled()
    assert compared.exit_code == 0, compared.output
    assert re.search(r"\b5 calls\b", compared.output), compared.output
    # Answered three times, and once answered and not heard; who was killed had recorded nothing and told nothing.
    assert len(await there.entries()) == 4
