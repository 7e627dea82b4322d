"""Requests for brokered contact on PostgreSQL (domain rules H6, V2): written once, answered once, let go in time."""

# ruff: noqa: S608 - every part of the text is written in this package; what callers write travels as arguments

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from connectors.postgres.database import Database
from connectors.postgres.directory import LOCAL_TIME
from connectors.postgres.facts import Row
from connectors.postgres.register import PostgresRegister
from connectors.postgres.statements import consent_of
from gateway.brokering import ContactAnswer, KeptContact, NewContact
from gateway.vocabulary import AnswerSince, BrokeredContactId, BrokeringOutcome, PersonId

# Statements about requests take $1, today as a local date, and $2, this moment.
_TWINS = "child twin WHERE twin.identity_id = c.identity_id"
_SHIELDS = f"""
SELECT held.id FROM shield held WHERE held.lifted_at IS NULL AND held.identity_id IN (
    SELECT c.identity_id
    UNION ALL
    SELECT sibling.identity_id
    FROM child_carer own
    JOIN child_carer other ON other.carer_id = own.carer_id AND (other.until IS NULL OR other.until > $1)
    JOIN child sibling ON sibling.id = other.child_id
    WHERE own.child_id IN (SELECT twin.id FROM {_TWINS}) AND own.relationship <> 'CORPORATE_PARENT'
        AND (own.until IS NULL OR own.until > $1))"""
_SERVICES = f"""
SELECT work.id FROM involvement work
WHERE work.child_id IN (SELECT twin.id FROM {_TWINS}) AND work.sensitive
    AND (work.ended_on IS NULL OR work.ended_on > $1)
    AND {consent_of("work", row="work.child_id", now="$2")} IN ('given', 'significant-harm')"""
_CONFLICT = f"""
EXISTS (
    SELECT FROM conflict declared JOIN practitioner post ON post.id = declared.practitioner_id
    WHERE declared.child_id IN (SELECT twin.id FROM {_TWINS}) AND declared.lifted_at IS NULL
        AND post.person IN (b.asker, b.asked_through))"""
_REFUSALS = f"(SELECT count(*) FROM refusal WHERE refusal.child_id IN (SELECT twin.id FROM {_TWINS}))"

# A closed request tells of nobody, so no service and no refusal makes a difference to it that could be seen.
_SINCE = f"""
CASE
    WHEN b.outcome IS NULL THEN 'no-answer'
    WHEN b.shields_then IS NULL THEN 'unknown'
    WHEN EXISTS (SELECT FROM ({_SHIELDS}) held WHERE held.id <> ALL (b.shields_then)) THEN 'shield'
    WHEN NOT b.conflict_then AND {_CONFLICT} THEN 'conflict'
    WHEN b.outcome <> 'connected' THEN 'nothing'
    WHEN EXISTS (
        SELECT FROM unnest(b.services_then) AS stood (id) WHERE stood.id NOT IN ({_SERVICES})) THEN 'footing'
    WHEN {_REFUSALS} > b.refusals_then THEN 'refusal'
    ELSE 'nothing'
END"""
_CONTACT = f"""
SELECT b.id, b.child_id, b.involvement_id, b.asker, b.asker_role, b.asked_through, b.reason, b.reach_by, b.asked_at,
    b.outcome, b.asker_agrees, b.other_agrees, b.answer, b.answered_by, b.answered_at, {_SINCE} AS since
FROM brokered_contact b JOIN child c ON c.id = b.child_id"""
_BY_ID = f"{_CONTACT} WHERE b.id = $3"
_HELD = f"{_BY_ID} FOR UPDATE OF b"
# A cursor that was given out stands where its request stands, answered since or not.
_FROM = """
WHERE ($3::uuid IS NULL OR (b.asked_at, b.id) > (SELECT asked_at, id FROM brokered_contact WHERE id = $3))"""
_OLDEST_FIRST = "ORDER BY b.asked_at, b.id LIMIT $4"
_OF_ALL = f"{_CONTACT} {_FROM} {_OLDEST_FIRST}"
_OF_ALL_WAITING = f"{_CONTACT} {_FROM} AND b.outcome IS NULL {_OLDEST_FIRST}"
_OF_ONE = f"{_CONTACT} {_FROM} AND b.asker = $5 AND (b.outcome IS NULL OR NOT $6) {_OLDEST_FIRST}"
_REQUEST = """
INSERT INTO brokered_contact (id, child_id, involvement_id, asker, asker_role, asked_through, reason, reach_by,
                              asked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (asker, child_id, involvement_id) WHERE outcome IS NULL DO NOTHING RETURNING id"""
