"""What the port for peers serves of transfers of responsibility: one address, where both sides give what they have."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway.answering import Answering
from gateway.asked import Operation
from gateway.changes import Change, Claim
from gateway.disclosure.road import Notes
from gateway.errors import BadRequest, SourceFailed
from gateway.federation.assertion import Said
from gateway.federation.exchange import ACTION, TransferExchange
from gateway.federation.transfer import TransferRefused
from gateway.http_requests import Refusal, json_object
from gateway.reply import Reply
from schema.peer_http import MARGIN, PeerEndpoint


class TransferEndpoint:
    """Takes one message about a transfer to one reply; a message changes something only once it is recorded."""

    def __init__(
        self,
        *,
        peers: PeerEndpoint,
        answering: Answering,
        exchange: TransferExchange | None,
        clock: Callable[[], datetime],
    ) -> None:
        """Take the check of who calls, the road that records, and what takes messages."""
        self._peers = peers
        self._answering = answering
        self._exchange = exchange
        self._clock = clock

    async def take(self, request: Request) -> Response:
        """Take a message and reply with all that is known here of its transfer."""
        stated: dict[str, Any] = {}
        digest = b""

        def read(body: bytes) -> tuple[Operation, BadRequest | None]:
            nonlocal digest
            digest = hashlib.sha256(body).digest()
            # Whom it is about is in the message, and no part of what is recorded of it.
            operation = Operation(text="", name=ACTION, variables={"bytes": len(body), "digest": digest.hex()})
            try:
                stated.update(json_object(body))
            except Refusal as refused:
                return operation, BadRequest(refused.message, reason=f"request-form:{refused.status}")
            return operation, None

        async def answer(said: Said, operation: Operation) -> Reply:
            async def work(change: Change, notes: Notes) -> Mapping[str, Any]:
                return await self._taken(said, stated, digest, change, notes)

            return await self._answering.take_message(
                said.claims,
                said.access,
                operation,
                request_id=said.request_id,
                work=work,
                within=max(0.0, said.time_left - MARGIN),
            )

        return await self._peers.called(request, read=read, answer=answer)

    async def _taken(
        self, said: Said, stated: Mapping[str, Any], digest: bytes, change: Change, notes: Notes
    ) -> Mapping[str, Any]:
        if self._exchange is None:
            raise SourceFailed("This gateway signs nothing.", reason="transfer-no-key")
        at, claims = self._clock(), said.claims
        # One message may arrive twice at once, at two gateways: the second waits, and finds nothing new in it.
        await change.begin(
            Claim(
                person=claims.person,
                key=f"message-{digest.hex()}",
                digest=digest,
                action=ACTION,
                request_id=said.request_id,
                at=at,
            )
        )
        try:
            document, note = await self._exchange.take(stated, change, peer=claims.authority, by=claims.person, at=at)
        except TransferRefused as refused:
            raise BadRequest("The message does not fit what is known of the transfer.", reason=refused.reason) from None
        notes.actions.append(note)
        return document
