"""Why a field is told or not: every reason that applies or does not, and the facts that each hangs on.

The facts are found by asking: one fact of the situation is changed at a time, and the same rules decide again.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from gateway.disclosure.question import Attribute, Decision, FieldDecision, GrantAttributes, Item, Question
from gateway.ports import Decider
from gateway.vocabulary import CallerStanding, Effect, RecordType
from gateway.workbench.annotations import Annotations, Origin
from gateway.workbench.axes import Approach, RecordClass, known, word
from gateway.workbench.book import PERMITS, Book, Reason
from gateway.workbench.matrix import ITEMS_AT_ONCE, decide_all, decision_document

COMPLETE: Final = "class"
"""The fact that every attribute of the class is there; without one of them all other rules fall silent."""
NO_GRANT: Final = "none"
GRANTED: Final = "granted"
"""The attribute that lists the fields which the grant of the ask names."""
_KEY: Final = "k{}"
_ORIGINS: Final = ("local", "cross-border", "unheard-of")


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """One field of one class of record, asked for in one approach."""

    approach: Approach
    type: RecordType
    field: str
    record_class: RecordClass

    def facts(self) -> dict[str, str]:
        """Return what a decision may depend on, in words; attributes of the class under `class.`."""
        approach = self.approach
        return {
            "caller.role": approach.role,
            "caller.standing": approach.standing,
            "caller.acts_for": "nobody" if approach.acts_for is None else approach.acts_for[0],
            "access.purpose": approach.purpose or "none",
            "access.origin": approach.origin,
            "access.grant": "none" if approach.grant is None else _grant_title(approach.grant),
            COMPLETE: "as the rules know it",
            **{f"class.{name}": word(value) for name, value in self.record_class},
        }


class State(StrEnum):
    """What became of one reason."""

    APPLIES = "applies"
    DOES_NOT_APPLY = "does-not-apply"
    OUTWEIGHED = "outweighed"
    """The record is concealed, so nobody asks whether this would narrow it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One fact as it is, and the values under which the outcome would be another."""

    name: str
    value: str
    otherwise: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonNote:
    """One reason in this situation.

    `hangs_on` are the facts which, changed alone, end a reason that applies or bring about one that does not.
    """

    reason: Reason
    state: State
    hangs_on: tuple[Fact, ...]
    origins: tuple[Origin, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The decision on a situation and all that bears on it; `notes` stand in the order of the book.

    `opens` and `closes` are the facts which, changed alone, would have more or less told of the field.
    """

    revision: str
    engine: str
    situation: Situation
    exists: Effect
    decision: FieldDecision
    permits: tuple[Origin, ...]
    notes: tuple[ReasonNote, ...]
    opens: tuple[Fact, ...]
    closes: tuple[Fact, ...]

    def of(self, state: State) -> tuple[ReasonNote, ...]:
        """Return the reasons in one state."""
        return tuple(note for note in self.notes if note.state is state)

    def as_document(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "revision": self.revision,
            "engine": self.engine,
            "type": self.situation.type.value,
            "field": self.situation.field,
            "facts": self.situation.facts(),
            "exists": self.exists.value,
            **decision_document(self.decision),
            "opens": [_fact_document(fact) for fact in self.opens],
            "closes": [_fact_document(fact) for fact in self.closes],
            "notes": [
                {
                    "code": note.reason.code,
                    "effect": note.reason.effect.value,
                    "state": note.state.value,
                    "hangs_on": [_fact_document(fact) for fact in note.hangs_on],
                    "rules": [_origin_document(origin) for origin in note.origins],
                }
                for note in self.notes
            ],
        }


