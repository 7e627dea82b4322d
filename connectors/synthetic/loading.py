"""Getting made-up rows into PostgreSQL: one slice, one transaction, so that there is never half a slice."""

import asyncio
import os
import signal
import threading
from collections.abc import Mapping
from multiprocessing import parent_process
from multiprocessing.connection import wait

import asyncpg

from connectors.synthetic.families import slice_rows
from connectors.synthetic.register import practitioner_rows
from connectors.synthetic.rows import COLUMNS, Rows
from connectors.synthetic.world import World


async def copy_rows(connection: asyncpg.Connection, rows: Rows) -> None:
    """Write rows with COPY, parents before children; the transaction is the caller's."""
    for table in rows.filled:
        await connection.copy_to_table(
            table, source=_Once(rows.text(table)), columns=list(COLUMNS[table]), format="text"
        )


MATCHED_BY: Mapping[str, tuple[str, ...]] = {
    "agency": ("id",),
    "practitioner": ("id",),
    "setting": ("id",),
    "carer": ("id",),
    "child": ("id",),
    "child_superseded_identifier": ("system", "value"),
    "child_carer": ("child_id", "carer_id"),
    "involvement": ("child_id", "id"),
    "involvement_consent": ("child_id", "involvement_id", "version"),
    "shield": ("id",),
    "registration": ("person", "role"),
}
"""The keys by which a row is known again; its other columns may change from one day to the next."""
OWNED_BY: Mapping[str, tuple[str, ...]] = {
    "safeguarding_contact": ("agency",),  # those of an authority are cleared by whoever calls
    "child_link": ("child_id", "other_child_id"),
    "conflict": ("child_id", "practitioner_id"),
}
"""Rows without such a key are replaced owner by owner; the owner is the child unless it is named here."""


async def replace_rows(connection: asyncpg.Connection, rows: Rows) -> None:
    """Insert rows or bring them up to date; no row that another refers to is removed."""
    for table in rows.filled:
        columns = COLUMNS[table]
        await connection.execute(f"CREATE TEMPORARY TABLE incoming ON COMMIT DROP AS {_selection(table)} LIMIT 0")
        await connection.copy_to_table("incoming", source=_Once(rows.text(table)), columns=list(columns), format="text")
        if table not in MATCHED_BY:
            await _forget_owners(connection, table)
        await connection.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) {_selection(table, 'incoming')} {_or_update(table)}"
        )
        await connection.execute("DROP TABLE incoming")


def _selection(table: str, origin: str | None = None) -> str:
    return f"SELECT {', '.join(COLUMNS[table])} FROM {origin or table}"  # noqa: S608 - names from this package


def _or_update(table: str) -> str:
    key = MATCHED_BY.get(table)
    if key is None:
        return ""
    news = ", ".join(f"{column} = excluded.{column}" for column in COLUMNS[table] if column not in key)
    return f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {news}"


async def _forget_owners(connection: asyncpg.Connection, table: str) -> None:
    same = " AND ".join(f"held.{column} = incoming.{column}" for column in OWNED_BY.get(table, ("child_id",)))
    await connection.execute(f"DELETE FROM {table} AS held USING incoming WHERE {same}")  # noqa: S608 - as above


class _Once:
    """Bytes as the driver takes them: an asynchronous iterator of one part."""

    def __init__(self, text: bytes) -> None:
        self._parts = [text]

    def __aiter__(self) -> "_Once":
        return self

    async def __anext__(self) -> bytes:
        if not self._parts:
            raise StopAsyncIteration
        return self._parts.pop()


class Worker:
    """One process that makes and writes slices over a connection of its own."""

    def __init__(self, database_url: str, world: World) -> None:
        """Connect."""
        self._world = world
        self._runner = asyncio.Runner()
        self._connection = self._runner.run(asyncpg.connect(database_url, timeout=10.0))

    def write_practitioners(self, block: int) -> int:
        """Write a block of practitioners and return how many children that is: none."""
        self._write(practitioner_rows(self._world, block))
        return 0

    def write_slice(self, number: int) -> int:
        """Write a slice and return how many children it has."""
        rows = slice_rows(self._world, number)
        self._write(rows)
        return len(rows["child"])

    def _write(self, rows: Rows) -> None:
        self._runner.run(self._in_one_transaction(rows))

    async def _in_one_transaction(self, rows: Rows) -> None:
        async with self._connection.transaction():
            await copy_rows(self._connection, rows)


_worker: Worker | None = None


def start_worker(database_url: str, world: World) -> None:
    """Make this process a worker: it lets the parent deal with Ctrl-C, and ends when the parent is gone."""
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _worker = Worker(database_url, world)


def write_practitioners(block: int) -> int:
    """Write a block of practitioners in a worker process."""
    return _this_worker().write_practitioners(block)


def write_slice(number: int) -> int:
    """Write a slice of children in a worker process."""
    return _this_worker().write_slice(number)


def _this_worker() -> Worker:
    if _worker is None:
        raise RuntimeError("this process was not started as a worker")
    return _worker


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
