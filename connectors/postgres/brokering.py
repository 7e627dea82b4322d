"""Requests for brokered contact on PostgreSQL (domain rules H6, V2): written once, answered once."""

from collections.abc import Sequence
from uuid import uuid4

from connectors.postgres.database import Database
from connectors.postgres.facts import Row
from gateway.brokering import ContactAnswer, KeptContact, NewContact
from gateway.vocabulary import BrokeredContactId, BrokeringOutcome, PersonId

# Who asks is told as the register has them now: a copy of the name would be one more to keep right, and to erase.
_CONTACT = """
SELECT b.id, b.child_id, b.involvement_id, b.asker, b.asker_role, b.asked_through, b.reason, b.reach_by, b.asked_at,
    b.outcome, b.asker_agrees, b.other_agrees, b.answer, b.answered_by, b.answered_at, r.name, a.name AS agency_name
FROM brokered_contact b
LEFT JOIN registration r ON r.person = b.asker AND r.role = b.asker_role LEFT JOIN agency a ON a.id = r.agency"""
_BY_ID = f"{_CONTACT} WHERE b.id = $1"
_HELD = f"{_BY_ID} FOR UPDATE OF b"
# A cursor that was given out stands where its request stands, answered since or not.
_FROM = """
WHERE ($1::uuid IS NULL OR (b.asked_at, b.id) > (SELECT asked_at, id FROM brokered_contact WHERE id = $1))"""
_OLDEST_FIRST = "ORDER BY b.asked_at, b.id LIMIT $2"
_OF_ALL = f"{_CONTACT} {_FROM} {_OLDEST_FIRST}"
_OF_ALL_WAITING = f"{_CONTACT} {_FROM} AND b.outcome IS NULL {_OLDEST_FIRST}"
_OF_ONE = f"{_CONTACT} {_FROM} AND b.asker = $3 AND (b.outcome IS NULL OR NOT $4) {_OLDEST_FIRST}"
_REQUEST = """
INSERT INTO brokered_contact (id, child_id, involvement_id, asker, asker_role, asked_through, reason, reach_by,
                              asked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (asker, child_id, involvement_id) WHERE outcome IS NULL DO NOTHING RETURNING id"""
_ANSWER = """
UPDATE brokered_contact SET outcome = $2, asker_agrees = $3, other_agrees = $4, answer = $5, answered_by = $6,
    answered_at = $7
WHERE id = $1 AND outcome IS NULL"""


class PostgresBrokering:
    """Requests over a database or a transaction; satisfies `gateway.brokering.Brokering`."""

    def __init__(self, database: Database) -> None:
        """Read and write over `database`."""
        self._database = database

    async def page(
        self, *, asker: PersonId | None, waiting: bool, after: BrokeredContactId | None, size: int
    ) -> Sequence[KeptContact]:
        """Return so many requests from one on, the oldest first."""
        if asker is None:
            rows = await self._database.fetch(_OF_ALL_WAITING if waiting else _OF_ALL, after, size)
        else:
            rows = await self._database.fetch(_OF_ONE, after, size, asker, waiting)
        return [_read(row) for row in rows]

    async def by_id(self, contact: BrokeredContactId, *, hold: bool = False) -> KeptContact | None:
        """Return a request; with `hold` it is kept from changing until this change ends."""
        row = await self._database.fetchrow(_HELD if hold else _BY_ID, contact)
        return None if row is None else _read(row)

    async def request(self, new: NewContact) -> BrokeredContactId | None:
        """Write a request and return its id, or None where the asker waits for the same contact already."""
        row = await self._database.fetchrow(
            _REQUEST,
            uuid4(),
            new.child,
            new.involvement,
            new.asker,
            new.role,
            new.through,
            new.reason,
            new.reach_by,
            new.at,
        )
        return None if row is None else BrokeredContactId(row["id"])

    async def answer(self, contact: BrokeredContactId, answer: ContactAnswer) -> None:
        """Write what came of a request that has no answer."""
        await self._database.execute(
            _ANSWER,
            contact,
            answer.outcome.value,
            answer.asker_agrees,
            answer.other_agrees,
            answer.words,
            answer.by,
            answer.at,
        )


def _read(row: Row) -> KeptContact:
    return KeptContact(
        id=row["id"],
        asked=NewContact(
            child=row["child_id"],
            involvement=row["involvement_id"],
            asker=row["asker"],
            role=row["asker_role"],
            through=row["asked_through"],
            reason=row["reason"],
            reach_by=row["reach_by"],
            at=row["asked_at"],
        ),
        asker_name=row["name"],
        asker_agency=row["agency_name"],
        answer=_answer(row),
    )


def _answer(row: Row) -> ContactAnswer | None:
    if row["outcome"] is None:
        return None
    return ContactAnswer(
        outcome=BrokeringOutcome(row["outcome"]),
        asker_agrees=row["asker_agrees"],
        other_agrees=row["other_agrees"],
        words=row["answer"],
        by=row["answered_by"],
        at=row["answered_at"],
    )
