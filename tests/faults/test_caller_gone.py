"""A caller who goes away, or whose time is over: the work stops at once, nothing is told, and the entry says so."""

import asyncio
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

import httpx
import pytest

from connectors.opa import OpaDecider
from gateway.disclosure.question import AccessAttributes, CallerAttributes, Item, Question
from gateway.vocabulary import RecordType
from tests.faults.crowd import an_asker, headers_of
from tests.faults.locks import locked
from tests.support.builders import a_child, an_authority
from tests.support.faulty_proxy import Fault, FaultyProxy
from tests.support.federation import HERE, THERE, RegistryFile, enrolled
from tests.support.processes import NAME_OF, a_served_gateway, free_port, recorded, until

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
PATIENCE = 60
"""Seconds that nothing but leaving or the request's own time can end a statement within."""

QUESTION = Question(
    caller=CallerAttributes(role="health-practitioner", agency="a", authority="E08000009", standing="current"),
    access=AccessAttributes(purpose="direct-support", origin="local", grant=None, now="2026-11-22T10:00:00+00:00"),
    items={"k0": Item(type=RecordType.CHILD, fields=("givenName",), record_class=(("shield", "none"),))},
)


@pytest.fixture
async def child(database, nurse, tmp_path):
    """The id by which the nurse knows a child."""
    return (await an_asker(nurse, database, tmp_path)).child_id(await a_child(database))


async def asked(address, nurse, data_dir, child, request_id):
    async with httpx.AsyncClient(base_url=address, timeout=60) as http:
        headers = headers_of(nurse, data_dir) | {"x-request-id": request_id}
        return await http.post("/graphql", json={"query": NAME_OF, "variables": {"id": child}}, headers=headers)


@asynccontextmanager
async def waiting_for_a_lock(gateway, nurse, data_dir, child, *, url, table="child"):
    """An ask under way that waits for a table; yields it with what tells whether the database still works for it."""
    async with locked(url, table) as holder:
        asking = asyncio.create_task(asked(gateway.address, nurse, data_dir, child, "left"))

        async def works():
            return await holder.fetchval(WAITING) > 0

        async def rests():
            return not await works()

        await until(works)
        yield asking, rests
        asking.cancel()
        with suppress(asyncio.CancelledError, httpx.HTTPError):
            await asking


def served(data_dir, url, **settings):
    patient = dict.fromkeys(["database_timeout", "ledger_timeout", "decision_timeout"], PATIENCE)
    patient["request_timeout"] = 2 * PATIENCE
    return a_served_gateway(data_dir, url=url, **(patient | settings))


async def test_a_caller_who_goes_away_stops_the_database_and_the_entry_says_that_nothing_was_told(
    database, database_url, nurse, child, tmp_path
):
    async with served(tmp_path, database_url) as gateway:
        async with waiting_for_a_lock(gateway, nurse, tmp_path, child, url=database_url) as (asking, rests):
            asking.cancel()
            await until(rests, within=PATIENCE / 2)
        await until(lambda: has_entry(database, "left"))
        answer = await asked(gateway.address, nurse, tmp_path, child, "stayed")

    entries = await recorded(database)
    assert entries["left"]["outcome"] == {
        "status": "failed",
        "codes": [{"code": "CALLER_LEFT", "reason": "caller-left"}],
    }
    assert entries["left"]["records"] == []
    assert answer.json()["data"]["child"]["id"] == child


async def test_a_request_whose_time_is_over_stops_the_database_and_says_so(
    database, database_url, nurse, child, tmp_path
):
    async with (
        served(tmp_path, database_url, request_timeout=3) as gateway,
        waiting_for_a_lock(gateway, nurse, tmp_path, child, url=database_url) as (asking, rests),
    ):
        answer = await asking
        await until(rests, within=PATIENCE / 2)

    assert answer.status_code == 503
    assert answer.json()["errors"][0]["extensions"]["code"] == "SOURCE_UNAVAILABLE"
    assert (await recorded(database))["left"]["outcome"]["codes"] == [
        {"code": "SOURCE_UNAVAILABLE", "reason": "request-late"}
    ]


