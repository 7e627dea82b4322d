"""Decisions that the ledger holds, asked again: of the rules in force, or of others.

An entry keeps the class of each record but none of its values, so nothing here knows whom a decision was about.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from gateway.disclosure.fields import FIELDS
from gateway.disclosure.question import Attribute, Decision, FieldDecision, Item, Question
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


async def replay(decider: Decider, recorded: Mapping[Recorded, int], *, unread: Iterable[str] = ()) -> Difference:
    """Return how an engine decides what was recorded, each with how often it was; `old` is what the ledger holds.

    `unread` names facts of an approach that the rules never read (`Annotations.unread`): asks that differ in nothing
    else are asked once.

    Raises:
        DecisionUnavailable: The engine gave no complete answer.
        RulesChanged: The rules changed while they were being asked.
    """
    recorded = _merged(recorded, frozenset(unread))
    batches = _batches(list(recorded))
    answers = await decide_all(decider, [_question(batch) for batch in batches])
    pairs = (
        (place, old, new, recorded[one])
        for batch, answer in zip(batches, answers, strict=True)
        for number, one in enumerate(batch)
        for place, old, new in _compared(one, answer.items[f"k{number}"])
    )
    return difference_of(
        pairs,
        old_revision=", ".join(dict.fromkeys(one.revision for one in recorded)) or decider.revision,
        new_revision=answers[0].revision if answers else decider.revision,
    )


def _approach(document: Mapping[str, Any]) -> Approach:
    caller, access = document["caller"], document["access"]
    acts_for = caller["acts_for"]
    minute = datetime.fromisoformat(document["at"]).replace(second=0, microsecond=0)
    return Approach(
        role=caller["role"],
        purpose=access["purpose"],
        standing=caller["standing"],
        acts_for=None if acts_for is None else (acts_for["role"], acts_for["standing"]),
        agency=caller["agency"],
        authority=caller["authority"],
        origin=access["origin"],
        grant=access["grant"],
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


def _merged(recorded: Mapping[Recorded, int], unread: frozenset[str]) -> Mapping[Recorded, int]:
    ordinary = Approach(role="", purpose=None)
    merged = Counter[Recorded]()
    for one, times in recorded.items():
        alike = replace(one.approach, **{name: getattr(ordinary, name) for name in unread})
        merged[replace(one, approach=alike)] += times
    return merged


def _batches(recorded: Sequence[Recorded]) -> list[list[Recorded]]:
    by_approach: dict[Approach, list[Recorded]] = {}
    for one in recorded:
        by_approach.setdefault(one.approach, []).append(one)
    return [
        group[start : start + ITEMS_AT_ONCE]
        for group in by_approach.values()
        for start in range(0, len(group), ITEMS_AT_ONCE)
    ]


def _question(batch: Sequence[Recorded]) -> Question:
    approach = batch[0].approach
    items = {
        f"k{number}": Item(type=one.type, fields=_asked(one), record_class=one.record_class)
        for number, one in enumerate(batch)
    }
    return Question(caller=approach.caller(), access=approach.access(), items=items)


def _asked(one: Recorded) -> tuple[str, ...]:
    # Of a concealed record the ledger names no field; the first one stands for all.
    return tuple(name for name, _ in one.fields) or FIELDS[one.type][:1]


def _compared(one: Recorded, decision: Decision) -> Iterable[tuple[Place, FieldDecision, FieldDecision]]:
    whole = FieldDecision(effect=one.exists, reasons=one.reasons)
    for name, old in one.fields or ((name, whole) for name in _asked(one)):
        place = Place(approach=one.approach, type=one.type, field=name, class_name=class_title(one.record_class))
        yield place, old, _as_kept(decision.fields[name], old)


def _as_kept(new: FieldDecision, old: FieldDecision) -> FieldDecision:
    # Compared as the ledger would have kept it: it has no remedy, no obligation, and no reasons for what was told.
    same = new.effect is old.effect
    return FieldDecision(
        effect=new.effect,
        reasons=() if same and new.effect is Effect.DISCLOSE else new.reasons,
        tell=new.tell if new.effect is Effect.WITHHOLD else None,
    )


def class_title(record_class: Iterable[tuple[str, Attribute]]) -> str:
    """Return a class by what is out of the ordinary in it: `shield=active involved=true`, or `plain`."""
    ordinary = {**PLAIN, "criteria": CRITERIA}
    unusual = [f"{name}={word(value)}" for name, value in record_class if ordinary.get(name, ()) != value]
    return " ".join(unusual) or "plain"
