"""What the ledger notes of the fields of a record: the same for all records that were redacted alike.

Only the values differ from record to record, so everything else is worked out once for each way of telling a record.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final, Protocol

from gateway.disclosure.classes import RecordClass
from gateway.disclosure.fields import LEVELS, attribute
from gateway.disclosure.question import Decision, FieldDecision
from gateway.disclosure.redaction import Disclosed
from gateway.ledger.entry import FieldsNote, WithheldNote
from gateway.vocabulary import Effect, RecordType

WITHHELD_ELSEWHERE: Final = "withheld-elsewhere"
"""The audit reason of what the authority that told a record did not tell of it."""

Untold = tuple[tuple[str, str], ...]
"""Fields that the authority which told a record left null, each with the code that said so, or an empty text."""


class Planned(Protocol):
    """What the plan by which a record was redacted says of it; one plan is told from another by which object it is."""

    @property
    def type(self) -> RecordType:
        """Return the type of its records."""
        ...

    @property
    def decision(self) -> Decision:
        """Return the decision that it carries out."""
        ...

    @property
    def record_class(self) -> RecordClass:
        """Return the class that was decided on."""
        ...

    @property
    def effects(self) -> Mapping[str, FieldDecision]:
        """Return what becomes of each selected field."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NotedFields:
    """What is noted of every record that was told in one way."""

    note: FieldsNote
    record_class: RecordClass
    valued: tuple[bytes, ...]
    """The fields whose values are committed to."""
    read: Callable[[Sequence[Disclosed]], Sequence[Any]]
    """Return those values, from the tellings of one record."""
    names: tuple[str, ...]
    """The fields told: those with a value, then those that lead to other records."""
    leading: list[str]
    """For each of the latter, what stands in the place of a commitment: what it leads to is noted record by record."""


def noted_fields(group: Sequence[Disclosed]) -> NotedFields:
    """Return what is noted of the fields of one record, told once or at several places of an answer."""
    return _noted(tuple([(one.plan, _untold_elsewhere(one)) for one in group]))


def _untold_elsewhere(disclosed: Disclosed) -> Untold:
    elsewhere = disclosed.elsewhere
    if elsewhere is None:
        return ()
    untold = {**dict.fromkeys(elsewhere.untold, ""), **{one.field: one.reason for one in elsewhere.withheld}}
    return tuple(sorted(untold.items()))


@lru_cache(maxsize=10_000)
def _noted(tellings: tuple[tuple[Planned, Untold], ...]) -> NotedFields:
    first = tellings[0][0]
    levels = LEVELS.get(first.type, frozenset())
    valued: dict[str, int] = {}
    leading: dict[str, None] = {}
    masked: dict[str, tuple[str, ...]] = {}
    withheld: dict[str, WithheldNote] = {}
    concealed: dict[str, tuple[str, ...]] = {}
    for number, (plan, untold) in enumerate(tellings):
        for name, decided in _decided(plan, dict(untold)).items():
            if decided.effect is Effect.WITHHOLD:
                withheld[name] = WithheldNote(reasons=decided.reasons, tell=decided.tell or "")
            elif decided.effect is Effect.CONCEAL:
                concealed[name] = decided.reasons
            elif name in levels:
                leading[name] = None
            else:
                valued[name] = number
                if decided.effect is Effect.MASK:
                    masked[name] = decided.reasons
    return NotedFields(
        note=_note(
            first.type,
            first.decision.reasons,
            disclosed=tuple(name for name in (*leading, *valued) if name not in masked),
            masked=tuple(masked.items()),
            withheld=tuple(withheld.items()),
            concealed=tuple(concealed.items()),
        ),
        record_class=first.record_class,
        valued=tuple(name.encode() for name in valued),
        read=_reader([(number, attribute(name)) for name, number in valued.items()]),
        names=(*valued, *leading),
        leading=[""] * len(leading),
    )


# There is a plan for each class and each kind of caller, and a few dozen things that they come to.
@lru_cache(maxsize=4_096)
def _note(
    record_type: RecordType,
    reasons: tuple[str, ...],
    *,
    disclosed: tuple[str, ...],
    masked: tuple[tuple[str, tuple[str, ...]], ...],
    withheld: tuple[tuple[str, WithheldNote], ...],
    concealed: tuple[tuple[str, tuple[str, ...]], ...],
) -> FieldsNote:
    return FieldsNote(
        type=record_type,
        reasons=reasons,
        disclosed=disclosed,
        masked=dict(masked),
        withheld=dict(withheld),
        concealed=dict(concealed),
    )


def _decided(plan: Planned, untold: Mapping[str, str]) -> Mapping[str, FieldDecision]:
    return {
        name: FieldDecision(effect=Effect.WITHHOLD, reasons=(WITHHELD_ELSEWHERE,), tell=untold[name])
        if name in untold and decided.effect in (Effect.DISCLOSE, Effect.MASK)
        else decided
        for name, decided in plan.effects.items()
    }


def _reader(places: Sequence[tuple[int, str]]) -> Callable[[Sequence[Disclosed]], Sequence[Any]]:
    """Return what reads attributes, each of one of the tellings of a record."""
    numbers = {number for number, _ in places}
    if len(numbers) == 1 and len(places) > 1:
        (number,) = numbers
        read = itemgetter(*[name for _, name in places])
        return lambda group: read(group[number].__dict__)
    return lambda group: [group[number].__dict__[name] for number, name in places]
