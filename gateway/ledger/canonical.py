"""The canonical form of an entry, its hash, and what the index takes from it.

The layout is described field by field in `docs/ledger.md`. Everything personal that has to be erasable one day sits
under `private`, so that a later version can seal those parts and leave every other byte where it is.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import orjson

from gateway.disclosure.question import Attribute
from gateway.ledger.entry import AuditEntry, RecordNote

RecordClass = tuple[tuple[str, Attribute], ...]

ENTRY_VERSION: Final = 1
INDEX_TEXT_LIMIT: Final = 200
"""Characters of a claim that the index keeps; a B-tree refuses longer ones, and no claim may stop an entry."""
SEARCHES_LIMIT: Final = 32_767


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRow:
    """What the index holds of an entry beside its bytes; texts are cut to `INDEX_TEXT_LIMIT` and hold no NUL."""

    at: datetime
    request_id: str
    person: str | None
    role: str | None
    agency: str | None
    authority: str | None
    purpose: str | None
    outcome: str
    searches: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildRow:
    """What an entry says of one child; fields as `Type.field`, sorted, each once."""

    child: UUID
    told: tuple[str, ...]
    withheld: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedEntry:
    """An entry that only lacks its number: all that can fail in it has been tried."""

    before: bytes
    after: bytes
    index: IndexRow
    children: tuple[ChildRow, ...]

    def numbered(self, seq: int) -> bytes:
        """Return the canonical bytes with the sequence number in its place."""
        return b'%b,"seq":%d,%b' % (self.before, seq, self.after)


def prepare(entry: AuditEntry) -> PreparedEntry:
    """Return the entry in canonical form, ready for its number.

    Raises:
        TypeError, ValueError: The entry holds something that it may not hold; this is a defect of the caller.
    """
    if not 0 <= entry.searches <= SEARCHES_LIMIT:
        raise ValueError("an entry counts its searches from 0 to 32,767")
    document = as_document(entry)
    try:
        before, after = _halves(document)
    except orjson.JSONEncodeError:
        document = _without_lone_surrogates(document)
        before, after = _halves(document)
    return PreparedEntry(before=before, after=after, index=index_of(document), children=children_of(document))


def canonical(entry: AuditEntry, seq: int) -> bytes:
    """Return the RFC 8785 form of the entry under its sequence number."""
    return prepare(entry).numbered(seq)


def leaf_hash(entry: bytes) -> bytes:
    """Return the RFC 9162 hash of a leaf: SHA-256 over a zero byte and the entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def as_document(entry: AuditEntry) -> dict[str, Any]:
    """Return the entry as JSON values, without its sequence number."""
    caller, access, operation, policy = entry.caller, entry.access, entry.operation, entry.policy
    # Hundreds of records have a handful of classes; each is written once and the records say which is theirs.
    classes = {
        record_class: number
        for number, record_class in enumerate(
            dict.fromkeys(record.record_class for record in entry.records if record.record_class is not None)
        )
    }
    return {
        "access": {"grant": access.grant, "origin": access.origin, "purpose": access.purpose},
        "at": instant(entry.at),
        "caller": None
        if caller is None
        else {
            "acts_for": None
            if caller.acts_for is None
            else {"role": caller.acts_for[0], "standing": caller.acts_for[1]},
            "agency": caller.agency,
            "authority": caller.authority,
            "mediated_for": caller.mediated_for,
            "peer": caller.peer,
            "person": caller.person,
            "role": caller.role,
            "standing": caller.standing,
        },
        "classes": [dict(record_class) for record_class in classes],
        "gateway": entry.gateway,
        "operation": {"hash": operation.hash, "name": operation.name},
        "outcome": {
            "codes": [{"code": note.code, "reason": note.reason} for note in entry.outcome.codes],
            "status": entry.outcome.status,
        },
        "policy": None if policy is None else {"engine": policy.engine, "revision": policy.revision},
        "private": {
            "ask": {
                "caller": None if caller is None else caller.name,
                "case": access.case,
                "reason": access.reason,
                "text": operation.text,
                "variables": operation.variables,
            },
            "records": [_commitments(record) for record in entry.records],
        },
        "records": [_record(record, classes) for record in entry.records],
        "request_id": entry.request_id,
        "salt": entry.salt,
        "searches": entry.searches,
        "sources": [
            {
                "as_of": None if source.as_of is None else instant(source.as_of),
                "authority": source.authority,
                "elapsed_ms": source.elapsed_ms,
                "status": source.status,
            }
            for source in entry.sources
        ],
        "v": ENTRY_VERSION,
    }


