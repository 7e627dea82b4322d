"""Changes: what a mutation writes, as one transaction that is kept only once its entry is durable.

The order is: decide, write, record the entry, keep, tell. Until the entry has committed nothing of the change is seen
by anybody else; so neither an opening (a reinstatement, a consent, a lifted shield) nor a closing ever stands without
its entry. Between the two commits an entry may speak of a change that was not kept: nobody has been told of it, the
same key makes the change afresh, and the `change` table, which commits with the change, says which entries were kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from gateway.ports import Directory
from gateway.records import Registration, Suspension
from gateway.vocabulary import AuthorityCode, PersonId, RecordType, SuspensionId


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who changes what under which key; `digest` is that of the action and its whole input."""

    person: PersonId
    key: str
    digest: bytes
    action: str
    request_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A change that was made before under the same key."""

    id: UUID
    digest: bytes
    record_type: RecordType
    record_id: UUID


class Suspensions(Protocol):
    """Who may not ask for the time being (domain rule L6); raises as the directory does."""

    async def registrations_of(self, person: PersonId) -> Sequence[Registration]:
        """Return a person's registrations in every role."""
        ...

    async def by_id(self, ids: Sequence[SuspensionId]) -> Sequence[Suspension]:
        """Return suspensions by id."""
        ...

    async def in_force(self, person: PersonId, authority: AuthorityCode) -> Sequence[Suspension]:
        """Return an authority's suspensions of a person that hold at this moment, and keep them from changing."""
        ...

    async def suspend(
        self,
        person: PersonId,
        *,
        authority: AuthorityCode,
        reason: str,
        by: PersonId,
        at: datetime,
        until: datetime | None,
    ) -> SuspensionId:
        """Write a suspension and return its id."""
        ...

    async def lift(self, ids: Sequence[SuspensionId], *, reason: str, by: PersonId, at: datetime) -> None:
        """Lift suspensions; what they were stays on record."""
        ...


class Change(Protocol):
    """One change under way; every method raises `SourceUnavailable` or `SourceMalformed` as the directory does."""

    @property
    def id(self) -> UUID:
        """Return the id under which it stands in the ledger."""
        ...

    @property
    def made(self) -> bool:
        """Return whether anything was changed, and so whether there is something to keep."""
        ...

    @property
    def directory(self) -> Directory:
        """Return the directory as the change leaves it."""
        ...

    @property
    def suspensions(self) -> Suspensions:
        """Return the suspensions as the change leaves them."""
        ...

    async def begin(self, claim: Claim) -> Earlier | None:
        """Take the key, or return what was done under it; waits for a change under the same key that is under way."""
        ...

    async def done(self, record_type: RecordType, record_id: UUID) -> None:
        """Say what was changed: from here on there is something to keep."""
        ...

    async def keep(self) -> None:
        """Commit durably.

        Raises:
            SourceUnavailable: Whether it was kept is not known.
        """
        ...

    async def undo(self) -> None:
        """Leave everything as it was; does nothing after `keep`."""
        ...


class Changes(Protocol):
    """Where changes are made."""

    def open(self) -> Change:
        """Return a change that has not begun."""
        ...
