"""Tell the other side of a transfer: what was decided here is sent until that side has shown that it has it."""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from gateway.answering import Answering
from gateway.asked import Operation
from gateway.changes import Change, Claim
from gateway.disclosure.road import Notes
from gateway.errors import DirectoryError, SourceUnavailable
from gateway.federation.asking import PeerAsk, Peers, note_of
from gateway.federation.exchange import ACTION, TransferExchange, message_of
from gateway.federation.transfer import TransferRefused
from gateway.identity import Access, Claims
from gateway.transfers import Due, KeptTransfer, TransferOutbox, TransfersReader
from gateway.vocabulary import AuthorityCode, PersonId, RecordType

PATH: Final = "/federation/transfer"
LOOK: Final = 1.0
"""Seconds between looks at what is to be told."""

AT_ONCE: Final = 8
"""Transfers taken to be told at one look."""

log = logging.getLogger("gateway.transfers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What came of telling the other side once; `fault` is `None` where it has all that is known here."""

    due: Due
    authority: AuthorityCode
    fault: str | None


class TransferDelivery:
    """Tells what is due, each transfer by one gateway at a time; a gateway that dies is followed by the next try."""

    def __init__(
        self,
        *,
        answering: Answering,
        exchange: TransferExchange,
        peers: Peers,
        outbox: TransferOutbox,
        transfers: TransfersReader,
        clock: Callable[[], datetime],
        within: float,
    ) -> None:
        """Take the road that records, the way to the others, what is to be told, and the seconds one call may take."""
        self._answering = answering
        self._exchange = exchange
        self._peers = peers
        self._outbox = outbox
        self._transfers = transfers
        self._clock = clock
        self._within = within
        self._following: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to tell what is due."""
        self._following = asyncio.create_task(self._follow(), name="transfers")

    async def close(self) -> None:
        """Stop; what was not told is told later."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)

    async def deliver_due(self) -> list[Attempt]:
        """Tell what is due, and return what came of it; raises `SourceFailed` where the database does not answer."""
        return await asyncio.gather(*map(self._delivered, await self._outbox.take(most=AT_ONCE)))

    async def deliver_all(self) -> list[Attempt]:
        """Tell everything that is still to be told, due or not; raises as `deliver_due` does."""
        return [await self._delivered(due) for due in await self._outbox.all_of()]

    async def _follow(self) -> None:
        while True:
            try:
                await self.deliver_due()
            except DirectoryError as error:
                log.error("transfers: not told (%s)", error.reason)
            await asyncio.sleep(LOOK)

    async def _delivered(self, due: Due) -> Attempt:
        kept = await self._transfers.by_id(due.transfer)
        assert kept is not None  # noqa: S101  # what is to be told is kept
        offer, home = kept.transfer.offer, self._exchange.signer.home
        other = offer.to if offer.by == home else offer.by
        fault = await self._attempted(due, kept, other)
        if fault is not None:
            await self._outbox.failed(due, fault=fault)
        return Attempt(due=due, authority=other, fault=fault)

    async def _attempted(self, due: Due, kept: KeptTransfer, other: AuthorityCode) -> str | None:
        """Exchange a transfer with the other side, and return why that came to nothing, if it did."""
        request_id, body = str(uuid4()), message_of(kept)
        access = Access(purpose=due.purpose, reason=f"Responsibility transfer {due.transfer}", case=None, grant=None)
        faults: list[str] = []

        async def work(change: Change, notes: Notes, commitment: str) -> Mapping[str, Any]:
            ask = PeerAsk(
                text="",
                variables={},
                asker=due.asker,
                access=access,
                request_id=request_id,
                commitment=commitment,
                path=PATH,
                body=body,
            )
            reply = (await self._peers.ask([other], ask, within=self._within))[other]
            notes.sources.append(note_of(reply))
            if reply.data is None or reply.entry is None:
                faults.append(reply.reason if reply.data is None else "peer-entry-missing")
                return {}
            try:
                await self._taken(due, reply.data, other, change, notes, request_id=request_id, body=body)
            except TransferRefused as refused:
                raise SourceUnavailable("The reply does not fit the transfer.", reason=refused.reason) from refused
            return {}

        told = await self._answering.send_message(
            _claims(due, home=self._exchange.signer.home),
            access,
            Operation(text="", name=ACTION, variables={"transfer": str(due.transfer), "to": other}),
            request_id=request_id,
            work=work,
        )
        if told.errors:
            faults.append(told.errors[0].code)
        return faults[0] if faults else None

    async def _taken(
        self,
        due: Due,
        data: Mapping[str, Any],
        other: AuthorityCode,
        change: Change,
        notes: Notes,
        *,
        request_id: str,
        body: bytes,
    ) -> None:
        at, person = self._clock(), PersonId(due.asker.person)
        await change.begin(
            Claim(
                person=person,
                key=f"message-{request_id}",
                digest=hashlib.sha256(body).digest(),
                action=ACTION,
                request_id=request_id,
                at=at,
            )
        )
        _, note = await self._exchange.take(data, change, peer=other, by=person, at=at)
        notes.actions.append(note)
        await change.transfers.told(due)
        await change.done(RecordType.RESPONSIBILITY_TRANSFER, due.transfer)


def _claims(due: Due, *, home: AuthorityCode) -> Claims:
    asker = due.asker
    return Claims(
        person=PersonId(asker.person),
        name=asker.name,
        role=asker.role,
        agency=asker.agency,
        authority=home,
        mediated_for=None,
        token="",
    )
