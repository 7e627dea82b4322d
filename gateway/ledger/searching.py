"""Searching the ledger: what reviewers look for, and what is counted for them; nothing here opens what is sealed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from gateway.ledger.canonical import IndexRow
from gateway.ledger.stored import StoredEntry
from gateway.vocabulary import ChildId

Place = tuple[datetime, int]
"""Where an entry stands in a list by time, and among those of one moment by number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """Entries that are not for the reader: asked in these roles for these purposes, by anybody but the reader.

    With `authority` only those of that authority's callers.
    """

    asked: Collection[tuple[str, str]]
    reader: str
    authority: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What entries are looked for: asked from one moment to before another, and all that is stated besides.

    `authority` is that of the caller; `children` are the ids of one child's records; `hour` is the hour of the day in
    Europe/London; the texts are what was claimed, in full.
    """

    since: datetime
    until: datetime
    authority: str | None = None
    person: str | None = None
    role: str | None = None
    agency: str | None = None
    purpose: str | None = None
    outcome: str | None = None
    request_id: str | None = None
    hour: int | None = None
    children: Collection[ChildId] | None = None
    unread: Unread | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An entry as the index has it."""

    seq: int
    index: IndexRow

    @property
    def place(self) -> Place:
        """Return where the entry stands, newest first."""
        return self.index.at, self.seq


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A checkpoint as it was kept, and the keys of the witnesses that cosigned it; nothing of it is checked."""

    id: int
    size: int
    root: bytes
    at: datetime
    witnesses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """Entries that went to an archive file, from the first to before the last number."""

    first_seq: int
    end_seq: int
    digest: bytes
    archived_at: datetime


class LedgerSearch(Protocol):
    """Where the ledger is searched; every method raises `AuditUnavailable` if it does not answer."""

    async def found(self, sought: Sought, *, first: int, before: Place | None = None) -> Sequence[Listed]:
        """Return the newest of the entries sought, newest first; with `before`, those that stand after it."""
        ...

    async def by_hour(self, sought: Sought) -> Mapping[str | None, Mapping[int, int]]:
        """Return how many entries there are by agency as claimed and hour of the day in Europe/London."""
        ...

    async def growth(self, since: datetime, until: datetime, *, by: Literal["hour", "day"]) -> Mapping[datetime, int]:
        """Return how many entries were asked from each beginning of an hour, or of a day in Europe/London, on."""
        ...

    async def entry(self, seq: int) -> StoredEntry | None:
        """Return one entry, or None if it is not here."""
        ...

    async def numbered(self, numbers: Sequence[int]) -> Sequence[StoredEntry]:
        """Return those of the entries that are here, in the order of their numbers."""
        ...

    async def listed(self, seq: int) -> Listed | None:
        """Return what the index says of one entry."""
        ...

    async def next_seq(self) -> int:
        """Return the number that the next entry will have."""
        ...

    async def signed(self, *, first: int, before_id: int | None = None) -> Sequence[Signed]:
        """Return the newest checkpoints, newest first."""
        ...

    async def archived(self) -> Sequence[Archived]:
        """Return what went to archive files, the oldest first."""
        ...
