"""The ledger on PostgreSQL: appending in one durable transaction, and reading what was appended."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from time import monotonic
from typing import Any, Final, TypeVar

import asyncpg
import orjson

from connectors.postgres.database import Database
from connectors.postgres.ledger_keys import SealingKeys
from connectors.postgres.ledger_numbers import NextNumber
from connectors.postgres.ledger_tree import become_writer
from gateway.errors import AuditUnavailable, SourceFailed
from gateway.ledger.canonical import ChildRow, ClosedEntry, IndexRow, PreparedEntry
from gateway.ledger.master_key import NotWrappedByThis
from gateway.ledger.opening import OpenedEntry, open_entry, tags_of
from gateway.ledger.reading import IndexedEntry
from gateway.ledger.sealing import CannotOpen
from gateway.ledger.stored import StoredEntry
from gateway.vocabulary import ChildId, PersonId

Result = TypeVar("Result")

SEQUENCER_LOCK: Final = 0x6C6564676572  # "ledger": one gateway at a time appends, whichever process it is
BATCH: Final = 2_000
SERVER_SHARE: Final = 0.9
"""Of the time an append may take, what the server may take of it."""
UNUSED_LIMIT: Final = 60.0
"""Seconds without an entry after which a connection is opened afresh: a firewall may have dropped it without a word."""
GONE_AFTER: Final = 100
"""Milliseconds after which the server sees that a gateway which waits for its turn is gone."""
_AFTER_ALL: Final = 2**63 - 1

_FOREIGN = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)

_APPEND = """
SELECT ledger_append($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[],
                     $8::text[], $9::text[], $10::text[], $11::smallint[], $12::bytea[], $13::int[], $14::text[],
                     $15::text[], $16::bigint, $17::bytea[])
"""
# The numbers are found first, in the index of children alone; the entries are then read by number and by nothing else.
_ABOUT = """
SELECT seq, entry, leaf_hash FROM ledger_entry WHERE seq = ANY (ARRAY (
    SELECT DISTINCT touched.seq FROM ledger_key AS key CROSS JOIN LATERAL (
        SELECT seq FROM ledger_child WHERE tag = key.tag AND seq < $2 ORDER BY seq DESC LIMIT $3) AS touched
    WHERE key.child_id = ANY ($1::uuid[])
    ORDER BY touched.seq DESC LIMIT $3))
