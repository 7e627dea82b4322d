"""Transfers of responsibility on PostgreSQL (domain rule X1): statements only added to, and what is to be told."""

# ruff: noqa: S608 - every part of the text is written in this module; what callers write travels as arguments

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final
from uuid import uuid4

from connectors.postgres.database import Database
from connectors.postgres.facts import Row
from gateway.federation.assertion import Asker
from gateway.federation.statements import read_kept
from gateway.federation.transfer import Subject, begun
from gateway.transfers import Due, KeptTransfer
from gateway.vocabulary import AuthorityCode, CallerStanding, ChildId, PersonId, TransferId

TRANSFER_LOCK: Final = 0x7472616E
"""First half of an advisory lock's name; the second is a hash of the transfer's id."""

FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(hours=1)
"""How long a transfer is let be after an attempt: doubled with each that fails, between these."""

_TRANSFER = """
SELECT t.id, t.nhs_number, t.shielded, t.opening,
    ARRAY(SELECT s.text FROM responsibility_statement s WHERE s.transfer_id = t.id) AS statements,
    COALESCE(t.child_id,
        (SELECT c.id FROM child c WHERE c.nhs_number = t.nhs_number),
        (SELECT old.child_id FROM child_superseded_identifier old
         WHERE old.system = 'nhs-number' AND old.value = t.nhs_number)) AS child_id,
    NOT EXISTS (SELECT FROM responsibility_outbox o WHERE o.transfer_id = t.id) AS delivered
FROM responsibility_transfer t"""
_BY_ID = f"{_TRANSFER} WHERE t.id = $1"
_HOLD = "SELECT pg_advisory_xact_lock($1::int, hashtext($2::text))"
_OF_CHILDREN = f"""
SELECT wanted.id AS wanted, found.* FROM unnest($1::uuid[]) AS wanted (id)
JOIN child own ON own.id = wanted.id
JOIN child twin ON twin.identity_id = own.identity_id
CROSS JOIN LATERAL ({_TRANSFER} WHERE t.child_id = twin.id) AS found"""
# A cursor that was given out stands where its transfer stands, answered since or not.
_PAGE = f"""{_TRANSFER}
WHERE ($1::uuid IS NULL OR (t.kept_at, t.id) > (SELECT kept_at, id FROM responsibility_transfer WHERE id = $1))
    AND (NOT $3 OR t.state IN ('offered', 'withdrawing'))
ORDER BY t.kept_at, t.id LIMIT $2"""
_HOLD_RECORDS = """
SELECT id FROM child WHERE identity_id = (SELECT identity_id FROM child WHERE id = $1) ORDER BY id FOR UPDATE"""
_KEEP = """
INSERT INTO responsibility_transfer (id, offered_by, offered_to, outgoing, child_id, nhs_number, shielded, opening,
                                     kept_at, state)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (id) DO UPDATE SET child_id = COALESCE(responsibility_transfer.child_id, excluded.child_id),
    state = excluded.state"""
_STATE = """
INSERT INTO responsibility_statement (transfer_id, digest, text, kept_at) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING"""
_MOVE = """
UPDATE child SET authority = $2
WHERE identity_id = (SELECT identity_id FROM child WHERE id = $1) AND authority <> $2"""
_SHIELD = """
INSERT INTO shield (id, child_id, identity_id, requested_by, requested_at, review_due, requester)
SELECT $2, c.id, c.identity_id, 'authority', $3, $4, $5 FROM child c
WHERE c.id = $1 AND NOT EXISTS (
    SELECT FROM shield held WHERE held.identity_id = c.identity_id AND held.lifted_at IS NULL)"""
_TELL = """
INSERT INTO responsibility_outbox (transfer_id, person, name, role, agency, purpose, due_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (transfer_id) DO UPDATE SET version = responsibility_outbox.version + 1, person = excluded.person,
    name = excluded.name, role = excluded.role, agency = excluded.agency, purpose = excluded.purpose,
    due_at = excluded.due_at, attempts = 0, fault = NULL"""
_TOLD = "DELETE FROM responsibility_outbox WHERE transfer_id = $1 AND version = $2"
_DUE = "transfer_id, version, person, name, role, agency, purpose, attempts"
_TAKE = f"""
UPDATE responsibility_outbox SET attempts = attempts + 1,
    due_at = $1 + LEAST($3::interval * power(2, LEAST(attempts, 20)), $4::interval)
WHERE transfer_id IN (
    SELECT transfer_id FROM responsibility_outbox WHERE due_at <= $1
    ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED)
RETURNING {_DUE}"""
_ALL_DUE = f"SELECT {_DUE} FROM responsibility_outbox ORDER BY due_at, transfer_id"
_FAULTS = "SELECT transfer_id, fault FROM responsibility_outbox"
_FAILED = "UPDATE responsibility_outbox SET fault = $3 WHERE transfer_id = $1 AND version = $2"


