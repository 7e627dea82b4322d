"""The locator's rows: whom the set holds, keys, releases, what changed, what was spent, and what others published."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg
import orjson

from connectors.locator.keys import Kind, identifier_word, name_word
from connectors.postgres.database import Database
from gateway.vocabulary import AuthorityCode

PAGE: Final = 250
"""Children read by one statement, and turned into words in one go: the event loop waits some milliseconds for them."""

KEPT_RELEASES: Final = 2
"""Releases whose setups are kept: a peer may have just read the statement of the one before."""

_FIRST: Final = UUID(int=0)

# These say of all children at once what `facts` says of each: under a shield, or near to one who is (`associated`).
# Asked child by child, an authority of 100,000 takes a minute; a test holds the two to each other.
_HIDDEN = """
SELECT identity_id FROM shield WHERE lifted_at IS NULL
UNION
SELECT near.identity_id FROM shield
JOIN child hidden ON hidden.identity_id = shield.identity_id
JOIN child_carer other ON other.child_id = hidden.id AND (other.until IS NULL OR other.until > $1)
JOIN child_carer own ON own.carer_id = other.carer_id AND own.child_id <> other.child_id
    AND own.relationship <> 'CORPORATE_PARENT' AND (own.until IS NULL OR own.until > $1)
JOIN child near ON near.id = own.child_id
WHERE shield.lifted_at IS NULL"""
_MEMBERS = """
SELECT id, identity_id, given_name, family_name, date_of_birth, nhs_number, upn,
    standing = 'live' AND date_of_birth > ($2::date - interval '18 years') AS live,
    ARRAY(SELECT value FROM child_superseded_identifier old
          WHERE old.child_id = child.id AND old.system = 'nhs-number') AS old_nhs_numbers,
    ARRAY(SELECT value FROM child_superseded_identifier old
          WHERE old.child_id = child.id AND old.system = 'upn') AS old_upns
FROM child WHERE id > $1 ORDER BY id LIMIT $3"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One setup of a release."""

    kind: Kind
    digest: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The newest setups, and the key they were made with."""

    version: int
    key_id: str
    quarter: int
    made_at: datetime
    setups: tuple[Published, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What has changed since the last release."""

    ids: tuple[int, ...]
    settled_for: float
    """Seconds since the last change."""
    waiting_for: float
    """Seconds since the first."""
    withdraws: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappedKey:
    """A key as it is stored."""

    id: str
    quarter: int
    wrapped: bytes


