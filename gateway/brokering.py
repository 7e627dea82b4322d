"""Requests for brokered contact as this gateway keeps them: read, asked for and answered once (domain rules H6, V2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from gateway.records import Registration
from gateway.vocabulary import AnswerSince, BrokeredContactId, BrokeringOutcome, ChildId, InvolvementId, PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactLimits:
    """How long a request is kept once it is answered, and how long where nobody answers it."""

    answered: timedelta
    waiting: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class NewContact:
    """A contact to be asked for.

    `involvement` is what the asker was shown, if it is about that; `through` is who mediates for the asker.
    """

    child: ChildId
    involvement: InvolvementId | None
    asker: PersonId
    role: str
    through: PersonId | None
    reason: str
    reach_by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactAnswer:
    """What came of it: `words` are for the asker alone; who agreed is on record beside the outcome.

    `connected_with` is the involvement of the other party, where it is stated: it is not kept, but what it rests on is.
    """

    outcome: BrokeringOutcome
    asker_agrees: bool
    other_agrees: bool
    words: str | None
    by: PersonId
    at: datetime
    connected_with: InvolvementId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptContact:
    """A contact as it was asked for, and what came of it; `asker` is what the register says now of that role."""

    id: BrokeredContactId
    asked: NewContact
    asker: Registration | None
    answer: ContactAnswer | None
    since: AnswerSince


class BrokeringReader(Protocol):
    """Requests as they are kept; raises as the directory does."""

    async def page(
        self, *, asker: PersonId | None, waiting: bool, after: BrokeredContactId | None, size: int
    ) -> Sequence[KeptContact]:
        """Return so many requests from one on, the oldest first: of one asker or of all, unanswered ones or all."""
        ...


class Brokering(BrokeringReader, Protocol):
    """Requests as a change leaves them; raises as the directory does."""

    async def by_id(self, contact: BrokeredContactId, *, hold: bool = False) -> KeptContact | None:
        """Return a request; with `hold` it is kept from changing until this change ends."""
        ...

    async def request(self, new: NewContact) -> BrokeredContactId | None:
        """Write a request and return its id, or None where the asker waits for the same contact already."""
        ...

    async def answer(self, contact: BrokeredContactId, answer: ContactAnswer) -> None:
        """Write what came of a request that has no answer, and what stood about the child by then."""
        ...

    async def let_go(self, *, answered_by: datetime, asked_by: datetime) -> None:
        """Delete requests that were answered by then, and those without an answer that were made by then."""
        ...
