"""Questions and named situations as policy owners write them, in JSON beside the rules."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.disclosure.question import (
    AccessAttributes,
    Attribute,
    CallerAttributes,
    GrantAttributes,
    Item,
    Question,
    through_in,
)
from gateway.vocabulary import RecordType

PLAIN = "plain"
"""The entry of the cases that holds the defaults every case starts from."""
CASE_KEY = "case"


class CaseUnreadable(Exception):
    """A case is not written as it should be; the message names file and case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One named situation: a question of one item, and what is expected of the answer.

    `expect` has `exists` and, where they matter, `reasons` and `fields`: per field an effect, or an object of the parts
    of the decision that are expected.
    """

    name: str
    file: str
    why: str
    question: Question
    expect: Mapping[str, Any]


def read_question(document: Mapping[str, Any]) -> Question:
    """Return the question behind its JSON form; the opposite of `Question.as_input`.

    Raises:
        KeyError: A part of the contract is missing.
        ValueError: The type of an item is unknown.
    """
    caller, access = document["caller"], document["access"]
    acts_for = caller["acts_for"]
    return Question(
        caller=CallerAttributes(
            role=caller["role"],
            agency=caller["agency"],
            authority=caller["authority"],
            standing=caller["standing"],
            acts_for=None if acts_for is None else (acts_for["role"], acts_for["standing"]),
            through=through_in(acts_for),
        ),
        access=AccessAttributes(
            purpose=access["purpose"],
            origin=access["origin"],
            grant=None if access["grant"] is None else GrantAttributes(**access["grant"]),
            now=access["now"],
        ),
        items={
            key: Item(type=RecordType(item["type"]), fields=tuple(item["fields"]), record_class=as_class(item["class"]))
            for key, item in document["items"].items()
        },
    )


def as_class(attributes: Mapping[str, Any]) -> tuple[tuple[str, Attribute], ...]:
    """Return a class in the form of the contract: sorted pairs, lists as sorted tuples."""
    return tuple(
        sorted((name, tuple(sorted(value)) if isinstance(value, list) else value) for name, value in attributes.items())
    )


def read_cases(folder: Path) -> list[Case]:
    """Return the cases of `cases/*.json`, in the order of files and names.

    Raises:
        CaseUnreadable: A file or a case is not what it should be.
    """
    entries: dict[str, tuple[str, Any]] = {}
    for path in sorted(folder.glob("cases/*.json")):
        try:
            written = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise CaseUnreadable(f"{path}: {error}") from error
        for name, entry in written.items():
            if name in entries:
                raise CaseUnreadable(f"{path}: {name} is there twice")
            entries[name] = (path.name, entry)
    if PLAIN not in entries:
        raise CaseUnreadable(f"{folder / 'cases'}: no defaults under {PLAIN!r}")
    _, plain = entries.pop(PLAIN)
    return [_case(name, file, entry, plain) for name, (file, entry) in entries.items()]


def _case(name: str, file: str, entry: Mapping[str, Any], plain: Mapping[str, Any]) -> Case:
    try:
        expect = entry["expect"]
        attributes = {**plain["class"][entry["type"]], **entry.get("class", {})}
        kept = {
            attribute: value for attribute, value in attributes.items() if attribute not in entry.get("without", ())
        }
        question = read_question(
            {
                "caller": {**plain["caller"], **entry.get("caller", {})},
                "access": {**plain["access"], **entry.get("access", {})},
                "items": {
                    CASE_KEY: {
                        "type": entry["type"],
                        "fields": list(entry.get("fields", expect.get("fields", ()))),
                        "class": kept,
                    }
                },
            }
        )
        return Case(name=name, file=file, why=entry["why"], question=question, expect=expect)
    except (KeyError, TypeError, ValueError) as error:
        raise CaseUnreadable(f"{file}: {name}: {error!r}") from error