class PostgresLocator:
    """This authority's own set, its keys and releases, and the budgets."""

    def __init__(self, database: Database) -> None:
        """Take the pool."""
        self._database = database

    async def words(self, *, today: date) -> dict[Kind, list[str]]:
        """Return the words of all live children who are neither shielded nor near to one who is, by kind.

        Raises:
            SourceUnavailable: The database did not answer.
        """
        # Read before the children: a shield that comes later withdraws the release that this makes.
        hidden = {row["identity_id"] for row in await self._database.fetch(_HIDDEN, today)}
        words: dict[Kind, set[str]] = {kind: set() for kind in Kind}
        page = await self._database.fetch(_MEMBERS, _FIRST, today, PAGE)
        while page:
            for row in page:
                if row["live"] and row["identity_id"] not in hidden:
                    _add(words, row)
            page = await self._database.fetch(_MEMBERS, page[-1]["id"], today, PAGE)
        return {kind: list(found) for kind, found in words.items()}

    async def release(self) -> Release | None:
        """Return the newest release, or None."""
        row = await self._database.fetchrow(
            "SELECT version, key_id, quarter, release.made_at, setups::text FROM locator_release AS release "
            "JOIN locator_key AS key ON key.id = key_id ORDER BY version DESC LIMIT 1"
        )
        if row is None:
            return None
        setups = (
            Published(kind=Kind(one["kind"]), digest=one["digest"], size=one["size"])
            for one in orjson.loads(row["setups"])
        )
        return Release(
            version=row["version"],
            key_id=row["key_id"],
            quarter=row["quarter"],
            made_at=row["made_at"],
            setups=tuple(setups),
        )

    async def changed(self) -> Changed | None:
        """Return what has changed and been committed since the last release, or None."""
        row = await self._database.fetchrow(
            "SELECT array_agg(id) AS ids, COALESCE(bool_or(withdraws), false) AS withdraws, "
            "extract(epoch FROM clock_timestamp() - max(at))::float8 AS settled, "
            "extract(epoch FROM clock_timestamp() - min(at))::float8 AS waiting FROM locator_change"
        )
        if row is None or row["ids"] is None:
            return None
        return Changed(
            ids=tuple(row["ids"]), settled_for=row["settled"], waiting_for=row["waiting"], withdraws=row["withdraws"]
        )

    async def withdrawn(self) -> bool:
        """Return whether the newest release may hold a child who has been shielded since."""
        row = await self._database.fetchrow("SELECT FROM locator_change WHERE withdraws LIMIT 1")
        return row is not None

    async def lease(self, *, seconds: float) -> bool:
        """Take the right to build for some seconds, and return whether nobody else has it."""
        tag = await self._database.execute(
            "UPDATE locator_lease SET until = clock_timestamp() + $1 WHERE until < clock_timestamp()",
            timedelta(seconds=seconds),
        )
        return tag == "UPDATE 1"

    async def give_back(self) -> None:
        """Let somebody else build."""
        await self._database.execute("UPDATE locator_lease SET until = '-infinity'")

    async def newest_key(self, *, quarter: int) -> WrappedKey | None:
        """Return the newest key of a quarter that is not retired, or None."""
        row = await self._database.fetchrow(
            "SELECT id, quarter, wrapped FROM locator_key WHERE quarter = $1 AND retired_at IS NULL "
            "ORDER BY made_at DESC LIMIT 1",
            quarter,
        )
        return None if row is None else WrappedKey(**row)

    async def answering_key(self, key: str, *, at: datetime) -> WrappedKey | None:
        """Return a key by which asks may be answered at this moment; none is while a child is being withdrawn."""
        row = await self._database.fetchrow(
            "SELECT id, quarter, wrapped FROM locator_key WHERE id = $1 AND (retired_at IS NULL OR retired_at > $2) "
            "AND NOT EXISTS (SELECT FROM locator_change WHERE withdraws)",
            key,
            at,
        )
        return None if row is None else WrappedKey(**row)

    async def publish(
        self,
        key: WrappedKey,
        setups: Sequence[tuple[Published, bytes]],
        *,
        at: datetime,
        taken_in: Sequence[int],
        others_until: datetime,
        within: float,
    ) -> None:
        """Make a release of a key the newest, forget the changes it has taken in, and retire all other keys.

        Raises:
            SourceUnavailable: The database did not answer; nothing was published.
        """
        documents = [{"kind": one.kind, "digest": one.digest, "size": one.size} for one, _ in setups]
        async with self._database.transaction(within=within) as connection:
            await connection.execute(
                "INSERT INTO locator_key (id, quarter, wrapped, made_at) VALUES ($1, $2, $3, $4) "
                "ON CONFLICT DO NOTHING",
                key.id,
                key.quarter,
                key.wrapped,
                at,
            )
            version = await connection.fetchval(
                "INSERT INTO locator_release (key_id, made_at, setups) VALUES ($1, $2, $3::jsonb) RETURNING version",
                key.id,
                at,
                orjson.dumps(documents).decode(),
            )
            await connection.executemany(
                # The same words under the same key make the same setup.
                "INSERT INTO locator_setup (digest, version, content) VALUES ($1, $2, $3) "
                "ON CONFLICT (digest) DO UPDATE SET version = excluded.version",
                [(one.digest, version, content) for one, content in setups],
            )
            await connection.execute("DELETE FROM locator_release WHERE version <= $1", version - KEPT_RELEASES)
            await connection.execute(
                "UPDATE locator_key SET retired_at = LEAST(retired_at, $2) WHERE id <> $1", key.id, others_until
            )
            await connection.execute(
                "DELETE FROM locator_key WHERE retired_at < $1 "
                "AND NOT EXISTS (SELECT FROM locator_release WHERE key_id = locator_key.id)",
                at,
            )
            await connection.execute("DELETE FROM locator_change WHERE id = ANY ($1::bigint[])", list(taken_in))

    async def setup(self, digest: str) -> bytes | None:
        """Return the content of a published setup, or None."""
        row = await self._database.fetchrow("SELECT content FROM locator_setup WHERE digest = $1", digest)
        return None if row is None else bytes(row["content"])


