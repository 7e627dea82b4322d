"""The ledger's tree on PostgreSQL: where the hashes of a proof are read, and the role that may only add to it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, Protocol

import asyncpg

from gateway.ledger.tree import Place, Tile, apart

WRITER_ROLE: Final = "directory_ledger_writer"

_MAY_BE_WRITER = """
SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1 AND pg_has_role(session_user, oid, 'MEMBER'))
"""


class Fetching(Protocol):
    """A connection or a pool of them."""

    async def fetch(self, sql: str, *arguments: Any) -> list[asyncpg.Record]:
        """Return all rows of one statement."""
        ...


async def become_writer(connection: asyncpg.Connection) -> bool:
    """Take the role that may read and add and nothing else, and return whether that could be done.

    It cannot where the role was not created, or not granted to whoever logs in; then only triggers keep the ledger.
    Raises what the driver raises.
    """
    if not await connection.fetchval(_MAY_BE_WRITER, WRITER_ROLE):
        return False
    try:
        await connection.execute(f"SET ROLE {WRITER_ROLE}")
    except asyncpg.InsufficientPrivilegeError:
        return False  # a member that was granted the role without the right to set it
    return True


class TreeRows:
    """Reads hashes over a connection or a pool; raises what that raises."""

    def __init__(self, source: Fetching) -> None:
        """Take the connection or pool."""
        self._source = source

    async def tiles(self, places: Collection[Place]) -> Mapping[Place, bytes]:
        """Return the hashes of full tiles; one that is not there is absent."""
        if not places:
            return {}
        rows = await self._source.fetch(
            """
            SELECT level, index, hashes FROM unnest($1::smallint[], $2::bigint[]) AS wanted (level, index)
            JOIN ledger_tile USING (level, index)
            """,
            [level for level, _ in places],
            [index for _, index in places],
        )
        return {(row["level"], row["index"]): row["hashes"] for row in rows}

    async def tile_roots(self, level: int, first: int, end: int) -> Sequence[bytes]:
        """Return the roots of the full tiles of a level from index `first` to before `end`, in order."""
        rows = await self._source.fetch(
            "SELECT root FROM ledger_tile WHERE level = $1 AND index >= $2 AND index < $3 ORDER BY index",
            level,
            first,
            end,
        )
        return [row["root"] for row in rows]

    async def leaf_hashes(self, first: int, end: int) -> Sequence[bytes]:
        """Return the hashes of the entries from `first` to before `end`, in order."""
        rows = await self._source.fetch(
            """
            SELECT string_agg(leaf_hash, ''::bytea ORDER BY seq) AS hashes FROM ledger_entry
            WHERE seq >= $1 AND seq < $2
            """,
            first,
            end,
        )
        return apart(rows[0]["hashes"] or b"")

    async def next_seq(self) -> int:
        """Return the number that the next entry will have."""
        rows = await self._source.fetch("SELECT coalesce(max(seq) + 1, 0) AS next FROM ledger_entry")
        following: int = rows[0]["next"]
        return following


async def keep_tiles(connection: asyncpg.Connection, tiles: Sequence[Tile]) -> None:
    """Add full tiles; raises what the driver raises."""
    if tiles:
        await connection.execute(
            """
            INSERT INTO ledger_tile (level, index, hashes, root)
            SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bytea[], $4::bytea[])
            """,
            [tile.level for tile in tiles],
            [tile.index for tile in tiles],
            [tile.hashes for tile in tiles],
            [tile.root for tile in tiles],
        )
