"""The canonical form of an entry, its hash, and what the index takes from it.

The layout is described field by field in `docs/ledger.md`. An entry is made in two steps: `prepare` does all that can
fail, in the ask's own time; `PreparedEntry.sealed` puts in the number and the sealed parts, once the keys are at hand.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

from gateway.disclosure.question import Attribute, acting_for
from gateway.ledger.entry import AuditEntry, FieldsNote, RecordNote
from gateway.ledger.sealing import NOBODY, KeyName, SealingKey, decoded, encoded, part_key, seal

RecordClass = tuple[tuple[str, Attribute], ...]
_Names = tuple[str, ...]
_Shape = tuple[str, _Names, _Names]
_Clean = Callable[[Any], Any]
_Form = tuple[FieldsNote, str | None, tuple[int, ...], int, int | None]
"""What stands open of one record in an entry: what was decided, its home, its children and its part, and its class.

Most records of most asks have one of a few forms.
"""

ENTRY_VERSION: Final = 2
SALT_BYTES: Final = 16
INDEX_TEXT_LIMIT: Final = 200
"""Characters of a claim that the index keeps; a B-tree refuses longer ones, and no claim may stop an entry."""
SEARCHES_LIMIT: Final = 32_767
_WITHOUT_ZONE: Final = len("2026-11-22T12:00:00.000000")
_BY_TAG: Final = attrgetter("tag")


class IndexRow(NamedTuple):
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


class ChildRow(NamedTuple):
    """What an entry says of one child, known by the tag of its key; fields as `Type.field`, sorted, each once."""

    tag: bytes
    told: tuple[str, ...]
    withheld: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedEntry:
    """An entry as it is kept: its number, its canonical bytes, and what the index says of it."""

    seq: int
    entry: bytes
    index: IndexRow
    children: tuple[ChildRow, ...]


class Part(NamedTuple):
    """Words to be sealed together, and by whose keys: places in `PreparedEntry.keys`."""

    by: tuple[int, ...]
    plain: bytes


class PreparedEntry(NamedTuple):
    """An entry that only lacks its number and its seals: all that can fail in it has been tried.

    `keys` names the keys that seal it, the children's first; `told` holds what the index says of each of those.
    """

    pieces: tuple[str, str, str, str]
    salt: bytes
    keys: tuple[KeyName, ...]
    parts: tuple[Part, ...]
    told: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    indexed: IndexRow

    def closed(self, keys: Mapping[KeyName, SealingKey]) -> "ClosedEntry":
        """Return the entry with its parts sealed under the keys it names, all of which must be there."""
        named = [keys[name] for name in self.keys]
        tags = ",".join([f'"{encoded(key.tag)}"' for key in named])
        parts = ",".join(
            [
                f'{{"by":[{",".join(map(str, part.by))}],"text":"'
                f'{seal(part_key([named[place] for place in part.by], salt=self.salt, part=number), part.plain)}"}}'
                for number, part in enumerate(self.parts)
            ]
        )
        before_keys, before_sealed, before_seq, after_seq = self.pieces
        rows = [ChildRow(key.tag, told, withheld) for key, (told, withheld) in zip(named, self.told, strict=False)]
        return ClosedEntry(
            f"{before_keys}[{tags}]{before_sealed}[{parts}]{before_seq}",
            after_seq,
            self.indexed,
            tuple(sorted(rows, key=_BY_TAG) if len(rows) > 1 else rows),
        )

    def sealed(self, seq: int, keys: Mapping[KeyName, SealingKey]) -> SealedEntry:
        """Return the entry under its number, its parts sealed under the keys it names; all of them must be there."""
        return self.closed(keys).numbered(seq)


class ClosedEntry(NamedTuple):
    """An entry that only lacks its number: what takes time is done before the turn to number is waited for."""

    before: str
    after: str
    indexed: IndexRow
    children: tuple[ChildRow, ...]

    def numbered(self, seq: int) -> SealedEntry:
        """Return the entry under its number."""
        entry = f"{self.before}{seq}{self.after}".encode()
        return SealedEntry(seq=seq, entry=entry, index=self.indexed, children=self.children)

    def leaf_hash(self, seq: int) -> bytes:
        """Return the hash that the entry has under this number."""
        return hashlib.sha256(f"\x00{self.before}{seq}{self.after}".encode()).digest()


def prepare(entry: AuditEntry) -> PreparedEntry:
    """Return the entry in canonical form, ready for its number and its keys.

    Raises:
        TypeError, ValueError: The entry holds something that it may not hold; this is a defect of the caller.
    """
    if not 0 <= entry.searches <= SEARCHES_LIMIT:
        raise ValueError("an entry counts its searches from 0 to 32,767")
    if len(entry.salt) != SALT_BYTES:
        raise ValueError("the salt of an entry has 16 bytes")
    return _prepared(entry, _Sealing(entry))


def leaf_hash(entry: bytes) -> bytes:
    """Return the RFC 9162 hash of a leaf: SHA-256 over a zero byte and the entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


