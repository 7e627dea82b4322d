"""Worked queues of an authority (domain rule M1): who waits in them, what was done, and what closes an entry.

A queue informs people and triggers nothing. A fact puts a child into it: that the directory knows of no current
setting. An outcome that closes takes the entry out until the day stated with it; a fact that began anew since
does not stay closed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Protocol
from uuid import UUID, uuid5

from gateway.records import ChildFacts, WorkedOutcome
from gateway.school_age import of_school_age, under_eighteen
from gateway.vocabulary import (
    AgeBand,
    AuthorityCode,
    ChildId,
    PersonId,
    PractitionerId,
    Queue,
    QueueAction,
    QueueOutcome,
    QueueState,
)

LONGEST_CLOSED: Final = 366
"""Days for which an outcome may close an entry: at least once a year somebody looks again."""

LEAVES_OPEN: Final = frozenset({QueueOutcome.UNDER_WAY, QueueOutcome.NOBODY_REACHED})
_OF_BOTH: Final = LEAVES_OPEN | {QueueOutcome.REGISTERED, QueueOutcome.MOVED_AWAY, QueueOutcome.LEFT_ENGLAND}
OUTCOMES: Final[Mapping[Queue, frozenset[QueueOutcome]]] = {
    Queue.MISSING_EDUCATION: _OF_BOTH | {QueueOutcome.EDUCATED_ELSEWHERE, QueueOutcome.EDUCATED_AT_HOME},
    Queue.WITHOUT_GP: _OF_BOTH | {QueueOutcome.TREATED_ELSEWHERE},
}
BANDS: Final[Mapping[Queue, tuple[AgeBand, ...]]] = {
    Queue.MISSING_EDUCATION: (AgeBand.AGED_5_TO_10, AgeBand.AGED_11_TO_15, AgeBand.AGED_16_TO_17),
    Queue.WITHOUT_GP: tuple(AgeBand),
}
BORN: Final = {Queue.MISSING_EDUCATION: of_school_age, Queue.WITHOUT_GP: under_eighteen}
"""By queue: the first and the last day of birth of the children it is about, on a day."""

SOMEBODY: Final = PractitionerId(UUID(int=0))
"""An owner who is not the caller: which one makes no difference to what is decided."""

_ENTRIES: Final = UUID("0b6f4f5e-58f3-5f2b-9d55-2c1a7a3a4c11")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptEntry:
    """A child in a queue: `since` when nothing current is known, and what was last done, `None` until somebody has."""

    child: ChildId
    queue: Queue
    state: QueueState
    since: date
    age_days: int
    owner: PractitionerId | None
    last: WorkedOutcome | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many children wait whose entries are alike in all that a decision on them depends on, at one age."""

    facts: ChildFacts
    owner: PractitionerId | None
    years: int
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewQueueOutcome:
    """What was done about an entry; `reopens_on` is stated with what closes it."""

    child: ChildId
    queue: Queue
    owner: PractitionerId
    action: QueueAction
    outcome: QueueOutcome
    reopens_on: date | None


class QueuesReader(Protocol):
    """The queues as they stand; raises as the directory does."""

    async def page(
        self,
        queue: Queue,
        *,
        home: AuthorityCode,
        state: QueueState,
        owners: Sequence[PractitionerId] | None,
        after: ChildId | None,
        size: int,
    ) -> Sequence[KeptEntry]:
        """Return so many entries behind a child's, the longest waiting first; of some owners, or of whomever."""
        ...

    async def of_child(self, queue: Queue, child: ChildId, *, home: AuthorityCode) -> KeptEntry | None:
        """Return the entry of the child a record is of, whichever of its records that is; None where it has none."""
        ...

    async def histories(self, queue: Queue, children: Sequence[ChildId]) -> Mapping[ChildId, Sequence[WorkedOutcome]]:
        """Return all that was done about each child in a queue, the latest first."""
        ...

    async def tallies(
        self,
        queue: Queue,
        *,
        home: AuthorityCode,
        own: frozenset[PractitionerId],
        posts: frozenset[PractitionerId],
    ) -> Sequence[Tally]:
        """Return how many wait, by what tells them apart for a caller, who owns entries by the posts in `own`."""
        ...


class Queues(QueuesReader, Protocol):
    """The queues as a change leaves them."""

    async def record(self, new: NewQueueOutcome, *, by: PersonId, at: datetime) -> None:
        """Add to the history of an entry."""
        ...


def entry_id(queue: Queue, child: ChildId) -> UUID:
    """Return the id of a child's entry in a queue; made of the child's, so that it needs no row."""
    return UUID(int=child.int ^ uuid5(_ENTRIES, queue.value).int)


def child_of_entry(queue: Queue, entry: UUID) -> ChildId:
    """Return whose entry this would be in a queue."""
    return ChildId(entry_id(queue, ChildId(entry)))
