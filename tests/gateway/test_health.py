"""Readiness tells the truth, part by part and with the reason; liveness says only that the process answers."""

import asyncpg
import pytest

from gateway.errors import AuditUnavailable
from gateway.ledger.writer import LedgerWriter
from tests.support.gateway import a_gateway, a_persona
from tests.support.processes import until

ME = "{ me { name } }"


async def ready(client):
    response = await client.http.get("/readyz")
    document = response.json()
    assert (response.status_code == 200) is document["ready"]
    return document


@pytest.fixture
async def nurse(database):
    return await a_persona(database, "health-practitioner")


async def test_a_gateway_that_can_answer_says_so_of_every_part(database_url, tmp_path):
    async with a_gateway(database_url, tmp_path) as client:
        said = await ready(client)

    assert said == {
        "ready": True,
        "checks": dict.fromkeys(("database", "ledger", "signing", "witnesses", "engine", "issuer"), True),
        "reasons": {},
    }


async def test_a_database_that_takes_no_writing_is_named(database_url, tmp_path):
    async with a_gateway(database_url, tmp_path) as client:
        connection = await asyncpg.connect(database_url)
        name = await connection.fetchval("SELECT current_database()")
        await connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()",
            name,
        )
        await connection.close()

        async def read_only():
            return (await ready(client))["reasons"].get("database") == "database:read-only"

        await until(read_only)
        said = await ready(client)

    assert not said["ready"]


class BrokenStore:
    broken = True

    def sealed(self, entry):
        return entry

    async def append(self, entries):
        if self.broken:
            raise AuditUnavailable("No entry.", reason="ledger:53100")
        return 0


async def test_a_ledger_that_failed_a_moment_ago_is_not_ready_until_it_writes_again(nurse, database_url, tmp_path):
    store = BrokenStore()
    async with a_gateway(database_url, tmp_path, ledger=LedgerWriter(store, timeout=2)) as client:
        before = await ready(client)
        refused = await client.ask(nurse, ME)
        failed = await ready(client)
        store.broken = False
        told = await client.ask(nurse, ME)
        after = await ready(client)

    assert (refused.codes, told.codes) == (["AUDIT_UNAVAILABLE"], [])
    assert (before["ready"], after["ready"]) == (True, True)
    assert failed["reasons"] == {"ledger": "ledger:53100"}


async def test_without_the_issuers_keys_nobody_can_be_identified_and_that_is_said(database_url, tmp_path):
    async with a_gateway(database_url, tmp_path, token_jwks=str(tmp_path / "missing.json")) as client:
        said = await ready(client)

    assert said["reasons"] == {"issuer": "keys-missing"}


async def test_one_that_is_told_to_stop_is_alive_and_not_ready(database_url, tmp_path):
    async with a_gateway(database_url, tmp_path) as client:
        client.app.state.health.stopping = True
        said = await ready(client)
        alive = await client.http.get("/healthz")

    assert (said["ready"], said["reasons"]) == (False, {"stopping": "told-to-stop"})
    assert alive.json() == {"status": "alive"}
