"""The secret behind the commitments held against the entries: the one they name, and it opens what was told."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson

from connectors.postgres.database import Database
from connectors.postgres.ledger import stored_entry
from connectors.postgres.ledger_keys import NamedKey, SealingKeys, name_of
from gateway.known_ids import IdScope, KnownIds, RecordIds
from gateway.ledger.commitments import Commitments, value_bytes
from gateway.ledger.master_key import MasterKey, NotWrappedByThis
from gateway.ledger.opening import OpenedEntry, keys_spoken_of, open_entry, tags_of
from gateway.ledger.sealing import COMMITTING, CannotOpen, decoded
from gateway.ledger.stored import StoredEntry
from gateway.ledger.verification import Trouble, Verification
from gateway.record_ids import foreign_id
from gateway.vocabulary import RecordType

SAMPLE: Final = 200
"""Entries that are tried, evenly spread over all of them."""


_LATEST: Final = 100
"""Entries among which one surely was asked of a gateway: those of commands commit to nothing."""


class SecretCheck:
    """Looks for the secret by its tag, and opens the commitments to ids, the one value that an entry holds itself."""

    def __init__(self, database: Database, verification: Verification, *, master: MasterKey | None) -> None:
        """Take the pool, what has read all entries and notes findings, and the master key if it is at hand."""
        self._database = database
        self._verification = verification
        self._master = master

    async def run(self, entries: int) -> None:
        """Look for each secret that entries name; with the master key, try it on a sample of so many entries.

        Raises:
            SourceFailed: The database did not answer.
        """
        await self._named()
        if self._master is not None:
            await self._opens(self._master, entries)

    async def _named(self) -> None:
        spoken = self._verification.keys
        here = await _tags_here(self._database)
        lost = {tag: seq for tag, seq in spoken.committing.items() if tag not in here and tag not in spoken.erased}
        if lost:
            self._verification.add(
                Trouble.COMMITMENTS_CLOSED,
                f"The secret behind the commitments from entry {min(lost.values()):,} on is not there, and no entry "
                "says why: it was lost or changed, and what was told cannot be shown any more.",
                first_seq=min(lost.values()),
            )

    async def _opens(self, master: MasterKey, entries: int) -> None:
        secret = await self._secret(master)
        tried, failed = 0, []
        for opened in await self._sample(SealingKeys(master), entries):
            for opens in _openings(opened, secret):
                tried += 1
                if not opens:
                    failed.append(opened.document["seq"])
        if failed:
            self._verification.add(
                Trouble.COMMITMENTS_CLOSED,
                f"The secret behind the commitments does not open what entry {failed[0]:,} says was told "
                f"({len(failed):,} of {tried:,} tried): it was lost or changed, and what was told cannot be shown any "
                "more.",
                first_seq=failed[0],
            )

    async def _secret(self, master: MasterKey) -> "_Secret | None":
        """Return what the secret makes, or None if it is gone; nothing is made anew."""
        rows = await self._database.fetch(
            "SELECT child_id, year, wrapped FROM ledger_key WHERE child_id = $1 AND wrapped IS NOT NULL", COMMITTING
        )
        try:
            return _Secret.of(master.unwrap(name_of(rows[0]), rows[0]["wrapped"]).secret) if rows else None
        except NotWrappedByThis:
            return None

    async def _sample(self, keys: SealingKeys, entries: int) -> Sequence[OpenedEntry]:
        numbers = sorted({entries * place // SAMPLE for place in range(SAMPLE)})
        rows = await self._database.fetch(
            "SELECT seq, entry, leaf_hash FROM ledger_entry WHERE seq = ANY ($1::bigint[]) ORDER BY seq", numbers
        )
        opened = []
        for stored in map(stored_entry, rows):
            try:
                opened.append(open_entry(stored, await self._by_tag(keys, stored)))
            except (ValueError, KeyError, TypeError, CannotOpen, NotWrappedByThis):
                continue  # what is wrong with the entry or its keys is told elsewhere
        return opened

    async def _by_tag(self, keys: SealingKeys, stored: StoredEntry) -> Mapping[bytes, NamedKey]:
        return await keys.by_tag(self._database, tags_of(open_entry(stored, {}).document))


async def lost_secrets(database: Database) -> frozenset[bytes]:
    """Return the tags of secrets that the newest entries name and that are not there, if no entry says why.

    Another one must not be made in the place of one that was lost by accident.

    Raises:
        SourceFailed: The database did not answer.
    """
    rows = await database.fetch("SELECT seq, entry, leaf_hash FROM ledger_entry ORDER BY seq DESC LIMIT $1", _LATEST)
    spoken = keys_spoken_of(_documents(map(stored_entry, rows)))
    return frozenset(spoken.committing) - spoken.erased - await _tags_here(database)


async def _tags_here(database: Database) -> frozenset[bytes]:
    rows = await database.fetch("SELECT tag FROM ledger_key WHERE child_id = $1 AND wrapped IS NOT NULL", COMMITTING)
    return frozenset(bytes(row["tag"]) for row in rows)


def _documents(entries: Iterable[StoredEntry]) -> Iterator[Mapping[str, Any]]:
    for stored in entries:
        with suppress(ValueError):  # a damaged one is told elsewhere
            yield orjson.loads(stored.entry)


@dataclass(frozen=True, slots=True)
class _Secret:
    """What the one secret makes: commitments, and the ids that were told and committed to."""

    commitments: Commitments
    ids: RecordIds

    @classmethod
    def of(cls, secret: bytes) -> "_Secret":
        """Return what a secret makes."""
        return cls(Commitments(secret), RecordIds(secret))


def _openings(opened: OpenedEntry, secret: _Secret | None) -> list[bool]:
    """Return for each record whose id was told whether its commitment opens."""
    found = []
    for record, words in zip(opened.document["records"], opened.records, strict=True):
        told = None if words is None else words["values"].get("id")
        if words is not None and told is not None:
            found.append(secret is not None and _opens(opened.document, record, words, told, secret))
    return found


def _opens(
    document: Mapping[str, Any], record: Mapping[str, Any], words: Mapping[str, Any], told: str, secret: _Secret
) -> bool:
    return any(
        secret.commitments.check(
            told,
            salt=decoded(document["salt"]),
            record_type=record["type"],
            record_id=words["id"],
            field="id",
            value=value_bytes(value),
        )
        for value in _as_told(record["type"], words["id"], secret.ids.known_to(_scope_of(document["caller"])))
    )


def _scope_of(caller: Mapping[str, Any]) -> IdScope:
    """Return among whom the ids told in an entry are the same; see `Claims.id_scope`."""
    if caller["peer"] is not None:
        return IdScope(caller["peer"], None)
    return IdScope(caller["authority"], caller["agency"])


def _as_told(record_type: str, record_id: str, known: KnownIds) -> list[str]:
    """Return the forms in which an id may have been told: as it is noted, and as whoever asked knows it."""
    foreign = foreign_id(record_id)
    if foreign is not None:
        return [record_id, known.told(foreign.type, foreign)]
    try:
        return [record_id, known.told(RecordType(record_type), UUID(record_id))]
    except ValueError:
        return [record_id]
