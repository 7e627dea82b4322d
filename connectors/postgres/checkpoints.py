"""Checkpoints on PostgreSQL: the turn to sign, which one gateway has at a time, and what was signed and cosigned."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

import asyncpg

from connectors.postgres.database import Database, translated
from connectors.postgres.ledger_tree import TreeRows, become_writer, keep_tiles
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.checkpointing import StoredCheckpoint, Turn
from gateway.ledger.closing import Closing, read_closing
from gateway.ledger.notes import MalformedNote, Note, Signature, VerifierKey, signature_of
from gateway.ledger.tree import Tile, TreeDamaged
from gateway.ledger.witnessing import Cosigned

TURN_LOCK: Final = 0x6C64675F7369676E  # "ldg_sign"
IDLE_LIMIT: Final = 1.5
"""Seconds after which a gateway that stands still in its turn loses it."""
TURN_LIMIT: Final = 10.0
"""Seconds a turn may take in all."""

_NEWEST = """
SELECT id, size, root, note, extract(epoch FROM clock_timestamp() - at)::float8 AS age
FROM ledger_checkpoint ORDER BY size DESC, id DESC LIMIT 1
"""

log = logging.getLogger("gateway.ledger")


class _Turn(TreeRows):
    def __init__(self, connection: asyncpg.Connection) -> None:
        super().__init__(connection)
        self._connection = connection

    async def newest(self) -> StoredCheckpoint | None:
        return _stored(await self._connection.fetchrow(_NEWEST))

    async def keep(self, checkpoint: Checkpoint, note: Note, tiles: Sequence[Tile]) -> None:
        try:
            await keep_tiles(self._connection, tiles)
        except asyncpg.UniqueViolationError:
            raise TreeDamaged("There are tiles of entries that no checkpoint covers.") from None
        await self._connection.execute(
            "INSERT INTO ledger_checkpoint (size, root, note) VALUES ($1, $2, $3)",
            checkpoint.size,
            checkpoint.root,
            str(note),
        )


class PostgresCheckpoints:
    """Takes turns and keeps cosignatures over a connection of its own, opened again whenever it was lost."""

    def __init__(self, url: str, *, timeout: float) -> None:
        """Take the database's URL and the seconds that connecting and a statement may take."""
        self._url = url
        self._timeout = timeout
        self._connection: asyncpg.Connection | None = None
        self._free = asyncio.Lock()
        self._warned = False

    async def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Turn | None]:
        """Lend the turn; None while another gateway has it. What goes wrong arrives as `SourceFailed`."""
        async with self._transaction() as connection:
            got = await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", TURN_LOCK)
            yield _Turn(connection) if got else None

    async def keep_cosignature(self, checkpoint_id: int, witness: VerifierKey, cosignature: Signature) -> None:
        """Keep what a witness signed; again is no harm."""
        async with self._transaction() as connection:
            await connection.execute(
                """
                INSERT INTO ledger_cosignature (checkpoint_id, witness, signed_at, line)
                VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
                """,
                checkpoint_id,
                str(witness),
                datetime.fromtimestamp(cosignature.at or 0, UTC),
                cosignature.line,
            )

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[asyncpg.Connection]:
        async with self._free:
            try:
                with translated():
                    async with asyncio.timeout(TURN_LIMIT):
                        connection = await self._connected()
                        async with connection.transaction():
                            await connection.execute("SET LOCAL synchronous_commit TO on")
                            yield connection
            except BaseException:
                # What became of the transaction is not known here; without its connection it is rolled back.
                await self.close()
                raise

    async def _connected(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(
                self._url,
                timeout=self._timeout,
                server_settings={
                    "application_name": "directory-gateway-checkpoints",
                    "timezone": "UTC",
                    "statement_timeout": str(max(1, int(self._timeout * 1000))),
                    # A gateway that stands still with the turn in hand must not keep the others from signing.
                    "idle_in_transaction_session_timeout": str(int(IDLE_LIMIT * 1000)),
                },
            )
            if not await become_writer(self._connection) and not self._warned:
                self._warned = True
                log.warning("the ledger is not signed as the role that may only add to it: docs/ledger.md says how")
        return self._connection


class CheckpointReader(TreeRows):
    """Reads the tree, checkpoints and cosignatures through the pool; raises `SourceFailed`."""

    def __init__(self, database: Database) -> None:
        """Take the pool."""
        super().__init__(database)
        self._database = database

    async def newest(self) -> StoredCheckpoint | None:
        """Return the largest checkpoint, the latest of its size; None if nothing was signed yet."""
        return _stored(await self._database.fetchrow(_NEWEST))

    async def checkpoint(self, checkpoint_id: int) -> StoredCheckpoint | None:
        """Return one checkpoint."""
        sql = _NEWEST.replace("ORDER BY", "WHERE id = $1 ORDER BY")
        return _stored(await self._database.fetchrow(sql, checkpoint_id))

    async def numbered_hashes(self, first: int, end: int) -> Sequence[tuple[int, bytes]]:
        """Return number and hash of the entries from `first` to before `end`, in order, as far as they are there."""
        rows = await self._database.fetch(
            "SELECT seq, leaf_hash FROM ledger_entry WHERE seq >= $1 AND seq < $2 ORDER BY seq", first, end
        )
        return [(row["seq"], row["leaf_hash"]) for row in rows]

    async def checkpoints(self, *, after_id: int = 0, limit: int = 1_000) -> Sequence[StoredCheckpoint]:
        """Return checkpoints in the order in which they were signed."""
        sql = _NEWEST.replace("ORDER BY size DESC, id DESC LIMIT 1", "WHERE id > $1 ORDER BY id LIMIT $2")
        return [_checkpoint(row) for row in await self._database.fetch(sql, after_id, limit)]

    async def closings(self) -> Mapping[int, Closing]:
        """Return every statement that closed the ledger's name, in order, by the number of its checkpoint."""
        rows = await self._database.fetch(
            r"SELECT id, note FROM ledger_checkpoint WHERE note LIKE E'%\nclosed by %' ORDER BY id"
        )
        read = {row["id"]: read_closing(row["note"]) for row in rows}
        return {number: closing for number, closing in read.items() if closing is not None}

    async def witnessed(self, origin: str) -> str | None:
        """Return the largest checkpoint of another ledger that was cosigned here, as it was shown; None if none was."""
        row = await self._database.fetchrow(
            "SELECT note FROM ledger_witnessed WHERE origin = $1 ORDER BY size DESC LIMIT 1", origin
        )
        return None if row is None else str(row["note"])

    async def cosignatures(self, checkpoint_id: int) -> Sequence[Signature]:
        """Return the newest cosignature of each witness on a checkpoint; unreadable ones are left out."""
        rows = await self._database.fetch(
            """
            SELECT DISTINCT ON (witness) line FROM ledger_cosignature WHERE checkpoint_id = $1
            ORDER BY witness, signed_at DESC
            """,
            checkpoint_id,
        )
        return [read for row in rows if (read := _signature(row["line"])) is not None]

    async def newest_cosigned(
        self, witnesses: Sequence[str], *, until: datetime | None = None
    ) -> Mapping[str, Cosigned]:
        """Return by witness the newest checkpoint it cosigned, and its signature; nothing of it is checked.

        With `until` cosignatures of a later moment are passed over: a witness whose clock was fast made them.
        """
        rows = await self._database.fetch(
            """
            SELECT witness, line, checkpoint_id, size, note
            FROM unnest($1::text[]) AS asked (witness)
            CROSS JOIN LATERAL (
                SELECT line, checkpoint_id FROM ledger_cosignature
                WHERE witness = asked.witness AND ($2::timestamptz IS NULL OR signed_at <= $2)
                ORDER BY signed_at DESC, checkpoint_id DESC LIMIT 1) AS newest
            JOIN ledger_checkpoint AS checkpoint ON checkpoint.id = newest.checkpoint_id
            """,
            list(witnesses),
            until,
        )
        read = ((row, _signature(row["line"])) for row in rows)
        return {
            row["witness"]: Cosigned(
                checkpoint_id=row["checkpoint_id"], size=row["size"], note=row["note"], signature=signature
            )
            for row, signature in read
            if signature is not None
        }


class WitnessedLedgers:
    """Remembers what this gateway cosigned of others' ledgers, for all gateways on one database."""

    def __init__(self, url: str, *, timeout: float) -> None:
        """Take the database's URL and the seconds that a statement may take."""
        self._store = PostgresCheckpoints(url, timeout=timeout)

    async def close(self) -> None:
        """Close the connection."""
        await self._store.close()

    @asynccontextmanager
    async def held_to(self, origin: str) -> AsyncIterator["HeldLedger"]:
        """Lend the record of one ledger to one gateway at a time; raises `SourceFailed`."""
        async with self._store._transaction() as connection:
            await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"witnessed {origin}")
            row = await connection.fetchrow(
                "SELECT size, root FROM ledger_witnessed WHERE origin = $1 ORDER BY size DESC LIMIT 1", origin
            )
            yield HeldLedger(connection, origin, row)


class HeldLedger:
    """The largest checkpoint of one ledger that was cosigned; `size` is 0 if there is none."""

    def __init__(self, connection: asyncpg.Connection, origin: str, row: Any) -> None:
        """Keep the connection for the length of the loan."""
        self._connection = connection
        self._origin = origin
        self.size: int = 0 if row is None else row["size"]
        self.root: bytes | None = None if row is None else row["root"]

    async def advance(self, checkpoint: Checkpoint, note: str) -> None:
        """Hold the ledger to a larger checkpoint from now on."""
        await self._connection.execute(
            "INSERT INTO ledger_witnessed (origin, size, root, note) VALUES ($1, $2, $3, $4)",
            self._origin,
            checkpoint.size,
            checkpoint.root,
            note,
        )


def _stored(row: asyncpg.Record | None) -> StoredCheckpoint | None:
    return None if row is None else _checkpoint(row)


def _checkpoint(row: asyncpg.Record) -> StoredCheckpoint:
    return StoredCheckpoint(id=row["id"], size=row["size"], root=row["root"], note=row["note"], age=row["age"])


def _signature(line: str) -> Signature | None:
    try:
        return signature_of(line)
    except MalformedNote:
        return None
