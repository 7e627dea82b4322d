"""Note: what one ask touched, as the ledger records it, taken from the very objects that make the response."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from gateway.disclosure.fields import attribute
from gateway.disclosure.noted_fields import noted_fields
from gateway.disclosure.redaction import Disclosed
from gateway.disclosure.road import ActionNote, Concealed, Notes
from gateway.ledger.commitments import Commitments, ToCommit, values_bytes
from gateway.ledger.entry import NOT_FOUND, FieldsNote, RecordNote, WithheldNote
from gateway.record_ids import noted
from gateway.vocabulary import ChildId, Effect, RecordType

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
    told_records = {(record_type, record_id) for record_type, record_id, _ in told}
    actions = [part for note in notes.actions for part in _action_notes(note, told_records, commitments, salt)]
    return (*actions, *_told_notes(told, commitments, salt), *_concealed_notes(notes))


def _told_notes(told: Mapping[Place, list[Disclosed]], commitments: Commitments, salt: bytes) -> Iterator[RecordNote]:
    """Note every record with all its fields; the whole entry's values are committed to at once."""
    made = [(place, alike, noted_fields(alike)) for place, group in told.items() for alike in _saying_the_same(group)]
    committed = commitments.commit_each(
        salt,
        [
            ToCommit(record_type.value, record_id, fields.valued, values_bytes(fields.read(alike)))
            for (record_type, record_id, _), alike, fields in made
        ],
    )
    for ((_, record_id, about), alike, fields), texts in zip(made, committed, strict=True):
        yield RecordNote(
            fields.note,
            record_id,
            alike[0].home,
            _texts(about),
            dict(zip(fields.names, texts + fields.leading, strict=True)),
            fields.record_class,
        )


def _action_notes(
    note: ActionNote, told: Collection[tuple[RecordType, str]], commitments: Commitments, salt: bytes
) -> Iterator[RecordNote]:
    """Note what was asked for under the id of the change, and beside it the record that was changed."""
    decided = None if note.decision is None else note.decision.fields[note.action]
    done = note.changed is not None
    change, about = str(note.change), _texts(note.about)
    yield RecordNote(
        FieldsNote(
            type=RecordType.ACTION,
            exists=NOT_FOUND if not note.found else Effect.DISCLOSE if note.decision is None else note.decision.exists,
            reasons=() if note.decision is None else note.decision.reasons,
            disclosed=(note.action,) if done else (),
            withheld={note.action: WithheldNote(reasons=decided.reasons, tell=decided.tell or "")}
            if decided is not None and not done and decided.effect is Effect.WITHHOLD
            else {},
        ),
        id=change,
        home=None,
        about=about,
        # The input is committed to, never held: what was stated can be proved.
        values=commitments.commit(salt, RecordType.ACTION.value, change, {note.action: note.stated}) if done else {},
        record_class=note.record_class,
    )
    if note.changed is not None and (note.changed[0], str(note.changed[1])) not in told:
        yield RecordNote(FieldsNote(type=note.changed[0]), id=str(note.changed[1]), home=None, about=about, values={})


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


def _value(disclosed: Disclosed, name: str) -> Any:
    return disclosed.__dict__[attribute(name)]


def _texts(about: Iterable[ChildId]) -> tuple[str, ...]:
    return tuple([str(child) for child in about])


def _concealed_notes(notes: Notes) -> Iterator[RecordNote]:
    for record_type, record_id, home, about, reasons, record_class in _once(notes.concealed):
        yield RecordNote(_concealing(record_type, reasons), noted(record_id), home, _texts(about), {}, record_class)


@lru_cache(maxsize=1_000)
def _concealing(record_type: RecordType, reasons: tuple[str, ...]) -> FieldsNote:
    return FieldsNote(type=record_type, exists=Effect.CONCEAL, reasons=reasons)


def _once(concealed: Iterable[Concealed]) -> Iterable[Concealed]:
    return {(record[0], str(record[1]), record[3]): record for record in concealed}.values()
