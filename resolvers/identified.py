"""A child by an identifier, here and at other authorities: the same number on both sides is the same child."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.disclosure.redaction import Disclosed
from gateway.disclosure.road import Selection
from gateway.errors import SourceUnavailable
from gateway.federation.asking import note_of
from gateway.federation.examples import facts_elsewhere
from gateway.federation.links import LinkState
from gateway.federation.locating import Located
from gateway.federation.wanted import Wanted
from gateway.ports import Criteria
from gateway.record_ids import ForeignId
from gateway.records import Candidate, Child, ChildFacts
from gateway.vocabulary import RecordType, SourceStatus
from resolvers.across import Back, Searching, ask_across
from resolvers.asking import Asking, Brought, Linked
from resolvers.authorities import ask_home
from resolvers.following import Following, following, join, sources_of, wanted_beside
from resolvers.linking import IDENTIFIERS, note_links, one_each
from resolvers.others import Others, located
from resolvers.protected import without_numbered
from resolvers.search import findable, may_search, pattern_of, searched_by
from resolvers.told_elsewhere import tellable, without_untold

_FIRST: Final = 2
"""Candidates asked for: one is the child, two are a doubt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sought:
    """What is sought, what is selected of it, and who is asked."""

    criteria: Criteria
    used: frozenset[str]
    selection: Selection
    wanted: Wanted
    others: Others


async def child_everywhere(
    asking: Asking, criteria: Criteria, selection: Selection, wanted: Wanted, *, others: Others
) -> Disclosed | None:
    """Return the record here that an identifier leads to, with what others tell of it, or else the first other one's.

    Raises:
        BadCriteria: The identifier is malformed, or this role may not search by it elsewhere.
        BudgetExhausted: The caller's searches or locate asks are spent.
        SourceUnavailable: Nobody tells such a child, and not everybody asked has answered.
    """
    criteria, used = searched_by(criteria, first=_FIRST)
    await may_search(asking, used, scope="elsewhere", pattern=pattern_of(criteria))
    ask_home(asking)
    await asking.road.prepare_search(frozenset(used))
    sought = _Sought(criteria=criteria, used=frozenset(used), selection=selection, wanted=wanted, others=others)
    found = await asking.directory.find_child(nhs_number=criteria.nhs_number, upn=criteria.upn)
    for here in [] if found is None else await findable(asking, [found]):
        return await _known_here(asking, here, sought)
    return await _known_elsewhere(asking, sought)


async def _known_here(asking: Asking, here: Candidate, sought: _Sought) -> Disclosed | None:
    child, others = here.child, sought.others
    told = (await asking.road.tell_each([child], sought.selection))[0]
    if told is None:
        return None
    links = await following(asking, [(child, sought.wanted)], others)
    beside = await wanted_beside(asking, child, sought.wanted) if child.id in links.links else None
    searching, pointed = None, Located(pointing=(), by=None, outcomes=())
    if beside is not None:
        pointed = await located(asking, sought.criteria, others)
        searching = await _searching(asking, sought, beside, pointed, here=child.facts)
    back = await ask_across(asking, searching=searching, following=links)
    there = await findable(asking, back.candidates)
    note_links(asking, [here], there, criteria=sought.criteria, links=links.links)
    sources = sources_of(back.notes, {*others.named, *links.authorities(child.id)}, map(note_of, pointed.outcomes))
    brought = Brought(records=_the_same(links, back, there, child), sources=sources)
    await join(asking, [(told, brought)], sought.selection)
    return told


async def _known_elsewhere(asking: Asking, sought: _Sought) -> Disclosed | None:
    pointed = await located(asking, sought.criteria, sought.others)
    searching = await _searching(asking, sought, sought.wanted, pointed)
    back = await ask_across(asking, searching=searching, following=Following(links={}, follows=()))
    sources = sources_of(back.notes, sought.others.named, map(note_of, pointed.outcomes))
    there = await without_numbered(asking, sought.criteria, back.candidates)
    for candidate in await findable(asking, there):
        told = (await asking.road.tell_each([candidate.child], sought.selection))[0]
        if told is not None and asking.borders is not None:
            asking.borders.linked[told] = Linked(records=(), sources=sources)
            return told
    silent = [note for note in sources if note.status is not SourceStatus.ANSWERED]
    if silent:
        named = ", ".join(f"{note.authority_code} {note.status.value}" for note in silent)
        raise SourceUnavailable(
            f"Nobody who answered knows this child, and not everybody answered: {named}.",
            reason=f"peer:{silent[0].reason}",
        )
    return None


async def _searching(
    asking: Asking, sought: _Sought, wanted: Wanted, pointed: Located, *, here: ChildFacts | None = None
) -> Searching:
    fields = frozenset({"child", "grade", "reasons"})
    candidate = Wanted(type=RecordType.CANDIDATE, fields=fields, below={"child": wanted})
    at = frozenset({*sought.others.named, *pointed.pointing})
    return Searching(
        criteria=sought.criteria,
        used=sought.used,
        wanted=without_untold(candidate, await tellable(asking, sought.used, here)),
        first=_FIRST,
        at=at,
        facts=None if here is None else {code: facts_elsewhere(code, here) for code in at},
    )


def _the_same(links: Following, back: Back, there: Sequence[Candidate], child: Child) -> tuple[Child, ...]:
    """Return the records elsewhere that are this child's: those that links lead to, and those of the same number."""
    undone = {
        f"{link.authority}.{link.there}" for link in links.links.get(child.id, ()) if link.state is LinkState.UNDONE
    }
    linked = [back.children[follow] for follow in links.follows if follow in back.children]
    same = [one.child for one in one_each(there).values() if not IDENTIFIERS.isdisjoint(one.reasons)]
    records: dict[str, Child] = {}
    for record in sorted([*linked, *same], key=_text_of):
        if _text_of(record) not in undone:
            records.setdefault(_text_of(record), record)
    return tuple(records.values())


def _text_of(record: Child) -> str:
    assert isinstance(record.id, ForeignId)  # noqa: S101  # another authority told it
    return record.id.text
