"""The JSON in which the workbench page gets what it shows."""

from typing import Any

from gateway.disclosure.question import FieldDecision
from gateway.pages.trials import RuleProblem
from gateway.vocabulary import CallerStanding, RecordType
from gateway.workbench.annotations import Annotations
from gateway.workbench.axes import NAMED_CLASSES, class_with
from gateway.workbench.book import PERMITS, Book
from gateway.workbench.difference import Group
from gateway.workbench.matrix import Matrix, decision_document


def matrix_document(decided: Matrix) -> dict[str, Any]:
    """Return a matrix as rows of numbers, each the place of a decision in one list of distinct ones."""
    distinct: dict[FieldDecision, int] = {}
    rows: dict[tuple[str, str | None, str], list[int]] = {}
    for place, decision in decided.cells.items():
        key = (place.approach.role, place.approach.purpose, place.class_name)
        rows.setdefault(key, []).append(distinct.setdefault(decision, len(distinct)))
    return {
        "revision": decided.revision,
        "engine": decided.engine,
        "fields": [field for _, field in decided.axes.fields],
        "decisions": [decision_document(decision) for decision in distinct],
        "rows": [
            {"role": role, "purpose": purpose, "class": name, "cells": cells}
            for (role, purpose, name), cells in rows.items()
        ],
    }


def group_document(group: Group) -> dict[str, Any]:
    """Return changes that are one change to a reader."""
    return {
        "kind": group.kind.value,
        "type": group.type,
        "field": group.field,
        "class": group.class_name,
        "old": decision_document(group.old),
        "new": decision_document(group.new),
        "approaches": [list(approach) for approach in group.approaches],
        "times": group.times,
    }


def book_document(book: Book, annotations: Annotations) -> dict[str, Any]:
    """Return all that can be chosen, and what each code means."""
    return {
        "roles": [
            {"code": role, "title": book.role_title(role), "purposes": list(book.purposes_of(role))}
            for role in book.roles
        ],
        "purposes": [{"code": code, "title": book.purpose_title(code)} for code in book.purposes],
        "standings": [standing.value for standing in CallerStanding],
        "types": [_type_document(book, kind) for kind in book.types],
        "reasons": {
            code: {"effect": effect, "tell": tell, "remedy": remedy, **_origin_document(annotations, code)}
            for code, effect, tell, remedy in (
                (PERMITS, "disclose", None, None),
                *((one.code, one.effect.value, one.tell, one.remedy) for one in book.reasons),
            )
        },
        "sentences": {
            code: book.sentence(code) for one in book.reasons for code in (one.tell, one.remedy) if code is not None
        },
    }


def _type_document(book: Book, kind: RecordType) -> dict[str, Any]:
    plain = dict(class_with(kind, {}, book))
    classes = [(named, named.of(kind, book)) for named in NAMED_CLASSES]
    return {
        "name": kind.value,
        "fields": list(book.fields_of(kind)),
        "attributes": [
            {"name": name, "values": list(book.values_of(name)), "plain": value} for name, value in plain.items()
        ],
        "classes": [
            {"name": named.name, "title": named.title, "beyond": named.beyond}
            for named, record_class in classes
            if record_class is not None
        ],
    }


def _origin_document(annotations: Annotations, code: str) -> dict[str, Any]:
    if code == PERMITS:
        return {"described": "Every role involved sees it, and nothing refuses it.", "law": [], "places": []}
    origins = annotations.origins(code)
    described = " ".join(dict.fromkeys(origin.annotation.description or "" for origin in origins)).strip()
    return {
        "described": described or None,
        "law": list(dict.fromkeys(cited.text for origin in origins for cited in origin.annotation.citations)),
        "places": [f"{origin.file}:{origin.line}" for origin in origins],
    }


def problem_document(problem: RuleProblem) -> dict[str, Any]:
    """Return one problem of proposed rules."""
    return {"file": problem.file, "line": problem.line, "message": problem.message}