_ANSWER = f"""
UPDATE brokered_contact b SET outcome = $4, asker_agrees = $5, other_agrees = $6, answer = $7, answered_by = $8,
    answered_at = $9, shields_then = ARRAY({_SHIELDS}), services_then = ARRAY(
        SELECT standing.id FROM ({_SERVICES}) standing
        WHERE standing.id = coalesce($10, b.involvement_id, standing.id)),
    conflict_then = {_CONFLICT}, refusals_then = {_REFUSALS}
FROM child c WHERE b.id = $3 AND b.outcome IS NULL AND c.id = b.child_id"""
# What somebody else holds at this moment waits for the next time.
_LET_GO = """
DELETE FROM brokered_contact WHERE id = ANY(ARRAY(
    SELECT id FROM brokered_contact
    WHERE (outcome IS NOT NULL AND answered_at <= $1) OR (outcome IS NULL AND asked_at <= $2)
    FOR UPDATE SKIP LOCKED LIMIT 1000))"""


class PostgresBrokering:
    """Requests over a database or a transaction; satisfies `gateway.brokering.Brokering`."""

    def __init__(self, database: Database, *, now: Callable[[], datetime]) -> None:
        """Read and write over `database`; `now` says what stands."""
        self._database = database
        self._register = PostgresRegister(database, now=now)
        self._now = now

    async def page(
        self, *, asker: PersonId | None, waiting: bool, after: BrokeredContactId | None, size: int
    ) -> Sequence[KeptContact]:
        """Return so many requests from one on, the oldest first."""
        if asker is None:
            return await self._contacts(_OF_ALL_WAITING if waiting else _OF_ALL, after, size)
        return await self._contacts(_OF_ONE, after, size, asker, waiting)

    async def by_id(self, contact: BrokeredContactId, *, hold: bool = False) -> KeptContact | None:
        """Return a request; with `hold` it is kept from changing until this change ends."""
        found = await self._contacts(_HELD if hold else _BY_ID, contact)
        return found[0] if found else None

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
        """Write what came of a request that has no answer, and what stood about the child by then."""
        await self._database.execute(
            _ANSWER,
            *self._moment(),
            contact,
            answer.outcome.value,
            answer.asker_agrees,
            answer.other_agrees,
            answer.words,
            answer.by,
            answer.at,
            answer.connected_with,
        )

    async def let_go(self, *, answered_by: datetime, asked_by: datetime) -> None:
        """Delete requests that were answered by then, and those without an answer that were made by then."""
        await self._database.execute(_LET_GO, answered_by, asked_by)

    def _moment(self) -> tuple[Any, Any]:
        at = self._now()
        return at.astimezone(LOCAL_TIME).date(), at

    async def _contacts(self, statement: str, *arguments: Any) -> Sequence[KeptContact]:
        rows = await self._database.fetch(statement, *self._moment(), *arguments)
        # Who asks is told as the register has them now: a copy would be one more to keep right, and to erase.
        askers = await self._register.registrations(list({(row["asker"], row["asker_role"]) for row in rows}))
        return [
            KeptContact(
                id=row["id"],
                asked=_asked(row),
                asker=askers.get((row["asker"], row["asker_role"])),
                answer=_answer(row),
                since=AnswerSince(row["since"]),
            )
            for row in rows
        ]


def _asked(row: Row) -> NewContact:
    return NewContact(
        child=row["child_id"],
        involvement=row["involvement_id"],
        asker=row["asker"],
        role=row["asker_role"],
        through=row["asked_through"],
        reason=row["reason"],
        reach_by=row["reach_by"],
        at=row["asked_at"],
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
