"""Two gateways that are processes, and the network between them: cut in mid-answer, and the other one killed."""

import asyncio
import re
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from connectors.rule_set import RuleSet
from gateway.settings import PACKAGED_POLICIES
from tests.faults.crowd import a_nurse, an_asker
from tests.faults.locks import locked
from tests.support.borders import FIND, MIA, a_side, mia, port_of
from tests.support.builders import an_authority
from tests.support.federation import HERE, THERE, RegistryFile, enrolled, federation_command
from tests.support.processes import a_served_gateway, an_opa, free_port, until
from tests.support.relay import Relay


@pytest.fixture
async def sides(postgres, tmp_path):
    """Both authorities with a child of one name, and what serves a gateway of either."""
    members = [enrolled(tmp_path, code, port=free_port()) for code in (HERE, THERE)]
    registry = RegistryFile(tmp_path, *members).publish(*members, issued=datetime.now(UTC))
    async with (
        a_side(postgres, members[0]) as here,
        a_side(postgres, members[1]) as there,
        an_opa(RuleSet.read(PACKAGED_POLICIES), tmp_path) as opa,
    ):
        for side, code in ((here, HERE), (there, THERE)):
            await an_authority(side.database, code)
            await mia(side)

        @asynccontextmanager
        async def served(side, *, peer_port):
            settings = side.member.settings(registry) | {
                "peer_port": peer_port,
                "locator_interval": 0,
                "opa_url": opa.url,
                "database_timeout": 20,
                "ledger_timeout": 20,
                "peer_timeout": 20,
            }
            folder = tmp_path / f"data-{side.member.member.authority}"
            async with a_served_gateway(folder, url=side.database.url, **settings) as running:
                yield running

        yield here, there, served


async def waits_for(database, table):
    """Whether a gateway waits for a table of the database."""
    return bool(
        await database.fetch(
            "SELECT FROM pg_stat_activity JOIN pg_locks USING (pid) "
            f"WHERE relation = '{table}'::regclass AND NOT granted AND datname = current_database()"
        )
    )


async def test_a_cut_network_and_a_killed_gateway_are_named_and_the_two_ledgers_agree(sides, tmp_path):
    here, there, served = sides
    behind = free_port()
    relay = Relay(behind)
    async with relay.listening(port_of(there.member)), served(here, peer_port=port_of(here.member)) as ours:
        nurse = replace(await a_nurse(here.database), authority=HERE)
        asker = await an_asker(nurse, here.database, tmp_path / f"data-{HERE}")

        async def found():
            """How many candidates each authority told, and how THERE answered."""
            async with httpx.AsyncClient(base_url=ours.address, timeout=60) as http:
                body = {"query": FIND, "variables": {"criteria": MIA, "authorities": [THERE]}}
                search = (await http.post("/graphql", json=body, headers=asker.headers)).json()["data"][
                    "searchChildren"
                ]
            [status] = [source["status"] for source in search["sources"] if source["authority"]["code"] == THERE]
            theirs = [one for one in search["candidates"] if one["child"]["id"].startswith(f"{THERE}.")]
            return len(search["candidates"]) - len(theirs), len(theirs), status

        async with served(there, peer_port=behind) as theirs:
            before = await found()
            relay.cut()
            cut = await found()
            relay.heal()
            healed = await found()
            async with locked(there.database.url, "child"):
                asking = asyncio.create_task(found())
                await until(lambda: waits_for(there.database, "child"))
                theirs.kill()
                killed = await asking
        async with served(there, peer_port=behind):
            back = await found()

    assert [before, cut, healed, killed, back] == [
        (1, 1, "ANSWERED"),
        (1, 0, "UNAVAILABLE"),
        (1, 1, "ANSWERED"),
        (1, 0, "UNAVAILABLE"),
        (1, 1, "ANSWERED"),
    ]
    assert relay.cut_off == 1
    compared = await reconciled(here, there, tmp_path)
    assert compared.exit_code == 0, compared.output
    assert re.search(r"\b5 calls\b", compared.output), compared.output
    # Answered three times, and once answered and not heard; who was killed had recorded nothing and told nothing.
    assert len(await there.entries()) == 4


async def reconciled(here, there, folder):
    """What the commands say that the two authorities' engineers run."""
    theirs = folder / "theirs.jsonl"
    written = await asyncio.to_thread(
        federation_command, "calls", "--with", HERE, "-o", theirs, authority=THERE, database_url=there.database.url
    )
    assert written.exit_code == 0, written.output
    return await asyncio.to_thread(
        federation_command,
        "reconcile",
        "--with",
        THERE,
        "--theirs",
        theirs,
        authority=HERE,
        database_url=here.database.url,
    )
