"""Links between a child's record here and those elsewhere: which are followed, and how what they lead to is joined.

A link is followed for who asked for that authority, where these rules tell that person something of records elsewhere,
and never from a child under a shield or near to one. What it leads to is told beside the child as records of another
authority; of the child's own fields only those of `JOINED` grow.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gateway.disclosure.classes import class_of
from gateway.disclosure.redaction import Disclosed
from gateway.disclosure.road import Selection, SourceNote
from gateway.federation.examples import facts_elsewhere
from gateway.federation.links import Link, LinkState
from gateway.federation.wanted import JOINED, Wanted, joined
from gateway.record_ids import ForeignId
from gateway.records import Child, ChildFacts
from gateway.vocabulary import AuthorityCode, ChildId, Effect, RecordType, SourceStatus
from resolvers.asking import Asking, Brought, Linked
from resolvers.others import Others
from resolvers.told_elsewhere import tellable, without_untold

FOLLOW_LIMIT: Final = 20
"""Links of one ask to one authority that are followed: what a peer answers is bounded as well."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Follow:
    """A link to be followed: what is wanted of the record elsewhere, and what is known there of the child."""

    place: int
    """Position, among the children asked for, of the one that it is followed from."""
    child: ChildId
    authority: AuthorityCode
    there: str
    wanted: Wanted
    facts: ChildFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """The links of some children here, and those of them that are to be followed."""

    links: Mapping[ChildId, Sequence[Link]]
    """A child that is absent has none that may be followed, or made."""
    follows: Sequence[Follow]

    def at(self, authority: AuthorityCode) -> list[Follow]:
        """Return those that lead to an authority."""
        return [follow for follow in self.follows if follow.authority == authority]

    def of(self, place: int) -> list[Follow]:
        """Return those from one of the children."""
        return [follow for follow in self.follows if follow.place == place]

    def authorities(self, child: ChildId) -> set[AuthorityCode]:
        """Return where a child's links in force lead, followed or not."""
        return {link.authority for link in self.links.get(child, ()) if link.state is LinkState.IN_FORCE}


async def following(asking: Asking, children: Sequence[tuple[Child, Wanted]], others: Others) -> Following:
    """Return the links of children here, and those to be followed for what a document wants of each."""
    links = await links_of(asking, [child.id for child, _ in children])
    follows: list[Follow] = []
    count: defaultdict[AuthorityCode, int] = defaultdict(int)
    for place, (child, wanted) in enumerate(children):
        in_force = [one for one in links.get(child.id, ()) if one.state is LinkState.IN_FORCE]
        leading = [one for one in in_force if others.includes(one.authority)]
        part = await wanted_beside(asking, child, wanted) if leading else None
        for link in leading if part is not None else ():
            count[link.authority] += 1
            if part is not None and count[link.authority] <= FOLLOW_LIMIT:
                facts = facts_elsewhere(link.authority, child.facts)
                follows.append(
                    Follow(
                        place=place,
                        child=child.id,
                        authority=link.authority,
                        there=link.there,
                        wanted=part,
                        facts=facts,
                    )
                )
    return Following(links=links, follows=follows)


async def links_of(asking: Asking, children: Sequence[ChildId]) -> Mapping[ChildId, Sequence[Link]]:
    """Return the links of children here, where this caller would be told anything of a record elsewhere at all.

    A child under a shield, or near to one who is, is absent.
    """
    if asking.borders is None or not children or (RecordType.CHILD, "id") not in await tellable(asking):
        return {}
    return await asking.borders.links.of(children)


async def wanted_beside(asking: Asking, child: Child, wanted: Wanted) -> Wanted | None:
    """Return what is wanted elsewhere beside a child here, or None where nothing of it would be told."""
    [decision] = await asking.road.decisions.decide([class_of(child, asking.road.ask.caller)])
    told = frozenset(name for name, decided in decision.fields.items() if decided.effect is Effect.DISCLOSE)
    part = joined(wanted, told)
    allowed = await tellable(asking, here=child.facts)
    if part is None or (RecordType.CHILD, "id") not in allowed:
        return None
    part = without_untold(part, allowed)
    return part if part.fields & JOINED else None


async def join(asking: Asking, told: Sequence[tuple[Disclosed, Brought]], selection: Selection) -> None:
    """Tell what was brought of children beside them, as records of other authorities told about these children."""
    borders = asking.borders
    assert borders is not None  # noqa: S101  # nothing was brought where there are no borders
    groups = [brought.records for _, brought in told]
    beside = await asking.road.tell(groups, _Beside(selection), about=[child.about for child, _ in told])
    for (child, brought), records in zip(told, beside, strict=True):
        child.withheld_too(records)
        borders.linked[child] = Linked(records=tuple(records), sources=brought.sources)


class _Beside:
    """Of the selection on a child what is joined from elsewhere, and what says that some of it is not told."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection

    def fields(self, record_type: RecordType) -> frozenset[str]:
        return self._selection.fields(record_type) & (JOINED | {"withheld"})


def ids_of(asking: Asking, child: Disclosed, field: str) -> list[Any]:
    """Return the ids that a field of a child is loaded by: its own, and those of linked records that tell the field."""
    linked = None if asking.borders is None else asking.borders.linked.get(child)
    others = () if linked is None else linked.records
    return [child.record_id, *(record.record_id for record in others if record.tells(field))]


Load = Callable[[Sequence[Any]], Awaitable[Mapping[Any, Sequence[Any]]]]


async def held(asking: Asking, children: Sequence[Disclosed], field: str, load: Load) -> list[Sequence[Any]]:
    """Return what a field of each child leads to, here and at the authorities that its links lead to."""
    if asking.borders is None or not asking.borders.linked:
        found = await load([child.record_id for child in children])
        return [found.get(child.record_id, ()) for child in children]
    ids = [ids_of(asking, child, field) for child in children]
    found = await load([one for some in ids for one in some])
    return [_each_once(record for one in some for record in found.get(one, ())) for some in ids]


def _each_once(records: Any) -> list[Any]:
    """Return records without the second telling of one that two linked records share."""
    once: dict[object, Any] = {}
    for record in records:
        once.setdefault(record.id.text if isinstance(record.id, ForeignId) else record.id, record)
    return list(once.values())


def sources_of(
    notes: Iterable[SourceNote], others: Collection[AuthorityCode], located: Iterable[SourceNote] = ()
) -> tuple[SourceNote, ...]:
    """Return how those answered that were asked for a child, and that the others were not, by code.

    Of two answers the lacking one counts, and that to the locator only for who was asked nothing else.
    """
    asked: dict[AuthorityCode, SourceNote] = {}
    for note in notes:
        if asked.setdefault(note.authority_code, note).status is SourceStatus.ANSWERED:
            asked[note.authority_code] = note
    asked = {note.authority_code: note for note in located} | asked
    return tuple(asked.get(code) or not_asked(code) for code in sorted({*others, *asked}))


def not_asked(authority: AuthorityCode) -> SourceNote:
    """Return the note of an authority that was not asked: what it would say is not known."""
    return SourceNote(authority_code=authority, status=SourceStatus.NOT_ASKED, as_of=None)
