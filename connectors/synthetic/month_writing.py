"""A made-up month into a real ledger: the place is read from the database, and its asks go through the real writer."""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from random import Random
from typing import Final
from uuid import UUID

import asyncpg

from connectors.synthetic.draw import stream
from connectors.synthetic.insiders import Planted
from connectors.synthetic.month import Place, Planned, Worker
from gateway.disclosure.classes import RecordClass
from gateway.errors import BudgetExhausted
from gateway.ledger.commitments import Commitments
from gateway.ledger.entry import (
    AccessNote,
    AuditEntry,
    CallerNote,
    CodeNote,
    FieldsNote,
    OperationNote,
    OutcomeNote,
    OutcomeStatus,
    PolicyNote,
    RecordNote,
    WithheldNote,
)
from gateway.ledger.writer import LedgerWriter
from gateway.vocabulary import RecordType

TOGETHER: Final = 250
_HOMES: Final = 0.1
"""Share of workers who are carers on record as well, so that the directory knows where they live."""

_WORKERS = """
SELECT practitioner.id, practitioner.person, practitioner.name, practitioner.role AS title, registration.role,
       practitioner.agency::text AS agency
FROM practitioner JOIN registration ON registration.person = practitioner.person
JOIN agency ON agency.id = practitioner.agency AND agency.suspended_at IS NULL AND agency.authority = $1
WHERE registration.suspended_at IS NULL ORDER BY practitioner.person"""
_CHILDREN = """
SELECT child.id, child.family_name, child.postcode,
       EXISTS (SELECT FROM shield WHERE shield.identity_id = child.identity_id AND lifted_at IS NULL) AS shielded
FROM child WHERE authority = $1 AND standing = 'live' ORDER BY id"""
_INVOLVEMENTS = """
SELECT practitioner_id, child_id, started_on FROM involvement
WHERE started_on <= $2 AND (ended_on IS NULL OR ended_on >= $1) ORDER BY child_id, id"""
_SETTLED = """
UPDATE carer SET person = settled.person FROM unnest($1::uuid[], $2::text[]) AS settled (id, person)
WHERE carer.id = settled.id"""

_SEEN: Final = ("id", "givenName", "familyName", "dateOfBirth", "address")
_IDENTIFIED: Final = ("id", "givenName", "familyName", "dateOfBirth")
_CLASS: Final[RecordClass] = (("home", "same-authority"), ("shield", "none"))
_SHIELDED_CLASS: Final[RecordClass] = (("home", "same-authority"), ("shield", "active"))
_DECIDED: Final = {
    (shielded, searching): FieldsNote(
        type=RecordType.CHILD,
        disclosed=_IDENTIFIED if searching or shielded else _SEEN,
        withheld={"address": WithheldNote(reasons=("shield-active",), tell="SHIELDED")}
        if shielded and not searching
        else {},
    )
    for shielded in (False, True)
    for searching in (False, True)
}


async def place_of(connection: asyncpg.Connection, authority: str, *, first: date, days: int) -> Place:
    """Return a generated authority as a month's work needs it."""
    last = first + timedelta(days=days - 1)
    children = await connection.fetch(_CHILDREN, authority)
    known = {row["id"] for row in children}
    cases: defaultdict[UUID, list[UUID]] = defaultdict(list)
    coming: defaultdict[UUID, list[tuple[date, UUID]]] = defaultdict(list)
    for row in await connection.fetch(_INVOLVEMENTS, first, last + timedelta(days=7)):
        if row["child_id"] in known:
            child = UUID(str(row["child_id"]))
            if row["started_on"] <= first:
                cases[row["practitioner_id"]].append(child)
            else:
                coming[row["practitioner_id"]].append((row["started_on"], child))
    rows = await connection.fetch(_WORKERS, authority)
    workers = [
        Worker(
            person=row["person"],
            name=row["name"],
            role=row["role"],
            title=row["title"],
            agency=row["agency"],
            caseload=tuple(cases[row["id"]]),
        )
        for row in rows
    ]
    colleagues: defaultdict[str, list[Worker]] = defaultdict(list)
    for worker in workers:
        colleagues[worker.agency].append(worker)
    ids = [UUID(str(row["id"])) for row in children]
    return Place(
        authority=authority,
        workers=workers,
        children=ids,
        families={child: row["family_name"] for child, row in zip(ids, children, strict=True)},
        streets={
            child: row["postcode"]
            for child, row in zip(ids, children, strict=True)
            if row["postcode"] and not row["shielded"]
        },
        shielded=frozenset(child for child, row in zip(ids, children, strict=True) if row["shielded"]),
        coming={row["person"]: tuple(coming[row["id"]]) for row in rows},
        colleagues={agency: team for agency, team in colleagues.items() if len(team) > 1},
    )


