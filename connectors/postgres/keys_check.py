"""The sealing keys of a ledger held against what its entries say of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg

from connectors.postgres.database import Database
from connectors.postgres.ledger_keys import name_of
from gateway.ledger.master_key import MasterKey, NotWrappedByThis
from gateway.ledger.verification import Trouble, Verification

BATCH: Final = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """Entries that have left the database for an archive file."""

    first: int
    end: int


class KeysCheck:
    """Checks that every key is there and is the one it was, or that an entry tells of its end."""

    def __init__(self, database: Database, verification: Verification, *, master: MasterKey | None) -> None:
        """Take the pool, what has read all entries, and the master key if it is at hand."""
        self._database = database
        self._verification = verification
        self._master = master
        self._troubles: dict[tuple[Trouble, str], list[bytes]] = {}

    async def run(self, unread: Sequence[Archived]) -> None:
        """Check all keys; what the entries of `unread` stretches say of keys is not known.

        Raises:
            SourceFailed: The database did not answer.
        """
        await self._missing()
        after = b""
        while rows := await self._database.fetch(
            "SELECT * FROM ledger_key WHERE tag > $1 ORDER BY tag LIMIT $2", after, BATCH
        ):
            for row in rows:
                self._check(row, unread)
            after = rows[-1]["tag"]
        for (trouble, what), tags in self._troubles.items():
            await self._tell(trouble, what, tags)

    async def _missing(self) -> None:
        rows = await self._database.fetch(
            """
            SELECT DISTINCT tag FROM ledger_child
            WHERE NOT EXISTS (SELECT FROM ledger_key AS key WHERE key.tag = ledger_child.tag)
            UNION
            SELECT tag FROM unnest($1::bytea[]) AS spoken (tag)
            WHERE NOT EXISTS (SELECT FROM ledger_key AS key WHERE key.tag = spoken.tag)
            """,
            list(self._verification.keys.sealed),
        )
        for row in rows:
            self._note(Trouble.KEY_LOST, "is not there, and no entry says why", row["tag"])

    def _check(self, row: asyncpg.Record, unread: Sequence[Archived]) -> None:
        tag, told = row["tag"], row["tag"] in self._verification.keys.erased
        if row["wrapped"] is None:
            by = row["destroyed_by"]
            unknown = by is not None and any(part.first <= by < part.end for part in unread)
            if not told and not unknown:
                self._note(Trouble.KEY_LOST, "was destroyed, and no entry says why", tag)
        elif told:
            what = "is still there, though an entry says that it was destroyed: run the erasure again"
            self._note(Trouble.ERASURE_UNFINISHED, what, tag)
        elif self._master is not None and not _is_its_own(self._master, row):
            what = "was changed, or is filed under another child or year, or another master key wrapped it"
            self._note(Trouble.KEY_CHANGED, what, tag)

    def _note(self, trouble: Trouble, what: str, tag: bytes) -> None:
        self._troubles.setdefault((trouble, what), []).append(tag)

    async def _tell(self, trouble: Trouble, what: str, tags: Sequence[bytes]) -> None:
        first = await self._database.fetchrow(
            "SELECT min(seq) AS seq FROM ledger_child WHERE tag = ANY ($1::bytea[])", list(tags)
        )
        seq = None if first is None else first["seq"]
        where = "asks that touched no child" if seq is None else f"entry {seq:,}"
        self._verification.add(
            trouble, f"The key of what is sealed in {where} {what} ({len(tags):,} keys).", first_seq=seq or 0
        )


def _is_its_own(master: MasterKey, row: asyncpg.Record) -> bool:
    try:
        tag: bytes = master.unwrap(name_of(row), row["wrapped"]).tag
        return tag == bytes(row["tag"])
    except NotWrappedByThis:
        return False
