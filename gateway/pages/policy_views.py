"""What the workbench page shows: the book, one situation, the matrix, a difference, the cases; all of it JSON.

The rules in force are asked on the engine that decides for real for one situation only; whatever asks more,
and every proposal, has an engine of its own.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from gateway.disclosure.question import Item, Question
from gateway.errors import BadRequest, DecisionUnavailable
from gateway.pages.policy_asks import (
    BookAsk,
    CasesAsk,
    DifferenceAsk,
    ExplanationAsk,
    MatrixAsk,
    SituationAsk,
    SourceAsk,
    WorkbenchAsk,
)
from gateway.pages.policy_documents import book_document, group_document, matrix_document, problem_document
from gateway.pages.trials import Proposal, RuleProblem, RulesInForce, RulesRejected, Trial, Trials
from gateway.ports import Decider
from gateway.vocabulary import CallerStanding, RecordType
from gateway.workbench.annotations import Annotations, read_annotations
from gateway.workbench.axes import (
    Approach,
    Axes,
    RecordClass,
    UnknownName,
    axes_of,
    class_with,
    known,
)
from gateway.workbench.book import Book
from gateway.workbench.difference import BY, Change, Kind, compare, counted, grouped
from gateway.workbench.explanation import COMPLETE, Situation, State, explain
from gateway.workbench.matrix import Matrix, decision_document, matrix
from gateway.workbench.sentences import asked, outcome, permission, why, why_not

BOOK: Final = "data.json"
CLASSES_LIMIT: Final = 20_000
"""Classes that one request may ask about, approach by approach."""
GROUPS_SHOWN: Final = 400
TRIALS_AT_ONCE: Final = 1
REMEMBERED: Final = 8
"""Matrices of the rules in force that are kept for the next comparison."""


class PolicyViews:
    """Answers what the page asks for."""

    def __init__(self, *, decider: Decider, rules: Callable[[], RulesInForce], trials: Trials) -> None:
        """Take the engine that decides for real, the rules in force, and where trials are opened."""
        self._decider = decider
        self._rules = rules
        self._trials = trials
        self._places = asyncio.Semaphore(TRIALS_AT_ONCE)
        self._annotations: tuple[str, Annotations] = ("", read_annotations({}))
        self._matrices: dict[tuple[str, str | None, bool], Matrix] = {}

    async def show(self, ask: WorkbenchAsk, proposal: Proposal | None) -> Mapping[str, Any]:
        """Return the data of a view, or `problems` where proposed rules cannot be tried.

        Raises:
            BadRequest: A name is not among those of the rules, or too much is asked at once.
            DecisionUnavailable: The rules in force gave no complete answer.
        """
        try:
            return await self._shown(ask, proposal)
        except UnknownName as error:
            said = str(error)
            raise BadRequest(f"{said[:1].upper()}{said[1:]}.", reason="workbench-name-unknown") from error
        except RulesRejected as rejected:
            return {"problems": [problem_document(problem) for problem in rejected.problems]}
        except DecisionUnavailable as error:
            if proposal is None:
                raise
            return {"problems": [problem_document(RuleProblem(message=error.message))]}

    async def _shown(self, ask: WorkbenchAsk, proposal: Proposal | None) -> Mapping[str, Any]:
        match ask:
            case ExplanationAsk():
                return await self._explanation(ask, proposal)
            case SituationAsk():
                return await self._map(ask, proposal)
            case MatrixAsk():
                return await self._matrix(ask, proposal)
            case DifferenceAsk():
                return await self._difference(ask, proposal)
            case SourceAsk():
                return self._source(ask)
            case CasesAsk():
                return await self._cases(proposal)
            case BookAsk():
                return await self._book(proposal)

    async def _book(self, proposal: Proposal | None) -> Mapping[str, Any]:
        in_force = {"engine": self._decider.name, "revision": self._decider.revision}
        if proposal is None:
            rules = self._rules()
            about = {"rules": rules.revision, "left_out": [], "files": [BOOK, *rules.modules]}
            return in_force | about | book_document(Book(rules.data), self._notes())
        async with self._trial(proposal) as trial:
            about = {"rules": trial.revision, "left_out": list(trial.left_out), "files": []}
            return in_force | about | book_document(Book(trial.data), read_annotations({}))

    def _source(self, ask: SourceAsk) -> Mapping[str, Any]:
        rules = self._rules()
        known("file", [ask.file], [BOOK, *rules.modules])
        text = json.dumps(rules.data, indent=2, ensure_ascii=False) if ask.file == BOOK else rules.modules[ask.file]
        return {"file": ask.file, "text": text}

    async def _map(self, ask: SituationAsk, proposal: Proposal | None) -> Mapping[str, Any]:
        if proposal is None:
            return await _map_document(self._decider, Book(self._rules().data), ask)
        async with self._trial(proposal) as trial:
            return await _map_document(trial, Book(trial.data), ask)

    async def _explanation(self, ask: ExplanationAsk, proposal: Proposal | None) -> Mapping[str, Any]:
        async with self._trial(proposal) as trial:
            book = Book(trial.data)
            kind, record_class = _class_of(book, ask)
            situation = Situation(approach=_approach(book, ask), type=kind, field=ask.field, record_class=record_class)
            # Metadata of a proposal is not read: finding what a rule hangs on takes long in text made to be long.
            notes = self._notes() if proposal is None else read_annotations({})
            explanation = await explain(trial, book, notes, situation)
            return explanation.as_document() | {
                "sentences": {
                    "asked": asked(explanation, book),
                    "permission": permission(explanation, book),
                    "outcome": outcome(explanation.decision, book),
                    "why": {note.reason.code: list(why(note)) for note in explanation.of(State.APPLIES)},
                    "why_not": [
                        why_not(note)
                        for note in explanation.of(State.DOES_NOT_APPLY)
                        if any(fact.name != COMPLETE for fact in note.hangs_on)
                    ],
                }
            }

    async def _matrix(self, ask: MatrixAsk, proposal: Proposal | None) -> Mapping[str, Any]:
        async with self._trial(proposal) as trial:
            axes = _bounded(
                axes_of(
                    Book(trial.data),
                    types=[ask.type],
                    classes=[] if ask.record_class is None else [ask.record_class],
                    purposes=[] if ask.purpose is None else [ask.purpose],
                    every_purpose=ask.every_purpose,
                )
            )
            return matrix_document(await matrix(trial, axes))

    async def _difference(self, ask: DifferenceAsk, proposal: Proposal | None) -> Mapping[str, Any]:
        types = [] if ask.type is None else [ask.type]
        async with self._places, self._trials(proposal) as trial, self._trials(None) as in_force:
            axes = [
                _bounded(axes_of(Book(rules.data), types=types, every_purpose=ask.every_purpose))
                for rules in (in_force, trial)
            ]
            old, new = await asyncio.gather(self._remembered(in_force, axes[0], ask), matrix(trial, axes[1]))
            left_out = list(trial.left_out)
        difference = compare(old, new)
        groups = grouped(difference.changes)
        return {
            "old": difference.old_revision,
            "new": difference.new_revision,
            "engine": new.engine,
            "compared": difference.compared,
            "counts": {kind.value: count for kind, count in difference.counts.items()},
            "by": {by: dict(list(counted(_visible(difference.changes), by).items())[:40]) for by in BY},
            "groups": [group_document(group) for group in groups[:GROUPS_SHOWN]],
            "not_shown": max(0, len(groups) - GROUPS_SHOWN),
            "left_out": left_out,
        }

    async def _cases(self, proposal: Proposal | None) -> Mapping[str, Any]:
        async with self._trial(proposal) as trial:
            results = await trial.cases()
            return {
                "revision": trial.revision,
                "engine": trial.name,
                "tried": len(results),
                "failed": sum(bool(result.differences) for result in results),
                "cases": [
                    {
                        "name": result.name,
                        "file": result.file,
                        "why": result.why,
                        "differences": [dict(one) for one in result.differences],
                    }
                    for result in results
                ],
            }

    @asynccontextmanager
    async def _trial(self, proposal: Proposal | None) -> AsyncIterator[Trial]:
        async with self._places, self._trials(proposal) as trial:
            yield trial

    async def _remembered(self, in_force: Trial, axes: Axes, ask: DifferenceAsk) -> Matrix:
        key = (in_force.revision, ask.type, ask.every_purpose)
        if key not in self._matrices:
            if len(self._matrices) >= REMEMBERED:
                self._matrices.clear()
            self._matrices[key] = await matrix(in_force, axes)
        return self._matrices[key]

    def _notes(self) -> Annotations:
        rules = self._rules()
        if self._annotations[0] != rules.revision:
            self._annotations = (rules.revision, read_annotations(rules.modules))
        return self._annotations[1]


def _approach(book: Book, ask: SituationAsk) -> Approach:
    known("role", [ask.role], book.roles)
    if ask.acts_for is not None:
        known("role", [ask.acts_for], book.roles)
    return Approach(
        role=ask.role,
        purpose=ask.purpose,
        standing=ask.standing,
        origin=ask.origin,
        acts_for=None if ask.acts_for is None else (ask.acts_for, CallerStanding.CURRENT.value),
    )


def _class_of(book: Book, ask: SituationAsk) -> tuple[RecordType, RecordClass]:
    known("record type", [ask.type], [kind.value for kind in book.types])
    kind = RecordType(ask.type)
    beyond = {
        name: tuple(sorted(value)) if isinstance(value, list) else value for name, value in ask.attributes.items()
    }
    return kind, class_with(kind, beyond, book)


def _bounded(axes: Axes) -> Axes:
    if len(axes.approaches) * len(axes.rows) > CLASSES_LIMIT:
        raise BadRequest("That is too much at once; choose a record type.", reason="workbench-too-large")
    return axes


async def _map_document(decider: Decider, book: Book, ask: SituationAsk) -> Mapping[str, Any]:
    approach = _approach(book, ask)
    kind, record_class = _class_of(book, ask)
    item = Item(type=kind, fields=book.fields_of(kind), record_class=record_class)
    answer = await decider.decide(Question(caller=approach.caller(), access=approach.access(), items={"k": item}))
    decision = answer.items["k"]
    return {
        "revision": answer.revision,
        "engine": decider.name,
        "exists": decision.exists.value,
        "reasons": list(decision.reasons),
        "fields": [
            {"field": name, "group": book.group_of(kind, name), **decision_document(decision.fields[name])}
            for name in item.fields
        ],
    }


def _visible(changes: Sequence[Change]) -> list[Change]:
    return [change for change in changes if change.kind is not Kind.REASONS_ONLY]
