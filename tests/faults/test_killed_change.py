"""A change and its entry: whatever is killed between which steps, none stands without its entry, and none twice."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import asyncpg
import httpx
import pytest

from connectors.postgres.ledger import SEQUENCER_LOCK
from gateway.errors import AuditUnavailable
from tests.changes.asking import mutation
from tests.faults.crowd import headers_of
from tests.support.builders import an_agency
from tests.support.gateway import a_gateway, a_persona
from tests.support.processes import a_served_gateway, until

SUSPEND = mutation("suspendCaller", "suspension { person inForce }")
REINSTATE = mutation("reinstateCaller", "suspension { person inForce }")
COMMIT_LOCK = 4242
PATIENT = {"database_timeout": 20, "ledger_timeout": 20}

# The commit of a change waits for a lock, or fails, as the test wants it.
_AT_COMMIT = """
CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {} RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON change DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION at_commit()"""


class Sent:
    """A change asked for over and over under one key."""

    def __init__(self, headers, person, key="the-key"):
        self.headers = headers
        self.input = {"idempotencyKey": key, "person": person, "reason": "Looked up her neighbours"}

    async def to(self, address, *, document=SUSPEND, request_id="change-1"):
        async with httpx.AsyncClient(base_url=address, timeout=60) as http:
            body = {"query": document, "variables": {"input": self.input}}
            response = await http.post("/graphql", json=body, headers=self.headers | {"x-request-id": request_id})
            return response.json()


@pytest.fixture
async def supervisor(database):
    return await _today(database, "supervisor", purpose="review")


@pytest.fixture
def sent(supervisor, nurse, tmp_path):
    return Sent(headers_of(supervisor, tmp_path), nurse.person)


async def test_a_suspension_holds_on_another_process_from_the_next_request_on(
    database, database_url, tmp_path, supervisor, nurse, sent
):
    other = Sent(headers_of(await _today(database, "supervisor", purpose="review"), tmp_path), nurse.person)
    async with (
        a_served_gateway(tmp_path, url=database_url) as one,
        a_served_gateway(tmp_path, url=database_url) as two,
    ):

        async def standing(address):
            async with httpx.AsyncClient(base_url=address, timeout=60) as http:
                body = {"query": "{ me { standing } }"}
                return (await http.post("/graphql", json=body, headers=headers_of(nurse, tmp_path))).status_code

        before = [await standing(one.address), await standing(two.address)]
        suspended = await sent.to(one.address)
        during = [await standing(two.address), await standing(one.address)]
        reinstated = await other.to(two.address, document=REINSTATE)
        after = [await standing(one.address), await standing(two.address)]

    assert (before, during, after) == ([200, 200], [403, 403], [200, 200])
    assert suspended["data"]["suspendCaller"] == {"suspension": {"person": nurse.person, "inForce": True}, "errors": []}
    assert reinstated["data"]["reinstateCaller"]["suspension"]["inForce"] is False


async def test_killed_before_its_entry_a_change_was_never_made(database, database_url, tmp_path, sent):
    async with a_served_gateway(tmp_path, url=database_url, **PATIENT) as gateway:
        async with _held(database_url, SEQUENCER_LOCK):
            asking = asyncio.create_task(sent.to(gateway.address))
            await until(lambda: _waits(database, "directory-gateway-ledger"))
            gateway.kill()
            # Only a server that has noticed it leaves the entry unwritten: let go before, it would write it.
            await until(lambda: _waits_no_more(database, "directory-gateway-ledger"))
        await asyncio.gather(asking, return_exceptions=True)
    await until(lambda: _is_gone(database, "directory-gateway%"))
    unmade = await _made(database), await _recorded(database, "change-1")

    async with a_served_gateway(tmp_path, url=database_url) as next_one:
        again = await sent.to(next_one.address, request_id="change-2")

    assert unmade == (0, [])
    assert again["data"]["suspendCaller"]["errors"] == []
    assert (await _made(database), await _recorded(database, "change-2")) == (1, ["answered"])


async def test_killed_between_its_entry_and_its_commit_a_change_is_made_by_the_next_try(
    database, database_url, tmp_path, sent
):
    await database.execute(_AT_COMMIT.format(f"PERFORM pg_advisory_xact_lock({COMMIT_LOCK});"))
    async with a_served_gateway(tmp_path, url=database_url, **PATIENT) as gateway:
        async with _held(database_url, COMMIT_LOCK):
            asking = asyncio.create_task(sent.to(gateway.address))
            await until(lambda: _waits(database, "directory-gateway"))
            recorded, seen = await _recorded(database, "change-1"), await _made(database)
            gateway.kill()
            # A server that goes down with it: what waits to commit must not commit once it is let go.
            await database.fetch(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            )
        told = (await asyncio.gather(asking, return_exceptions=True))[0]
    unmade = await _made(database)

    async with a_served_gateway(tmp_path, url=database_url) as next_one:
        again = await sent.to(next_one.address, request_id="change-2")
        once_more = await sent.to(next_one.address, request_id="change-3")

    assert isinstance(told, httpx.TransportError)
    assert (recorded, seen, unmade) == (["answered"], 0, 0)
    assert again["data"]["suspendCaller"]["errors"] == []
    assert once_more["data"] == again["data"]
    assert await _made(database) == 1


async def test_a_commit_that_fails_is_told_and_recorded_as_one(database, database_url, tmp_path, supervisor, nurse):
    await database.execute(_AT_COMMIT.format("RAISE EXCEPTION 'no room';"))
    person = {"idempotencyKey": "k", "person": nurse.person, "reason": "Looked up her neighbours"}

    async with a_gateway(database_url, tmp_path, clock=_now, decision_timeout=20) as client:
        headers = headers_of(supervisor, tmp_path) | {"x-request-id": "change-1"}
        answer = await client.ask(supervisor, SUSPEND, {"input": person}, headers=headers)

    assert (answer.data, answer.codes) == (None, ["SOURCE_UNAVAILABLE"])
    assert await _made(database) == 0
    assert await _recorded(database, "change-1") == ["answered", "failed"]


class _FullLedger:
    """A ledger that takes nothing."""

    writing = True

    def start(self):
        pass

    async def close(self):
        pass

    async def record(self, entry):
        raise AuditUnavailable("The ledger could not be written; nothing is told.", reason="ledger:full")


async def test_without_an_entry_nothing_is_changed(database, database_url, tmp_path, supervisor, nurse):
    person = {"idempotencyKey": "k", "person": nurse.person, "reason": "Looked up her neighbours"}

    async with a_gateway(database_url, tmp_path, clock=_now, ledger=_FullLedger(), decision_timeout=20) as client:
        answer = await client.ask(supervisor, SUSPEND, {"input": person}, headers=headers_of(supervisor, tmp_path))

    assert (answer.data, answer.codes) == (None, ["AUDIT_UNAVAILABLE"])
    assert await _made(database) == 0


async def test_a_caller_who_goes_away_parts_no_change_from_its_entry(
    database, database_url, tmp_path, supervisor, nurse
):
    person = {"idempotencyKey": "k", "person": nurse.person, "reason": "Looked up her neighbours"}
    settings = {"decision_timeout": 20, "request_timeout": 30} | PATIENT

    async with a_gateway(database_url, tmp_path, clock=_now, **settings) as client:
        async with _held(database_url, SEQUENCER_LOCK):
            headers = headers_of(supervisor, tmp_path) | {"x-request-id": "change-1"}
            asking = asyncio.create_task(client.ask(supervisor, SUSPEND, {"input": person}, headers=headers))
            await until(lambda: _waits(database, "directory-gateway-ledger"))
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        await until(lambda: _is_made(database))

    assert asking.cancelled()
    assert await _recorded(database, "change-1") == ["answered"]


async def _today(database, role, **stated):
    today = datetime.now(UTC).date()
    agency = await an_agency(database, accredited_until=today + timedelta(days=30))
    current = {"training_valid_until": today + timedelta(days=30), "check_issued_on": today - timedelta(days=30)}
    return await a_persona(database, role, agency=agency, **current, **stated)


def _now():
    return datetime.now(UTC)


@asynccontextmanager
async def _held(url, lock):
    """Hold an advisory lock from a session of its own until the block ends."""
    connection = await asyncpg.connect(url, server_settings={"application_name": "the-test"})
    try:
        await connection.execute(f"SELECT pg_advisory_lock({lock})")
        yield
    finally:
        await connection.close(timeout=60)


async def _waits(database, name):
    rows = await database.fetch(
        "SELECT FROM pg_stat_activity WHERE application_name = $1 AND wait_event = 'advisory'", name
    )
    return bool(rows)


async def _waits_no_more(database, name):
    return not await _waits(database, name)


async def _is_gone(database, name):
    """Whether no session of a gateway has a transaction open any more, this one's pool aside."""
    rows = await database.fetch(
        "SELECT FROM pg_stat_activity WHERE application_name LIKE $1 AND pid <> pg_backend_pid() "
        "AND datname = current_database() AND xact_start IS NOT NULL",
        name,
    )
    return not rows


async def _made(database):
    # Both counts of one moment: the change may be made between two looks.
    counts = await database.fetchrow(
        "SELECT (SELECT count(*) FROM suspension) AS suspended, (SELECT count(*) FROM change) AS changed"
    )
    assert counts["suspended"] == counts["changed"]
    return counts["suspended"]


async def _is_made(database):
    return await _made(database) == 1


async def _recorded(database, request_id):
    rows = await database.fetch("SELECT outcome FROM ledger_entry WHERE request_id = $1 ORDER BY seq", request_id)
    return [row["outcome"] for row in rows]
