"""The transfer of responsibility for a child: what two authorities sign and keep, and what that comes to.

The one offers, the other answers once; the answer settles it, so until it is durable there the one who offered is
responsible. A withdrawal counts where it is the other's answer. Statements are only ever added, and whoever sends one
sends all it has: so they may be lost, repeated and overtaken, and both sides come to the same.
"""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, Final

import orjson

from gateway.identifiers import nhs_number_fault
from gateway.vocabulary import AuthorityCode, TransferId, TransferState

_OPENING_BYTES: Final = 32


class Kind(StrEnum):
    """What a statement does."""

    OFFER = "offer"
    WITHDRAWAL = "withdrawal"
    ANSWER = "answer"


class Answer(StrEnum):
    """How the authority that was asked answers; `WITHDRAWN` where it had the withdrawal before it decided."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class TransferRefused(Exception):
    """A message is not what it says, or does not fit what is known; the message is a reason for the ledger."""

    def __init__(self, reason: str) -> None:
        """Keep why."""
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom an offer is about: an identifier the other side can match, whether the child is shielded, and no name.

    The offer commits to it; with the opening destroyed, the statements say of nobody whom they were about.
    """

    nhs_number: str
    shielded: bool
    opening: bytes

    @classmethod
    def of(cls, nhs_number: str, *, shielded: bool) -> "Subject":
        """Return a subject with an opening of its own."""
        return cls(nhs_number=nhs_number, shielded=shielded, opening=secrets.token_bytes(_OPENING_BYTES))

    @property
    def commitment(self) -> str:
        """Return what an offer holds of it."""
        return hashlib.sha256(self.opening + orjson.dumps([self.nhs_number, self.shielded])).hexdigest()

    def document(self) -> dict[str, Any]:
        """Return what goes beside the statements."""
        return {"nhsNumber": self.nhs_number, "shielded": self.shielded, "opening": self.opening.hex()}

    @classmethod
    def read(cls, document: object) -> "Subject":
        """Return the subject beside a message's statements.

        Raises:
            TransferRefused: It cannot be read.
        """
        try:
            number, shielded, opening = (document[name] for name in ("nhsNumber", "shielded", "opening"))  # type: ignore[index]  # whatever is not so is caught
            subject = cls(nhs_number=number, shielded=shielded, opening=bytes.fromhex(opening))
        except (LookupError, TypeError, ValueError) as error:
            raise TransferRefused("transfer-subject-malformed") from error
        fits = isinstance(number, str) and isinstance(shielded, bool) and len(subject.opening) == _OPENING_BYTES
        if not fits or nhs_number_fault(number) is not None:
            raise TransferRefused("transfer-subject-malformed")
        return subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One signed statement; `child` and `turn` are of an offer, `offer` (a digest) and `answer` of what follows it.

    `turn` counts the acceptances by which the child has moved, this one with them: clocks differ, and a gateway need
    not have seen all of them.
    """

    text: str
    kind: Kind
    transfer: TransferId
    by: AuthorityCode
    to: AuthorityCode
    at: datetime
    child: str | None = None
    turn: int = 0
    offer: str | None = None
    answer: Answer | None = None

    @property
    def digest(self) -> str:
        """Return the hash that stands for it."""
        return hashlib.sha256(self.text.encode("ascii")).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """One offer and whatever followed, as far as one side knows."""

    offer: Statement
    others: frozenset[Statement] = frozenset()

    @property
    def id(self) -> TransferId:
        """Return its id."""
        return self.offer.transfer

    @property
    def statements(self) -> tuple[Statement, ...]:
        """Return all of it, the offer first."""
        return (self.offer, *sorted(self.others, key=lambda one: (one.at, one.digest)))

    @cached_property
    def answer(self) -> Statement | None:
        """Return the answer that counts: an authority that went back behind its own word is held to the first."""
        return next((one for one in self.statements if one.kind is Kind.ANSWER), None)

    @cached_property
    def withdrawn(self) -> bool:
        """Return whether the offering authority wants it back."""
        return any(one.kind is Kind.WITHDRAWAL for one in self.others)

    @property
    def state(self) -> TransferState:
        """Return where it stands."""
        if self.answer is not None and self.answer.answer is not None:
            return TransferState(self.answer.answer.value)
        return TransferState.WITHDRAWING if self.withdrawn else TransferState.OFFERED

    def joined(self, arrived: Iterable[Statement]) -> "Transfer":
        """Return it with what another side has of it.

        Raises:
            TransferRefused: Something does not belong to this offer.
        """
        added = set(self.others)
        for one in arrived:
            if one.kind is Kind.OFFER:
                if one.text != self.offer.text:
                    raise TransferRefused("transfer-other-offer")
                continue
            authors = (self.offer.by, self.offer.to)
            wanted = authors if one.kind is Kind.WITHDRAWAL else authors[::-1]
            if (one.transfer, one.offer, (one.by, one.to)) != (self.id, self.offer.digest, wanted):
                raise TransferRefused("transfer-statement-unfit")
            added.add(one)
        return Transfer(offer=self.offer, others=frozenset(added))

    def owes_answer(self, home: AuthorityCode) -> bool:
        """Return whether this authority has to say that it has seen the withdrawal."""
        return self.offer.to == home and self.withdrawn and self.answer is None


def begun(statements: Iterable[Statement]) -> Transfer:
    """Return the transfer that statements make.

    Raises:
        TransferRefused: There is no offer among them, or something does not belong to it.
    """
    every = tuple(statements)
    offer = next((one for one in every if one.kind is Kind.OFFER), None)
    if offer is None:
        raise TransferRefused("transfer-offer-missing")
    return Transfer(offer=offer).joined(every)


def settled(transfers: Iterable[Transfer]) -> Transfer | None:
    """Return the acceptance that counts, by all that is known of the transfers of one child; None where there is none.

    That is the one of the last turn. An authority gives away once what it has once: of two acceptances of one turn of
    one authority, which take a backup that was put back, the first counts. Where two registers each began with a child
    as theirs, the last acceptance counts.
    """
    given: dict[tuple[int, AuthorityCode], Transfer] = {}
    for one in sorted(transfers, key=_order):
        if one.state is TransferState.ACCEPTED:
            given.setdefault((one.offer.turn, one.offer.by), one)
    last = max((turn for turn, _ in given), default=0)
    return max((one for (turn, _), one in given.items() if turn == last), key=_order, default=None)


def responsible(transfers: Iterable[Transfer]) -> AuthorityCode | None:
    """Return who is responsible by all that is known of the transfers of one child; None where none was accepted."""
    last = settled(transfers)
    return None if last is None else last.offer.to


def next_turn(transfers: Iterable[Transfer]) -> int:
    """Return the turn of an offer that is made after these transfers."""
    last = settled(transfers)
    return 1 if last is None else last.offer.turn + 1


def _order(transfer: Transfer) -> tuple[datetime, str]:
    said = transfer.answer or transfer.offer
    return said.at, str(transfer.id)
