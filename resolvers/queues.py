"""Pages of a worked queue, and what an entry leads to (domain rule M1)."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from gateway.disclosure.classes import class_of_waiting
from gateway.disclosure.redaction import Disclosed
from gateway.disclosure.road import Selection
from gateway.errors import BadCriteria
from gateway.queues import SOMEBODY, KeptEntry, child_of_entry, entry_id
from gateway.records import Child, ChildFacts, QueueEntry, WorkedOutcome
from gateway.vocabulary import (
    AuthorityCode,
    ChildId,
    Effect,
    PractitionerId,
    Queue,
    QueueState,
    RecordStanding,
    RecordType,
    Shield,
)
from resolvers.asking import Asking
from resolvers.children import children_by_id
from resolvers.paging import Page, page_of
from resolvers.practitioners import practitioners_named


async def page_of_queue(
    asking: Asking, selection: Selection, queue: Queue, *, state: QueueState, first: int, after: str | None
) -> Page:
    """Return a page of a queue, the longest waiting first; raises as `page_of` does."""
    home = asking.road.ask.home
    owners = await owners_shown(asking, queue)

    async def read(at: UUID | None, size: int) -> Sequence[KeptEntry]:
        behind = None if at is None else child_of_entry(queue, at)
        return await asking.queues.page(queue, home=home, state=state, owners=owners, after=behind, size=size)

    async def stands(at: UUID) -> bool:
        return await _may_stand(asking, queue, child_of_entry(queue, at), owners)

    async def records_of(kept: Sequence[KeptEntry]) -> Sequence[QueueEntry]:
        return await records_of_entries(asking, kept)

    return await page_of(
        asking,
        selection,
        first=first,
        after=after,
        record_type=RecordType.QUEUE_ENTRY,
        read=read,
        place=lambda kept: entry_id(queue, kept.child),
        stands=stands,
        records_of=records_of,
    )


async def hold_to_home(asking: Asking, code: AuthorityCode) -> None:
    """Return where a code is that of the authority which this gateway serves.

    Raises:
        BadCriteria: It is another's.
    """
    found = (await asking.directory.local_authorities([code])).get(code)
    if found is None or found.code != asking.road.ask.home:
        raise BadCriteria("An authority's queues are worked at its own gateway.", reason="queue-elsewhere")


async def owners_shown(asking: Asking, queue: Queue) -> Sequence[PractitionerId] | None:
    """Return whose entries are read: the caller's own where the rules show nobody else's, or `None` for everybody's.

    What would be concealed row by row is not read at all: it would fill the ledger with children who were not shown.
    """
    ask = asking.road.ask
    others = class_of_waiting(queue, _plain_facts(ask.home), SOMEBODY, ask.caller)
    (decision,) = await asking.road.decisions.decide([(RecordType.QUEUE_ENTRY, others)])
    return sorted(ask.caller.practitioners) if decision.exists is Effect.CONCEAL else None


async def records_of_entries(asking: Asking, kept: Sequence[KeptEntry]) -> list[QueueEntry]:
    """Return entries as records, each with the facts of its child, in order."""
    children = await asking.directory.children([one.child for one in kept]) if kept else {}
    return [record_of_entry(asking, one, children[one.child]) for one in kept if one.child in children]


def record_of_entry(asking: Asking, kept: KeptEntry, child: Child) -> QueueEntry:
    """Return an entry as a record."""
    last = kept.last
    return QueueEntry(
        id=entry_id(kept.queue, kept.child),
        home=asking.road.ask.home,
        queue=kept.queue,
        child=kept.child,
        facts=child.facts,
        state=kept.state,
        since=kept.since,
        age_days=kept.age_days,
        owner=kept.owner,
        action=None if last is None else last.action,
        outcome=None if last is None else last.outcome,
        reopens_on=None if last is None else last.reopens_on,
        worked_at=None if last is None else last.recorded_at,
        worked_by=None if last is None else last.recorded_by,
    )


async def children_of_entries(
    asking: Asking, entries: Sequence[Disclosed], selection: Selection
) -> list[Disclosed | None]:
    """Return the child of each entry."""
    return await children_by_id(asking, [entry.keys["child"] for entry in entries], selection)


async def owners_of_entries(
    asking: Asking, entries: Sequence[Disclosed], selection: Selection
) -> list[Disclosed | None]:
    """Return the practitioner who owns each entry."""
    return await practitioners_named(asking, entries, selection, "owner")


async def histories_of_entries(
    asking: Asking, entries: Sequence[Disclosed], _selection: Selection
) -> list[Sequence[WorkedOutcome]]:
    """Return all that was done about each entry, the latest first; the field itself has been decided."""
    wanted: list[tuple[Queue, ChildId]] = [entry.keys["history"] for entry in entries]
    held = {
        queue: await asking.queues.histories(queue, [child for of, child in wanted if of is queue])
        for queue in dict.fromkeys(queue for queue, _ in wanted)
    }
    return [held[queue].get(child, ()) for queue, child in wanted]


async def _may_stand(asking: Asking, queue: Queue, child: ChildId, owners: Sequence[PractitionerId] | None) -> bool:
    """Return whether a page may go on from a child's place: where it is hidden by now, its place would tell its day.

    Whose the entry is makes no difference: who hands the last of a page on goes on from there. Nor does what only took
    the child out of the queue, another authority or standing: to have ended there would keep back who waits behind it.
    """
    found = (await asking.directory.children([child])).get(child)
    if found is None:
        return False
    ask = asking.road.ask
    still_there = replace(found.facts, home=ask.home, standing=RecordStanding.LIVE)
    entry = class_of_waiting(queue, still_there, owners[0] if owners else None, ask.caller)
    (decision,) = await asking.road.decisions.decide([(RecordType.QUEUE_ENTRY, entry)])
    return decision.exists is Effect.DISCLOSE


def _plain_facts(home: AuthorityCode) -> ChildFacts:
    return ChildFacts(
        shield=Shield.NONE,
        standing=RecordStanding.LIVE,
        home=home,
        practitioners=frozenset(),
        carers=frozenset(),
        conflicted=frozenset(),
    )