async def settle(connection: asyncpg.Connection, place: Place, insiders: Sequence[Planted], *, seed: int) -> None:
    """Make some workers carers on record, so that their homes are known: one in ten, and each curious neighbour."""
    random = stream(seed, "homes")
    settled = {insider.worker.person for insider in insiders}
    ordinary = [worker for worker in place.workers if worker.person not in settled]
    chosen = random.sample(ordinary, int(len(ordinary) * _HOMES))
    carers = [row["id"] for row in await connection.fetch("SELECT id FROM carer WHERE person IS NULL ORDER BY id")]
    await connection.execute(_SETTLED, random.sample(carers, len(chosen)), [worker.person for worker in chosen])
    for insider in insiders:
        if insider.lives_by is not None:
            await connection.execute(
                """
                INSERT INTO carer (id, person, name, address_lines, postcode, source, asserted_at, confirmed_at)
                SELECT gen_random_uuid(), $2, $3, ARRAY['998 ' || address_lines[1]], postcode, address_source,
                       address_asserted_at, address_confirmed_at
                FROM child WHERE id = $1""",
                insider.lives_by,
                insider.worker.person,
                insider.worker.name,
            )


async def write(
    writer: LedgerWriter,
    planned: Sequence[Planned],
    place: Place,
    *,
    commitments: Commitments,
    on_written: Callable[[int], None] = lambda entries: None,
) -> None:
    """Record asks in their order, through the writer that a gateway records with; raises as it does."""
    for begin in range(0, len(planned), TOGETHER):
        group = planned[begin : begin + TOGETHER]
        await asyncio.gather(*(writer.record(_entry(ask, place, commitments)) for ask in group))
        on_written(len(group))


def _entry(ask: Planned, place: Place, commitments: Commitments) -> AuditEntry:
    random = Random(f"{ask.at}{ask.worker.person}")  # noqa: S311 - it names a made-up request
    salt = commitments.new_salt()
    text = "query Candidates { searchChildren }" if ask.searching else "query Look { child }"
    return AuditEntry(
        request_id=f"{random.getrandbits(128):032x}",
        at=ask.at,
        gateway=place.authority,
        caller=CallerNote(
            person=ask.worker.person,
            name=ask.worker.name,
            role=ask.worker.role,
            agency=ask.worker.agency,
            authority=place.authority,
            standing="current",
        ),
        access=AccessNote(purpose="direct-support", reason="Made-up work"),
        operation=OperationNote(hash=hashlib.sha256(text.encode()).hexdigest(), name=None, text=text, variables="{}"),
        policy=PolicyNote(revision="made-up", engine="none"),
        outcome=OutcomeNote(status=OutcomeStatus.ANSWERED)
        if ask.code is None
        else OutcomeNote(status=OutcomeStatus.REFUSED, codes=(CodeNote(code=ask.code, reason=_reason(ask.code)),)),
        records=tuple(_record(ask, child, place, commitments, salt) for child in ask.children),
        searches=int(ask.searching),
        salt=salt,
    )


def _record(ask: Planned, child: UUID, place: Place, commitments: Commitments, salt: bytes) -> RecordNote:
    shielded = child in place.shielded
    decided = _DECIDED[shielded, ask.searching]
    values = dict.fromkeys(decided.disclosed, b'"made up"')
    return RecordNote(
        decided,
        id=str(child),
        home=place.authority,
        about=(str(child),),
        values=commitments.commit(salt, RecordType.CHILD.value, str(child), values),
        record_class=_SHIELDED_CLASS if shielded else _CLASS,
    )


def _reason(code: str) -> str:
    """Return the audit reason that a gateway gives for a refusal; of searches alone a review asks which."""
    return "budget-exhausted" if code == BudgetExhausted.code else "made-up"