async def explain(decider: Decider, book: Book, annotations: Annotations, situation: Situation) -> Explanation:
    """Return why the rules decide a situation as they do.

    Raises:
        DecisionUnavailable: The engine gave no complete answer.
        RulesChanged: The rules changed while they were being asked.
        UnknownName: The type has no such field.
    """
    known(f"field of {situation.type}", [situation.field], book.fields_of(situation.type))
    variations = list(_variations(book, situation))
    revision, decisions = await _decided(decider, [situation, *(varied for _, _, varied in variations)])
    base, others = decisions[0], decisions[1:]
    outcomes = [
        _Outcome(name=name, value=value, decision=decision, field=situation.field)
        for (name, value, _), decision in zip(variations, others, strict=True)
    ]
    facts = situation.facts()
    field = base.fields[situation.field]
    return Explanation(
        revision=revision,
        engine=decider.name,
        situation=situation,
        exists=base.exists,
        decision=field,
        permits=annotations.origins(PERMITS) if PERMITS in field.reasons else (),
        notes=tuple(
            ReasonNote(
                reason=reason,
                state=(state := _state(reason, field)),
                hangs_on=_facts(facts, [one for one in outcomes if _turns(reason, state, one)]),
                origins=annotations.origins(reason.code),
            )
            for reason in book.reasons
        ),
        opens=_facts(facts, [one for one in outcomes if _openness(one.told) > _openness(field)]),
        closes=_facts(facts, [one for one in outcomes if _closes(field, one)]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    name: str
    value: str
    decision: Decision
    field: str

    @property
    def told(self) -> FieldDecision:
        return self.decision.fields[self.field]


def _variations(book: Book, situation: Situation) -> Iterator[tuple[str, str, Situation]]:
    """Yield every situation that differs in one fact: the fact's name, its other value, the situation."""
    for name, value in situation.record_class:
        for other in book.values_of(name):
            if other != value:
                yield f"class.{name}", word(other), _with_attribute(situation, name, other)
    yield COMPLETE, "without one of its attributes", replace(situation, record_class=situation.record_class[1:])
    approach = situation.approach
    others: list[tuple[str, str, Approach]] = [
        *(("caller.role", role, replace(approach, role=role)) for role in book.roles if role != approach.role),
        *(
            ("caller.standing", standing.value, replace(approach, standing=standing.value))
            for standing in CallerStanding
            if standing.value != approach.standing
        ),
        *(
            ("access.purpose", purpose, replace(approach, purpose=purpose))
            for purpose in book.purposes
            if purpose != approach.purpose
        ),
        *(
            ("access.origin", origin, replace(approach, origin=origin))
            for origin in _ORIGINS
            if origin != approach.origin
        ),
    ]
    if approach.purpose is not None:
        others.append(("access.purpose", "none", replace(approach, purpose=None)))
    if approach.acts_for is not None:
        others.append(("caller.acts_for", "nobody", replace(approach, acts_for=None)))
    for name, value, varied in others:
        yield name, value, replace(situation, approach=varied)
    for grant in _grants(book):
        if grant != approach.grant:
            opened = _granting(book, situation)
            yield "access.grant", _grant_title(grant), replace(opened, approach=replace(approach, grant=grant))


def _grants(book: Book) -> Iterator[GrantAttributes]:
    for kind in book.values_of("grant"):
        for ground in book.values_of("ground"):
            if NO_GRANT not in (kind, ground):
                yield GrantAttributes(kind=str(kind), ground=str(ground), state="usable", justification="recorded")


def _granting(book: Book, situation: Situation) -> Situation:
    # A grant is for one child and names fields: it would be for this one, and for this field.
    named = GRANTED in book.optional_of(situation.type)
    return _with_attribute(situation, GRANTED, (situation.field,)) if named else situation


def _grant_title(grant: GrantAttributes) -> str:
    return f"{grant.state} {grant.kind} for {grant.ground}"


def _with_attribute(situation: Situation, name: str, value: Attribute) -> Situation:
    changed = {**dict(situation.record_class), name: value}
    return replace(situation, record_class=tuple(sorted(changed.items())))


async def _decided(decider: Decider, situations: Sequence[Situation]) -> tuple[str, list[Decision]]:
    by_approach: dict[Approach, list[int]] = {}
    for number, situation in enumerate(situations):
        by_approach.setdefault(situation.approach, []).append(number)
    batches = [
        (approach, numbers[start : start + ITEMS_AT_ONCE])
        for approach, numbers in by_approach.items()
        for start in range(0, len(numbers), ITEMS_AT_ONCE)
    ]
    answers = await decide_all(
        decider,
        [
            Question(
                caller=approach.caller(),
                access=approach.access(),
                items={_KEY.format(number): _item(situations[number]) for number in numbers},
            )
            for approach, numbers in batches
        ],
    )
    decided = {
        number: answer.items[_KEY.format(number)]
        for (_, numbers), answer in zip(batches, answers, strict=True)
        for number in numbers
    }
    return answers[0].revision, [decided[number] for number in range(len(situations))]


def _item(situation: Situation) -> Item:
    return Item(type=situation.type, fields=(situation.field,), record_class=situation.record_class)


def _state(reason: Reason, field: FieldDecision) -> State:
    if reason.code in field.reasons:
        return State.APPLIES
    concealed = field.effect is Effect.CONCEAL
    return State.OUTWEIGHED if concealed and reason.effect is not Effect.CONCEAL else State.DOES_NOT_APPLY


def _turns(reason: Reason, state: State, outcome: _Outcome) -> bool:
    there = reason.code in outcome.told.reasons
    if state is State.APPLIES:
        if outcome.name == COMPLETE:
            return False
        # In a concealed record reasons that only narrow are not named, so their absence says nothing.
        named = reason.effect is Effect.CONCEAL or outcome.told.effect is not Effect.CONCEAL
        return named and not there
    return there


def _facts(facts: dict[str, str], outcomes: Iterable[_Outcome]) -> tuple[Fact, ...]:
    otherwise: dict[str, list[str]] = {}
    for outcome in outcomes:
        otherwise.setdefault(outcome.name, []).append(outcome.value)
    return tuple(Fact(name=name, value=facts[name], otherwise=tuple(values)) for name, values in otherwise.items())


def _openness(decision: FieldDecision) -> int:
    return (Effect.CONCEAL, Effect.WITHHOLD, Effect.MASK, Effect.DISCLOSE).index(decision.effect)


def _closes(field: FieldDecision, outcome: _Outcome) -> bool:
    return outcome.name != COMPLETE and _openness(outcome.told) < _openness(field)


def _fact_document(fact: Fact) -> dict[str, Any]:
    return {"fact": fact.name, "is": fact.value, "otherwise": list(fact.otherwise)}


def _origin_document(origin: Origin) -> dict[str, Any]:
    said = origin.annotation
    return {
        "file": origin.file,
        "line": origin.line,
        "title": said.title,
        "description": said.description,
        "law": [{"text": cited.text, "url": cited.url} for cited in said.citations],
        "domain": list(said.domain),
        "facts": list(origin.facts),
        "book": list(origin.book),
    }
