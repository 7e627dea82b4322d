"""What is wanted of records elsewhere: the fields a document selects, as a text of our own for another gateway.

Nothing of the caller's text goes out: names are the schema's, arguments are variables, aliases and fragments are gone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from gateway.vocabulary import RecordType

LEADS_TO: Final[Mapping[tuple[RecordType, str], RecordType]] = {
    (RecordType.CANDIDATE, "child"): RecordType.CHILD,
    (RecordType.CHILD, "carers"): RecordType.CARER,
    (RecordType.CHILD, "settings"): RecordType.SETTING,
    (RecordType.CHILD, "involvements"): RecordType.INVOLVEMENT,
    (RecordType.CHILD, "leadProfessional"): RecordType.PRACTITIONER,
    (RecordType.CARER, "children"): RecordType.CHILD,
    (RecordType.CARER, "involvements"): RecordType.INVOLVEMENT,
    (RecordType.INVOLVEMENT, "child"): RecordType.CHILD,
    (RecordType.INVOLVEMENT, "practitioner"): RecordType.PRACTITIONER,
    (RecordType.INVOLVEMENT, "agency"): RecordType.AGENCY,
    (RecordType.PRACTITIONER, "agency"): RecordType.AGENCY,
}
"""The fields that lead to records which the other authority tells with the one they hang on."""

BY_CODE: Final = frozenset({"responsibleAuthority", "localAuthority"})
"""Fields that lead to an authority: its code is asked for, and the authority is told from here."""

PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "address": ("lines", "postcode", "uprn"),
    "formerNames": ("givenName", "familyName", "usedFrom", "usedUntil"),
    "safeguardingContacts": ("role", "name", "telephone", "email", "hours"),
}
"""Fields whose value has parts that are selected one by one."""

JOINED: Final = frozenset({"carers", "settings", "involvements", "leadProfessional"})
"""The fields of a child here that are joined by what linked records elsewhere tell."""

_WHOLE: Final[Mapping[str, str]] = {
    "withheld": "{ field reason remedy }",
    "provenance": "{ field source assertedAt lastConfirmedAt }",
}
_KEPT_HOME: Final = frozenset({"sources", "accessLog", "responsibilityHistory"})
"""Fields that this gateway answers of a record elsewhere."""

_NEEDED: Final[Mapping[RecordType, frozenset[str]]] = {
    RecordType.CANDIDATE: frozenset({"grade", "reasons"}),
    RecordType.INVOLVEMENT: frozenset({"id", "service", "active"}),
}
"""What a record's class or its place in the answer is made of, asked for even if nobody selects it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The fields of one type selected at one place, and those below; `active` narrows involvements."""

    type: RecordType
    fields: frozenset[str]
    parts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    below: Mapping[str, "Wanted"] = field(default_factory=dict)
    active: bool | None = None


def narrowed(wanted: Wanted, allows: Callable[[RecordType, str], bool]) -> Wanted:
    """Return what is left once everything that would not be told here is taken out, with what a class needs put in."""
    fields = {name for name in wanted.fields if allows(wanted.type, name)} - _KEPT_HOME
    below = {name: narrowed(part, allows) for name, part in wanted.below.items() if name in fields}
    return replace(wanted, fields=frozenset(fields | _NEEDED.get(wanted.type, frozenset({"id"}))), below=below)


def joined(wanted: Wanted, told: frozenset[str]) -> Wanted | None:
    """Return what is wanted of a record linked with a child of whom these fields are told; None for nothing."""
    fields = wanted.fields & told & JOINED
    if not fields:
        return None
    below = {name: part for name, part in wanted.below.items() if name in fields}
    return replace(wanted, fields=fields | (wanted.fields & {"id", "withheld"}), parts={}, below=below)


def text_of(wanted: Wanted) -> str:
    """Return the selection set."""
    return f"{{ {' '.join(_field(wanted, name) for name in sorted(wanted.fields))} }}"


def _field(wanted: Wanted, name: str) -> str:
    if name in wanted.below:
        below = wanted.below[name]
        return f"{name}{_argument(below)} {text_of(below)}"
    if name in BY_CODE:
        return f"{name} {{ code }}"
    if name in PARTS:
        parts = [part for part in PARTS[name] if part in wanted.parts.get(name, ())]
        return f"{name} {{ {' '.join(parts) or '__typename'} }}"
    return f"{name} {_WHOLE[name]}" if name in _WHOLE else name


def _argument(below: Wanted) -> str:
    return "" if below.active is None else f"(active: {'true' if below.active else 'false'})"
