"""Pages of a list of which the caller may see a part: full unless they are the last, whatever is concealed between."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar
from uuid import UUID

from gateway.disclosure.classes import Record
from gateway.disclosure.redaction import Disclosed
from gateway.disclosure.road import Selection
from gateway.errors import BadCriteria
from gateway.vocabulary import RecordType
from resolvers.asking import Asking

PAGE_LIMIT: Final = 100
_READ_AT_ONCE: Final = 200
"""Rows read at once beyond the first read, where what was read is concealed."""

Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of records."""

    records: Sequence[Disclosed]
    has_more: bool


async def page_of(
    asking: Asking,
    selection: Selection,
    *,
    first: int,
    after: str | None,
    record_type: RecordType,
    read: Callable[[UUID | None, int], Awaitable[Sequence[Kept]]],
    place: Callable[[Kept], UUID],
    records_of: Callable[[Sequence[Kept]], Awaitable[Sequence[Record]]],
    stands: Callable[[UUID], Awaitable[bool]] | None = None,
) -> Page:
    """Return a page; concealed records are read past, for a page that came out short would tell of them.

    Args:
        asking: The ask.
        selection: What is selected of each record.
        first: How many records at most.
        after: The cursor to go on from: the id of a record, as it was told.
        record_type: The type of the records.
        read: Reads so many rows from one on, in the order of the list.
        place: The id by which a row is gone on from.
        records_of: Makes records of rows.
        stands: Says whether the caller may go on from a place, where that would tell of what is hidden there by now;
            from one that does not stand the list has ended, as from one that never was.

    Raises:
        BadCriteria: `first` is out of range, or `after` is not a cursor of this list.
    """
    if not 1 <= first <= PAGE_LIMIT:
        raise BadCriteria(f"first must be between 1 and {PAGE_LIMIT}; it is {first}.", reason="first-out-of-range")
    at = None if after is None else asking.ids.meant_as(record_type, after)
    if after is not None and at is None:
        raise BadCriteria("`after` is not a cursor of this list.", reason="cursor-malformed")
    if at is not None and stands is not None and not await stands(at):
        return Page(records=(), has_more=False)
    shown: list[Record] = []
    size = first + 1
    while len(shown) <= first:
        rows = await read(at, size)
        shown += await asking.road.findable(await records_of(rows))
        if len(rows) < size:
            break
        at, size = place(rows[-1]), _READ_AT_ONCE
    told = (await asking.road.tell([shown[:first]], selection))[0]
    return Page(records=told, has_more=len(shown) > first)
