"""Changes that decide what is told, held against the entries that tell of them: none was written by hand."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import asyncpg
import orjson

from connectors.postgres.database import Database
from connectors.postgres.ledger import stored_entry
from connectors.postgres.ledger_keys import SealingKeys
from gateway.ledger.master_key import MasterKey, NotWrappedByThis
from gateway.ledger.opening import open_entry, tags_of
from gateway.ledger.sealing import CannotOpen
from gateway.ledger.verification import Trouble, Verification

TABLES: Final = ("log_withholding", "suspension", "review_outcome", "brokered_contact")

# Whoever changes something and when stands in the change's row and in the index of its entry alike.
_WRITTEN: Final = """
WITH written (what, id, type, action, person, at) AS (
    SELECT 'withholding', id, 'LogWithholding', 'withholdLogEntry', asked_by, asked_at FROM log_withholding
    UNION ALL
    SELECT 'confirmation of a withholding', id, 'LogWithholding', 'confirmWithholding', confirmed_by, confirmed_at
    FROM log_withholding WHERE confirmed_at IS NOT NULL
    UNION ALL
    SELECT 'lifting of a withholding', id, 'LogWithholding', 'liftWithholding', lifted_by, lifted_at
    FROM log_withholding WHERE lifted_at IS NOT NULL
    UNION ALL
    SELECT 'suspension', id, 'Suspension', 'suspendCaller', suspended_by, suspended_at FROM suspension
    UNION ALL
    SELECT 'reinstatement', id, 'Suspension', 'reinstateCaller', lifted_by, lifted_at
    FROM suspension WHERE lifted_at IS NOT NULL
    UNION ALL
    SELECT 'outcome of a review', case_id, 'AccessReviewCase', 'recordReviewOutcome', recorded_by, recorded_at
    FROM review_outcome
    UNION ALL
    SELECT 'request for brokered contact', id, 'BrokeredContact', 'requestBrokeredContact',
        coalesce(asked_through, asker), asked_at
    FROM brokered_contact
    UNION ALL
    SELECT 'answer to a request for brokered contact', id, 'BrokeredContact', 'answerBrokeredContact', answered_by,
        answered_at
    FROM brokered_contact WHERE answered_at IS NOT NULL
)
SELECT written.*, told.seq, told.entry, told.leaf_hash
FROM written LEFT JOIN ledger_entry AS told ON told.person = left(written.person, 200) AND told.at = written.at
WHERE written.at > coalesce((SELECT max(last_at) + interval '1 minute' FROM ledger_archive), '-infinity')
ORDER BY written.at, written.id, written.action
"""


class ChangesCheck:
    """Checks that an entry tells of each change that decides what is told, and of what became of it."""

    def __init__(self, database: Database, verification: Verification, *, master: MasterKey | None) -> None:
        """Take the pool, where findings are noted, and the master key if it is at hand: with it ids are compared."""
        self._database = database
        self._verification = verification
        self._keys = None if master is None else SealingKeys(master)

    async def run(self) -> None:
        """Check all changes that are younger than what is archived.

        Raises:
            SourceFailed: The database did not answer.
        """
        for table in (*TABLES, "ledger_archive"):
            if (await self._database.fetch("SELECT to_regclass($1) IS NULL AS missing", table))[0]["missing"]:
                return  # the database is that of an earlier release
        told: dict[tuple[object, ...], bool] = {}
        for row in await self._database.fetch(_WRITTEN):
            change = tuple(row[name] for name in ("what", "id", "action", "person", "at"))
            told[change] = told.get(change, False) or await self._tells(row)
        by_hand = [change for change, is_told in told.items() if not is_told]
        if by_hand:
            what, number, *_ = by_hand[0]
            self._verification.add(
                Trouble.CHANGE_UNTOLD,
                f"No entry tells of the {what} {number} in the database: it was written by hand ({len(by_hand):,} "
                "such changes).",
            )

    async def _tells(self, row: asyncpg.Record) -> bool:
        if row["entry"] is None:
            return False
        try:
            document = orjson.loads(row["entry"])
            acted = any(
                record["type"] == "Action" and row["action"] in record.get("disclosed", ())
                for record in document["records"]
            )
            return acted and await self._names(row, document)
        except (ValueError, KeyError, TypeError):
            return False  # what is wrong with the entry is told elsewhere

    async def _names(self, row: asyncpg.Record, document: Mapping[str, Any]) -> bool:
        """Return whether the entry is about this very record, as far as it can be opened."""
        places = [place for place, record in enumerate(document["records"]) if record["type"] == row["type"]]
        if self._keys is None:
            return bool(places)
        try:
            keys = await self._keys.by_tag(self._database, tags_of(document))
            opened = open_entry(stored_entry(row), keys, document=document)
        except (CannotOpen, NotWrappedByThis):
            return bool(places)  # a key that was changed is told elsewhere
        return any(_is_named(opened.records, place, str(row["id"])) for place in places)


def _is_named(records: Sequence[Mapping[str, Any] | None], place: int, number: str) -> bool:
    record = records[place]
    return record is None or record["id"] == number  # None was sealed for a child whose key was destroyed