class LocateBudget:
    """What has been spent of the day's locate asks, for all gateways on one database."""

    def __init__(self, database: Database) -> None:
        """Take the pool."""
        self._database = database

    async def spend(self, spender: str, *, limit: int, at: datetime) -> bool:
        """Take one ask out of today's budget (UTC), and return whether there was one.

        Raises:
            SourceUnavailable: The database did not answer; nothing may be answered.
        """
        row = await self._database.fetchrow(
            "INSERT INTO locate_spent AS spent (spender, day, asks) VALUES ($1, $2, 1) "
            "ON CONFLICT (spender, day) DO UPDATE SET asks = spent.asks + 1 WHERE spent.asks < $3 RETURNING asks",
            spender,
            at.date(),
            limit,
        )
        if row is not None and row["asks"] == 1:
            await self._database.execute("DELETE FROM locate_spent WHERE spender = $1 AND day < $2", spender, at.date())
        return row is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptStatement:
    """What another authority has stated of its setups, as it came."""

    text: str
    etag: str
    looked_at: datetime


class PeerSetupStore:
    """What other authorities have published."""

    def __init__(self, database: Database) -> None:
        """Take the pool."""
        self._database = database

    async def statement(self, authority: AuthorityCode) -> KeptStatement | None:
        """Return the last statement of an authority, or None; raises as all of this does if the database is gone."""
        row = await self._database.fetchrow(
            "SELECT statement, etag, looked_at FROM peer_locator WHERE authority = $1", authority
        )
        if row is None:
            return None
        return KeptStatement(text=row["statement"], etag=row["etag"], looked_at=row["looked_at"])

    async def contents(self, authority: AuthorityCode) -> dict[str, bytes]:
        """Return the setups of an authority by digest."""
        rows = await self._database.fetch(
            "SELECT digest, content FROM peer_locator_setup WHERE authority = $1", authority
        )
        return {row["digest"]: bytes(row["content"]) for row in rows}

    async def keep(self, authority: AuthorityCode, statement: KeptStatement, contents: dict[str, bytes]) -> None:
        """Keep a statement and the setups it names, instead of those before."""
        async with self._database.transaction() as connection:
            await connection.execute(
                "INSERT INTO peer_locator (authority, statement, etag, looked_at) VALUES ($1, $2, $3, $4) "
                "ON CONFLICT (authority) DO UPDATE SET statement = excluded.statement, etag = excluded.etag, "
                "looked_at = excluded.looked_at",
                authority,
                statement.text,
                statement.etag,
                statement.looked_at,
            )
            await connection.execute(
                "DELETE FROM peer_locator_setup WHERE authority = $1 AND digest <> ALL ($2::text[])",
                authority,
                list(contents),
            )
            await connection.executemany(
                "INSERT INTO peer_locator_setup (authority, digest, content) VALUES ($1, $2, $3) "
                "ON CONFLICT DO NOTHING",
                [(authority, digest, content) for digest, content in contents.items()],
            )


def _add(words: dict[Kind, set[str]], row: asyncpg.Record) -> None:
    named = name_word(row["given_name"], row["family_name"], row["date_of_birth"])
    if named is not None:
        words[Kind.NAME].add(named)
    for kind, current, old in ((Kind.NHS, "nhs_number", "old_nhs_numbers"), (Kind.UPN, "upn", "old_upns")):
        words[kind].update(identifier_word(kind, value) for value in (row[current], *row[old]) if value)
