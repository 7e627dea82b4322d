"""Gateways under load on one database, hurt at random moments, and what has to be true of their ledger afterwards."""

import asyncio
import os
import random
import signal
from collections import Counter
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field

import asyncpg

from connectors.postgres.database import Database
from connectors.postgres.migration import migrate
from gateway.errors import SourceUnavailable
from gateway.ledger.checkpoint import read_checkpoint
from gateway.ledger.merkle import TreeHead
from gateway.ledger.tree import GrowingTiles
from tests.faults.crowd import a_crowd, a_nurse, an_asker
from tests.support.gateway import AS_SHIPPED
from tests.support.processes import Load, a_served_gateway, lost, recorded, until

SEVERAL = 20
"""Answers that each gateway gives between one fault and the next, at least."""
LULL = 1.5
"""Seconds at most that a fault waits after that; how long in fact is left to chance."""
GATEWAY, DATABASE, BACKEND, BOTH = "gateway", "database", "backend", "gateway and database"
FAULTS = (GATEWAY, GATEWAY, DATABASE, BACKEND, BOTH)


@dataclass(slots=True)
class Outcome:
    """What became of everything that was asked, and of the ledger."""

    faults: list = field(default_factory=list)
    sent: int = 0
    delivered: int = 0
    cut_off: int = 0
    refused: Counter = field(default_factory=Counter)
    entries: int = 0
    checkpoints: int = 0
    lost: int = 0
    untold: int = 0
    """Entries of answers that never arrived: more may stand in the ledger than was told, never less."""


class _Served:
    """One gateway after the other in one place, each under load until it is killed."""

    def __init__(self, number, server, folder, asker, children, *, connections):
        self._server = server
        self._folder = folder
        self._stack = AsyncExitStack()
        self.load = Load(asker, children, connections=connections, name=f"gateway-{number}")

    async def start(self):
        self._gateway = await self._stack.enter_async_context(
            a_served_gateway(
                self._folder, url=self._server.url, request_timeout=5, ledger_checkpoint_interval=0.2, **AS_SHIPPED
            )
        )
        await self._stack.enter_async_context(self.load.on(self._gateway.address))

    async def kill(self):
        self._gateway.kill()
        await self._stack.aclose()

    async def answers(self):
        enough = len(self.load.delivered) + SEVERAL

        async def answered():
            return len(self.load.delivered) >= enough

        await until(answered, within=180)


async def hurt(server, folder, *, gateways, rounds, seed, connections=8, say=lambda _: None):
    """Hurt as many gateways and their database that often, check the ledger, and return what became of it all.

    Raises:
        AssertionError: The sequence, the tree or a checkpoint is not whole.
    """
    chance = random.Random(seed)  # noqa: S311 - when and whom to hurt, no secret
    await migrate(server.url)
    database = await Database.open(server.url, pool_min=1, pool_max=2, timeout=10)
    asker, children = await an_asker(await a_nurse(database), database, folder), await a_crowd(database)
    await database.close()
    outcome = Outcome()
    places = [_Served(n, server, folder, asker, children, connections=connections) for n in range(gateways)]
    try:
        await asyncio.gather(*(place.start() for place in places))
        for number in range(rounds):
            await asyncio.gather(*(place.answers() for place in places))
            await asyncio.sleep(chance.uniform(0, LULL))
            fault = chance.choice(FAULTS)
            place = chance.choice(places)
            outcome.faults.append(fault)
            before = sum(len(one.load.delivered) for one in places)
            await _hurt(fault, server, place, chance)
            say(f"{number + 1:>4} {fault:<22} {before:>8} delivered before")
        await asyncio.gather(*(place.answers() for place in places))
    finally:
        await asyncio.gather(*(place.kill() for place in places))
    _tally(outcome, [place.load for place in places])
    await _check(outcome, server, folder, [place.load for place in places])
    return outcome


async def _hurt(fault, server, place, chance):
    if fault == BACKEND:
        await _kill_a_backend(server, chance)
        return
    if fault in (DATABASE, BOTH):
        os.kill(server.pid, signal.SIGKILL)
    if fault in (GATEWAY, BOTH):
        await place.kill()
    if fault in (DATABASE, BOTH):
        await until(lambda: _serves(server), within=120)
    if fault in (GATEWAY, BOTH):
        await place.start()


async def _kill_a_backend(server, chance):
    """Kill one session that writes the ledger: the server takes all others down with it and recovers."""
    connection = await asyncpg.connect(server.url)
    rows = await connection.fetch(
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'directory-gateway-ledger' ORDER BY pid"
    )
    if rows:
        with suppress(ProcessLookupError):  # it may have ended by itself meanwhile
            os.kill(chance.choice(rows)["pid"], signal.SIGKILL)
    connection.terminate()
    await until(lambda: _serves(server), within=120)


async def _serves(server):
    with suppress(SourceUnavailable, OSError, asyncpg.PostgresError, TimeoutError):
        await asyncio.to_thread(server.start)
        connection = await asyncpg.connect(server.url, timeout=5)
        await connection.close()
        return True
    return False


def _tally(outcome, loads):
    for load in loads:
        outcome.sent += len(load.asked)
        outcome.delivered += len(load.delivered)
        outcome.cut_off += len(load.cut_off)
        outcome.refused.update(load.refusals)


async def _check(outcome, server, folder, loads):
    database = await Database.open(server.url, pool_min=1, pool_max=2, timeout=60)
    try:
        found = await recorded(database, folder)  # no gap, no double, every hash and index row
        outcome.entries = len(found)
        outcome.lost = sum(len(lost(load.delivered, found)) for load in loads)
        delivered = {asked.request_id for load in loads for asked in load.delivered}
        outcome.untold = sum(
            entry["outcome"]["status"] == "answered" and name not in delivered for name, entry in found.items()
        )
        outcome.checkpoints = await assert_proved(database)
    finally:
        await database.close()


async def assert_proved(database):
    """Assert that every checkpoint and tile is that of the entries, and return how many checkpoints there are."""
    leaves = [row["leaf_hash"] for row in await database.fetch("SELECT leaf_hash FROM ledger_entry ORDER BY seq")]
    signed = await database.fetch("SELECT size, root, note FROM ledger_checkpoint ORDER BY id")
    kept = {
        (row["level"], row["index"]): (row["hashes"], row["root"])
        for row in await database.fetch("SELECT * FROM ledger_tile")
    }
    head, growing, roots, tiles = TreeHead(), GrowingTiles(), {0: TreeHead().root}, {}
    newest = max((row["size"] for row in signed), default=0)
    for leaf in leaves[:newest]:
        head.append(leaf)
        roots[head.size] = head.root
        tiles |= {(tile.level, tile.index): (tile.hashes, tile.root) for tile in growing.append(leaf)}
    sizes = [row["size"] for row in signed]
    assert sizes == sorted(sizes)
    for row in signed:
        checkpoint, _ = read_checkpoint(row["note"])
        assert (checkpoint.size, checkpoint.root) == (row["size"], row["root"]) == (row["size"], roots[row["size"]])
    assert kept == tiles
    return len(signed)
