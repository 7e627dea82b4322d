"""Destroying the keys that seal entries: what they sealed is closed for good, and every hash still fits (T3)."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from connectors.postgres.database import Database
from gateway.errors import SourceUnavailable
from gateway.ledger.sealing import NOBODY

REWRITE_TIMEOUT = 60.0
"""Seconds the rewriting of the keys' table may take; a million keys take about one."""
LOCKED = "database:55P03"
"""Why a statement failed that waited too long for a lock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasable:
    """Keys that can be destroyed: their tags, the children's ids they belong to, the years they span."""

    tags: tuple[bytes, ...]
    children: tuple[UUID, ...]
    years: tuple[int, ...]
    entries: int


class LedgerErasure:
    """Finds and destroys keys; every method raises `SourceUnavailable` if the database does not answer."""

    def __init__(self, database: Database) -> None:
        """Take the pool; its role must be one that may change `ledger_key`."""
        self._database = database

    async def erasable(self, children: Sequence[UUID], *, through: int | None) -> Erasable:
        """Return the keys of children, and of all records joined to theirs, up to and including a year (all if None).

        `NOBODY` among the children stands for the keys of what is about no child.
        """
        rows = await self._database.fetch(
            """
            WITH wanted AS (
                SELECT unnest($1::uuid[]) AS id
                UNION
                SELECT joined.id FROM child AS given JOIN child AS joined USING (identity_id)
                WHERE given.id = ANY ($1::uuid[])
            )
            SELECT key.tag, key.child_id, key.year,
                   (SELECT count(*) FROM ledger_child WHERE ledger_child.tag = key.tag) AS entries
            FROM ledger_key AS key JOIN wanted ON wanted.id = key.child_id
            WHERE $2::smallint IS NULL OR key.year <= $2 ORDER BY key.year, key.tag
            """,
            list(children),
            through,
        )
        return Erasable(
            tags=tuple(row["tag"] for row in rows),
            children=tuple(sorted({UUID(int=row["child_id"].int) for row in rows} - {NOBODY})),
            years=tuple(sorted({row["year"] for row in rows})),
            entries=sum(row["entries"] for row in rows),
        )

    async def destroy(self, tags: Sequence[bytes], *, by_entry: int, at: datetime) -> None:
        """Destroy keys for good, as an entry says, then rewrite their table so that no page keeps what was there.

        A key that is destroyed already stays as it is, so that an erasure that broke off can be run again.
        """
        await self._database.execute(
            "UPDATE ledger_key SET wrapped = NULL, child_id = NULL, destroyed_at = $2, destroyed_by = $3 "
            "WHERE tag = ANY ($1::bytea[]) AND wrapped IS NOT NULL",
            list(tags),
            at,
            by_entry,
        )
        await self.rewrite()

    async def rewrite(self) -> None:
        """Rewrite the keys' table, so that no page keeps a key that was destroyed.

        It waits for its turn half a second at a time: gateways that want keys must not queue behind it for long.
        """
        # A session of its own kind: the pool has one connection, and it ends with the command.
        await self._database.execute("SET lock_timeout = '500ms'")
        deadline = time.monotonic() + REWRITE_TIMEOUT
        while True:
            try:
                await self._database.execute("VACUUM (FULL, ANALYZE) ledger_key")
                return
            except SourceUnavailable as error:
                if error.reason != LOCKED or time.monotonic() > deadline:
                    raise
            await asyncio.sleep(0.5)