def instant(at: datetime) -> str:
    """Return an aware instant as RFC 3339 in UTC with microseconds.

    Raises:
        ValueError: The instant has no time zone.
    """
    if at.tzinfo is None:
        raise ValueError("an instant in the ledger has a time zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def index_of(document: Mapping[str, Any]) -> IndexRow:
    """Return what the index says of an entry's document."""
    caller = document["caller"] or {}
    return IndexRow(
        at=datetime.fromisoformat(document["at"]),
        request_id=_index_text(document["request_id"]) or "",
        person=_index_text(caller.get("person")),
        role=_index_text(caller.get("role")),
        agency=_index_text(caller.get("agency")),
        authority=_index_text(caller.get("authority")),
        purpose=_index_text(document["access"]["purpose"]),
        outcome=str(document["outcome"]["status"]),
        searches=document["searches"],
    )


def children_of(document: Mapping[str, Any]) -> tuple[ChildRow, ...]:
    """Return one row for each child that the entry's document touches, in the order of their ids."""
    shapes: dict[str, list[_Shape]] = {}
    for record in document["records"]:
        shape = (
            str(record["type"]),
            (*record.get("disclosed", ()), *record.get("masked", ())),
            (*record.get("withheld", ()), *record.get("concealed", ())),
        )
        for child in record["about"]:
            shapes.setdefault(child, []).append(shape)
    return tuple(_child_row(child, *_named(tuple(shapes[child]))) for child in sorted(shapes))


_Shape = tuple[str, tuple[str, ...], tuple[str, ...]]
_Names = tuple[str, ...]


def _child_row(child: str, told: _Names, withheld: _Names) -> ChildRow:
    return ChildRow(child=UUID(child), told=told, withheld=withheld)


# Most asks are one of a few documents under a few decisions: what they come to is worked out once.
@lru_cache(maxsize=1024)
def _named(shapes: tuple[_Shape, ...]) -> tuple[_Names, _Names]:
    told = {f"{type_name}.{name}" for type_name, names, _ in shapes for name in names}
    withheld = {f"{type_name}.{name}" for type_name, _, names in shapes for name in names}
    return tuple(sorted(told)), tuple(sorted(withheld))


def _record(record: RecordNote, classes: Mapping[RecordClass, int]) -> dict[str, Any]:
    # Most records are told in full; groups with nothing in them are left out.
    document: dict[str, Any] = {
        "about": record.about,
        "exists": record.exists,
        "home": record.home,
        "id": record.id,
        "type": record.type,
    }
    if record.record_class is not None:
        document["class"] = classes[record.record_class]
    if record.reasons:
        document["reasons"] = record.reasons
    if record.disclosed:
        document["disclosed"] = sorted(record.disclosed)
    if record.masked:
        document["masked"] = {name: note.reasons for name, note in record.masked.items()}
    if record.withheld:
        document["withheld"] = {
            name: {"reasons": note.reasons, "tell": note.tell} for name, note in record.withheld.items()
        }
    if record.concealed:
        document["concealed"] = record.concealed
    return document


def _commitments(record: RecordNote) -> Mapping[str, str]:
    if not record.masked:
        return record.disclosed
    return {**record.disclosed, **{name: note.commitment for name, note in record.masked.items()}}


_AFTER_SEQ: Final = ("sources", "v")
# Keys sort by code point here and by UTF-16 unit in RFC 8785: the same, as every key is a name of ours or of GraphQL.
_OPTIONS: Final = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER


def _halves(document: dict[str, Any]) -> tuple[bytes, bytes]:
    # The number is known only inside the transaction; "seq" sorts after "searches" and before "sources".
    after = {name: document[name] for name in _AFTER_SEQ}
    before = {name: value for name, value in document.items() if name not in _AFTER_SEQ}
    return orjson.dumps(before, option=_OPTIONS)[:-1], orjson.dumps(after, option=_OPTIONS)[1:]


def _without_lone_surrogates(value: Any) -> Any:
    # Half a surrogate pair has no UTF-8 form. An ask that holds one is recorded all the same, with `\\udXXX` spelt out.
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, Mapping):
        return {_without_lone_surrogates(key): _without_lone_surrogates(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_without_lone_surrogates(part) for part in value]
    return value


def _index_text(value: str | None) -> str | None:
    return None if value is None else value[:INDEX_TEXT_LIMIT].replace("\x00", "\ufffd")