async def test_one_who_goes_away_takes_nobody_along_who_waits_for_the_same_statement(
    database, database_url, nurse, child, tmp_path
):
    async with served(tmp_path, database_url) as gateway:
        async with waiting_for_a_lock(gateway, nurse, tmp_path, child, url=database_url) as (leaving, _):
            staying = [
                asyncio.create_task(asked(gateway.address, nurse, tmp_path, child, f"stays-{n}")) for n in range(6)
            ]
            leaving.cancel()
            await until(lambda: has_entry(database, "left"))
        answers = await asyncio.gather(*staying)

    assert {answer.json()["data"]["child"]["id"] for answer in answers} == {child}
    assert {f"stays-{n}" for n in range(6)} < set(await recorded(database))


async def test_a_change_whose_caller_goes_away_is_made_or_not_made_and_never_parted_from_its_entry(
    database, database_url, nurse, child, tmp_path
):
    document = """mutation Shield($input: RequestShieldInput!) {
        requestShield(input: $input) { errors { code } } }"""
    variables = {"input": {"idempotencyKey": "left-alone", "child": child}}

    async with served(tmp_path, database_url) as gateway:
        async with (
            locked(database_url, "ledger_entry"),
            httpx.AsyncClient(base_url=gateway.address, timeout=60) as http,
        ):
            headers = headers_of(nurse, tmp_path) | {"x-request-id": "changed"}
            asking = asyncio.create_task(
                http.post("/graphql", json={"query": document, "variables": variables}, headers=headers)
            )
            await until(lambda: ledger_waits(database))
            asking.cancel()
            with suppress(asyncio.CancelledError):
                await asking
        # The entry commits first: the change is kept a moment later, and the end of the block kills the gateway.
        await until(lambda: has_change(database))

    assert (await recorded(database))["changed"]["outcome"]["status"] == "answered"


async def test_a_question_for_which_nobody_waits_any_more_is_taken_back_from_opa():
    asked_of, let_go = asyncio.Event(), asyncio.Event()

    async def silent(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        asked_of.set()
        while await reader.read(4096):
            pass
        let_go.set()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        engine = OpaDecider(f"http://127.0.0.1:{port}", timeout=PATIENCE)
        deciding = asyncio.create_task(engine.decide(QUESTION))
        await asked_of.wait()
        deciding.cancel()
        async with asyncio.timeout(PATIENCE / 2):
            await let_go.wait()
        await engine.close()


FIND_THERE = """query FindThere($authorities: [LocalAuthorityCode!]) {
  searchChildren(criteria: { familyName: "Example", dateOfBirth: "2015-03-04" }, authorities: $authorities) {
    sources { status } } }"""


async def test_a_caller_who_goes_away_lets_go_of_the_authority_that_is_being_asked(
    database, database_url, nurse, tmp_path
):
    await an_authority(database, HERE)
    port, now = free_port(), datetime.now(UTC)
    here, there = enrolled(tmp_path, HERE), enrolled(tmp_path, THERE, port=port)
    member = here.settings(RegistryFile(tmp_path, here, there).publish(here, there, issued=now))
    settings = member | {"locator_interval": 0, "peer_timeout": PATIENCE, "request_timeout": 2 * PATIENCE}
    peer = FaultyProxy(there.own, Fault.TRICKLE)

    async with peer.listening(port), served(tmp_path, database_url, **settings) as gateway:
        async with httpx.AsyncClient(base_url=gateway.address, timeout=60) as http:
            headers = headers_of(nurse, tmp_path) | {"x-request-id": "left"}
            body = {"query": FIND_THERE, "variables": {"authorities": [THERE]}}
            asking = asyncio.create_task(http.post("/graphql", json=body, headers=headers))
            await until(lambda: is_asked(peer))
            asking.cancel()
            await until(lambda: is_let_go(peer), within=PATIENCE / 2)
        await until(lambda: has_entry(database, "left"))

    assert (await recorded(database))["left"]["outcome"]["codes"] == [{"code": "CALLER_LEFT", "reason": "caller-left"}]


async def is_asked(peer):
    return peer.calls == 1


async def is_let_go(peer):
    return peer.calls_under_way == 0


async def has_entry(database, request_id):
    return bool(await database.fetch("SELECT 1 FROM ledger_entry WHERE request_id = $1", request_id))


async def has_change(database):
    return (await database.fetchrow("SELECT count(*) FROM change"))[0] > 0


async def ledger_waits(database):
    """Whether an entry waits: what else looks at the ledger, such as the signing of checkpoints, may wait as well."""
    return (await database.fetchrow(WAITING + " AND query LIKE '%ledger_append(%'"))[0] > 0
