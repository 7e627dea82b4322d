"""The pool of connections, and the one place where PostgreSQL's exceptions become ours."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from gateway.errors import SourceMalformed, SourceUnavailable
from gateway.tracing import span

Connection: TypeAlias = PoolConnectionProxy
GRACE = 0.25
"""Seconds a client waits longer than the server's own time-out, so that the server's answer comes first."""

_UNREADABLE = (
    asyncpg.exceptions.DataError,
    asyncpg.exceptions.SyntaxOrAccessError,
    asyncpg.exceptions.IntegrityConstraintViolationError,
    asyncpg.exceptions._base.DataError,
)
_UNREACHABLE = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)

_LOST = (asyncpg.PostgresConnectionError, asyncpg.AdminShutdownError, asyncpg.CrashShutdownError, ConnectionError)


@contextmanager
def translated() -> Iterator[None]:
    """Turn the exceptions of the driver, the network and the clock into ours.

    Raises:
        SourceUnavailable: The database did not answer, or not in time.
        SourceMalformed: It answered, but statement and data do not fit each other.
    """
    try:
        yield
    except _UNREADABLE as error:
        raise SourceMalformed(
            "The database's answer could not be read.", reason=_reason(error, "unreadable")
        ) from error
    except _UNREACHABLE as error:
        raise SourceUnavailable("The database did not answer.", reason=_reason(error, "connection")) from error


def _reason(error: BaseException, otherwise: str) -> str:
    """Return what is recorded of a failure: what the server said it was, or else what became of waiting for it."""
    sqlstate = getattr(error, "sqlstate", None)
    if isinstance(error, TimeoutError):
        return "database:late"
    return f"database:{sqlstate or ('unreachable' if isinstance(error, OSError) else otherwise)}"


class Database:
    """A pool of connections to one PostgreSQL; every statement has a time-out on both sides."""

    def __init__(self, pool: asyncpg.Pool, *, url: str, timeout: float) -> None:
        """Keep the pool; `Database.open` makes one."""
        self._pool = pool
        self.url = url
        self.timeout = timeout

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        pool_min: int = 2,
        pool_max: int = 10,
        timeout: float = 2.0,  # noqa: ASYNC109 - kept for every statement, not for this call
    ) -> "Database":
        """Open the pool; `timeout` is in seconds, for a statement as for waiting for a connection.

        Raises:
            SourceUnavailable: The database cannot be reached.
        """
        with translated():
            pool = await asyncpg.create_pool(
                url,
                min_size=min(pool_min, pool_max),
                max_size=pool_max,
                timeout=timeout,
                max_cached_statement_lifetime=0,
                reset=_leave_as_it_is,
                server_settings={
                    "application_name": "directory-gateway",
                    "statement_timeout": str(int(timeout * 1000)),
                    "idle_in_transaction_session_timeout": str(int(timeout * 10_000)),
                    "timezone": "UTC",
                    # Every statement reads by keys through an index: planning it anew would cost more than running it.
                    "plan_cache_mode": "force_generic_plan",
                },
            )
        return cls(pool, url=url, timeout=timeout)

    async def check(self) -> None:
        """Return where the database answers and can be written to; raises `SourceUnavailable` where not."""
        row = await self.fetchrow("SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on'")
        if row is None or row[0]:
            raise SourceUnavailable("The database cannot be written to.", reason="database:read-only")

    @property
    def connections(self) -> tuple[int, int]:
        """Return how many connections are in use and how many are idle."""
        idle = self._pool.get_idle_size()
        return self._pool.get_size() - idle, idle

    async def close(self) -> None:
        """Close every connection, after at most the time-out for statements that still run."""
        try:
            async with asyncio.timeout(self.timeout):
                await self._pool.close()
        except (TimeoutError, *_UNREACHABLE):
            self._pool.terminate()

    async def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """Return all rows of one statement.

        Raises:
            SourceUnavailable: The database did not answer, or not in time.
            SourceMalformed: Statement and data do not fit each other.
        """
        async with self._connection() as connection:
            rows: list[asyncpg.Record] = await connection.fetch(sql, *arguments)
            return rows

    async def fetchrow(self, sql: str, *arguments: object) -> asyncpg.Record | None:
        """Return the first row of one statement, or None; raises as `fetch` does."""
        async with self._connection() as connection:
            return await connection.fetchrow(sql, *arguments)

    async def execute(self, sql: str, *arguments: object) -> str:
        """Run one statement and return its command tag; raises as `fetch` does."""
        async with self._connection() as connection:
            tag: str = await connection.execute(sql, *arguments)
            return tag

    async def executemany(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """Run one statement for each row, all or none; raises as `fetch` does."""
        async with self._connection() as connection:
            await connection.executemany(sql, rows)

    @asynccontextmanager
    async def transaction(self, *, within: float | None = None) -> AsyncIterator[Connection]:
        """Lend a connection inside one transaction; it commits unless the block raises.

        `within` bounds the whole transaction in seconds and stands in for the usual time-out; loads need more.
        What the driver raises inside the block arrives as `SourceUnavailable` or `SourceMalformed`.
        """
        async with self._connection(within) as connection, connection.transaction():
            if within is not None:
                await connection.execute(f"SET LOCAL statement_timeout = {int(within * 1000)}")
            yield connection

    @asynccontextmanager
    async def _connection(self, within: float | None = None) -> AsyncIterator[Connection]:
        limit = (within or self.timeout) + GRACE
        with span("database"), translated():
            async with asyncio.timeout(limit) as clock:
                connection = await self._pool.acquire(timeout=self.timeout)
                try:
                    yield connection
                except _LOST:
                    # The others are lost as well, whether or not they have noticed: none is lent again.
                    await self._pool.expire_connections()
                    raise
                finally:
                    if clock.expired():
                        # The wire hangs: waiting to hand the connection back would hang as well.
                        with suppress(asyncpg.InterfaceError):
                            connection.terminate()
                    await self._pool.release(connection, timeout=self.timeout)


class HeldTransaction(Database):
    """One transaction held open from statement to statement, over a connection of the pool.

    What it reads is what it leaves. Statements that arrive at the same time take turns. Nothing is borrowed before
    `begin`; `keep` or `undo` gives the connection back, and what was not kept is gone.
    """

    def __init__(self, lender: Database) -> None:
        """Borrow from another database's pool."""
        super().__init__(lender._pool, url=lender.url, timeout=lender.timeout)
        self._held: Connection | None = None
        self._turn = asyncio.Lock()

    async def begin(self) -> None:
        """Begin, afresh if one was held already; raises as `fetch` does."""
        await self.undo()
        with translated():
            self._held = await self._pool.acquire(timeout=self.timeout)
            await self._held.execute(
                "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit TO on", timeout=self._patience
            )

    async def keep(self) -> None:
        """Commit durably; where this raises, whether it was kept is not known.

        Raises:
            SourceUnavailable: The database did not say that it was kept.
        """
        async with self._connection() as connection:
            if await connection.execute("COMMIT", timeout=self._patience) != "COMMIT":
                raise asyncpg.InterfaceError("the transaction was rolled back")
        await self._give_back()

    async def undo(self) -> None:
        """Roll back what is held; without its connection the database does so by itself."""
        held = self._held
        if held is None:
            return
        try:
            await held.execute("ROLLBACK", timeout=self._patience)
        except _UNREACHABLE:
            with suppress(asyncpg.InterfaceError):
                held.terminate()
        await self._give_back()

    @property
    def _patience(self) -> float:
        return self.timeout + GRACE

    async def _give_back(self) -> None:
        held, self._held = self._held, None
        with suppress(*_UNREACHABLE):
            await self._pool.release(held, timeout=self.timeout)

    @asynccontextmanager
    async def _connection(self, within: float | None = None) -> AsyncIterator[Connection]:
        with span("database"), translated():
            async with self._turn, asyncio.timeout((within or self.timeout) + GRACE):
                if self._held is None:
                    raise asyncpg.InterfaceError("no transaction is held")
                yield self._held


async def _leave_as_it_is(connection: asyncpg.Connection) -> None:
    """Spare the round trip of a reset: every change to a session here is local to its transaction."""
