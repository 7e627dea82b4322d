"""One audit entry: what one ask was, and what was decided on every field; its bytes are made in `canonical`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal, NamedTuple

from gateway.disclosure.question import Attribute
from gateway.vocabulary import Effect, RecordType, SourceStatus

NOT_FOUND: Final = "not-found"
Existence = Effect | Literal["not-found"]


class OutcomeStatus(StrEnum):
    """How an ask ended for the caller."""

    ANSWERED = "answered"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerNote:
    """Who asked, as the token said it; `mediated_for` is the person asked for, `peer` the gateway that asserts both.

    `standing` is what the register said at that moment, `acts_for` the role and standing of the person asked for:
    with the claims, all of the caller that a decision may depend on.
    """

    person: str
    name: str | None
    role: str
    agency: str
    authority: str
    mediated_for: str | None = None
    peer: str | None = None
    standing: str | None = None
    acts_for: tuple[str, str] | None = None
    through: tuple[str, str] | None = None
    """Role and standing of a mediator elsewhere, where the peer asks through one."""
    assertion: str | None = None
    """The id (`jti`) of the assertion under which a peer asked."""
    commitment: str | None = None
    """What that peer committed its own entry to before it asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessNote:
    """Why the caller asked; `None` where it was not stated."""

    purpose: str | None
    reason: str | None
    case: str | None = None
    grant: str | None = None
    origin: str = "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationNote:
    """What was asked; `hash` is the SHA-256 of the text in hex, `variables` canonical JSON as a string."""

    hash: str
    name: str | None
    text: str
    variables: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyNote:
    """Which rules decided, and the engine that read them."""

    revision: str
    engine: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeNote:
    """An error code as it was told, with the audit reason that was not."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeNote:
    """How the ask ended."""

    status: OutcomeStatus
    codes: tuple[CodeNote, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceNote:
    """What became of asking one source."""

    authority: str
    status: SourceStatus
    as_of: datetime | None = None
    elapsed_ms: int | None = None
    reason: str | None = None
    entry: tuple[int, str] | None = None
    """Number and leaf hash of the entry that a peer made of the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithheldNote:
    """A field not told, and the code that said so."""

    reasons: tuple[str, ...]
    tell: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FieldsNote:
    """What was decided on records of one type: of each selected field, and of the records as a whole.

    `disclosed` names the fields told in full; `masked` and `concealed` map a field to its reasons.
    `exists` is `NOT_FOUND` where an id led to nothing.

    Most records share one of a few. Two are equal only if they are one object, so that what one comes to in an entry
    can be kept without comparing it.
    """

    type: RecordType
    exists: Existence = Effect.DISCLOSE
    reasons: tuple[str, ...] = ()
    disclosed: tuple[str, ...] = ()
    masked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    withheld: Mapping[str, WithheldNote] = field(default_factory=dict)
    concealed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class RecordNote(NamedTuple):
    """One record touched, and what was decided for it.

    `about` holds the ids of the children the record is about. `values` maps each told field to its commitment, which is
    to the form that was told; one that leads to other records has an empty text.
    `record_class` is the class that was decided on, `None` where nothing was: it lets other rules be tried on old asks.
    """

    decided: FieldsNote
    id: str
    home: str | None
    about: tuple[str, ...]
    values: Mapping[str, str]
    record_class: tuple[tuple[str, Attribute], ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One ask: answered, refused or failed.

    `salt` is that of the commitments and the seals, 16 bytes; `searches` is what the budget is charged;
    `caller` is `None` where nobody could be identified, `policy` where no decision was asked for.
    `erased` holds the tags of sealing keys that were destroyed, in the entry that says so. `committing` is the tag of
    the secret behind the commitments; `None` where nothing was committed to.
    """

    request_id: str
    at: datetime
    gateway: str
    caller: CallerNote | None
    access: AccessNote
    operation: OperationNote
    policy: PolicyNote | None
    outcome: OutcomeNote
    salt: bytes
    sources: tuple[SourceNote, ...] = ()
    records: tuple[RecordNote, ...] = ()
    searches: int = 0
    erased: tuple[bytes, ...] = ()
    committing: bytes | None = None
