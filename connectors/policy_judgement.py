"""Whether a decision is the one a case expects, and in which words it is not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.policy_questions import CASE_KEY, Case
from gateway.disclosure.question import Answer, Decision, FieldDecision


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One part of a decision that is not as expected; `part` is `exists`, `reasons`, or a field and what of it."""

    part: str
    expected: object
    got: object
    reasons: tuple[str, ...]
    """The rules that gave what was got."""


def differences(case: Case, answer: Answer) -> list[Difference]:
    """Return where an answer departs from its case; empty if it holds."""
    return list(_differences(case.expect, answer.items[CASE_KEY]))


def _differences(expect: Mapping[str, Any], decision: Decision) -> Iterator[Difference]:
    yield from _compare("exists", expect["exists"], decision.exists.value, decision.reasons)
    if "reasons" in expect:
        yield from _compare("reasons", sorted(expect["reasons"]), list(decision.reasons), decision.reasons)
    for name, wanted in expect.get("fields", {}).items():
        field = decision.fields[name]
        parts = {"effect": wanted} if isinstance(wanted, str) else wanted
        for part, value in parts.items():
            yield from _compare(f"{name}: {part}", value, _part(field, part), field.reasons or decision.reasons)


def _part(field: FieldDecision, part: str) -> object:
    value = getattr(field, part)
    return sorted(value) if isinstance(value, tuple) else value


def _compare(part: str, expected: object, got: object, reasons: tuple[str, ...]) -> Iterator[Difference]:
    if expected != got:
        yield Difference(part=part, expected=expected, got=got, reasons=reasons)
