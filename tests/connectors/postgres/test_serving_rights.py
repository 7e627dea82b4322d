"""The login of the gateways: it serves everything, and cannot bend the ledger."""

from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest

from connectors.postgres.serving_rights import LoginRefused, let_serve
from tests.changes.asking import ask_change
from tests.support.builders import a_child
from tests.support.gateway import a_gateway, a_persona
from tests.support.ids import child_id

BENDING = (
    "UPDATE ledger_entry SET entry = entry",
    "DELETE FROM ledger_entry",
    "TRUNCATE ledger_entry",
    "UPDATE ledger_child SET told = told",
    "DELETE FROM ledger_child",
    "UPDATE ledger_key SET wrapped = NULL",
    "DELETE FROM ledger_key",
    "UPDATE ledger_checkpoint SET size = 0",
    "DELETE FROM ledger_tile",
    "DELETE FROM ledger_cosignature",
    "DELETE FROM ledger_witnessed",
    "DELETE FROM ledger_archive",
    "ALTER TABLE ledger_entry DISABLE TRIGGER ALL",
    "DROP TABLE ledger_entry",
    "DROP TRIGGER append_only ON ledger_entry",
    "SET session_replication_role = replica",
    "CREATE OR REPLACE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    "DELETE FROM ledger_entry_0",
    "UPDATE schema_migration SET checksum = ''",
)


async def one(database, sql, *arguments):
    (row,) = await database.fetch(sql, *arguments)
    return row[0]


@pytest.fixture
async def login(database):
    name = f"gateway_{uuid4().hex[:12]}"
    await database.execute(f"CREATE ROLE {name} LOGIN")
    yield name
    await database.execute(f"DROP OWNED BY {name}")
    await database.execute(f"DROP ROLE {name}")


def as_login(url, login):
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc.rpartition('@')[2]}"))


async def test_a_gateway_serves_and_changes_under_a_login_that_owns_nothing(database, database_url, login, tmp_path):
    child = await a_child(database, given_name="Ayesha")
    nurse = await a_persona(database, "health-practitioner")
    supervisor = await a_persona(database, "supervisor", purpose="review")
    await let_serve(database_url, login)

    async with a_gateway(
        as_login(database_url, login), tmp_path, decision_timeout=20.0, request_timeout=30.0
    ) as gateway:
        told = await gateway.ask(nurse, f'{{ child(by: {{id: "{child_id(child)}"}}) {{ givenName }} }}')
        done = await ask_change(
            gateway, supervisor, "suspendCaller", "suspension { inForce }", person=nurse.person, reason="Looked around"
        )

    assert told.data == {"child": {"givenName": "Ayesha"}}
    assert done.payload["suspension"] == {"inForce": True}
    assert await one(database, "SELECT count(*) FROM ledger_entry") == 2
    assert await one(database, "SELECT count(*) FROM ledger_checkpoint") > 0


@pytest.mark.parametrize("statement", BENDING)
async def test_the_login_of_the_gateways_cannot_bend_the_ledger(database_url, login, statement):
    await let_serve(database_url, login)
    connection = await asyncpg.connect(as_login(database_url, login))
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError) as refused:
            await connection.execute(statement)
    finally:
        await connection.close()

    # By its rights, and not by the trigger that keeps the owner from it.
    assert "append-only" not in str(refused.value)


async def test_rights_that_were_given_before_are_taken_away(database, database_url, login):
    await database.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {login}")

    await let_serve(database_url, login)

    assert not await one(database, "SELECT has_table_privilege($1, 'ledger_entry', 'UPDATE, DELETE, TRUNCATE')", login)
    assert await one(database, "SELECT has_table_privilege($1, 'ledger_entry', 'INSERT')", login)


@pytest.mark.parametrize("right", ["SUPERUSER", "CREATEROLE"])
async def test_a_login_that_could_do_anything_is_refused(database, database_url, login, right):
    await database.execute(f"ALTER ROLE {login} {right}")

    with pytest.raises(LoginRefused):
        await let_serve(database_url, login)


async def test_a_login_that_owns_a_table_or_is_not_there_is_refused(database, database_url, login):
    await database.execute(f"ALTER TABLE ledger_tile OWNER TO {login}")
    for refused in (login, "nobody"):
        with pytest.raises(LoginRefused):
            await let_serve(database_url, refused)
    await database.execute("ALTER TABLE ledger_tile OWNER TO CURRENT_USER")
