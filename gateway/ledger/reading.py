"""What can be read from entries: who saw a child and why, and whether the sequence is whole.

Without signed checkpoints this finds damage and careless tampering. An edit whose hash was made to fit, or a cut tail,
is found only against a checkpoint that somebody else holds.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

import orjson

from gateway.ledger.canonical import ChildRow, IndexRow, children_of, index_of, leaf_hash
from gateway.ledger.opening import OpenedEntry
from gateway.ledger.stored import StoredEntry
from gateway.vocabulary import ChildId, PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedEntry:
    """An entry with what the index says of it."""

    stored: StoredEntry
    index: IndexRow
    children: tuple[ChildRow, ...]


class LedgerReader(Protocol):
    """What the graph needs to read; every method raises `AuditUnavailable` if the ledger does not answer."""

    async def entries_about(
        self, children: Sequence[ChildId], *, first: int, before_seq: int | None = None
    ) -> Sequence[OpenedEntry]:
        """Return the entries that touch any of the children, newest first; of what is sealed only the ask is opened."""
        ...

    async def searches_since(self, person: PersonId, since: datetime) -> int:
        """Return how many searches the person was charged from this instant on."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessSeen:
    """One look at a child, as the child or carer may be shown it; `fields` are those told, as `Type.field`, sorted."""

    seq: int
    at: datetime
    request_id: str
    person: str | None
    name: str | None
    role: str | None
    agency: str | None
    authority: str | None
    mediated_for: str | None
    purpose: str | None
    reason: str | None
    case: str | None
    fields: tuple[str, ...]
    erased: bool
    policy_revision: str | None


def access_of(opened: OpenedEntry, children: Collection[UUID]) -> AccessSeen:
    """Return what an entry says of a child, known by the ids of all records of that child.

    Where a key was destroyed, the name, the reason and the case are not known any more: the entry is `erased`.
    """
    document = opened.document
    caller, asked = document["caller"] or {}, opened.ask or {}
    told = {name for row in children_of(document) if opened.children.get(row.tag) in children for name in row.told}
    return AccessSeen(
        seq=document["seq"],
        at=datetime.fromisoformat(document["at"]),
        request_id=document["request_id"],
        person=caller.get("person"),
        name=asked.get("caller"),
        role=caller.get("role"),
        agency=caller.get("agency"),
        authority=caller.get("authority"),
        mediated_for=caller.get("mediated_for"),
        purpose=document["access"]["purpose"],
        reason=asked.get("reason"),
        case=asked.get("case"),
        fields=tuple(sorted(told)),
        erased=opened.ask is None,
        policy_revision=(document["policy"] or {}).get("revision"),
    )


class Damage(StrEnum):
    """What can be wrong with a stretch of the ledger."""

    GAP = "gap"
    DUPLICATE = "duplicate"
    OUT_OF_ORDER = "out-of-order"
    HASH_MISMATCH = "hash-mismatch"
    MALFORMED = "malformed"
    MISNUMBERED = "misnumbered"
    INDEX_DISAGREES = "index-disagrees"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One kind of damage, the first number it was found at, and how many entries it touches."""

    damage: Damage
    first_seq: int
    entries: int


class SequenceCheck:
    """Checks entries one after the other, as they are read; memory does not grow with them."""

    def __init__(self, *, first: int = 0) -> None:
        """Expect the sequence to begin at `first`."""
        self._expected = first
        self._found: dict[Damage, Finding] = {}

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return what was found, the earliest first."""
        return tuple(sorted(self._found.values(), key=lambda finding: finding.first_seq))

    @property
    def last_seq(self) -> int:
        """Return the highest number seen; one before the first while there is none."""
        return self._expected - 1

    def take(self, stored: StoredEntry) -> Mapping[str, Any] | None:
        """Check one entry's place, hash and form, and return its document if it has one."""
        self._take_number(stored.seq)
        if leaf_hash(stored.entry) != stored.leaf_hash:
            self.add(Damage.HASH_MISMATCH, stored.seq)
        document = _document(stored.entry)
        if document is None:
            self.add(Damage.MALFORMED, stored.seq)
        elif document.get("seq") != stored.seq:
            self.add(Damage.MISNUMBERED, stored.seq)
        return document

    def take_indexed(self, indexed: IndexedEntry) -> Mapping[str, Any] | None:
        """Check one entry and its index, and return its document if it has one."""
        document = self.take(indexed.stored)
        if document is None:
            return None
        try:
            agrees = index_of(document) == indexed.index and children_of(document) == indexed.children
        except (KeyError, TypeError, ValueError, AttributeError):
            self.add(Damage.MALFORMED, indexed.stored.seq)
        else:
            if not agrees:
                self.add(Damage.INDEX_DISAGREES, indexed.stored.seq)
        return document

    def add(self, damage: Damage, seq: int, *, entries: int = 1) -> None:
        """Note damage at a number."""
        before = self._found.get(damage)
        self._found[damage] = Finding(
            damage=damage,
            first_seq=seq if before is None else min(seq, before.first_seq),
            entries=entries + (0 if before is None else before.entries),
        )

    def _take_number(self, seq: int) -> None:
        if seq > self._expected:
            self.add(Damage.GAP, self._expected, entries=seq - self._expected)
        elif seq == self._expected - 1:
            self.add(Damage.DUPLICATE, seq)
        elif seq < self._expected:
            self.add(Damage.OUT_OF_ORDER, seq)
        self._expected = max(self._expected, seq + 1)


def check_sequence(entries: Iterable[StoredEntry | IndexedEntry], *, first: int = 0) -> tuple[Finding, ...]:
    """Return what is wrong with entries that should be a gapless sequence from `first` on, the earliest first."""
    check = SequenceCheck(first=first)
    for entry in entries:
        if isinstance(entry, IndexedEntry):
            check.take_indexed(entry)
        else:
            check.take(entry)
    return check.findings


def _document(entry: bytes) -> Mapping[str, Any] | None:
    try:
        document = orjson.loads(entry)
        canonical = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    except ValueError:
        return None
    return document if isinstance(document, dict) and canonical == entry else None
