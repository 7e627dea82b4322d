"""The matrix: what is told of every field, to every role, of every named class; many classes in one question."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gateway.disclosure.question import Answer, FieldDecision, Item, Question
from gateway.errors import RulesChanged
from gateway.ports import Decider
from gateway.vocabulary import RecordType
from gateway.workbench.axes import Approach, Axes, Row

ITEMS_AT_ONCE: Final = 10
"""Items of one question: the embedded engine takes far more than twice as long for twice as many."""
QUESTIONS_AT_ONCE: Final = 2
"""As many as the embedded engine has workers; a question that waits for one would use up its own time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One cell of the matrix: one field of one named class, asked for in one approach."""

    approach: Approach
    type: RecordType
    field: str
    class_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """What rules decide over some axes; `cells` holds a decision for every place of them, in their order."""

    revision: str
    engine: str
    axes: Axes
    cells: Mapping[Place, FieldDecision]

    def as_document(self) -> dict[str, Any]:
        """Return the JSON form: a list of cells, each with its place and its decision."""
        return {
            "revision": self.revision,
            "engine": self.engine,
            "cells": [{**place_document(place), **decision_document(cell)} for place, cell in self.cells.items()],
        }


async def matrix(decider: Decider, axes: Axes) -> Matrix:
    """Return what an engine decides over the axes.

    Raises:
        DecisionUnavailable: The engine gave no complete answer.
        RulesChanged: The rules changed while they were being asked.
    """
    parts = [
        (approach, axes.rows[start : start + ITEMS_AT_ONCE])
        for approach in axes.approaches
        for start in range(0, len(axes.rows), ITEMS_AT_ONCE)
    ]
    answers = await decide_all(decider, [_question(approach, rows) for approach, rows in parts])
    cells = {
        place: decided
        for (approach, rows), answer in zip(parts, answers, strict=True)
        for place, decided in _cells(approach, rows, answer)
    }
    return Matrix(
        revision=answers[0].revision if answers else decider.revision, engine=decider.name, axes=axes, cells=cells
    )


async def decide_all(decider: Decider, questions: Sequence[Question]) -> list[Answer]:
    """Return the answers to several questions, all given under one revision of the rules.

    Raises:
        DecisionUnavailable: The engine gave no complete answer.
        RulesChanged: The rules changed while they were being asked.
    """
    places = asyncio.Semaphore(QUESTIONS_AT_ONCE)

    async def decided(question: Question) -> Answer:
        async with places:
            return await decider.decide(question)

    answers = await asyncio.gather(*(decided(question) for question in questions))
    if len({answer.revision for answer in answers}) > 1:
        raise RulesChanged("The rules changed while they were being asked; ask again.", reason="revision-changed")
    return answers


def place_document(place: Place) -> dict[str, Any]:
    """Return a place as JSON."""
    return {
        "role": place.approach.role,
        "purpose": place.approach.purpose,
        "type": place.type.value,
        "field": place.field,
        "class": place.class_name,
    }


def decision_document(decision: FieldDecision) -> dict[str, Any]:
    """Return a field's decision as JSON."""
    return {
        "effect": decision.effect.value,
        "reasons": list(decision.reasons),
        "tell": decision.tell,
        "remedy": decision.remedy,
        "obligations": [obligation.value for obligation in decision.obligations],
    }


def _question(approach: Approach, rows: Sequence[Row]) -> Question:
    items = {
        f"k{number}": Item(type=row.type, fields=row.fields, record_class=row.record_class)
        for number, row in enumerate(rows)
    }
    return Question(caller=approach.caller(), access=approach.access(), items=items)


def _cells(approach: Approach, rows: Sequence[Row], answer: Answer) -> Iterable[tuple[Place, FieldDecision]]:
    for number, row in enumerate(rows):
        decided = answer.items[f"k{number}"].fields
        for field in row.fields:
            yield Place(approach=approach, type=row.type, field=field, class_name=row.named.name), decided[field]