class _Sealing:
    """Who is to be able to open which part of an entry: each record goes with those about the same children."""

    def __init__(self, entry: AuditEntry) -> None:
        year = entry.at.astimezone(UTC).year
        # Most records of an entry are about the same children.
        self.groups: dict[tuple[str, ...], list[RecordNote]] = {}
        for record in entry.records:
            self.groups.setdefault(record.about, []).append(record)
        places: dict[str, int] = {}
        for about in self.groups:
            for child in about:
                places.setdefault(child, len(places))
        self.children = len(places)
        self.nobody = len(places)
        keys = [KeyName(UUID(child), year) for child in places]
        if not places or () in self.groups:
            keys.append(KeyName(NOBODY, year))
        self.keys = tuple(keys)
        self.everybody = tuple(range(self.children)) or (self.nobody,)
        # Part 0 is the ask; the records' parts follow in the order in which their children first appear.
        self.place_of = {
            about: (tuple([places[child] for child in about]), part) for part, about in enumerate(self.groups, start=1)
        }

    def parts(self, ask: bytes, clean: _Clean) -> tuple[Part, ...]:
        """Return the parts with their words: the ask, and each group of records."""
        records = [
            Part(
                by=self.place_of[about][0] or (self.nobody,),
                plain=_dumped(clean([{"id": record.id, "values": record.values} for record in group])),
            )
            for about, group in self.groups.items()
        ]
        return (Part(by=self.everybody, plain=ask), *records)


def _prepared(entry: AuditEntry, sealing: _Sealing) -> PreparedEntry:
    classes: dict[RecordClass, int] = {}
    forms = _forms(entry.records, classes, sealing)
    try:
        document = open_document(entry, classes, [_written(*form) for form in forms])
        told: Sequence[tuple[_Names, _Names]] = [
            _told_by(tuple(of_child)) for of_child in _by_child(forms, sealing.children)
        ]
        return _made(entry, sealing, document, told, clean=_as_it_is)
    except orjson.JSONEncodeError:
        document = without_lone_surrogates(open_document(entry, classes, [_record(*form) for form in forms]))
        told = _told_in(document, sealing.children)
        return _made(entry, sealing, document, told, clean=without_lone_surrogates)


def _made(
    entry: AuditEntry,
    sealing: _Sealing,
    document: Mapping[str, Any],
    told: Sequence[tuple[_Names, _Names]],
    *,
    clean: _Clean,
) -> PreparedEntry:
    return PreparedEntry(
        pieces=_pieces(document),
        salt=entry.salt,
        keys=sealing.keys,
        parts=sealing.parts(_dumped(clean(_ask(entry))), clean),
        told=tuple(told),
        indexed=index_of(document),
    )


