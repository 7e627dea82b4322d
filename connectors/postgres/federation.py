"""What all gateways of one authority remember of the federation: used assertions, and releases of the registry."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from connectors.postgres.database import Database
from gateway.federation.registry import Registry, RegistryRefused
from gateway.federation.signed import Key, public_set, read_keys
from gateway.vocabulary import AuthorityCode

PRUNE_INTERVAL = timedelta(minutes=1)
PRUNED_AT_ONCE = 5_000
"""Rows deleted by one statement at most, so that nobody waits for the sweeping."""


class UsedAssertions:
    """Remembers used assertions across processes and restarts; satisfies `SeenAssertions`."""

    def __init__(self, database: Database) -> None:
        """Take the pool."""
        self._database = database
        self._prune_at: datetime | None = None

    async def first_use(self, *, issuer: AuthorityCode, token: str, until: datetime, at: datetime) -> bool:
        """Remember an assertion, and return whether it had not been used before.

        Raises:
            SourceUnavailable: The database did not answer; nothing may be answered.
        """
        # NUL has no place in a text column, and an id that holds one is as good as any other.
        tag = await self._database.execute(
            "INSERT INTO peer_assertion_used (issuer, token, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            issuer,
            token.replace("\x00", "\ufffd"),
            until,
        )
        if self._prune_at is None or at >= self._prune_at:
            self._prune_at = at + PRUNE_INTERVAL
            await self.prune(at=at)
        return tag == "INSERT 0 1"

    async def prune(self, *, at: datetime) -> None:
        """Forget assertions that have expired: they are refused for that.

        Raises:
            SourceUnavailable: The database did not answer.
        """
        await self._database.execute(
            "DELETE FROM peer_assertion_used WHERE ctid = ANY (ARRAY("
            "SELECT ctid FROM peer_assertion_used WHERE expires_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED))",
            at,
            PRUNED_AT_ONCE,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewestRelease:
    """The newest release that was used."""

    sequence: int
    operator_keys: Sequence[Key]
    withdrawn: frozenset[str]


class RegistryReleases:
    """Remembers the releases of one operator's registry for all gateways on one database, across restarts."""

    def __init__(self, database: Database) -> None:
        """Take the pool."""
        self._database = database

    async def newest(self) -> NewestRelease | None:
        """Return the newest release that was ever used, or None.

        Raises:
            SourceUnavailable: The database did not answer.
        """
        row = await self._database.fetchrow(
            "SELECT sequence, operator_keys::text AS keys, withdrawn FROM registry_release "
            "ORDER BY sequence DESC LIMIT 1"
        )
        if row is None:
            return None
        keys = read_keys(orjson.loads(row["keys"]))
        return NewestRelease(sequence=row["sequence"], operator_keys=keys, withdrawn=frozenset(row["withdrawn"]))

    async def take_up(self, registry: Registry, *, digest: str, at: datetime) -> None:
        """Remember that a release is in use.

        Raises:
            RegistryRefused: A newer one has been used before, or another one under the same number.
            SourceUnavailable: The database did not answer.
        """
        newest = await self.newest()
        if newest is not None and newest.sequence > registry.sequence:
            raise RegistryRefused(
                f"the registry has number {registry.sequence}; number {newest.sequence} has already been used here"
            )
        await self._database.execute(
            "INSERT INTO registry_release (operator, sequence, digest, operator_keys, withdrawn, taken_up_at) "
            "VALUES ($1, $2, $3, $4::jsonb, $5, $6) ON CONFLICT DO NOTHING",
            registry.operator,
            registry.sequence,
            digest,
            orjson.dumps(public_set(registry.operator_keys)).decode(),
            sorted(registry.withdrawn),
            at,
        )
        used = await self._database.fetchrow(
            "SELECT digest FROM registry_release WHERE operator = $1 AND sequence = $2",
            registry.operator,
            registry.sequence,
        )
        if used is None or used["digest"] != digest:
            raise RegistryRefused(f"there are two registries with number {registry.sequence}")
