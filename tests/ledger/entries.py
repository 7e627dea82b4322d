"""Entries about made-up children; a test states only what matters to it."""

import hashlib
from datetime import UTC, datetime
from uuid import UUID

from gateway.ledger.canonical import leaf_hash, prepare
from gateway.ledger.entry import (
    AccessNote,
    AuditEntry,
    CallerNote,
    FieldsNote,
    OperationNote,
    OutcomeNote,
    OutcomeStatus,
    PolicyNote,
    RecordNote,
    SourceNote,
    WithheldNote,
)
from gateway.ledger.opening import open_entry
from gateway.ledger.sealing import SealingKey
from gateway.ledger.stored import StoredEntry
from gateway.vocabulary import Effect, RecordType, SourceStatus

AYESHA = UUID("0190f2b0-0000-7000-8000-00000000a1e5")
BEN = UUID("0190f2b0-0000-7000-8000-0000000000be")
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def keys_for(prepared):
    """A key for each name an entry wants: always the same for the same name."""
    return {
        name: SealingKey.of(hashlib.sha256(name.child.bytes + str(name.year).encode()).digest())
        for name in prepared.keys
    }


def sealed(entry, seq=0):
    """An entry in the form in which it is kept."""
    prepared = prepare(entry)
    return prepared.sealed(seq, keys_for(prepared))


def stored(entry, seq=0):
    """An entry as it is stored under its number."""
    content = sealed(entry, seq).entry
    return StoredEntry(seq=seq, entry=content, leaf_hash=leaf_hash(content))


def opened(entry, seq=0, *, without=()):
    """An entry as it is read with its keys, save those of some children."""
    keys = {key.tag: (name, key) for name, key in keys_for(prepare(entry)).items() if name.child not in without}
    return open_entry(stored(entry, seq), keys)


def a_caller(**changes):
    """A health visitor."""
    return CallerNote(
        **{
            "person": "practitioner-7",
            "name": "Robin Example",
            "role": "health-practitioner",
            "agency": "0190f2b0-0000-7000-8000-000000000001",
            "authority": "E08000009",
            **changes,
        }
    )


def a_record(child=AYESHA, **changes):
    """A child's record told in full, save an address; `disclosed` maps a field to its commitment."""
    record = {
        "type": RecordType.CHILD,
        "id": str(child),
        "home": "E08000009",
        "about": (str(child),),
        "disclosed": {"givenName": "commitment-1", "dateOfBirth": "commitment-2"},
        "withheld": {"address": WithheldNote(reasons=("shield-active",), tell="SHIELDED")},
        "record_class": None,
        **changes,
    }
    ours = {name: record.pop(name) for name in ("id", "home", "about", "record_class")}
    values = record.pop("disclosed")
    return RecordNote(FieldsNote(**record, disclosed=tuple(values)), **ours, values=values)


def a_masked_involvement(child=AYESHA):
    """An involvement whose service is masked and whose practitioner is concealed."""
    return RecordNote(
        FieldsNote(
            type=RecordType.INVOLVEMENT,
            masked={"service": ("sensitive-service",)},
            concealed={"practitioner": ("sensitive-service",)},
        ),
        id="0190f2b0-0000-7000-8000-000000000002",
        home="E08000009",
        about=(str(child),),
        values={"service": "commitment-3"},
    )


def a_concealed_record(child=BEN, *, record_class=None, concealed=("givenName",)):
    """A record that shows no trace."""
    return a_record(
        child,
        exists=Effect.CONCEAL,
        reasons=("shield-active",),
        disclosed={},
        withheld={},
        concealed=dict.fromkeys(concealed, ("shield-active",)),
        record_class=record_class,
    )


def an_entry(**changes):
    """An answered ask about Ayesha."""
    return AuditEntry(
        **{
            "request_id": "request-1",
            "at": NOON,
            "gateway": "E08000009",
            "caller": a_caller(),
            "access": AccessNote(purpose="direct-support", reason="New referral", case="C-2026-118"),
            "operation": OperationNote(hash="0" * 64, name="WhoWorksWith", text="query WhoWorksWith", variables="{}"),
            "policy": PolicyNote(revision="1", engine="opa"),
            "outcome": OutcomeNote(status=OutcomeStatus.ANSWERED),
            "sources": (SourceNote(authority="E08000009", status=SourceStatus.ANSWERED, as_of=NOON, elapsed_ms=4),),
            "records": (a_record(),),
            "salt": b"s" * 16,
            **changes,
        }
    )