ORDER BY seq DESC
"""


class PostgresLedgerStore:
    """Appends entries over a connection of its own, which it opens again whenever it was lost.

    Gateways that share a database take turns, a transaction each, so that the sequence has no gap and no double.
    """

    def __init__(self, url: str, *, keys: SealingKeys, timeout: float, next_number: NextNumber | None = None) -> None:
        """Take the database's URL, the keys that seal, and the seconds an append may take in all.

        `next_number` is what the stores of one process share.
        """
        self._url = url
        self._keys = keys
        self._timeout = timeout
        self._next_number = next_number or NextNumber()
        self._connection: asyncpg.Connection | None = None
        self._used = 0.0

    async def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with _unavailable():
                await connection.close(timeout=self._timeout)

    def sealed(self, entry: PreparedEntry) -> PreparedEntry | ClosedEntry:
        """Return the entry sealed, if its keys are at hand; the others are sealed when they are appended."""
        keys = self._keys.at_hand(entry.keys)
        return entry if keys is None else entry.closed(keys)

    async def append(self, entries: Sequence[PreparedEntry | ClosedEntry]) -> int:
        """Append all entries in their order, or none, and return the sequence number of the first once durable.

        Raises:
            AuditUnavailable: Whether they were appended is not known, or they were not.
        """
        return await self._in_time(self._append(entries))

    async def connect(self) -> None:
        """Open the connection where it is not open, or was not used for long; an entry is not sent to find out.

        Raises:
            AuditUnavailable: It cannot be opened.
        """
        if monotonic() - self._used > UNUSED_LIMIT:
            self._drop()
        await self._in_time(self._connected())

    async def _in_time(self, work: Coroutine[Any, Any, Result]) -> Result:
        try:
            with _unavailable():
                async with asyncio.timeout(self._timeout):
                    return await work
        except BaseException:
            # What became of the transaction is not known here; without its connection it is rolled back.
            self._drop()
            raise

    async def _append(self, entries: Sequence[PreparedEntry | ClosedEntry]) -> int:
        connection = await self._connected()
        # Before the turn to number is waited for: other gateways need not wait while keys are looked up.
        unsealed = [entry for entry in entries if isinstance(entry, PreparedEntry)]
        keys = await self._keys.to_seal(connection, {name for entry in unsealed for name in entry.keys})
        closed = [entry.closed(keys) if isinstance(entry, PreparedEntry) else entry for entry in entries]
        first = await self._sent(connection, closed)
        self._used = monotonic()
        self._keys.remember(keys)
        return first

    async def _sent(self, connection: asyncpg.Connection, entries: Sequence[ClosedEntry]) -> int:
        sent = self._next_number.sending(len(entries))
        try:
            # It answers once the transaction has committed: a statement outside a block is one of its own.
            first: int = await connection.fetchval(
                _APPEND, *_columns(entries), sent.expected, _hashes(entries, sent.expected)
            )
        except BaseException:
            self._next_number.lost(sent)
            raise
        self._next_number.numbered(sent, first)
        return first

    async def _connected(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            # The server gives up first: then it is known that nothing was appended.
            patience = str(max(1, int(self._timeout * SERVER_SHARE * 1000)))
            self._connection = await asyncpg.connect(
                self._url,
                timeout=self._timeout,
                server_settings={
                    "application_name": "directory-gateway-ledger",
                    # Keys are stored on the way; the entry that needs them takes them to the disk with it.
                    "synchronous_commit": "off",
                    "default_transaction_isolation": "read committed",
                    "lock_timeout": patience,
                    "statement_timeout": patience,
                    # A gateway that was killed while it waited for its turn appends nothing afterwards.
                    "client_connection_check_interval": str(GONE_AFTER),
                    # A gateway that hangs with the lock in hand must not keep the others from writing.
                    "idle_in_transaction_session_timeout": patience,
                },
            )
            await become_writer(self._connection)
            self._used = monotonic()
        return self._connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()


class PostgresLedgerReader:
    """Reads the ledger through the pool; every method raises `AuditUnavailable` if the database does not answer."""

    def __init__(self, database: Database) -> None:
        """Take the pool."""
        self._database = database

    async def head(self) -> int | None:
        """Return the highest sequence number, or None while the ledger is empty."""
        head: int | None = (await self._fetch("SELECT max(seq) FROM ledger_entry"))[0][0]
        return head

    async def entry(self, seq: int) -> StoredEntry | None:
        """Return one entry, or None."""
        rows = await self._fetch("SELECT seq, entry, leaf_hash FROM ledger_entry WHERE seq = $1", seq)
        return stored_entry(rows[0]) if rows else None

    async def leaf(self, seq: int) -> bytes | None:
        """Return the leaf hash of one entry, or None."""
        rows = await self._fetch("SELECT leaf_hash FROM ledger_entry WHERE seq = $1", seq)
        return bytes(rows[0]["leaf_hash"]) if rows else None

    async def entries(
        self, *, after_seq: int = -1, limit: int | None = None, to_seq: int | None = None
    ) -> AsyncIterator[StoredEntry]:
        """Stream entries in the order of their numbers, a batch in memory at a time; `to_seq` is the last told."""
        left = _AFTER_ALL if limit is None else limit
        last = _AFTER_ALL if to_seq is None else to_seq
        while rows := await self._fetch(
            "SELECT seq, entry, leaf_hash FROM ledger_entry WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3",
            after_seq,
            last,
            min(BATCH, left),
        ):
            for row in rows:
                yield stored_entry(row)
            after_seq = rows[-1]["seq"]
            left -= len(rows)

    async def indexed_entries(self, *, after_seq: int = -1) -> AsyncIterator[IndexedEntry]:
        """Stream all entries with what the index says of them."""
        while rows := await self._fetch(
            "SELECT * FROM ledger_entry WHERE seq > $1 ORDER BY seq LIMIT $2", after_seq, BATCH
        ):
            last = rows[-1]["seq"]
            children = await self._fetch(
                "SELECT * FROM ledger_child WHERE seq > $1 AND seq <= $2 ORDER BY seq, tag", after_seq, last
            )
            touched: dict[int, list[ChildRow]] = {}
            for row in children:
                touched.setdefault(row["seq"], []).append(_child_row(row))
            for row in rows:
                yield IndexedEntry(
                    stored=stored_entry(row), index=_index_row(row), children=tuple(touched.pop(row["seq"], ()))
                )
            after_seq = last

    async def indexed_beyond(self, seq: int) -> int | None:
        """Return the first number after `seq` that only the index of children knows: the trace of a cut tail."""
        first: int | None = (await self._fetch("SELECT min(seq) FROM ledger_child WHERE seq > $1", seq))[0][0]
        return first

    async def latest(
        self, *, first: int, person: PersonId | None = None, before_seq: int | None = None
    ) -> Sequence[StoredEntry]:
        """Return the newest entries, of all callers or of one person, newest first."""
        rows = await self._fetch(
            """
            SELECT seq, entry, leaf_hash FROM ledger_entry
            WHERE seq < $1 AND ($2::text IS NULL OR person = $2) ORDER BY seq DESC LIMIT $3
            """,
            _AFTER_ALL if before_seq is None else before_seq,
            person,
            first,
        )
        return [stored_entry(row) for row in rows]

    async def searches_since(self, person: PersonId, since: datetime) -> int:
        """Return how many searches the person was charged from this instant on."""
        rows = await self._fetch(
            "SELECT coalesce(sum(searches), 0)::bigint FROM ledger_entry WHERE person = $1 AND at >= $2", person, since
        )
        searches: int = rows[0][0]
        return searches

    async def _fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        try:
            return await self._database.fetch(sql, *arguments)
        except SourceFailed as error:
            raise AuditUnavailable("The ledger could not be read; nothing is told.", reason=error.reason) from error


class OpeningLedgerReader(PostgresLedgerReader):
    """Reads the ledger with what is sealed in it, as far as the keys are still there."""

    def __init__(self, database: Database, keys: SealingKeys) -> None:
        """Take the pool and the keys."""
        super().__init__(database)
        self._keys = keys

    async def entries_about(
        self, children: Sequence[ChildId], *, first: int, before_seq: int | None = None
    ) -> Sequence[OpenedEntry]:
        """Return the entries that touch any of the children (the records of one identity), newest first.

        Of what is sealed in them only the ask is opened.
        """
        rows = await self._fetch(_ABOUT, list(children), _AFTER_ALL if before_seq is None else before_seq, first)
        return await self.opened([stored_entry(row) for row in rows], ask_only=True)

    async def opened(self, entries: Sequence[StoredEntry], *, ask_only: bool = False) -> Sequence[OpenedEntry]:
        """Return entries with what is sealed in them, or only the ask, as far as the keys are still there."""
        documents = [orjson.loads(stored.entry) for stored in entries]
        tags = {tag for document in documents for tag in tags_of(document)}
        try:
            keys = await self._keys.by_tag(self._database, tags)
            return [
                open_entry(stored, keys, document=document, ask_only=ask_only)
                for stored, document in zip(entries, documents, strict=True)
            ]
        except (SourceFailed, NotWrappedByThis, CannotOpen) as error:
            reason = error.reason if isinstance(error, SourceFailed) else "ledger-key"
            raise AuditUnavailable("The ledger could not be read; nothing is told.", reason=reason) from error


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    except NotWrappedByThis as error:
        message = "The ledger could not be written; nothing is told."
        raise AuditUnavailable(message, reason="ledger-key") from error
    except _FOREIGN as error:
        reason = f"ledger:{getattr(error, 'sqlstate', None) or type(error).__name__}"
        raise AuditUnavailable("The ledger could not be written; nothing is told.", reason=reason) from error


def _columns(entries: Sequence[ClosedEntry]) -> tuple[Sequence[object], ...]:
    befores, afters, indexes, _ = zip(*entries, strict=True)
    touched = [(place, *child) for place, entry in enumerate(entries) for child in entry.children]
    places, tags, told, withheld = zip(*touched, strict=True) if touched else ((), (), (), ())
    return (
        befores,
        afters,
        *zip(*indexes, strict=True),  # what the index holds stands in the order in which `ledger_append` takes it
        tags,
        places,
        [" ".join(fields) for fields in told],
        [" ".join(fields) for fields in withheld],
    )


def _hashes(entries: Sequence[ClosedEntry], expected: int | None) -> Sequence[bytes] | None:
    if expected is None:
        return None
    return [entry.leaf_hash(seq) for seq, entry in enumerate(entries, start=expected)]


def stored_entry(row: asyncpg.Record) -> StoredEntry:
    """Return the entry of a row with its number, its bytes and its hash."""
    return StoredEntry(seq=row["seq"], entry=row["entry"].encode(), leaf_hash=row["leaf_hash"])


def _index_row(row: asyncpg.Record) -> IndexRow:
    return IndexRow(**{name: row[name] for name in IndexRow._fields})


def _child_row(row: asyncpg.Record) -> ChildRow:
    return ChildRow(tag=row["tag"], told=tuple(row["told"]), withheld=tuple(row["withheld"]))
