"""What a resolver may use while one ask is being answered."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from gateway.access_report.words import Words
from gateway.brokering import BrokeringReader, ContactLimits
from gateway.changes import Change
from gateway.disclosure.redaction import Disclosed
from gateway.disclosure.road import Road, Selection, SourceNote
from gateway.federation.arrived import Arrived
from gateway.federation.asking import Peers
from gateway.federation.links import Links
from gateway.federation.locating import Locating
from gateway.known_ids import KnownIds
from gateway.ledger.reading import LedgerReader
from gateway.ledger.references import EntryReferences
from gateway.ports import Directory
from gateway.queues import QueuesReader
from gateway.records import Child
from gateway.reviewing.desk import ReviewDesk
from gateway.transfers import Transferring, TransfersReader
from gateway.withholdings import WithholdingLimits, WithholdingsReader


class Purposes(Protocol):
    """What the policies' data say of roles, purposes and thresholds: for telling, and for making classes."""

    def purposes_of(self, role: str) -> tuple[str, ...]:
        """Return the purposes of access a role may state."""
        ...

    def sentence(self, code: str) -> str | None:
        """Return the sentence for a tell or remedy code, or None for a code the policies do not know."""
        ...

    def grounds_of_withholding(self) -> frozenset[str]:
        """Return the codes of the lawful grounds on which a log entry is withheld."""
        ...

    def count_threshold(self) -> int:
        """Return the number below which a count is small."""
        ...

    def contact_limits(self) -> ContactLimits:
        """Return how long requests for brokered contact are kept."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What other authorities brought of a child here: the records that are the same child, and who was asked."""

    records: tuple[Child, ...]
    sources: tuple[SourceNote, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """What of that is told beside the child at one place of the document."""

    records: tuple[Disclosed, ...]
    sources: tuple[SourceNote, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Borders:
    """The way to other authorities during one ask, and what has arrived from them."""

    peers: Peers
    links: Links
    timeout: float
    """Seconds an ask may wait for other authorities."""
    locating: Locating | None = None
    """Finds which authorities to ask, where the gateway keeps a locator."""
    arrived: Arrived = field(default_factory=Arrived)
    brought: dict[Disclosed, Brought] = field(default_factory=dict)
    """By the candidate of a search whose child here it is."""
    linked: dict[Disclosed, Linked] = field(default_factory=dict)
    """By the child as it is told at one place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """The ask under way: its road out, and the sources to load from."""

    road: Road
    directory: Directory
    ledger: LedgerReader
    references: EntryReferences
    withholdings: WithholdingsReader
    withholding_limits: WithholdingLimits
    words: Words
    purposes: Purposes
    search_budget: int
    reviews: ReviewDesk
    transfers: TransfersReader
    brokering: BrokeringReader
    queues: QueuesReader
    transferring: Transferring | None = None
    """`None` where this authority is no member of a federation."""
    change: Change | None = None
    """What a mutation may write; `None` for a query."""
    borders: Borders | None = None
    """`None` where no other authority is asked: no registry, a mutation, or an ask that came from another authority."""

    @property
    def ids(self) -> KnownIds:
        """Return the ids by which the caller knows records."""
        return self.road.ids


Level = Callable[[Asking, Sequence[Any], Selection], Awaitable[Sequence[Any]]]
"""A resolver: all parents (or keys) of a level in, what each of them leads to out, in the same order."""