def open_document(entry: AuditEntry, classes: Iterable[RecordClass], records: Sequence[Any]) -> dict[str, Any]:
    """Return what stands open in an entry, as JSON values, without its number, its tags and its sealed parts."""
    caller, access, operation, policy = entry.caller, entry.access, entry.operation, entry.policy
    document: dict[str, Any] = {
        "access": {"grant": access.grant, "origin": access.origin, "purpose": access.purpose},
        "at": instant(entry.at),
        "caller": None
        if caller is None
        else {
            "acts_for": acting_for(caller.acts_for, caller.through),
            "agency": caller.agency,
            "authority": caller.authority,
            "mediated_for": caller.mediated_for,
            "peer": caller.peer,
            "person": caller.person,
            "role": caller.role,
            "standing": caller.standing,
            **({} if caller.assertion is None else {"assertion": caller.assertion}),
            **({} if caller.commitment is None else {"commitment": caller.commitment}),
        },
        "classes": [dict(record_class) for record_class in classes],
        "gateway": entry.gateway,
        "operation": {"hash": operation.hash},
        "outcome": {
            "codes": [{"code": note.code, "reason": note.reason} for note in entry.outcome.codes],
            "status": entry.outcome.status,
        },
        "policy": None if policy is None else {"engine": policy.engine, "revision": policy.revision},
        "records": records,
        "request_id": entry.request_id,
        "salt": encoded(entry.salt),
        "searches": entry.searches,
        "sources": [
            {
                "as_of": None if source.as_of is None else instant(source.as_of),
                "authority": source.authority,
                "elapsed_ms": source.elapsed_ms,
                "status": source.status,
                **({} if source.reason is None else {"reason": source.reason}),
                **({} if source.entry is None else {"entry": {"leaf": source.entry[1], "number": source.entry[0]}}),
            }
            for source in entry.sources
        ],
        "v": ENTRY_VERSION,
    }
    if entry.committing is not None:
        document["committing"] = encoded(entry.committing)
    if entry.erased:
        document["erased"] = [encoded(tag) for tag in entry.erased]
    return document


def _ask(entry: AuditEntry) -> dict[str, Any]:
    return {
        "caller": None if entry.caller is None else entry.caller.name,
        "case": entry.access.case,
        "operation": entry.operation.name,
        "reason": entry.access.reason,
        "text": entry.operation.text,
        "variables": entry.operation.variables,
    }


def instant(at: datetime) -> str:
    """Return an aware instant as RFC 3339 in UTC with microseconds.

    Raises:
        ValueError: The instant has no time zone.
    """
    if at.tzinfo is None:
        raise ValueError("an instant in the ledger has a time zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds")[:_WITHOUT_ZONE] + "Z"


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
    """Return one row for each child that the entry's document touches, in the order of their tags."""
    touched = 1 + max((place for record in document["records"] for place in record["about"]), default=-1)
    tags = [decoded(tag) for tag in document["keys"][:touched]]
    rows = [
        ChildRow(tag=tag, told=told, withheld=withheld)
        for tag, (told, withheld) in zip(tags, _told_in(document, touched), strict=True)
    ]
    return tuple(sorted(rows, key=_BY_TAG))


def _told_in(document: Mapping[str, Any], children: int) -> Sequence[tuple[_Names, _Names]]:
    shapes = [(_shape(record), record["about"]) for record in document["records"]]
    return _told(shapes, children)


def _told(shapes: Iterable[tuple[_Shape, Iterable[int]]], children: int) -> Sequence[tuple[_Names, _Names]]:
    of_children: list[list[_Shape]] = [[] for _ in range(children)]
    for shape, about in shapes:
        for place in about:
            of_children[place].append(shape)
    return [_named(tuple(of_child)) for of_child in of_children]


def _shape(record: Mapping[str, Any]) -> _Shape:
    return (
        str(record["type"]),
        (*record.get("disclosed", ()), *record.get("masked", ())),
        (*record.get("withheld", ()), *record.get("concealed", ())),
    )


