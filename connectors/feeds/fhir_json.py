"""FHIR as JSON, asked for politely: what is not there, or not of the expected kind, is absent and no accident."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

Json = Mapping[str, Any]

_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T.*)?")


def text(item: Json, key: str) -> str | None:
    """Return a text."""
    value = item.get(key)
    return value if isinstance(value, str) else None


def object_(item: Json, key: str) -> Json:
    """Return an object; empty where there is none."""
    value = item.get(key)
    return value if isinstance(value, dict) else {}


def objects(item: Json, key: str) -> list[Json]:
    """Return the objects of a list."""
    value = item.get(key)
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def texts(item: Json, key: str) -> list[str]:
    """Return the texts of a list."""
    value = item.get(key)
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []


def day(value: object) -> date | None:
    """Return the day of a date or an instant; a year or a month alone is none."""
    match = _DAY.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    try:
        return date.fromisoformat(match[1])
    except ValueError:
        return None
