"""The statements of a transfer as they are signed and read: JWS under the key that a member's assertions have."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from gateway.federation.signed import Key, SignatureRefused, sign, unverified, verified
from gateway.federation.transfer import Answer, Kind, Statement, Subject, Transfer, TransferRefused
from gateway.vocabulary import AuthorityCode, TransferId

TRANSFER_TYPE: Final = "directory-transfer+jwt"
STATEMENT_LIMIT: Final = 4_096
"""Characters of a statement; a longer one is refused unread."""

TURN_LIMIT: Final = 10_000
"""No child moves so often; a number beyond it is somebody's mistake."""

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class TransferSigner:
    """Makes the statements of one authority."""

    def __init__(self, *, home: AuthorityCode, key: Callable[[], Key]) -> None:
        """Take whose statements they are, and the key that its assertions are signed with."""
        self.home = home
        self._key = key

    def offer(self, subject: Subject, *, transfer: TransferId, to: AuthorityCode, turn: int, at: datetime) -> Statement:
        """Return an offer."""
        return self._signed(Kind.OFFER, transfer, to, at, child=subject.commitment, turn=turn)

    def withdrawal(self, transfer: Transfer, *, at: datetime) -> Statement:
        """Return the withdrawal of an offer of this authority."""
        return self._signed(Kind.WITHDRAWAL, transfer.id, transfer.offer.to, at, offer=transfer.offer.digest)

    def answer(self, transfer: Transfer, answer: Answer, *, at: datetime) -> Statement:
        """Return the answer to an offer to this authority."""
        digest, said = transfer.offer.digest, answer.value
        return self._signed(Kind.ANSWER, transfer.id, transfer.offer.by, at, offer=digest, answer=said)

    def _signed(
        self, kind: Kind, transfer: TransferId, to: AuthorityCode, at: datetime, **beside: str | int
    ) -> Statement:
        claims = {"iss": self.home, "aud": to, "kind": kind.value, "transfer": str(transfer)}
        # Microseconds, so that two statements of one authority have an order.
        stamped = {"at": at.astimezone(UTC).isoformat(timespec="microseconds")}
        return read_kept(sign({**claims, **stamped, **beside}, type=TRANSFER_TYPE, key=self._key()))


def read_arrived(text: object, *, keys_of: Callable[[AuthorityCode], Iterable[Key]]) -> Statement:
    """Return a statement that another side sent, once its author's key has been seen on it.

    Raises:
        TransferRefused: It is malformed, or its author has not signed it.
    """
    if not isinstance(text, str) or len(text) > STATEMENT_LIMIT:
        raise TransferRefused("transfer-statement-malformed")
    try:
        author = unverified(text).get("iss")
        if not isinstance(author, str):
            raise TransferRefused("transfer-statement-malformed")
        return _read(text, verified(text, type=TRANSFER_TYPE, keys=keys_of(AuthorityCode(author))))
    except SignatureRefused as refused:
        raise TransferRefused(f"transfer-statement-{refused.fault.value}") from refused


def read_kept(text: str) -> Statement:
    """Return a statement that was checked before it was kept: keys change, what was said does not."""
    return _read(text, unverified(text))


def _read(text: str, claims: Mapping[str, Any]) -> Statement:
    try:
        kind = Kind(claims["kind"])
        at = datetime.fromisoformat(claims["at"])
        statement = Statement(
            text=text,
            kind=kind,
            transfer=TransferId(UUID(claims["transfer"])),
            by=AuthorityCode(claims["iss"]),
            to=AuthorityCode(claims["aud"]),
            at=at.astimezone(UTC),
            child=_digest(claims["child"]) if kind is Kind.OFFER else None,
            turn=_turn(claims["turn"]) if kind is Kind.OFFER else 0,
            offer=None if kind is Kind.OFFER else _digest(claims["offer"]),
            answer=Answer(claims["answer"]) if kind is Kind.ANSWER else None,
        )
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise TransferRefused("transfer-statement-malformed") from error
    if at.tzinfo is None or not isinstance(statement.to, str) or statement.by == statement.to:
        raise TransferRefused("transfer-statement-malformed")
    return statement


def _digest(value: object) -> str:
    if not isinstance(value, str) or not _DIGEST.fullmatch(value):
        raise ValueError("digest")
    return value


def _turn(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= TURN_LIMIT:
        raise ValueError("turn")
    return value
