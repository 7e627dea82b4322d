"""Children at other authorities: found with those here, joined to them by links, and told by their ids."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.disclosure.redaction import Disclosed
from gateway.disclosure.road import Selection, SourceNote
from gateway.errors import SourceUnavailable
from gateway.federation.asking import note_of
from gateway.federation.locating import Located
from gateway.federation.reply_forms import ReplyMalformed
from gateway.federation.wanted import Wanted, text_of
from gateway.ports import Criteria
from gateway.record_ids import ForeignId
from gateway.records import Candidate
from gateway.vocabulary import AuthorityCode, ChildId, RecordType, SourceStatus
from resolvers.across import Back, Searching, ask_across, reader, records_limit
from resolvers.asking import Asking, Brought, Linked
from resolvers.asking_peers import PeerDocument, ask_others, malformed
from resolvers.authorities import ask_home
from resolvers.following import Following, following, join, sources_of
from resolvers.linking import note_links
from resolvers.others import Others, located
from resolvers.protected import forget_linked, with_children, without_numbered
from resolvers.search import findable, found_here, may_search, order_of_candidates, pattern_of, searched_by
from resolvers.told_elsewhere import tellable, without_untold


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What a search over several authorities comes to."""

    candidates: Sequence[Disclosed]
    sources: Sequence[SourceNote]


async def candidates_everywhere(
    asking: Asking, criteria: Criteria, selection: Selection, wanted: Wanted, *, others: Others, first: int
) -> Search:
    """Return at most `first` candidates of this authority and the others, by grade, then authority, then id.

    Whatever others do, this authority's candidates are told; who did not answer is named.

    Raises:
        BadCriteria: The criteria are below the minimum, malformed, or not for this role.
        TooManyMatches: More than fifty children of this authority match that this caller may find.
        BudgetExhausted: The caller's searches are spent.
    """
    criteria, used = searched_by(criteria, first=first)
    await may_search(asking, used, scope="elsewhere", pattern=pattern_of(criteria))
    home = ask_home(asking)
    here, pointed = await _here_and_where(asking, criteria, used, others)
    links = await _followed(asking, here, wanted, others=others, first=first)
    searching = Searching(
        criteria=criteria,
        used=frozenset(used),
        wanted=without_untold(wanted, await tellable(asking, frozenset(used))),
        first=first,
        at=frozenset({*others.named, *pointed.pointing}),
    )
    back = await ask_across(asking, searching=searching, following=links)
    there = await findable(asking, await without_numbered(asking, criteria, back.candidates))
    note_links(asking, here, there, criteria=criteria, links=links.links)
    told = (await asking.road.tell([[*here, *there]], selection, first=first, order=order_of_candidates))[0]
    for candidate in told:
        _keep_beside(asking, candidate, links, back)
    return Search(candidates=told, sources=[home, *_all_sources(back, pointed)])


async def _here_and_where(
    asking: Asking, criteria: Criteria, used: tuple[str, ...], others: Others
) -> tuple[list[Candidate], Located]:
    """Return the candidates here, and where the locator points meanwhile."""
    pointing = asyncio.create_task(located(asking, criteria, others))
    try:
        return await found_here(asking, criteria, used), await pointing
    finally:
        pointing.cancel()
        await asyncio.gather(pointing, return_exceptions=True)


async def _followed(
    asking: Asking, here: Sequence[Candidate], wanted: Wanted, *, others: Others, first: int
) -> Following:
    below = wanted.below.get("child")
    if below is None:
        return Following(links={}, follows=())
    best = sorted(here, key=lambda candidate: order_of_candidates(candidate, lambda _: True))[:first]
    return await following(asking, [(candidate.child, below) for candidate in best], others)


def _keep_beside(asking: Asking, candidate: Disclosed, links: Following, back: Back) -> None:
    """Keep what links of a candidate's child brought, for the places at which the child is told."""
    number = next((follow.place for follow in links.follows if follow.child == candidate.record_id), None)
    if asking.borders is not None and number is not None:
        asking.borders.brought[candidate] = _brought(links, back, number, candidate.record_id)


