"""Decisions that the ledger holds, asked again: of the rules in force, or of others.

An entry keeps the class of each record but none of its values, so nothing here knows whom a decision was about.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from gateway.disclosure.fields import FIELDS
from gateway.disclosure.question import Attribute, FieldDecision, Item, Question, through_in
from gateway.ports import Decider
from gateway.vocabulary import Effect, RecordType
from gateway.workbench.axes import CRITERIA, PLAIN, Approach, RecordClass, word
from gateway.workbench.difference import Difference, difference_of
from gateway.workbench.matrix import ITEMS_AT_ONCE, Place, decide_all


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What was decided on one class in one ask, as far as the ledger says.

    `fields` holds the selected fields; a concealed record has none. Where a field was told, its reasons are not kept.
    """

    revision: str
    approach: Approach
    type: RecordType
    record_class: RecordClass
    exists: Effect
    reasons: tuple[str, ...]
    fields: tuple[tuple[str, FieldDecision], ...]


class Tally:
    """Recorded decisions, equal ones counted; what cannot be asked again is counted apart."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.recorded = Counter[Recorded]()
        self.entries = 0
        self.without_class = 0

    def take(self, document: Mapping[str, Any]) -> None:
        """Take an entry's document; records written before classes were kept are only counted."""
        self.entries += 1
        decided = list(recorded_in(document))
        self.recorded.update(decided)
        about = sum(record["exists"] != "not-found" for record in document["records"])
        self.without_class += about - len(decided)

    @property
    def revisions(self) -> tuple[str, ...]:
        """Return the revisions that decided, in the order of the entries."""
        return tuple(dict.fromkeys(one.revision for one in self.recorded))


