"""Files of the national demographics service, cut into entries: one resource, or the resources of a search set."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.feeds.files import FeedFile, read_json, unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One resource, where it stands (from 1) and the address it was found under."""

    row: int
    resource: Mapping[str, Any]
    asked: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a file holds; `answered_at` is when the service made it, where it says so."""

    entries: tuple[Entry, ...]
    answered_at: datetime | None


def read_answer(file: FeedFile) -> Answer:
    """Return the entries of the file.

    Raises:
        FeedUnreadable: It is not JSON, or not a FHIR resource.
    """
    document = read_json(file)
    if not isinstance(document, dict) or not isinstance(document.get("resourceType"), str):
        raise unreadable(file.name, "file-not-fhir", "The file is not a FHIR resource.")
    if document["resourceType"] != "Bundle":
        return Answer(entries=(Entry(row=1, resource=document, asked=None),), answered_at=None)
    items = document.get("entry", [])
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise unreadable(file.name, "file-not-fhir", "The entries of the bundle cannot be read.")
    return Answer(
        entries=tuple(_entry(row, item) for row, item in enumerate(items, 1)),
        answered_at=_instant(document.get("timestamp")),
    )


def _entry(row: int, item: Mapping[str, Any]) -> Entry:
    resource, asked = item.get("resource"), item.get("fullUrl")
    return Entry(
        row=row,
        resource=resource if isinstance(resource, dict) else {},
        asked=asked if isinstance(asked, str) else None,
    )


def storable(resource: Mapping[str, Any]) -> bool:
    """Say whether every text in the resource is one that a database can hold: no zero byte, no half of a letter."""
    try:
        text = json.dumps(resource, ensure_ascii=False)
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\\u0000" not in text


def _instant(text: object) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return instant.astimezone(UTC) if instant and instant.tzinfo else None
