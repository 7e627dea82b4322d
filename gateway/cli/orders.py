"""What an operator orders at this machine: carried out, recorded in the ledger, and only then kept.

No rule is asked: whoever may run the command has the database. The ledger says who it was.
"""

import getpass
import hashlib
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson

from connectors.ledger_secret import ledger_master_key
from connectors.postgres.changes import PostgresChange, PostgresChanges
from connectors.postgres.database import Database
from connectors.postgres.ledger import PostgresLedgerStore
from connectors.postgres.ledger_keys import SealingKeys
from gateway.changes import Claim
from gateway.cli.running import ready_database_url
from gateway.ledger.canonical import prepare
from gateway.ledger.commitments import Commitments
from gateway.ledger.entry import (
    AccessNote,
    AuditEntry,
    CallerNote,
    FieldsNote,
    OperationNote,
    OutcomeNote,
    OutcomeStatus,
    RecordNote,
)
from gateway.settings import Settings
from gateway.vocabulary import AuthorityCode, ChildId, PersonId, RecordType


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order: `of` is the family of commands, `stated` what is to be changed, `about` the children it concerns."""

    of: str
    action: str
    stated: Mapping[str, str]
    reason: str | None
    by: PersonId
    authority: AuthorityCode
    about: tuple[ChildId, ...] = ()
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def as_json(self) -> bytes:
        """Return action, what is to be changed and why, in one form."""
        return orjson.dumps([self.action, *self.stated.values(), self.reason])


def orderer(by: str | None) -> PersonId:
    """Return who orders: whoever is named, otherwise the name of this login."""
    return PersonId(by or getpass.getuser())


Act = Callable[[PostgresChange], Coroutine[Any, Any, tuple[RecordType, UUID] | None]]
"""Writes the change, and returns the record that was changed; None where there is nothing to change."""


async def carried_out(settings: Settings, order: Order, act: Act) -> int | None:
    """Carry out an order and return the number of its entry; None where there was nothing to change.

    Raises:
        DirectoryError: The database did not answer; nothing is kept.
    """
    database = await Database.open(await ready_database_url(settings), pool_min=1, pool_max=2)
    change = PostgresChanges(database, now=lambda: order.at).open()
    try:
        await change.begin(
            Claim(
                person=order.by,
                key=str(uuid4()),
                digest=hashlib.sha256(order.as_json()).digest(),
                action=order.action,
                request_id=str(change.id),
                at=order.at,
            )
        )
        changed = await act(change)
        if changed is None:
            return None
        await change.done(*changed)
        number = await _recorded(settings, database, order, change=change.id, changed=changed)
        await change.keep()
        return number
    finally:
        await change.undo()
        await database.close()


async def _recorded(
    settings: Settings, database: Database, order: Order, *, change: UUID, changed: tuple[RecordType, UUID]
) -> int:
    """Record the change before it is kept, as the graph does."""
    keys, salt = SealingKeys(ledger_master_key(settings)), Commitments.new_salt()
    commitments = await keys.commitments(database)
    about = tuple(str(one) for one in order.about)
    records = (
        RecordNote(
            FieldsNote(type=RecordType.ACTION, disclosed=(order.action,)),
            id=str(change),
            home=None,
            about=about,
            values=commitments.commit(salt, RecordType.ACTION.value, str(change), {order.action: order.as_json()}),
        ),
        RecordNote(FieldsNote(type=changed[0]), id=str(changed[1]), home=settings.authority, about=about, values={}),
    )
    entry = AuditEntry(
        request_id=str(change),
        at=order.at,
        gateway=settings.authority,
        caller=CallerNote(person=order.by, name=None, role="operator", agency="", authority=settings.authority),
        access=AccessNote(purpose="administration", reason=order.reason),
        operation=OperationNote(
            hash="",
            name=order.action,
            text=f"{order.of}: {order.action}",
            variables=orjson.dumps(dict(order.stated)).decode(),
        ),
        policy=None,
        outcome=OutcomeNote(status=OutcomeStatus.ANSWERED),
        salt=salt,
        committing=commitments.tag,
        records=records,
    )
    store = PostgresLedgerStore(database.url, keys=keys, timeout=settings.ledger_timeout)
    try:
        return await store.append([prepare(entry)])
    finally:
        await store.close()