def recorded_in(document: Mapping[str, Any]) -> Iterator[Recorded]:
    """Yield the decisions of an entry's document that can be asked again."""
    caller, policy = document["caller"], document["policy"]
    if caller is None or policy is None or caller.get("standing") is None:
        return
    approach = _approach(document)
    classes = [_class(attributes) for attributes in document["classes"]]
    for record in document["records"]:
        if "class" in record:
            yield Recorded(
                revision=policy["revision"],
                approach=approach,
                type=RecordType(record["type"]),
                record_class=classes[record["class"]],
                exists=Effect(record["exists"]),
                reasons=tuple(record.get("reasons", ())),
                fields=tuple(sorted(_fields(record))),
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """What rules decide of what was recorded: for each recorded decision, in order, each field's decision."""

    revision: str
    decided: tuple[Mapping[str, FieldDecision], ...]


async def ask_again(decider: Decider, recorded: Sequence[Recorded]) -> Again:
    """Return what an engine decides of what was recorded.

    Raises:
        DecisionUnavailable: The engine gave no complete answer.
        RulesChanged: The rules changed while they were being asked.
    """
    by_approach: dict[Approach, list[int]] = {}
    for number, one in enumerate(recorded):
        by_approach.setdefault(one.approach, []).append(number)
    batches = [
        numbers[start : start + ITEMS_AT_ONCE]
        for numbers in by_approach.values()
        for start in range(0, len(numbers), ITEMS_AT_ONCE)
    ]
    answers = await decide_all(decider, [_question(recorded, numbers) for numbers in batches])
    decided = {
        number: answer.items[f"k{number}"].fields
        for numbers, answer in zip(batches, answers, strict=True)
        for number in numbers
    }
    return Again(
        revision=answers[0].revision if answers else decider.revision,
        decided=tuple(decided[number] for number in range(len(recorded))),
    )


def compare_again(recorded: Mapping[Recorded, int], old: Again, new: Again) -> Difference:
    """Return what two sets of rules decide otherwise of what was recorded."""
    pairs = (
        (_place(one, name), before[name], after[name], times)
        for (one, times), before, after in zip(recorded.items(), old.decided, new.decided, strict=True)
        for name in _asked(one)
    )
    return difference_of(pairs, old_revision=old.revision, new_revision=new.revision)


def compare_with_ledger(recorded: Mapping[Recorded, int], new: Again) -> Difference:
    """Return what rules decide otherwise than the ledger holds, as far as the ledger says."""
    pairs = (
        (_place(one, name), held[name], _as_kept(after[name], held[name]), times)
        for (one, times), after in zip(recorded.items(), new.decided, strict=True)
        if (held := _held(one))
        for name in held
    )
    revisions = ", ".join(dict.fromkeys(one.revision for one in recorded))
    return difference_of(pairs, old_revision=revisions or "none", new_revision=new.revision)


def merged(recorded: Mapping[Recorded, int], unread: Iterable[str]) -> Mapping[Recorded, int]:
    """Return what was recorded with the facts forgotten that no rule reads, so that asks alike are asked once."""
    ordinary = Approach(role="", purpose=None)
    forgotten = {name: getattr(ordinary, name) for name in unread}
    alike = Counter[Recorded]()
    for one, times in recorded.items():
        alike[replace(one, approach=replace(one.approach, **forgotten))] += times
    return alike


def _approach(document: Mapping[str, Any]) -> Approach:
    caller, access = document["caller"], document["access"]
    acts_for = caller["acts_for"]
    # A grant that an ask names is not looked up by this release: its rules saw none, and neither do these.
    minute = datetime.fromisoformat(document["at"]).replace(second=0, microsecond=0)
    return Approach(
        role=caller["role"],
        purpose=access["purpose"],
        standing=caller["standing"],
        acts_for=None if acts_for is None else (acts_for["role"], acts_for["standing"]),
        through=through_in(acts_for),
        agency=caller["agency"],
        authority=caller["authority"],
        origin=access["origin"],
        now=minute.isoformat(),
    )


def _class(attributes: Mapping[str, Any]) -> RecordClass:
    return tuple(sorted((name, _attribute(value)) for name, value in attributes.items()))


def _attribute(value: Any) -> Attribute:
    return tuple(value) if isinstance(value, list) else value


def _fields(record: Mapping[str, Any]) -> Iterator[tuple[str, FieldDecision]]:
    for name in record.get("disclosed", ()):
        yield name, FieldDecision(effect=Effect.DISCLOSE)
    for name, reasons in record.get("masked", {}).items():
        yield name, FieldDecision(effect=Effect.MASK, reasons=tuple(reasons))
    for name, note in record.get("withheld", {}).items():
        yield name, FieldDecision(effect=Effect.WITHHOLD, reasons=tuple(note["reasons"]), tell=note["tell"])
    for name, reasons in record.get("concealed", {}).items():
        yield name, FieldDecision(effect=Effect.CONCEAL, reasons=tuple(reasons))


def _question(recorded: Sequence[Recorded], numbers: Sequence[int]) -> Question:
    approach = recorded[numbers[0]].approach
    items = {
        f"k{number}": Item(
            type=recorded[number].type, fields=_asked(recorded[number]), record_class=recorded[number].record_class
        )
        for number in numbers
    }
    return Question(caller=approach.caller(), access=approach.access(), items=items)


def _asked(one: Recorded) -> tuple[str, ...]:
    # Of a concealed record the ledger names no field; the first one stands for all.
    return tuple(name for name, _ in one.fields) or FIELDS[one.type][:1]


def _held(one: Recorded) -> Mapping[str, FieldDecision]:
    return dict(one.fields) or {_asked(one)[0]: FieldDecision(effect=one.exists, reasons=one.reasons)}


def _place(one: Recorded, field: str) -> Place:
    return Place(approach=one.approach, type=one.type, field=field, class_name=class_title(one.record_class))


def _as_kept(new: FieldDecision, old: FieldDecision) -> FieldDecision:
    # Compared as the ledger would have kept it: it has no remedy, no obligation, and no reasons for what was told.
    told = new.effect is Effect.DISCLOSE and old.effect is Effect.DISCLOSE
    return FieldDecision(
        effect=new.effect,
        reasons=() if told else new.reasons,
        tell=new.tell if new.effect is Effect.WITHHOLD else None,
    )


def class_title(record_class: Iterable[tuple[str, Attribute]]) -> str:
    """Return a class by what is out of the ordinary in it: `shield=active involved=true`, or `plain`."""
    ordinary = {**PLAIN, "criteria": CRITERIA}
    unusual = [f"{name}={word(value)}" for name, value in record_class if ordinary.get(name, ()) != value]
    return " ".join(unusual) or "plain"
