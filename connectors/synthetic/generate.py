"""Load a made-up authority: refuse, resume or replace, then write it slice by slice with several processes.

A row of `feed_load` says what is being loaded, from before the first slice is written. Its count stays at zero until
the last one is. A load that was interrupted has whole slices only, and the same command goes on with the others.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager
from dataclasses import replace
from multiprocessing import get_context

import asyncpg

from connectors.synthetic.claim import FEED, GenerationRefused, Plan, clear_contacts, known_authority, make_way
from connectors.synthetic.loading import copy_rows, start_worker, write_practitioners, write_slice
from connectors.synthetic.numbers import id_range
from connectors.synthetic.register import PRACTITIONERS_IN_A_BLOCK, practitioner_blocks, register_rows
from connectors.synthetic.rows import COLUMNS, Rows
from connectors.synthetic.world import (
    CHILD,
    CHILDREN_IN_A_SLICE,
    PRACTITIONER,
    Place,
    World,
)

LOCK = 0x67656E657261
_PARTS = {"practitioner": (PRACTITIONER, PRACTITIONERS_IN_A_BLOCK), "child": (CHILD, CHILDREN_IN_A_SLICE)}

OnProgress = Callable[[int], None]
"""Is told how many more children are in the database."""


async def generate(
    database_url: str,
    plan: Plan,
    *,
    replace_held: bool = False,
    processes: int | None = None,
    on_progress: OnProgress = lambda children: None,
) -> int:
    """Load a made-up authority and return how many children this call wrote.

    Raises:
        GenerationRefused: The authority is not known, or generated data is in the way.
        asyncpg.PostgresError, OSError: The database failed; what is written is whole slices.
    """
    connection = await asyncpg.connect(database_url, timeout=10.0)
    try:
        if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
            raise GenerationRefused("Another load of generated data is running; wait until it ends.")
        world = await _world(connection, plan)
        await make_way(connection, plan, replace_held=replace_held)
        await _write_register(connection, plan, world)
        written = await _write_everybody(connection, world, database_url, processes or _cores(), on_progress)
        await connection.execute(
            "UPDATE feed_load SET accepted = $3 WHERE feed = $1 AND file_name = $2", FEED, plan.authority, plan.children
        )
        await connection.execute(f"ANALYZE {', '.join(COLUMNS)}")
        return written
    finally:
        await connection.close()


def _cores() -> int:
    return max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


async def _world(connection: asyncpg.Connection, plan: Plan) -> World:
    authority = await known_authority(connection, plan.authority)
    world = World(authority=authority, children=plan.children, seed=plan.seed, as_of=plan.as_of)
    return replace(world, held=await _held_settings(connection, world))


async def _held_settings(connection: asyncpg.Connection, world: World) -> tuple[Place, ...]:
    low, high = id_range(world.mark)
    rows = await connection.fetch(
        "SELECT id::text, kind, name FROM setting WHERE authority = $1 AND status = 'OPEN' "
        "AND id NOT BETWEEN $2 AND $3 ORDER BY coalesce(urn, ods_code), id",
        world.authority.code,
        low,
        high,
    )
    return tuple(Place(row["id"], use) for row in rows if (use := _use(row["kind"], row["name"])))


def _use(kind: str, name: str) -> str | None:
    if kind == "SCHOOL":
        words = name.lower()
        return "primary" if any(word in words for word in ("primary", "infant", "junior")) else "secondary"
    return {
        "GP_PRACTICE": "gp",
        "NURSERY": "nursery",
        "SPECIAL_SCHOOL": "special",
        "COLLEGE": "college",
        "ALTERNATIVE_PROVISION": "alternative",
        "CHILDRENS_HOME": "home",
    }.get(kind)


async def _write_register(connection: asyncpg.Connection, plan: Plan, world: World) -> None:
    """Write what is about no child, and the row that says what is being loaded, unless both are there."""
    async with connection.transaction():
        begun = await connection.fetchval(
            "SELECT true FROM feed_load WHERE feed = $1 AND file_name = $2", FEED, plan.authority
        )
        if begun:
            return
        rows = register_rows(world)
        await clear_contacts(connection, plan.authority)
        await write_shared(connection, rows)
        await copy_rows(connection, rows)
        await connection.execute(
            "INSERT INTO feed_load (feed, file_name, file_sha256, loaded_at, accepted, unchanged, rejected, "
            "quarantined) VALUES ($1, $2, $3, now(), 0, 0, 0, 0)",
            FEED,
            plan.authority,
            plan.digest,
        )


async def write_shared(connection: asyncpg.Connection, rows: Rows) -> None:
    """Write the rows that other loads may have written already, and take them out of `rows`."""
    for table in ("source", "authority"):
        for line in rows.pop(table, []):
            values = line.split("\t")
            places = ", ".join(f"${place}" for place in range(1, len(values) + 1))
            await connection.execute(
                f"INSERT INTO {table} ({', '.join(COLUMNS[table])}) VALUES ({places}) ON CONFLICT DO NOTHING",  # noqa: S608 - names from this package
                *values,
            )


async def _write_everybody(
    connection: asyncpg.Connection, world: World, database_url: str, processes: int, on_progress: OnProgress
) -> int:
    blocks = await _missing(connection, world, "practitioner", count=practitioner_blocks(world))
    slices = await _missing(connection, world, "child", count=world.slices)
    on_progress(world.children - sum(world.children_in(number) for number in slices))
    async with _workers(database_url, world, processes) as pool:
        await _each(pool, write_practitioners, blocks, on_progress)
        return await _each(pool, write_slice, slices, on_progress)


async def _missing(connection: asyncpg.Connection, world: World, table: str, *, count: int) -> list[int]:
    """Return the parts that are not in the database; a part is there if its first row is."""
    kind, size = {"practitioner": (PRACTITIONER, PRACTITIONERS_IN_A_BLOCK), "child": (CHILD, CHILDREN_IN_A_SLICE)}[
        table
    ]
    first = {world.id(kind, number * size): number for number in range(count)}
    rows = await connection.fetch(f"SELECT id::text FROM {table} WHERE id = ANY($1)", list(first))  # noqa: S608 - as above
    there = {first[row["id"]] for row in rows}
    return [number for number in range(count) if number not in there]


@asynccontextmanager
async def _workers(database_url: str, world: World, processes: int) -> AsyncIterator[Executor]:
    """Lend worker processes; whatever ends the block, they finish the slice they are at and no other."""
    pool = ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=start_worker, initargs=(database_url, world)
    )
    try:
        yield pool
    except BrokenProcessPool as error:
        raise GenerationRefused("A worker process ended early; repeat the command to go on from there.") from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


async def _each(pool: Executor, write: Callable[[int], int], parts: Iterable[int], on_progress: OnProgress) -> int:
    loop = asyncio.get_running_loop()
    total = 0
    for done in asyncio.as_completed([loop.run_in_executor(pool, write, part) for part in parts]):
        children = await done
        total += children
        on_progress(children)
    return total
