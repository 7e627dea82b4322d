"""What the ledger's last checkpoint comes to for a reader of the access log."""

from collections.abc import Callable
from datetime import datetime, timedelta

from connectors.ledger_proof import LedgerProof
from connectors.postgres.ledger import PostgresLedgerReader
from gateway.access_report.report import Seal
from gateway.errors import DirectoryError


async def latest_seal(
    proof: LedgerProof, ledger: PostgresLedgerReader, *, clock: Callable[[], datetime]
) -> Seal | None:
    """Return the seal, or None where there is none to be had: nothing signed, damage found, no answer."""
    if proof.checkpointer.fault is not None:
        return None
    try:
        newest, head = await proof.reader.newest(), await ledger.head()
        if newest is None:
            return None
        witnesses = await proof.reader.cosignatures(newest.id)
    except DirectoryError:
        return None
    # The ask for the report is the newest entry itself, and is in no report that it makes.
    whole = head is None or newest.size >= head
    return Seal(at=clock() - timedelta(seconds=newest.age), witnesses=len(witnesses), whole=whole)
