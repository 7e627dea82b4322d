"""A transfer of responsibility between two gateways that are processes: killed between any two steps, it is decided."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg
import httpx
import pytest

from connectors.postgres.transfers import PostgresTransfers
from connectors.rule_set import RuleSet
from gateway.federation.transfer import responsible
from gateway.settings import PACKAGED_POLICIES
from gateway.vocabulary import RecordType
from tests.changes.asking import mutation
from tests.faults.crowd import an_asker
from tests.support.borders import a_side
from tests.support.builders import a_child, an_agency, an_authority
from tests.support.federation import HERE, ROLES, THERE, RegistryFile, enrolled
from tests.support.gateway import a_persona
from tests.support.processes import a_served_gateway, an_opa, free_port, until

STEP = mutation("transferResponsibility", "transfer { id state }")
NUMBER = "9434765919"
COMMIT_LOCK = 4711
# The commit of a change waits for a lock that a test holds.
_AT_COMMIT = f"""
CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_advisory_xact_lock({COMMIT_LOCK}); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON change DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION at_commit()"""


class Authority:
    """One authority whose gateway is a process that dies and comes back."""

    def __init__(self, side, registry, folder, opa):
        self.side, self.registry, self.folder, self.opa = side, registry, folder, opa
        self.code = side.member.member.authority
        self.database = side.database

    async def furnish(self):
        for code in (HERE, THERE):
            await an_authority(self.database, code)
        await self.database.execute(_AT_COMMIT)
        today = datetime.now(UTC).date()
        agency = await an_agency(self.database, authority=self.code, accredited_until=today + timedelta(days=30))
        current = {"training_valid_until": today + timedelta(days=30), "check_issued_on": today - timedelta(days=30)}
        team = await a_persona(self.database, "directory-team", agency=agency, purpose="administration", **current)
        self.asker = await an_asker(replace(team, authority=self.code), self.database, self.folder)
        self.child = await a_child(self.database, nhs_number=NUMBER, authority=HERE)
        return self

    @asynccontextmanager
    async def served(self):
        settings = self.side.member.settings(self.registry) | {
            "peer_port": self.side.member.member.endpoints[0].rpartition(":")[2],
            "locator_interval": 0,
            "opa_url": self.opa.url,
            "database_timeout": 20,
            "ledger_timeout": 20,
            "peer_timeout": 20,
        }
        async with a_served_gateway(self.folder, url=self.database.url, **settings) as running:
            yield running

    async def step(self, running, step, **stated):
        if "transfer" in stated:
            stated["transfer"] = self.asker.known.told(RecordType.RESPONSIBILITY_TRANSFER, stated["transfer"])
        async with httpx.AsyncClient(base_url=running.address, timeout=60) as http:
            body = {"query": STEP, "variables": {"input": {"idempotencyKey": f"{step}-1", "step": step, **stated}}}
            response = await http.post("/graphql", json=body, headers=self.asker.headers)
            told = response.json()["data"]["transferResponsibility"]
            assert told["errors"] == []
            return self.asker.known.meant_as(RecordType.RESPONSIBILITY_TRANSFER, told["transfer"]["id"])

    async def known(self):
        return {
            one.transfer.id: one.transfer
            for one in await PostgresTransfers(self.database).page(after=None, size=10, unanswered=False)
        }

    async def state(self):
        known = list((await self.known()).values())
        return known[0].state.name if known else None

    async def believes(self):
        return (await self.database.fetchrow("SELECT authority FROM child WHERE id = $1", self.child))["authority"]

    async def tries_again(self):
        """Let what is to be told be due now, however often it has failed: nobody waits here for its next turn."""
        await self.database.execute("UPDATE responsibility_outbox SET due_at = $1", datetime.now(UTC))

    @asynccontextmanager
    async def killed_at_its_commit(self, running):
        """Nothing commits here for the length of the block, and when it ends the gateway is gone, and what waited."""
        holder = await asyncpg.connect(self.database.url, server_settings={"application_name": "the-test"})
        try:
            await holder.execute(f"SELECT pg_advisory_lock({COMMIT_LOCK})")
            yield
            await until(self._waits, within=120)
            running.kill()
            await self.database.fetch(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE wait_event = 'advisory' AND datname = current_database()"
            )
            await until(self._waits_no_more)
        finally:
            await holder.close(timeout=60)

    async def _waits(self):
        return bool(
            await self.database.fetch(
                "SELECT FROM pg_stat_activity WHERE application_name = 'directory-gateway' "
                "AND wait_event = 'advisory' AND datname = current_database()"
            )
        )

    async def _waits_no_more(self):
        return not await self._waits()


@pytest.fixture
async def authorities(postgres, tmp_path):
    members = [enrolled(tmp_path, code, port=free_port(), roles=ROLES | {"directory-team"}) for code in (HERE, THERE)]
    registry = RegistryFile(tmp_path, *members).publish(*members, issued=datetime.now(UTC))
    async with (
        a_side(postgres, members[0]) as ours,
        a_side(postgres, members[1]) as theirs,
        an_opa(RuleSet.read(PACKAGED_POLICIES), tmp_path) as opa,
    ):
        yield [
            await Authority(side, registry, tmp_path / f"data-{side.member.member.authority}", opa).furnish()
            for side in (ours, theirs)
        ]


async def test_killed_between_any_two_steps_a_transfer_stays_decided(authorities):
    here, there = authorities

    async def holder():
        """Who is responsible by everything that is durable anywhere."""
        ours, theirs = await here.known(), await there.known()
        joined = [one.joined(theirs[id_].statements) if id_ in theirs else one for id_, one in ours.items()]
        return responsible([*joined, *(one for id_, one in theirs.items() if id_ not in ours)]) or HERE

    async with here.served() as running_here:
        async with there.served() as running_there, there.killed_at_its_commit(running_there):
            transfer = await here.step(running_here, "OFFER", child=here.asker.child_id(here.child), to=THERE)
        assert (await here.state(), await there.state(), await holder()) == ("OFFERED", None, HERE)

        async with there.served() as running_there:
            await here.tries_again()
            await until(lambda: _is(there.state, "OFFERED"), within=120)
            async with there.killed_at_its_commit(running_there):
                accepting = asyncio.create_task(there.step(running_there, "ACCEPT", transfer=transfer))
            await asyncio.gather(accepting, return_exceptions=True)
        assert (await there.state(), await there.believes(), await holder()) == ("OFFERED", HERE, HERE)

        async with there.served() as running_there:
            async with here.killed_at_its_commit(running_here):
                await there.step(running_there, "ACCEPT", transfer=transfer)
            assert (await here.state(), await there.state()) == ("OFFERED", "ACCEPTED")
            assert (await here.believes(), await there.believes(), await holder()) == (HERE, THERE, THERE)

            async with here.served():
                await there.tries_again()
                await until(lambda: _is(here.state, "ACCEPTED"), within=120)
    assert (await here.believes(), await there.believes(), await holder()) == (THERE, THERE, THERE)


async def _is(what, wanted):
    return await what() == wanted
