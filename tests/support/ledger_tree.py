"""Ledgers for tests of the tree: entries made in the database, and what signs them."""

import asyncpg

from connectors.postgres.checkpoints import PostgresCheckpoints
from gateway.ledger.checkpoint import origin_of
from gateway.ledger.checkpointing import Checkpointer
from gateway.ledger.merkle import TreeHead
from gateway.ledger.notes import KeyKind, SigningKey
from tests.support.builders import HOME

ORIGIN = origin_of(HOME)

_ADD = """
INSERT INTO ledger_entry (seq, entry, leaf_hash, at, request_id, outcome)
SELECT seq, entry, sha256('\\x00'::bytea || convert_to(entry, 'UTF8')), now(), 'request-' || seq, 'answered'
FROM generate_series($1::bigint, $2::bigint - 1) AS seq, format('{"seq":%s}', seq) AS entry
"""


def a_log_key():
    """A key that signs the home authority's ledger."""
    return SigningKey.new(ORIGIN, KeyKind.LOG)


async def add_entries(database, number):
    """Add as many entries to the ledger, the least that entries can be, and return its size."""
    first = (await database.fetchrow("SELECT coalesce(max(seq) + 1, 0) AS next FROM ledger_entry"))["next"]
    await database.execute(_ADD, first, first + number)
    return first + number


async def leaves_in(database):
    """The hashes of all entries."""
    return [row["leaf_hash"] for row in await database.fetch("SELECT leaf_hash FROM ledger_entry ORDER BY seq")]


def root_of(leaves):
    head = TreeHead()
    for found in leaves:
        head.append(found)
    return head.root


class Signing:
    """A gateway's worth of signing, with a memory of its own."""

    def __init__(self, url, *keys, interval=0.0):
        self.store = PostgresCheckpoints(url, timeout=5)
        self.checkpointer = Checkpointer(self.store, origin=ORIGIN, keys=keys, interval=interval)

    async def sign(self):
        """Take turns until everything is signed."""
        while await self.checkpointer.take_turn():
            pass


class Administrator:
    """A superuser with triggers off."""

    def __init__(self, connection):
        self.connection = connection

    @classmethod
    async def of(cls, url):
        connection = await asyncpg.connect(url)
        await connection.execute("SET session_replication_role = replica")
        return cls(connection)

    async def does(self, sql, *arguments):
        """Run a statement that has to touch at least one row."""
        assert int((await self.connection.execute(sql, *arguments)).rsplit(" ", 1)[-1]) > 0

    async def leave(self):
        await self.connection.close(timeout=60)