# Most asks are one of a few documents under a few decisions: what they come to is worked out once.
@lru_cache(maxsize=1024)
def _named(shapes: tuple[_Shape, ...]) -> tuple[_Names, _Names]:
    told = {f"{type_name}.{name}" for type_name, names, _ in shapes for name in names}
    withheld = {f"{type_name}.{name}" for type_name, _, names in shapes for name in names}
    return tuple(sorted(told)), tuple(sorted(withheld))


def _forms(records: Iterable[RecordNote], classes: dict[RecordClass, int], sealing: _Sealing) -> list[_Form]:
    # Hundreds of records have a handful of classes; each is written once and the records say which is theirs. Those
    # told alike have one and the same, which is found faster by which object it is than by what it says.
    class_at: dict[int, int | None] = {id(None): None}
    forms: list[_Form] = []
    for decided, _, home, about, _, record_class in records:
        at = id(record_class)
        if record_class is not None and at not in class_at:
            class_at[at] = classes.setdefault(record_class, len(classes))
        places, part = sealing.place_of[about]
        forms.append((decided, home, places, part, class_at[at]))
    return forms


def _by_child(forms: Iterable[_Form], children: int) -> Sequence[Sequence[FieldsNote]]:
    of_children: list[list[FieldsNote]] = [[] for _ in range(children)]
    for decided, _, about, _, _ in forms:
        for place in about:
            of_children[place].append(decided)
    return of_children


@lru_cache(maxsize=1024)
def _told_by(of_child: tuple[FieldsNote, ...]) -> tuple[_Names, _Names]:
    return _named(
        tuple(
            (str(decided.type), (*decided.disclosed, *decided.masked), (*decided.withheld, *decided.concealed))
            for decided in of_child
        )
    )


@lru_cache(maxsize=4096)
def _written(
    decided: FieldsNote, home: str | None, about: tuple[int, ...], part: int, record_class: int | None
) -> orjson.Fragment:
    return orjson.Fragment(_dumped(_record(decided, home, about, part, record_class)))


def _record(
    decided: FieldsNote, home: str | None, about: tuple[int, ...], part: int, record_class: int | None
) -> dict[str, Any]:
    # Most records are told in full; groups with nothing in them are left out.
    document: dict[str, Any] = {
        "about": about,
        "exists": decided.exists,
        "home": home,
        "part": part,
        "type": decided.type,
    }
    if record_class is not None:
        document["class"] = record_class
    if decided.reasons:
        document["reasons"] = decided.reasons
    if decided.disclosed:
        document["disclosed"] = sorted(decided.disclosed)
    if decided.masked:
        document["masked"] = decided.masked
    if decided.withheld:
        document["withheld"] = {
            name: {"reasons": note.reasons, "tell": note.tell} for name, note in decided.withheld.items()
        }
    if decided.concealed:
        document["concealed"] = decided.concealed
    return document


# Keys sort by code point here and by UTF-16 unit in RFC 8785: the same, as every key is a name of ours or of GraphQL.
_OPTIONS: Final = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER
_LATE: Final = orjson.Fragment(b"\x00")
"""Stands for what is known only when the entry is sealed: JSON spells this character out wherever it is meant."""


_MISSING: Final = {"keys": _LATE, "sealed": _LATE, "seq": _LATE}


def _dumped(value: Any) -> bytes:
    return orjson.dumps(value, option=_OPTIONS)


def _pieces(document: Mapping[str, Any]) -> tuple[str, str, str, str]:
    before_keys, before_sealed, before_seq, after_seq = _dumped({**document, **_MISSING}).decode().split("\x00")
    return before_keys, before_sealed, before_seq, after_seq


def _as_it_is(value: Any) -> Any:
    return value


def without_lone_surrogates(value: Any) -> Any:
    """Return JSON values with each half of a surrogate pair, which has no UTF-8 form, spelt out as `\\udXXX`."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, Mapping):
        return {without_lone_surrogates(key): without_lone_surrogates(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [without_lone_surrogates(part) for part in value]
    return value


def _index_text(value: str | None) -> str | None:
    return None if value is None else value[:INDEX_TEXT_LIMIT].replace("\x00", "\ufffd")
