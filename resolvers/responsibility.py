"""Who was and is to be responsible for a child: the history of one, and what waits for an answer (domain rule X1)."""

from collections.abc import Sequence
from uuid import UUID

from gateway.disclosure.redaction import Disclosed
from gateway.disclosure.road import Selection
from gateway.record_ids import ForeignId
from gateway.records import Child, ResponsibilityTransfer
from gateway.transfers import KeptTransfer
from gateway.vocabulary import AuthorityCode, RecordType, TransferId
from resolvers.asking import Asking
from resolvers.authorities import authorities_by_code
from resolvers.paging import Page, page_of


async def histories_of_children(
    asking: Asking, children: Sequence[Disclosed], selection: Selection
) -> list[list[Disclosed]]:
    """Return the transfers of each child, the oldest first; of a child held elsewhere this gateway has none."""
    here = [child.record_id for child in children if not isinstance(child.record_id, ForeignId)]
    kept = await asking.transfers.of_children(here)
    records = {child: await records_of_transfers(asking, held) for child, held in kept.items()}
    return await asking.road.tell([records.get(child.record_id, []) for child in children], selection)


async def transfers_of_this_authority(
    asking: Asking, selection: Selection, *, unanswered: bool, first: int, after: str | None
) -> Page:
    """Return a page of what was offered by and to this authority; raises as `page_of` does."""

    async def read(at: UUID | None, size: int) -> Sequence[KeptTransfer]:
        return await asking.transfers.page(
            after=None if at is None else TransferId(at), size=size, unanswered=unanswered
        )

    async def records_of(kept: Sequence[KeptTransfer]) -> Sequence[ResponsibilityTransfer]:
        return await records_of_transfers(asking, kept)

    return await page_of(
        asking,
        selection,
        first=first,
        after=after,
        record_type=RecordType.RESPONSIBILITY_TRANSFER,
        read=read,
        place=lambda kept: kept.transfer.id,
        records_of=records_of,
    )


async def records_of_transfers(asking: Asking, kept: Sequence[KeptTransfer]) -> list[ResponsibilityTransfer]:
    """Return transfers as records, each with the facts of the child it is about, in order."""
    ids = {one.child for one in kept if one.child is not None}
    children = await asking.directory.children(list(ids)) if ids else {}
    home = asking.road.ask.home
    return [_record(one, None if one.child is None else children.get(one.child), home=home) for one in kept]


async def children_of_transfers(
    asking: Asking, transfers: Sequence[Disclosed], selection: Selection
) -> list[Disclosed | None]:
    """Return the record of each transfer's child here."""
    ids = [transfer.keys["child"] for transfer in transfers]
    found = await asking.directory.children([child for child in ids if child is not None])
    return await asking.road.tell_each([found.get(child) for child in ids], selection)


async def authorities_offering(
    asking: Asking, transfers: Sequence[Disclosed], selection: Selection
) -> list[Disclosed | None]:
    """Return the authority that offers, of each transfer."""
    return await authorities_by_code(asking, [transfer.keys["offeredBy"] for transfer in transfers], selection)


async def authorities_asked(
    asking: Asking, transfers: Sequence[Disclosed], selection: Selection
) -> list[Disclosed | None]:
    """Return the authority that is asked, of each transfer."""
    return await authorities_by_code(asking, [transfer.keys["offeredTo"] for transfer in transfers], selection)


def _record(kept: KeptTransfer, child: Child | None, *, home: AuthorityCode) -> ResponsibilityTransfer:
    transfer, subject = kept.transfer, kept.subject
    return ResponsibilityTransfer(
        id=transfer.id,
        home=home,
        child=None if child is None else child.id,
        facts=None if child is None else child.facts,
        offered_by=transfer.offer.by,
        offered_to=transfer.offer.to,
        state=transfer.state,
        offered_at=transfer.offer.at,
        answered_at=None if transfer.answer is None else transfer.answer.at,
        nhs_number=None if subject is None else subject.nhs_number,
        shielded=subject is not None and subject.shielded,
        delivered=kept.delivered,
    )
