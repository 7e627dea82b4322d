"""The book that a policy owner edits (`data.json`), as the bench reads it: titles, order, sentences."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from gateway.vocabulary import Effect, RecordType

PERMITS: Final = "role-permits"
"""The reason of a field that is told; it stands in no book, for it refuses nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """What a reason does: its effect and, where it withholds or masks, what is told and what is done."""

    code: str
    effect: Effect
    tell: str | None = None
    remedy: str | None = None
    obligations: tuple[str, ...] = ()


class Book:
    """Titles, order and sentences; a code that the book does not know is its own title."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        """Read the document of a rule set."""
        self._data = data

    @cached_property
    def roles(self) -> tuple[str, ...]:
        """Return the roles, in the book's order."""
        return tuple(self._data["roles"])

    @cached_property
    def purposes(self) -> tuple[str, ...]:
        """Return the purposes of access, in the book's order."""
        return tuple(self._data["purposes"])

    @cached_property
    def types(self) -> tuple[RecordType, ...]:
        """Return the record types that the rules and this release both know, in the book's order."""
        known = {kind.value: kind for kind in RecordType}
        return tuple(known[name] for name in self._data["fields"] if name in known)

    @cached_property
    def tells(self) -> tuple[str, ...]:
        """Return the codes that may go out with a withheld field."""
        return tuple(self._data["tells"])

    @cached_property
    def remedies(self) -> tuple[str, ...]:
        """Return the codes of what a caller can do instead."""
        return tuple(self._data["remedies"])

    @cached_property
    def reasons(self) -> tuple[Reason, ...]:
        """Return what each reason does, the weightiest first."""
        return tuple(
            Reason(
                code=entry["code"],
                effect=Effect(entry["effect"]),
                tell=entry.get("tell"),
                remedy=entry.get("remedy"),
                obligations=tuple(entry.get("obligations", ())),
            )
            for entry in self._data["reasons"]
        )

    def purposes_of(self, role: str) -> tuple[str, ...]:
        """Return the purposes a role may state; none for a role the book does not know."""
        return tuple(self._data["roles"].get(role, {}).get("purposes", ()))

    def fields_of(self, record_type: RecordType) -> tuple[str, ...]:
        """Return the fields of a type, group after group, each once."""
        groups = self._data["fields"].get(record_type.value, {})
        return tuple(dict.fromkeys(name for names in groups.values() for name in names))

    def group_of(self, record_type: RecordType, field: str) -> str | None:
        """Return the group that roles are given to see, or None."""
        groups = self._data["fields"].get(record_type.value, {})
        return next((group for group, names in groups.items() if field in names), None)

    def sees(self, role: str, record_type: RecordType) -> tuple[str, ...]:
        """Return the groups of fields of a type that the book gives a role, or everybody."""
        own = self._data["roles"].get(role, {}).get("sees", {}).get(record_type.value)
        open_to_all = self._data.get("open_types", {}).get(record_type.value)
        if own is None and open_to_all is None:
            return ()
        return ("existence", *(own or ()), *(open_to_all or ()))

    def handles(self, role: str) -> tuple[str, ...]:
        """Return the duties of a role that lift refusals, such as handling shielded records."""
        return tuple(self._data["roles"].get(role, {}).get("handles", ()))

    def attributes_of(self, record_type: RecordType) -> tuple[str, ...]:
        """Return the names of the attributes of a type's class."""
        return tuple(self._data["attributes"]["of"].get(record_type.value, ()))

    def optional_of(self, record_type: RecordType) -> tuple[str, ...]:
        """Return the names of the attributes that a type's class may have and may lack."""
        return tuple(self._data["attributes"].get("optional", {}).get(record_type.value, ()))

    def values_of(self, attribute: str) -> tuple[str | bool, ...]:
        """Return the values an attribute may have; none for one the book does not list."""
        return tuple(self._data["attributes"]["values"].get(attribute, ()))

    def role_title(self, role: str) -> str:
        """Return a role in words."""
        return str(self._data["roles"].get(role, {}).get("title", role))

    def purpose_title(self, purpose: str | None) -> str:
        """Return a purpose of access in words."""
        if purpose is None:
            return "no purpose stated"
        return str(self._data["purposes"].get(purpose, {}).get("title", purpose))

    def sentence(self, code: str | None) -> str | None:
        """Return the sentence of a tell or a remedy, or None for a code without one."""
        found = self._data["tells"].get(code) or self._data["remedies"].get(code)
        return found if isinstance(found, str) else None