def _all_sources(back: Back, pointed: Located) -> list[SourceNote]:
    """Return, by code, how each authority searched answered, and each that the locator did not point to."""
    silent = [note_of(reply) for reply in pointed.outcomes if reply.authority not in back.searched]
    return sorted([*back.searched.values(), *silent], key=lambda note: note.authority_code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the document asks for a child here: which, and what is selected of it."""

    child: ChildId
    selection: Selection
    wanted: Wanted


async def children_beside(asking: Asking, places: Sequence[Place], others: Others | None) -> list[Disclosed | None]:
    """Return the child of each place with what is told of it by those of the others that its links lead to.

    Each authority is asked once, for all places; without others nobody is.
    """
    ask_home(asking)
    found = await asking.directory.children([place.child for place in places])
    told = [(await asking.road.tell_each([found.get(place.child)], place.selection))[0] for place in places]
    if others is None:
        return told
    here = [(place, child) for place, child in zip(places, told, strict=True) if child is not None]
    links = await following(asking, [(found[place.child], place.wanted) for place, _ in here], others)
    back = await ask_across(asking, searching=None, following=links)
    for number, (place, child) in enumerate(here):
        await join(asking, [(child, _brought(links, back, number, place.child, others.named))], place.selection)
    return told


def _brought(links: Following, back: Back, number: int, child: ChildId, named: Sequence[AuthorityCode] = ()) -> Brought:
    """Return what links of one of the children brought, and how those answered that they lead to."""
    follows = links.of(number)
    return Brought(
        records=tuple(back.children[follow] for follow in follows if follow in back.children),
        sources=sources_of(
            (back.followed[follow.authority] for follow in follows), {*named, *links.authorities(child)}
        ),
    )


async def record_elsewhere(asking: Asking, record_id: ForeignId, wanted: Wanted) -> ForeignId | None:
    """Return the id under which a record has arrived from the authority that its id names, or None for none.

    Raises:
        SourceUnavailable: That authority did not answer: silence is not "nothing known".
    """
    borders = asking.borders
    if borders is None or record_id.authority not in borders.peers.members():
        return None
    authority = record_id.authority
    ask_home(asking)
    borders.arrived.authorities.update(borders.peers.members())
    wanted = with_children(without_untold(wanted, await tellable(asking)))
    document = PeerDocument(text=_RECORD % (wanted.type.value, text_of(wanted)), variables={"id": record_id.there})
    [(note, reply)] = (await ask_others(asking, {authority: document})).values()
    reading = reader(asking, authority, records_limit(asking))
    found = None
    if reply.data is not None and note.status is SourceStatus.ANSWERED:
        try:
            found = reading.record(reply.data.get("node"), wanted, record_id)
        except ReplyMalformed as fault:
            malformed(note, fault.reason)
    if note.status is not SourceStatus.ANSWERED:
        raise SourceUnavailable(
            f"{authority} holds this record and has not answered: {note.status.value}.", reason=f"peer:{note.reason}"
        )
    borders.arrived.take(reading.arrived)
    protected = await forget_linked(asking)
    if wanted.type is RecordType.CHILD:
        return found if found in borders.arrived.children else None
    # Who cares for a child, or works with one, says where the child is.
    return None if reading.arrived.forget(protected) else found


def name_others(asking: Asking, told: Disclosed, others: Others) -> None:
    """Name, beside a child that one authority told by its id, the others that were named and not asked for it."""
    if asking.borders is None:
        return
    notes = [note for note in asking.road.notes.sources if note.authority_code == told.home]
    asking.borders.linked[told] = Linked(records=(), sources=sources_of(notes, others.named))


_RECORD: Final = "query Elsewhere($id: ID!) { node(id: $id) { ... on %s %s } }"
