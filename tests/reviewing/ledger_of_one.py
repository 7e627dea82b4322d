"""A caller's asks in the ledger of a gateway in development, for tests of what reviewers are shown."""

from datetime import timedelta
from itertools import count

from connectors.development_keys import development_ledger_key
from connectors.postgres.ledger import PostgresLedgerStore
from connectors.postgres.ledger_keys import SealingKeys
from gateway.ledger.canonical import prepare
from gateway.ledger.entry import CodeNote, OutcomeNote, OutcomeStatus
from gateway.ledger.master_key import MasterKey
from tests.ledger.entries import a_caller, a_record, an_entry
from tests.support.builders import NOW

_numbers = count(1)
YESTERDAY = NOW - timedelta(days=2)
"""The day the tests' world stands still is a Sunday; two days before is a working day."""


def an_ask(persona, *children, at=YESTERDAY, code=None, reason="budget-exhausted", name="Robin Example", **stated):
    """An ask by a persona that looks into children, or that was refused."""
    outcome = OutcomeNote(status=OutcomeStatus.ANSWERED)
    if code is not None:
        outcome = OutcomeNote(status=OutcomeStatus.REFUSED, codes=(CodeNote(code=code, reason=reason),))
    caller = a_caller(
        person=persona.person, role=persona.role, agency=str(persona.agency), authority=persona.authority, name=name
    )
    return an_entry(
        request_id=f"ask-{next(_numbers)}",
        at=at,
        caller=caller,
        outcome=outcome,
        records=tuple(a_record(child) for child in children),
        **stated,
    )


async def recorded(url, data_dir, *entries):
    """Append entries as a gateway with this data folder would."""
    keys = SealingKeys(MasterKey(development_ledger_key(data_dir).read_bytes()))
    store = PostgresLedgerStore(url, keys=keys, timeout=10)
    await store.append([prepare(entry) for entry in entries])
    await store.close()
