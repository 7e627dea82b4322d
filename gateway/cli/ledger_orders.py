"""What an operator orders of the ledger itself: who, why and what, in an entry of its own."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import uuid4

import orjson
import typer

from connectors.ledger_secret import ledger_master_key
from connectors.postgres.ledger import PostgresLedgerStore
from connectors.postgres.ledger_erasure import REWRITE_TIMEOUT
from connectors.postgres.ledger_keys import SealingKeys
from gateway.ledger.canonical import prepare
from gateway.ledger.commitments import Commitments
from gateway.ledger.entry import (
    AccessNote,
    AuditEntry,
    CallerNote,
    OperationNote,
    OutcomeNote,
    OutcomeStatus,
)
from gateway.settings import Settings

TwoPeople = Annotated[
    list[str] | None, typer.Option("--by", help="Who orders it, and who else has looked at it; give it twice.")
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; it is kept in the entry that says what was done.")]


def two_people(by: Sequence[str] | None) -> tuple[str, str]:
    """Return the two people who order something that nobody may order alone."""
    named = [name.strip() for name in by or () if name.strip()]
    if len(named) != 2 or named[0].casefold() == named[1].casefold():
        raise typer.BadParameter("two people order this: give --by twice, with two names")
    return named[0], named[1]


def stated_reason(reason: str) -> str:
    """Return the reason, which has to be stated."""
    if not reason.strip():
        raise typer.BadParameter("give a --reason; it is kept in the ledger")
    return reason


def operators_entry(
    settings: Settings,
    *,
    action: str,
    stated: Mapping[str, Any],
    reason: str,
    by: str,
    at: datetime,
    erased: Sequence[bytes] = (),
) -> AuditEntry:
    """Return the entry of an order; `erased` are tags of keys that are gone from then on."""
    return AuditEntry(
        request_id=str(uuid4()),
        at=at,
        gateway=settings.authority,
        caller=CallerNote(person=by, name=None, role="operator", agency="", authority=settings.authority),
        access=AccessNote(purpose="administration", reason=reason),
        operation=OperationNote(
            hash="", name=action, text=f"ledger: {action}", variables=orjson.dumps(dict(stated)).decode()
        ),
        policy=None,
        outcome=OutcomeNote(status=OutcomeStatus.ANSWERED),
        salt=Commitments.new_salt(),
        erased=tuple(erased),
    )


async def appended(settings: Settings, url: str, entry: AuditEntry) -> int:
    """Append an entry and return its number once it is durable; raises `AuditUnavailable`."""
    store = PostgresLedgerStore(url, keys=SealingKeys(ledger_master_key(settings)), timeout=REWRITE_TIMEOUT)
    try:
        return await store.append([prepare(entry)])
    finally:
        await store.close()
