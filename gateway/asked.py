"""What is known of one ask, and the audit entry it comes to."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import Any

import orjson

from gateway.disclosure.decisions import Decisions
from gateway.disclosure.noting import record_notes
from gateway.disclosure.question import GrantAttributes
from gateway.disclosure.road import Notes
from gateway.errors import AskRefused, DirectoryError
from gateway.identity import Access, Caller, Claims, Opened
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
    SourceNote,
)
from gateway.vocabulary import AuthorityCode


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


def entry_of(
    asked: Asked, error: DirectoryError | None, *, gateway: AuthorityCode, commitments: Commitments
) -> AuditEntry:
    """Return the entry of an ask that ended, by an error or in an answer; of an error no record is noted as told."""
    salt = commitments.new_salt()
    notes = asked.notes if error is None else None
    claims, access, decisions = asked.claims, asked.access, asked.decisions
    return AuditEntry(
        request_id=asked.request_id,
        at=asked.at,
        gateway=gateway,
        caller=None
        if claims is None
        else CallerNote(
            person=claims.person,
            name=claims.name,
            role=claims.role,
            agency=claims.agency,
            authority=claims.authority,
            mediated_for=claims.mediated_for,
            peer=None if claims.vouched is None else claims.vouched.peer,
            assertion=None if claims.vouched is None else claims.token or None,
            standing=None if asked.caller is None else asked.caller.standing.value,
            acts_for=None if asked.caller is None else asked.caller.acts_for,
            through=None if asked.caller is None else asked.caller.through,
        ),
        access=AccessNote(
            purpose=access.purpose,
            reason=access.reason,
            case=access.case,
            grant=access.grant,
            origin=access.origin,
        ),
        operation=OperationNote(
            hash=_hash_of(asked.operation),
            name=asked.operation.name,
            text=asked.operation.text,
            variables=_as_text(asked.operation.variables),
        ),
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
        salt=salt,
        committing=commitments.tag,
    )


def _hash_of(operation: Operation) -> str:
    if not operation.text and operation.digest is not None:
        return operation.digest
    return hashlib.sha256(operation.text.encode("utf-8", "surrogatepass")).hexdigest()


def _outcome(error: DirectoryError | None) -> OutcomeNote:
    if error is None:
        return OutcomeNote(status=OutcomeStatus.ANSWERED)
    status = OutcomeStatus.REFUSED if isinstance(error, AskRefused) else OutcomeStatus.FAILED
    return OutcomeNote(status=status, codes=(CodeNote(code=error.code, reason=error.reason),))


def _as_text(variables: Mapping[str, Any]) -> str:
    try:
        return orjson.dumps(variables, option=orjson.OPT_SORT_KEYS).decode()
    except (TypeError, ValueError):
        # Numbers beyond 64 bits and lone surrogates have no form in orjson; what was sent is kept as Python shows it.
        return ascii(variables)