class PostgresTransfers:
    """Transfers over a database or a transaction; satisfies `gateway.transfers.Transfers`."""

    def __init__(self, database: Database) -> None:
        """Read and write over `database`."""
        self._database = database

    async def of_children(self, children: Sequence[ChildId]) -> Mapping[ChildId, Sequence[KeptTransfer]]:
        """Return the transfers of each child's records, the oldest first."""
        found: defaultdict[ChildId, list[KeptTransfer]] = defaultdict(list)
        for row in await self._database.fetch(_OF_CHILDREN, list(children)):
            found[row["wanted"]].append(_read(row))
        return {child: sorted(held, key=_oldest_first) for child, held in found.items()}

    async def page(self, *, after: TransferId | None, size: int, unanswered: bool) -> Sequence[KeptTransfer]:
        """Return so many transfers from one on, the oldest first; those without an answer, or all."""
        return [_read(row) for row in await self._database.fetch(_PAGE, after, size, unanswered)]

    async def hold(self, transfer: TransferId) -> KeptTransfer | None:
        """Return a transfer, and keep it from being changed by anybody else until this change ends."""
        # A lock on the id and not on a row: the same offer may arrive twice at once, before there is one.
        await self._database.fetch(_HOLD, TRANSFER_LOCK, str(transfer))
        return await self.by_id(transfer)

    async def hold_child(self, child: ChildId) -> Sequence[KeptTransfer]:
        """Return a child's transfers, and keep who is responsible from being changed until this change ends."""
        await self._database.fetch(_HOLD_RECORDS, child)
        return (await self.of_children([child])).get(child, ())

    async def by_id(self, transfer: TransferId) -> KeptTransfer | None:
        """Return a transfer."""
        row = await self._database.fetchrow(_BY_ID, transfer)
        return None if row is None else _read(row)

    async def keep(self, kept: KeptTransfer, *, home: AuthorityCode, at: datetime) -> None:
        """Keep a transfer as it stands now."""
        transfer, subject = kept.transfer, kept.subject
        await self._database.execute(
            _KEEP,
            transfer.id,
            transfer.offer.by,
            transfer.offer.to,
            transfer.offer.by == home,
            kept.child,
            None if subject is None else subject.nhs_number,
            subject is not None and subject.shielded,
            None if subject is None else subject.opening,
            at,
            transfer.state.value,
        )
        for one in transfer.statements:
            await self._database.execute(_STATE, transfer.id, bytes.fromhex(one.digest), one.text, at)

    async def move(self, child: ChildId, to: AuthorityCode) -> None:
        """Write who is responsible for a child, on every record of the child."""
        await self._database.execute(_MOVE, child, to)

    async def shield(self, child: ChildId, *, by: PersonId, at: datetime, review_due: date) -> None:
        """Put a child under the shield that the authority before had, provisionally, unless one is in force."""
        await self._database.execute(_SHIELD, child, uuid4(), at, review_due, by)

    async def tell(self, transfer: TransferId, *, asker: Asker, purpose: str, at: datetime) -> None:
        """Have the other side told of a transfer, in somebody's name."""
        await self._database.execute(_TELL, transfer, asker.person, asker.name, asker.role, asker.agency, purpose, at)

    async def told(self, due: Due) -> None:
        """Say that the other side has shown all of it, unless more has been said since."""
        await self._database.execute(_TOLD, due.transfer, due.version)


class PostgresTransferOutbox:
    """What is still to be told; satisfies `gateway.transfers.TransferOutbox`."""

    def __init__(self, database: Database, *, now: Callable[[], datetime]) -> None:
        """Take the pool."""
        self._database = database
        self._now = now

    async def take(self, *, most: int) -> Sequence[Due]:
        """Return what is due, each for this gateway alone until it is due again."""
        rows = await self._database.fetch(_TAKE, self._now(), most, FIRST_WAIT, LONGEST_WAIT)
        return [_due(row) for row in rows]

    async def all_of(self) -> Sequence[Due]:
        """Return everything that is still to be told, due or not."""
        return [_due(row) for row in await self._database.fetch(_ALL_DUE)]

    async def faults(self) -> Mapping[TransferId, str | None]:
        """Return what is still to be told, with why the last attempt came to nothing."""
        rows = await self._database.fetch(_FAULTS)
        return {row["transfer_id"]: row["fault"] for row in rows}

    async def failed(self, due: Due, *, fault: str) -> None:
        """Note why an attempt came to nothing."""
        await self._database.execute(_FAILED, due.transfer, due.version, fault)


def _read(row: Row) -> KeptTransfer:
    subject = None
    if row["opening"] is not None:
        subject = Subject(nhs_number=row["nhs_number"], shielded=row["shielded"], opening=row["opening"])
    return KeptTransfer(
        transfer=begun(read_kept(text) for text in row["statements"]),
        subject=subject,
        child=row["child_id"],
        delivered=row["delivered"],
    )


def _due(row: Row) -> Due:
    return Due(
        transfer=row["transfer_id"],
        version=row["version"],
        # As they stood when they decided: what was decided is told, whatever has become of whoever did.
        asker=Asker(
            person=row["person"],
            name=row["name"],
            role=row["role"],
            agency=row["agency"],
            standing=CallerStanding.CURRENT,
        ),
        purpose=row["purpose"],
        attempts=row["attempts"],
    )


def _oldest_first(kept: KeptTransfer) -> tuple[datetime, int, str]:
    offer = kept.transfer.offer
    return offer.at, offer.turn, str(offer.transfer)
