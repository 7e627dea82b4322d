"""The difference between two sets of rules: what tells more comes first, what only changes its reasons last."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from gateway.disclosure.question import FieldDecision
from gateway.vocabulary import Effect
from gateway.workbench.matrix import Matrix, Place, decision_document, place_document

ABSENT: Final = FieldDecision(effect=Effect.CONCEAL, reasons=("not-in-these-rules",))
"""What rules decide that do not know the role, purpose, field or class at all: nothing is told."""

_OPENNESS: Final = (Effect.CONCEAL, Effect.WITHHOLD, Effect.MASK, Effect.DISCLOSE)


class Kind(StrEnum):
    """What a change means for whoever the record is about; the gravest first."""

    TELLS_MORE = "tells-more"
    TELLS_LESS = "tells-less"
    SAYS_OTHERWISE = "says-otherwise"
    """As much is told; the code or the remedy that goes out with it is another."""
    REASONS_ONLY = "reasons-only"
    """Nothing that a caller can see; the ledger records other reasons."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One place at which two sets of rules decide differently; `times` counts recorded decisions, else 1."""

    kind: Kind
    place: Place
    old: FieldDecision
    new: FieldDecision
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """All changes between two revisions, the gravest kind first, with how many decisions were compared."""

    old_revision: str
    new_revision: str
    compared: int
    changes: tuple[Change, ...]

    @property
    def counts(self) -> Mapping[Kind, int]:
        """Return how many decisions change in each kind; each kind is there."""
        counted = Counter[Kind]()
        for change in self.changes:
            counted[change.kind] += change.times
        return {kind: counted[kind] for kind in Kind}

    def of(self, kind: Kind) -> tuple[Change, ...]:
        """Return the changes of one kind."""
        return tuple(change for change in self.changes if change.kind is kind)

    def as_document(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "old": self.old_revision,
            "new": self.new_revision,
            "compared": self.compared,
            "counts": {kind.value: count for kind, count in self.counts.items()},
            "changes": [
                {
                    "kind": change.kind.value,
                    "times": change.times,
                    **place_document(change.place),
                    "old": decision_document(change.old),
                    "new": decision_document(change.new),
                }
                for change in self.changes
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Changes that are one change to a reader: the same field and class turn from the same into the same."""

    kind: Kind
    type: str
    field: str
    class_name: str
    old: FieldDecision
    new: FieldDecision
    approaches: tuple[tuple[str, str | None], ...]
    """The roles and purposes concerned, each once."""
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Groups that differ in nothing but field and class: each of the fields, of each of the classes."""

    kind: Kind
    type: str
    fields: tuple[str, ...]
    classes: tuple[str, ...]
    old: FieldDecision
    new: FieldDecision
    approaches: tuple[tuple[str, str | None], ...]
    times: int


def compare(old: Matrix, new: Matrix) -> Difference:
    """Return what changes from one matrix to another; a place that only one has is `ABSENT` in the other."""
    places = dict.fromkeys([*old.cells, *new.cells])
    pairs = ((place, old.cells.get(place, ABSENT), new.cells.get(place, ABSENT), 1) for place in places)
    return difference_of(pairs, old_revision=old.revision, new_revision=new.revision)


def difference_of(
    pairs: Iterable[tuple[Place, FieldDecision, FieldDecision, int]], *, old_revision: str, new_revision: str
) -> Difference:
    """Return the difference over pairs of decisions, each with how often it was made."""
    compared = 0
    changes = []
    for place, before, after, times in pairs:
        compared += times
        if (kind := kind_of(before, after)) is not None:
            changes.append(Change(kind=kind, place=place, old=before, new=after, times=times))
    order = list(Kind)
    changes.sort(key=lambda change: order.index(change.kind))
    return Difference(old_revision=old_revision, new_revision=new_revision, compared=compared, changes=tuple(changes))


def kind_of(old: FieldDecision, new: FieldDecision) -> Kind | None:
    """Return what kind of change leads from one decision to another; None where they are the same."""
    opened = _OPENNESS.index(new.effect) - _OPENNESS.index(old.effect)
    if opened == 0 and new.obligations != old.obligations:
        # Whoever takes an obligation away tells more; so, for caution, does whoever exchanges one for another.
        opened = -1 if set(new.obligations) > set(old.obligations) else 1
    if opened:
        return Kind.TELLS_MORE if opened > 0 else Kind.TELLS_LESS
    if (old.tell, old.remedy) != (new.tell, new.remedy):
        return Kind.SAYS_OTHERWISE
    return Kind.REASONS_ONLY if old.reasons != new.reasons else None


def grouped(changes: Sequence[Change]) -> list[Group]:
    """Return the changes as a reader takes them in: what turns into what, for whom, in the order of first sight."""
    together: dict[tuple[object, ...], list[Change]] = {}
    for change in changes:
        place = change.place
        key = (change.kind, place.type, place.field, place.class_name, change.old, change.new)
        together.setdefault(key, []).append(change)
    return [
        Group(
            kind=members[0].kind,
            type=members[0].place.type.value,
            field=members[0].place.field,
            class_name=members[0].place.class_name,
            old=members[0].old,
            new=members[0].new,
            approaches=tuple(
                dict.fromkeys((member.place.approach.role, member.place.approach.purpose) for member in members)
            ),
            times=sum(member.times for member in members),
        )
        for members in together.values()
    ]


def blocks(changes: Sequence[Change]) -> list[Block]:
    """Return the changes in as few blocks as say them all, in the order of first sight."""
    of_class: dict[tuple[object, ...], list[Group]] = {}
    for group in grouped(changes):
        of_class.setdefault((group.class_name, _turn(group)), []).append(group)
    alike: dict[tuple[object, ...], list[list[Group]]] = {}
    for groups in of_class.values():
        alike.setdefault((tuple(group.field for group in groups), _turn(groups[0])), []).append(groups)
    return [
        Block(
            kind=classes[0][0].kind,
            type=classes[0][0].type,
            fields=tuple(group.field for group in classes[0]),
            classes=tuple(groups[0].class_name for groups in classes),
            old=classes[0][0].old,
            new=classes[0][0].new,
            approaches=classes[0][0].approaches,
            times=sum(group.times for groups in classes for group in groups),
        )
        for classes in alike.values()
    ]


def _turn(group: Group) -> tuple[object, ...]:
    return (group.kind, group.type, group.old, group.new, group.approaches)


BY: Final[Mapping[str, Callable[[Change], tuple[str, ...]]]] = {
    "role": lambda change: (change.place.approach.role,),
    "field": lambda change: (f"{change.place.type}.{change.place.field}",),
    "class": lambda change: (change.place.class_name,),
    "reason": lambda change: tuple(sorted(set(change.old.reasons) ^ set(change.new.reasons))),
}
"""By what changes are counted; a change may count under several reasons."""


def counted(changes: Sequence[Change], by: str) -> Mapping[str, int]:
    """Return how many changes there are by `role`, `field`, `class` or `reason`, the most first."""
    tally = Counter[str]()
    for change in changes:
        for name in BY[by](change):
            tally[name] += change.times
    return dict(tally.most_common())
