"""The NHS numbers in a Patient: which one stands, and which only lead to it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from connectors.feeds.fhir_json import Json, object_, objects, text
from connectors.feeds.outcome import RowRefused
from gateway.identifiers import nhs_number_fault

NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"

_NUMBER_AT_END = re.compile(r"(?:^|[/:])([0-9]{10})$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """The number that stands, those that only lead to it, and the one that has taken its place."""

    current: str
    superseded: tuple[str, ...]
    replaced_by: str | None

    @classmethod
    def of(cls, resource: Json, asked: str | None) -> "Numbers":
        """Tell the number that stands from those that only lead to it.

        The service answers a superseded number with the surviving record: the number asked for is in the address,
        the one that stands in `id`.
        """
        identifiers = [item for item in objects(resource, "identifier") if item.get("system") == NHS_NUMBER]
        stated = [text(item, "value") for item in identifiers if item.get("use") != "old"]
        current = text(resource, "id") or next(iter(stated), None)
        if not current:
            raise RowRefused("nhs-number-missing", field="id")
        if fault := nhs_number_fault(current):
            raise RowRefused(fault.value, field="id")
        others = [*(text(item, "value") for item in identifiers), _number_in(asked)]
        others += [number for kind, number in _links(resource) if kind == "replaces"]
        superseded = [number for number in others if number and number != current]
        if any(nhs_number_fault(number) for number in superseded):
            raise RowRefused("nhs-number-check", field="identifier")
        replaced_by = next((number for kind, number in _links(resource) if kind == "replaced-by"), None)
        if replaced_by is not None and nhs_number_fault(replaced_by):
            raise RowRefused("nhs-number-check", field="link")
        return cls(current=current, superseded=tuple(dict.fromkeys(superseded)), replaced_by=replaced_by)


def _links(resource: Json) -> Iterator[tuple[str, str]]:
    for link in objects(resource, "link"):
        other = object_(link, "other")
        kind, number = text(link, "type"), text(object_(other, "identifier"), "value")
        number = number or _number_in(text(other, "reference"))
        if kind and number:
            yield kind, number


def _number_in(address: str | None) -> str | None:
    match = _NUMBER_AT_END.search(address) if address else None
    return match[1] if match else None
