"""What is known of one ask, and the audit entry it comes to."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from typing import Any, Final

import orjson

from gateway.disclosure.decisions import Decisions
from gateway.disclosure.noting import record_notes
from gateway.disclosure.question import GrantAttributes
from gateway.disclosure.road import Notes
from gateway.errors import AskRefused, DirectoryError
from gateway.identity import Access, Caller, Claims, Opened
from gateway.ledger.beginning import commitment_to
from gateway.ledger.canonical import open_document
from gateway.ledger.commitments import Commitments
from gateway.ledger.entry import (
    AccessNote,
    AuditEntry,
    CallerNote,
    CodeNote,
    OperationNote,
    OutcomeNote,
    OutcomeStatus,
    PolicyNote,
    RecordNote,
    SourceNote,
)
from gateway.vocabulary import AuthorityCode

_ANSWERED: Final = OutcomeNote(status=OutcomeStatus.ANSWERED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What a client sent: a document's text, the operation meant, and its variables."""

    text: str
    name: str | None
    variables: Mapping[str, Any]
    digest: str | None = None
    """The hash by which its document was asked for, where it was; of one that is not known here there is no text."""
    safe: bool = False
    """Whether it was asked by a method that changes nothing, with all of it in an address."""


@dataclass(slots=True)
class Asked:
    """What is known of an ask so far; `claims` is absent where nobody could be identified."""

    claims: Claims | None
    access: Access
    operation: Operation
    request_id: str
    at: datetime
    caller: Caller | None = None
    decisions: Decisions | None = None
    notes: Notes | None = None
    grant: tuple[GrantAttributes, Opened | None] | None = None
    """How the grant that the ask names stood when the ask used it up, and what it opens."""
    until: float = inf
    """When the answer has to be there, by the clock of the event loop."""
    salt: bytes = field(default_factory=Commitments.new_salt)
    """Of the next entry that is made of it."""


def commitment_of(asked: Asked, *, gateway: AuthorityCode) -> str:
    """Return what the entry of an ask is committed to, whatever becomes of the ask from here on."""
    return commitment_to(open_document(_entry(asked, gateway, salt=asked.salt), (), ()))


def entry_of(
    asked: Asked, error: DirectoryError | None, *, gateway: AuthorityCode, commitments: Commitments
) -> AuditEntry:
    """Return the entry of an ask that ended, by an error or in an answer; of an error no record is noted as told."""
    salt, decisions = asked.salt, asked.decisions
    # Of a change that could not be confirmed there is a second entry, and no key may seal two parts under one salt.
    asked.salt = commitments.new_salt()
    notes = asked.notes if error is None else None
    return _entry(
        asked,
        gateway,
        salt=salt,
        policy=None if decisions is None else PolicyNote(revision=decisions.revision, engine=decisions.engine),
        outcome=_outcome(error),
        sources=()
        if asked.notes is None
        else tuple(
            # Whom an ask went to stands in its entry even if it failed: the other side has an entry of it as well.
            SourceNote(
                authority=source.authority_code,
                status=source.status,
                as_of=source.as_of,
                elapsed_ms=source.elapsed_ms,
                reason=source.reason,
                entry=source.entry,
            )
            for source in asked.notes.sources
            if error is None or source.authority_code != gateway
        ),
        records=() if notes is None else record_notes(notes, commitments, salt),
        # A search is charged even where it was refused or failed: trying is what the budget bounds.
        searches=asked.notes.searches if asked.notes is not None else 0,
        committing=commitments.tag,
    )


def _entry(
    asked: Asked,
    gateway: AuthorityCode,
    *,
    salt: bytes,
    policy: PolicyNote | None = None,
    outcome: OutcomeNote = _ANSWERED,
    sources: tuple[SourceNote, ...] = (),
    records: tuple[RecordNote, ...] = (),
    searches: int = 0,
    committing: bytes | None = None,
) -> AuditEntry:
    """Return the entry of an ask; what is not given is not known before the ask has ended."""
    access, operation = asked.access, asked.operation
    return AuditEntry(
        request_id=asked.request_id,
        at=asked.at,
        gateway=gateway,
        caller=None if asked.claims is None else _caller(asked.claims, asked.caller),
        access=AccessNote(
            purpose=access.purpose,
            reason=access.reason,
            case=access.case,
            grant=access.grant,
            origin=access.origin,
        ),
        operation=OperationNote(
            hash=_hash_of(operation),
            name=operation.name,
            text=operation.text,
            variables=_as_text(operation.variables),
        ),
        policy=policy,
        outcome=outcome,
        salt=salt,
        sources=sources,
        records=records,
        searches=searches,
        committing=committing,
    )


def _caller(claims: Claims, caller: Caller | None) -> CallerNote:
    vouched = claims.vouched
    return CallerNote(
        person=claims.person,
        name=claims.name,
        role=claims.role,
        agency=claims.agency,
        authority=claims.authority,
        mediated_for=claims.mediated_for,
        peer=None if vouched is None else vouched.peer,
        assertion=None if vouched is None else claims.token or None,
        commitment=None if vouched is None else vouched.commitment,
        standing=None if caller is None else caller.standing.value,
        acts_for=None if caller is None else caller.acts_for,
        through=None if caller is None else caller.through,
    )


def _hash_of(operation: Operation) -> str:
    if not operation.text and operation.digest is not None:
        return operation.digest
    return hashlib.sha256(operation.text.encode("utf-8", "surrogatepass")).hexdigest()


def _outcome(error: DirectoryError | None) -> OutcomeNote:
    if error is None:
        return _ANSWERED
    status = OutcomeStatus.REFUSED if isinstance(error, AskRefused) else OutcomeStatus.FAILED
    return OutcomeNote(status=status, codes=(CodeNote(code=error.code, reason=error.reason),))


def _as_text(variables: Mapping[str, Any]) -> str:
    try:
        return orjson.dumps(variables, option=orjson.OPT_SORT_KEYS).decode()
    except (TypeError, ValueError):
        # Numbers beyond 64 bits and lone surrogates have no form in orjson; what was sent is kept as Python shows it.
        return ascii(variables)
