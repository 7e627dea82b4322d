"""The parts of transfers of responsibility in one gateway: who signs, what takes messages, and what tells of them."""

from collections.abc import Callable
from datetime import datetime

from connectors.peers import PeerCalls
from connectors.postgres.database import Database
from connectors.postgres.transfers import PostgresTransferOutbox, PostgresTransfers
from gateway.answering import Answering
from gateway.federation.delivering import TransferDelivery
from gateway.federation.exchange import TransferExchange
from gateway.federation.registry import Registry
from gateway.federation.signed import Key
from gateway.federation.statements import TransferSigner
from gateway.settings import Settings
from gateway.transfers import Transferring
from gateway.vocabulary import AuthorityCode


class TransferParts:
    """Everything of transfers, put together."""

    def __init__(
        self,
        settings: Settings,
        *,
        database: Database,
        peers: PeerCalls,
        key: Callable[[], Key],
        registry: Callable[[], Registry | None],
        clock: Callable[[], datetime],
    ) -> None:
        """Take where transfers are kept, the way to the others, and the key of this authority's assertions."""
        signer = TransferSigner(home=AuthorityCode(settings.authority), key=key)
        self.transferring = Transferring(signer=signer, members=peers.members)
        self.exchange = TransferExchange(signer=signer, registry=registry)
        self._settings = settings
        self._database = database
        self._peers = peers
        self._clock = clock
        self._delivery: TransferDelivery | None = None

    def delivery(self, answering: Answering) -> TransferDelivery:
        """Return what tells others of transfers, over the road that records."""
        return TransferDelivery(
            answering=answering,
            exchange=self.exchange,
            peers=self._peers,
            outbox=PostgresTransferOutbox(self._database, now=self._clock),
            transfers=PostgresTransfers(self._database),
            clock=self._clock,
            within=self._settings.peer_timeout,
        )

    def start(self, answering: Answering) -> None:
        """Begin to tell what is due."""
        self._delivery = self.delivery(answering)
        self._delivery.start()

    async def close(self) -> None:
        """Stop telling."""
        if self._delivery is not None:
            await self._delivery.close()
