"""Everything that proves the ledger in one running gateway: signing, witnesses, and what outsiders may read."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from connectors.checkpoint_keys import signing_keys, witness_addresses, witness_key, witnessed_keys
from connectors.postgres.checkpoints import CheckpointReader, PostgresCheckpoints, WitnessedLedgers
from connectors.postgres.database import Database
from connectors.witness import WitnessClient
from gateway.ledger.checkpoint import origin_of
from gateway.ledger.checkpointing import Checkpointer
from gateway.ledger.notes import VerifierKey
from gateway.ledger.witness import Witness
from gateway.ledger.witnessing import Quorum, Witnessing
from gateway.settings import Settings


class LedgerProof:
    """The parts; `proving` makes and starts them."""

    def __init__(
        self,
        *,
        keys: Sequence[VerifierKey],
        checkpointer: Checkpointer,
        witnessing: Witnessing,
        quorum: Quorum,
        witness: Witness | None,
        reader: CheckpointReader,
    ) -> None:
        """Hold the parts."""
        self.keys = keys
        self.checkpointer = checkpointer
        self.witnessing = witnessing
        self.quorum = quorum
        self.witness = witness
        self.reader = reader

    @property
    def checks(self) -> Mapping[str, bool]:
        """Return what a gateway that is ready has in order."""
        return {"signing": self.checkpointer.fault is None, "witnesses": self.quorum.met}


@asynccontextmanager
async def proving(
    settings: Settings, *, url: str, database: Database, clock: Callable[[], datetime]
) -> AsyncIterator[LedgerProof]:
    """Sign the ledger for the length of the block; at its end what was written last is signed as well.

    Raises:
        SettingsError: A key is missing or cannot be used.
    """
    keys, own_key = signing_keys(settings), witness_key(settings)
    addresses, logs = witness_addresses(settings), witnessed_keys(settings)
    store = PostgresCheckpoints(url, timeout=settings.database_timeout)
    remembered = WitnessedLedgers(url, timeout=settings.database_timeout)
    client = WitnessClient()
    reader = CheckpointReader(database)
    quorum = Quorum(settings.ledger_witness_quorum, patience=settings.ledger_witness_patience, clock=clock)
    checkpointer = Checkpointer(
        store, origin=origin_of(settings.authority), keys=keys, interval=settings.ledger_checkpoint_interval
    )
    witnessing = Witnessing(addresses, ask=client.ask, reader=reader, store=store, quorum=quorum, clock=clock)

    async def look() -> None:
        # A fork is shown to nobody.
        if checkpointer.fault is None:
            await witnessing.look(signed_here=checkpointer.signed_size)

    checkpointer.start(after_turn=look)
    try:
        yield LedgerProof(
            keys=[key.verifier for key in keys],
            checkpointer=checkpointer,
            witnessing=witnessing,
            quorum=quorum,
            witness=None if own_key is None else Witness(own_key, logs=logs, held=remembered, clock=clock),
            reader=reader,
        )
    finally:
        await witnessing.close()
        await checkpointer.close()
        await asyncio.gather(store.close(), remembered.close(), client.close())
