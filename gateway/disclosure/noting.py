"""Note: what one ask touched, as the ledger records it, taken from the very objects that make the response."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final

from gateway.disclosure.classes import RecordClass
from gateway.disclosure.fields import LEVELS, attribute
from gateway.disclosure.question import Decision
from gateway.disclosure.redaction import Disclosed
from gateway.disclosure.road import ActionNote, Notes
from gateway.ledger.commitments import Commitments, value_bytes
from gateway.ledger.entry import NOT_FOUND, MaskedNote, RecordNote, WithheldNote
from gateway.record_ids import noted
from gateway.vocabulary import ChildId, Effect, RecordType

WITHHELD_ELSEWHERE: Final = "withheld-elsewhere"
"""The audit reason of what the authority that told a record did not tell of it."""

Place = tuple[RecordType, str, tuple[ChildId, ...]]
"""A record, as told about certain children: what belongs to a link differs from child to child."""


def record_notes(notes: Notes, commitments: Commitments, salt: bytes) -> tuple[RecordNote, ...]:
    """Return one note for each record touched and each set of children it was told about, in the order of telling.

    A record of which one field says different things at different places of the answer has a note for each: what is
    withheld, and where values come from, are told of the fields that were asked for there.
    """
    told: dict[Place, list[Disclosed]] = {}
    for disclosed in notes.disclosed:
        told.setdefault((disclosed.plan.type, noted(disclosed.record_id), disclosed.about), []).append(disclosed)
    made = [
        _told_note(place, alike, commitments, salt)
        for place, group in told.items()
        for alike in _saying_the_same(group)
    ]
    told_records = {(record_type, record_id) for record_type, record_id, _ in told}
    actions = [part for note in notes.actions for part in _action_notes(note, told_records, commitments, salt)]
    return (*actions, *made, *_concealed_notes(notes))


def _action_notes(
    note: ActionNote, told: Collection[tuple[RecordType, str]], commitments: Commitments, salt: bytes
) -> Iterator[RecordNote]:
    """Note what was asked for under the id of the change, and beside it the record that was changed."""
    decided = None if note.decision is None else note.decision.fields[note.action]
    done = note.changed is not None
    change, about = str(note.change), tuple(str(child) for child in note.about)
    yield RecordNote(
        type=RecordType.ACTION,
        id=change,
        home=None,
        about=about,
        exists=NOT_FOUND if not note.found else Effect.DISCLOSE if note.decision is None else note.decision.exists,
        reasons=() if note.decision is None else note.decision.reasons,
        # The input is committed to, never held: what was stated can be proved.
        disclosed=commitments.commit(salt, RecordType.ACTION.value, change, {note.action: note.stated}) if done else {},
        withheld={note.action: WithheldNote(reasons=decided.reasons, tell=decided.tell or "")}
        if decided is not None and not done and decided.effect is Effect.WITHHOLD
        else {},
        record_class=note.record_class,
    )
    if note.changed is not None and (note.changed[0], str(note.changed[1])) not in told:
        yield RecordNote(type=note.changed[0], id=str(note.changed[1]), home=None, about=about)


def _saying_the_same(group: list[Disclosed]) -> Iterable[list[Disclosed]]:
    """Part what is told of one record into as many lists as one field of it has values."""
    if len(group) == 1:
        return [group]
    parts: list[tuple[dict[str, Any], list[Disclosed]]] = []
    for disclosed in group:
        values = {name: _value(disclosed, name) for name in disclosed.plan.valued}
        for said, alike in parts:
            if all(said.get(name, value) == value for name, value in values.items()):
                said.update(values)
                alike.append(disclosed)
                break
        else:
            parts.append((values, [disclosed]))
    return [alike for _, alike in parts]


def _told_note(place: Place, group: list[Disclosed], commitments: Commitments, salt: bytes) -> RecordNote:
    record_type, record_id, about = place
    values: dict[str, bytes] = {}
    leading: dict[str, str] = {}
    masked: dict[str, tuple[str, ...]] = {}
    withheld: dict[str, WithheldNote] = {}
    concealed: dict[str, tuple[str, ...]] = {}
    levels = LEVELS.get(record_type, frozenset())
    for disclosed in group:
        untold = _untold_elsewhere(disclosed)
        for name, decided in disclosed.plan.effects.items():
            if name in untold and decided.effect in (Effect.DISCLOSE, Effect.MASK):
                withheld[name] = WithheldNote(reasons=(WITHHELD_ELSEWHERE,), tell=untold[name])
            elif decided.effect is Effect.WITHHOLD:
                withheld[name] = WithheldNote(reasons=decided.reasons, tell=decided.tell or "")
            elif decided.effect is Effect.CONCEAL:
                concealed[name] = decided.reasons
            elif name in levels:
                # What it leads to is noted record by record.
                leading[name] = ""
            else:
                values[name] = value_bytes(_value(disclosed, name))
                if decided.effect is Effect.MASK:
                    masked[name] = decided.reasons
    committed = commitments.commit(salt, record_type.value, record_id, values)
    return RecordNote(
        type=record_type,
        id=record_id,
        home=group[0].home,
        about=tuple(str(child) for child in about),
        reasons=group[0].plan.decision.reasons,
        disclosed={**leading, **{name: text for name, text in committed.items() if name not in masked}},
        masked={name: MaskedNote(reasons=reasons, commitment=committed[name]) for name, reasons in masked.items()},
        withheld=withheld,
        concealed=concealed,
        record_class=group[0].plan.record_class,
    )


def _untold_elsewhere(disclosed: Disclosed) -> dict[str, str]:
    """Return the fields that the authority which told a record left null, with the code that said so, if one did."""
    elsewhere = disclosed.elsewhere
    if elsewhere is None:
        return {}
    return {**dict.fromkeys(elsewhere.untold, ""), **{one.field: one.reason for one in elsewhere.withheld}}


def _value(disclosed: Disclosed, name: str) -> Any:
    return disclosed.__dict__[attribute(name)]


def _concealed_notes(notes: Notes) -> Iterator[RecordNote]:
    for record_type, record_id, home, about, decision, record_class in _once(notes.concealed):
        yield RecordNote(
            type=record_type,
            id=noted(record_id),
            home=home,
            about=tuple(str(child) for child in about),
            exists=Effect.CONCEAL,
            reasons=decision.reasons,
            record_class=record_class,
        )


Concealed = tuple[RecordType, Any, Any, tuple[ChildId, ...], Decision, RecordClass]


def _once(concealed: Iterable[Concealed]) -> Iterable[Concealed]:
    return {(record[0], str(record[1]), record[3]): record for record in concealed}.values()
