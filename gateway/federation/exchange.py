"""The exchange of a transfer: each side gives the other all it has of it, and keeps what it had not.

It may be repeated at will, and breaks nothing wherever it breaks off.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import orjson

from gateway.changes import Change
from gateway.disclosure.road import ActionNote
from gateway.federation.registry import Registry
from gateway.federation.signed import Key
from gateway.federation.statements import TransferSigner, read_arrived
from gateway.federation.transfer import Answer, Statement, Subject, Transfer, TransferRefused, begun, responsible
from gateway.identity import LOCAL_TIME
from gateway.shield_reviews import review_due
from gateway.transfers import KeptTransfer, Transfers
from gateway.vocabulary import AuthorityCode, ChildId, PersonId, RecordType, TransferState

ACTION: Final = "transferResponsibility"
"""The name under which an exchange stands in the ledger, on both sides: that of the change it belongs to."""

STATEMENTS_LIMIT: Final = 8
"""Statements that one message may hold."""


def message_of(kept: KeptTransfer) -> bytes:
    """Return the body that gives another authority all that is known of a transfer."""
    about = None if kept.subject is None else kept.subject.document()
    return orjson.dumps({"subject": about, "statements": [one.text for one in kept.transfer.statements]})


async def settle(
    transfers: Transfers, kept: KeptTransfer, *, home: AuthorityCode, by: PersonId, at: datetime
) -> ChildId | None:
    """Keep a transfer, and write what it comes to: who is responsible, and the shield that goes with the child.

    Returns the record here that it is settled for.
    """
    await transfers.keep(replace(kept, child=None), home=home, at=at)
    known = await transfers.by_id(kept.transfer.id)
    if known is None or known.child is None or known.transfer.answer is None:
        return None
    await transfers.keep(known, home=home, at=at)
    if known.transfer.state is not TransferState.ACCEPTED:
        return known.child
    held = await transfers.hold_child(known.child)
    now_responsible = responsible(one.transfer for one in held)
    if now_responsible is not None:
        await transfers.move(known.child, now_responsible)
    if known.subject is not None and known.subject.shielded and known.transfer.offer.to == home:
        day = at.astimezone(LOCAL_TIME).date()
        await transfers.shield(known.child, by=by, at=at, review_due=review_due(day))
    return known.child


class TransferExchange:
    """Takes what another authority has of a transfer, in a change of this gateway's."""

    def __init__(self, *, signer: TransferSigner, registry: Callable[[], Registry | None]) -> None:
        """Take who signs for this authority, and where the others' keys are found."""
        self.signer = signer
        self._registry = registry

    async def take(
        self, stated: Mapping[str, Any], change: Change, *, peer: AuthorityCode, by: PersonId, at: datetime
    ) -> tuple[Mapping[str, Any], ActionNote]:
        """Return all that is known of a transfer once it is joined with what a peer has stated, and what was done.

        Raises:
            TransferRefused: What was stated is not what it says, is between others, or does not fit what is known.
        """
        home, transfers = self.signer.home, change.transfers
        arrived = self._statements(stated)
        kept = await transfers.hold(arrived[0].transfer)
        joined = self._joined(kept, arrived, peer)
        if joined.owes_answer(home):
            joined = joined.joined([self.signer.answer(joined, Answer.WITHDRAWN, at=at)])
        new = kept is None or joined != kept.transfer
        child = None
        if new:
            subject = _subject(stated, joined) if kept is None else kept.subject
            known = KeptTransfer(transfer=joined, subject=subject, child=None, delivered=True)
            child = await settle(transfers, known, home=home, by=by, at=at)
            await change.done(RecordType.RESPONSIBILITY_TRANSFER, joined.id)
        return _document(joined), ActionNote(
            action=ACTION,
            change=change.id,
            stated=orjson.dumps([one.digest for one in arrived]),
            # It looked at no record, unless it settles who is responsible for one.
            about=() if child is None else (child,),
            changed=(RecordType.RESPONSIBILITY_TRANSFER, joined.id) if new else None,
        )

    def _statements(self, stated: Mapping[str, Any]) -> list[Statement]:
        texts = stated.get("statements")
        if not isinstance(texts, list) or not 0 < len(texts) <= STATEMENTS_LIMIT:
            raise TransferRefused("transfer-statements-malformed")
        return [read_arrived(text, keys_of=self._keys_of) for text in texts]

    def _keys_of(self, authority: AuthorityCode) -> Iterable[Key]:
        registry = self._registry()
        member = None if registry is None else registry.members.get(authority)
        return () if member is None else member.keys

    def _joined(self, kept: KeptTransfer | None, arrived: list[Statement], peer: AuthorityCode) -> Transfer:
        joined = begun(arrived) if kept is None else kept.transfer.joined(arrived)
        if {joined.offer.by, joined.offer.to} != {peer, self.signer.home}:
            raise TransferRefused("transfer-between-others")
        return joined


def _subject(stated: Mapping[str, Any], transfer: Transfer) -> Subject:
    """Return whom a new transfer is about, held to what the offer commits to."""
    subject = Subject.read(stated.get("subject"))
    if subject.commitment != transfer.offer.child:
        raise TransferRefused("transfer-subject-other")
    return subject


def _document(transfer: Transfer) -> Mapping[str, Any]:
    return {"statements": [one.text for one in transfer.statements]}
