"""Withholdings of log entries: what is read of them, and what a change may write (domain rule L4).

A withholding is in force from the moment it is asked for, for a short provisional time; a second person's confirmation
carries it on to its end. It ends by itself, and nobody has to do anything for the entry to be shown again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from gateway.records import LogWithholding
from gateway.vocabulary import AuthorityCode, ChildId, PersonId, WithholdingId


@dataclass(frozen=True, slots=True, kw_only=True)
class WithholdingLimits:
    """How long an entry is withheld at most, and how long until a second person has to have confirmed it."""

    longest: timedelta
    provisional: timedelta


class WithholdingsReader(Protocol):
    """What the graph needs to read; raises as the directory does."""

    async def of_entries(self, entries: Sequence[int]) -> Mapping[int, LogWithholding]:
        """Return the withholding of each entry that has or had one: the one in force, else the last to end."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWithholding:
    """A withholding to be written."""

    child: ChildId
    entry: int
    authority: AuthorityCode
    ground: str
    reason: str
    until: datetime
    provisional_until: datetime
    by: PersonId
    at: datetime


class Withholdings(WithholdingsReader, Protocol):
    """What a change reads and writes; raises as the directory does."""

    async def hold_entry(self, entry: int) -> Sequence[LogWithholding]:
        """Return all withholdings of an entry, and keep others from writing any until this change ends."""
        ...

    async def by_id(self, withholding: WithholdingId, *, hold: bool = False) -> LogWithholding | None:
        """Return a withholding; with `hold` it is kept from changing until this change ends."""
        ...

    async def withhold(self, new: NewWithholding) -> WithholdingId:
        """Write a withholding and return its id."""
        ...

    async def confirm(self, withholding: WithholdingId, *, by: PersonId, at: datetime) -> None:
        """Write that a second person confirmed it."""
        ...

    async def lift(self, withholding: WithholdingId, *, reason: str, by: PersonId, at: datetime) -> None:
        """End it; what it was stays on record."""
        ...
