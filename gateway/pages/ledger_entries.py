"""Entries of the ledger as records: what the index says of one, and what the entry itself says once it is opened."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson

from gateway.ledger.canonical import IndexRow, children_of, index_of
from gateway.ledger.checkpoint import hash_text
from gateway.ledger.opening import OpenedEntry
from gateway.ledger.searching import Listed
from gateway.ledger.stored import StoredEntry
from gateway.records import LedgerEntry
from gateway.vocabulary import AgencyId, ChildId

LISTED: Final = frozenset(
    {
        "number",
        "at",
        "requestId",
        "person",
        "role",
        "agency",
        "agencyCode",
        "authority",
        "purpose",
        "outcome",
    }
)
"""Fields that a list shows: they say nothing of any child."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known besides the ledger: names of agencies by the id that callers claim, and the purposes of roles."""

    agencies: Mapping[str, str]
    purposes: Mapping[str, Collection[str]]


def agency_ids(codes: Collection[str | None]) -> list[AgencyId]:
    """Return the agencies that claims name; a claim of another form names none."""
    found = []
    for code in set(codes):
        try:
            found.append(AgencyId(UUID(code or "")))
        except ValueError:
            continue
    return found


def listed_entry(listed: Listed, known: Known, *, reviewed: str | None = None) -> LedgerEntry:
    """Return the record of an entry as the index has it."""
    return LedgerEntry(**_indexed(listed.seq, listed.index, known), reviewed=reviewed)


def unread_entry(listed: Listed, stored: StoredEntry, known: Known) -> LedgerEntry:
    """Return the record of an entry that is no entry any more: its index, its bytes and its hash."""
    return LedgerEntry(
        **_indexed(listed.seq, listed.index, known),
        leaf_hash=hash_text(stored.leaf_hash),
        document=stored.entry.decode(),
    )


def opened_entry(opened: OpenedEntry, known: Known, *, criteria: Sequence[str]) -> LedgerEntry:
    """Return the record of an entry with what could be opened of it; `criteria` are those that a search may have."""
    document, ask = opened.document, opened.ask or {}
    caller, policy = document["caller"] or {}, document["policy"] or {}
    return LedgerEntry(
        **_indexed(opened.stored.seq, index_of(document), known),
        reviewed=reviewed_by(document),
        name=ask.get("caller"),
        mediated_for=caller.get("mediated_for"),
        peer=caller.get("peer"),
        standing=caller.get("standing"),
        reason=ask.get("reason"),
        case_reference=ask.get("case"),
        codes=tuple(document["outcome"]["codes"]),
        searches=document["searches"],
        searched_by=tuple(_searched_by(ask, criteria)),
        text=ask.get("text"),
        variables=ask.get("variables"),
        policy_revision=policy.get("revision"),
        engine=policy.get("engine"),
        sources=tuple(document["sources"]),
        records=tuple(_records(document)),
        children=tuple(ChildId(child) for child in opened.children.values()),
        leaf_hash=hash_text(opened.stored.leaf_hash),
        document=opened.stored.entry.decode(),
    )


def document_of(stored: StoredEntry) -> Mapping[str, Any] | None:
    """Return an entry's document, or None if its bytes are none."""
    try:
        document = orjson.loads(stored.entry)
        index_of(document), children_of(document), list(_records(document))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return None
    return document if isinstance(document, dict) else None


def reviewed_by(document: Mapping[str, Any]) -> str | None:
    """Return the one authority whose callers an entry can have reviewed, or None if it may be any.

    Classes say whose callers they were as the asker saw it; where none says it, nothing was found, of anybody.
    """
    whose = {value for one in document["classes"] for name, value in one.items() if name in ("asker", "about")}
    caller = document["caller"] or {}
    return caller.get("authority") if whose == {"own-authority"} else None


def forgotten(opened: OpenedEntry) -> int:
    """Return how many of the children that an entry is about are not known any more, their keys being destroyed."""
    return sum(row.tag not in opened.children for row in children_of(opened.document))


def _indexed(seq: int, index: IndexRow, known: Known) -> dict[str, Any]:
    purposes = known.purposes.get(index.role or "", ())
    return {
        "number": seq,
        "at": index.at,
        "request_id": index.request_id,
        "person": index.person,
        "role": index.role,
        "agency": known.agencies.get(index.agency or "", index.agency),
        "agency_code": index.agency,
        "authority": index.authority,
        "purpose": index.purpose,
        "stated": index.purpose if index.purpose in purposes else None,
        "outcome": index.outcome,
    }


def _searched_by(ask: Mapping[str, Any], criteria: Sequence[str]) -> Iterator[str]:
    """Yield the criteria of a search that the ask states: that they were stated, and not what for."""
    said = f"{ask.get('text') or ''}\n{ask.get('variables') or ''}"
    for name in criteria:
        if re.search(rf'\b{name}"?\s*:', said):
            yield name


def _records(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for record in document["records"]:
        yield {
            "type": str(record["type"]),
            "home": record["home"],
            # Children are told apart by their place; which ones they are is a field of its own.
            "children": [place + 1 for place in record["about"]],
            "exists": record["exists"],
            "reasons": list(record.get("reasons", ())),
            "fields": list(_fields(record)),
        }


def _fields(record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name in record.get("disclosed", ()):
        yield {"name": name, "effect": "disclose", "reasons": [], "tell": None}
    for name, reasons in record.get("masked", {}).items():
        yield {"name": name, "effect": "mask", "reasons": list(reasons), "tell": None}
    for name, note in record.get("withheld", {}).items():
        yield {"name": name, "effect": "withhold", "reasons": list(note["reasons"]), "tell": note["tell"]}
    for name, reasons in record.get("concealed", {}).items():
        yield {"name": name, "effect": "conceal", "reasons": list(reasons), "tell": None}
