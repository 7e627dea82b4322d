"""The rights of the login that gateways serve under: it owns nothing, and only adds to the ledger."""

import asyncpg

from connectors.postgres.database import translated
from connectors.postgres.ledger_tree import WRITER_ROLE
from gateway.errors import CannotProceed

# What a login had is taken from it first, so that a table which has become part of the ledger is only added to.
_GRANT = """
DO $grant$
DECLARE
    login CONSTANT text := {login};
    part record;
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), login);
    FOR part IN
        SELECT oid::regclass AS name, relname LIKE 'ledger%' AS of_ledger, relname = 'schema_migration' AS of_migration
        FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM %I', part.name, login);
        EXECUTE format('GRANT %s ON %s TO %I', CASE
            WHEN part.of_ledger THEN 'SELECT, INSERT'
            WHEN part.of_migration THEN 'SELECT'
            ELSE 'SELECT, INSERT, UPDATE, DELETE' END, part.name, login);
    END LOOP;
    IF to_regrole({role}) IS NOT NULL THEN
        EXECUTE format('GRANT %I TO %I', {role}, login);
    END IF;
END $grant$
"""
_WRITER = """
DO $writer$
DECLARE
    part record;
BEGIN
    IF to_regrole({role}) IS NULL THEN
        EXECUTE format('CREATE ROLE %I NOLOGIN', {role});
    END IF;
    FOR part IN
        SELECT oid::regclass AS name FROM pg_class
        WHERE relkind IN ('r', 'p') AND relname LIKE 'ledger%' AND relnamespace = current_schema()::regnamespace
    LOOP
        EXECUTE format('GRANT SELECT, INSERT ON %s TO %I', part.name, {role});
    END LOOP;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), {role});
    EXECUTE format('GRANT %I TO %I', {role}, current_user);
EXCEPTION WHEN insufficient_privilege THEN
    RAISE WARNING 'the role that only adds to the ledger could not be made: only triggers keep it';
END $writer$
"""
_LOGIN = """
SELECT rolsuper OR rolcreaterole AS mighty, EXISTS (
    SELECT FROM pg_class WHERE relowner = login.oid AND relnamespace = current_schema()::regnamespace) AS owns
FROM pg_roles AS login WHERE rolname = $1
"""


class LoginRefused(CannotProceed):
    """A gateway must not serve under this login; the message says why."""


async def let_serve(url: str, login: str) -> None:
    """Give a login what a gateway needs, and no right to change or delete what the ledger holds.

    Raises:
        LoginRefused: It is not there, or could change the ledger whatever it is given.
        SourceUnavailable: The database did not answer, or whoever is logged in may not give these rights.
    """
    with translated():
        connection = await asyncpg.connect(url)
        try:
            found = await connection.fetchrow(_LOGIN, login)
            if found is None:
                raise LoginRefused(f"The database has no login {login!r}; create it first.", reason="login-missing")
            if found["mighty"] or found["owns"]:
                raise LoginRefused(
                    f"The login {login!r} is a superuser, may create roles, or owns tables here: it could change the "
                    "ledger. Serve under another.",
                    reason="login-mighty",
                )
            quoted = await connection.fetch(
                "SELECT quote_literal($1) AS login, quote_literal($2) AS role", login, WRITER_ROLE
            )
            await connection.execute(_GRANT.format(**quoted[0]))
        finally:
            await connection.close()


async def let_write(url: str) -> None:
    """Make the role that only adds to the ledger, and give it what it needs, in a database that was put back.

    Whoever may not make roles leaves the ledger kept by its triggers, as the migration does; gateways log it.

    Raises:
        SourceFailed: The database did not answer.
    """
    with translated():
        connection = await asyncpg.connect(url)
        try:
            role = await connection.fetchval("SELECT quote_literal($1)", WRITER_ROLE)
            await connection.execute(_WRITER.format(role=role))
        finally:
            await connection.close()
