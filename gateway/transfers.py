"""Transfers of responsibility as this gateway keeps them: read, worked on in a change, and told to the other side."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from gateway.federation.assertion import Asker
from gateway.federation.statements import TransferSigner
from gateway.federation.transfer import Subject, Transfer
from gateway.vocabulary import AuthorityCode, ChildId, PersonId, TransferId


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTransfer:
    """A transfer with whom it is about.

    `child` is the record here; until this side has answered for one, the record that the NHS number leads to.
    `subject` is `None` once erased.
    """

    transfer: Transfer
    subject: Subject | None
    child: ChildId | None
    delivered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A transfer that the other side is to be told of, in whose name, and which state of it that is."""

    transfer: TransferId
    version: int
    asker: Asker
    purpose: str
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Transferring:
    """How this authority takes part in transfers: who signs for it, and the names of all other members."""

    signer: TransferSigner
    members: Callable[[], Mapping[AuthorityCode, str]]


class TransfersReader(Protocol):
    """Transfers as they are kept; raises as the directory does."""

    async def of_children(self, children: Sequence[ChildId]) -> Mapping[ChildId, Sequence[KeptTransfer]]:
        """Return the transfers of each child's records, the oldest first."""
        ...

    async def by_id(self, transfer: TransferId) -> KeptTransfer | None:
        """Return a transfer."""
        ...

    async def page(self, *, after: TransferId | None, size: int, unanswered: bool) -> Sequence[KeptTransfer]:
        """Return so many transfers from one on, the oldest first; those without an answer, or all."""
        ...


class Transfers(TransfersReader, Protocol):
    """Transfers as a change leaves them; raises as the directory does."""

    async def hold(self, transfer: TransferId) -> KeptTransfer | None:
        """Return a transfer, and keep it from being changed by anybody else until this change ends."""
        ...

    async def hold_child(self, child: ChildId) -> Sequence[KeptTransfer]:
        """Return a child's transfers, and keep who is responsible from being changed until this change ends."""
        ...

    async def keep(self, kept: KeptTransfer, *, home: AuthorityCode, at: datetime) -> None:
        """Keep a transfer as it stands now: its new statements, its state, and the record it is about."""
        ...

    async def move(self, child: ChildId, to: AuthorityCode) -> None:
        """Write who is responsible for a child, on every record of the child."""
        ...

    async def shield(self, child: ChildId, *, by: PersonId, at: datetime, review_due: date) -> None:
        """Put a child under the shield that the authority before had, provisionally, unless one is in force."""
        ...

    async def tell(self, transfer: TransferId, *, asker: Asker, purpose: str, at: datetime) -> None:
        """Have the other side told of a transfer, in somebody's name."""
        ...

    async def told(self, due: Due) -> None:
        """Say that the other side has shown all of it, unless more has been said since."""
        ...


class TransferOutbox(Protocol):
    """What is still to be told, shared by all gateways of this authority; raises as the directory does."""

    async def take(self, *, most: int) -> Sequence[Due]:
        """Return what is due, each for this gateway alone until it is due again."""
        ...

    async def all_of(self) -> Sequence[Due]:
        """Return everything that is still to be told, due or not."""
        ...

    async def failed(self, due: Due, *, fault: str) -> None:
        """Note why an attempt came to nothing."""
        ...
