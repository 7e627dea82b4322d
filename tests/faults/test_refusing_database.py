"""A database that is there and will not serve: locked, full of others, or read-only."""

import asyncio
import time
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg
import pytest

from tests.faults.crowd import an_asker
from tests.faults.locks import locked
from tests.support.builders import a_child
from tests.support.gateway import a_gateway, a_persona
from tests.support.postgres import administer
from tests.support.processes import NAME_OF, recorded, until

TIMEOUT = 1.0
MARGIN = 10.0
"""Seconds over a time-out that a busy machine may take: less than a request may take in all."""
CONNECTIONS = 3

SEARCH = """query Search { searchChildren(criteria: { familyName: "Example", dateOfBirth: "2015-03-04" }) {
    candidates { child { id } } } }"""


def a_strained_gateway(url, folder):
    return a_gateway(
        url, folder, database_timeout=TIMEOUT, ledger_timeout=TIMEOUT, decision_timeout=20, request_timeout=30
    )


@pytest.fixture
async def nurse(database):
    return await a_persona(database, "health-practitioner")


@pytest.fixture
async def child(database, nurse, tmp_path):
    """The id by which the nurse knows a child."""
    return (await an_asker(nurse, database, tmp_path)).child_id(await a_child(database))


@pytest.fixture
async def client(database_url, tmp_path, nurse, child):
    """A gateway that gives up soon, and has answered before."""
    async with a_strained_gateway(database_url, tmp_path) as client:
        await answers_again(client, nurse, child)
        yield client


async def refused(client, nurse, child, request_id, *, document=NAME_OF):
    """Ask, and return the code of the refusal and the seconds it took."""
    began = time.monotonic()
    answer = await client.ask(
        nurse, document, {"id": child} if "$id" in document else {}, **{"x-request-id": request_id}
    )
    assert answer.status == 503
    assert answer.data is None
    assert len(answer.codes) == 1
    return answer.codes[0], time.monotonic() - began


async def answers_again(client, nurse, child):
    async def answers():
        return (await client.ask(nurse, NAME_OF, {"id": child}, **{"x-request-id": str(uuid4())})).status == 200

    await until(answers)


async def test_a_locked_ledger_means_no_answer_in_time_and_answers_after(client, nurse, child, database, database_url):
    async with locked(database_url, "ledger_entry"):
        code, took = await refused(client, nurse, child, "locked-out")
        searched, searched_for = await refused(client, nurse, child, "locked-out-too", document=SEARCH)
    await answers_again(client, nurse, child)

    assert (code, searched) == ("AUDIT_UNAVAILABLE", "AUDIT_UNAVAILABLE")
    assert took < TIMEOUT + MARGIN
    assert searched_for < 2 * (TIMEOUT + MARGIN)  # it reads the ledger, and then cannot write to it
    assert "locked-out" not in await recorded(database)


@pytest.mark.parametrize("table", ["child", "registration"])
async def test_a_locked_table_of_the_directory_means_no_answer_in_time_an_entry_and_answers_after(
    client, nurse, child, database, database_url, table
):
    async with locked(database_url, table):
        code, took = await refused(client, nurse, child, "locked-out")
    await answers_again(client, nurse, child)

    assert code == "SOURCE_UNAVAILABLE"
    assert took < TIMEOUT + MARGIN
    outcome = (await recorded(database))["locked-out"]["outcome"]
    [note] = outcome["codes"]
    assert (outcome["status"], note["code"]) == ("failed", "SOURCE_UNAVAILABLE")
    # The database gives up first; where the gateway was late to hear of it, it has given up as well.
    assert note["reason"] in {"database:57014", "database:late"}


@pytest.fixture
async def role(database_url):
    """Makes a role of the test's own, which is no superuser, and returns the database's URL for it."""
    made = []

    async def make(rights, *, within=""):
        name = f"made_up_{uuid4().hex}"
        made.append(name)
        await administer(database_url, f"CREATE ROLE {name} LOGIN {within}")
        await administer(database_url, f"GRANT {rights} ON ALL TABLES IN SCHEMA public TO {name}")
        return database_url.replace("postgres@", f"{name}@")

    yield make
    for name in made:
        await administer(database_url, f"DROP OWNED BY {name}")
        await administer(database_url, f"DROP ROLE {name}")


@asynccontextmanager
async def crowded_out(url):
    """Every connection that is left or let go, in other hands until the block ends."""
    taken, refused = [], 0

    async def take():
        nonlocal refused
        while True:
            try:
                taken.append(await asyncpg.connect(url))
            except asyncpg.TooManyConnectionsError:
                refused += 1
                await asyncio.sleep(0.005)

    async def full():
        return taking.done() or refused > 0

    taking = asyncio.create_task(take())
    try:
        await until(full)
        yield
    finally:
        taking.cancel()
        await asyncio.gather(taking, return_exceptions=True)
        for connection in taken:
            await connection.close(timeout=60)


async def test_a_database_without_a_connection_left_means_typed_refusals_and_answers_after(
    role, database, tmp_path, nurse, child
):
    url = await role("SELECT, INSERT", within=f"CONNECTION LIMIT {CONNECTIONS}")
    async with a_gateway(
        url, tmp_path, database_timeout=TIMEOUT, ledger_timeout=TIMEOUT, decision_timeout=20, database_pool_min=1
    ) as client:
        async with crowded_out(url):
            answers = await asyncio.gather(
                *(client.ask(nurse, NAME_OF, {"id": child}, **{"x-request-id": f"asked-{n}"}) for n in range(8))
            )
        await answers_again(client, nurse, child)

    # One connection to read with was open; the ledger's own could not be opened.
    assert {(answer.status, *answer.codes) for answer in answers} <= {
        (503, "AUDIT_UNAVAILABLE"),
        (503, "SOURCE_UNAVAILABLE"),
    }
    assert (503, "AUDIT_UNAVAILABLE") in {(answer.status, *answer.codes) for answer in answers}
    assert {f"asked-{n}" for n in range(8)}.isdisjoint(await recorded(database))


async def begun(url, folder):
    """See that a gateway ran here before: at its first start it makes the secrets of its ledger."""
    async with a_strained_gateway(url, folder):
        pass


async def test_a_role_that_may_not_write_means_no_answer(role, database, database_url, tmp_path, nurse, child):
    await begun(database_url, tmp_path)
    url = await role("SELECT")

    async with a_strained_gateway(url, tmp_path) as client:
        code, _ = await refused(client, nurse, child, "not-written")

    assert code == "AUDIT_UNAVAILABLE"
    assert await recorded(database) == {}


async def test_a_database_set_to_read_only_means_no_answer_until_it_is_set_back(
    database, database_url, tmp_path, nurse, child
):
    await begun(database_url, tmp_path)
    name = database_url.partition("?")[0].rpartition("/")[2]
    await administer(database_url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")

    async with a_strained_gateway(database_url, tmp_path) as client:
        code, _ = await refused(client, nurse, child, "not-written")
        await administer(
            database_url, f"BEGIN READ WRITE; ALTER DATABASE {name} RESET default_transaction_read_only; COMMIT"
        )
        await answers_again(client, nurse, child)

    assert code == "AUDIT_UNAVAILABLE"
    assert "not-written" not in await recorded(database)
