"""Two copies of one ledger side by side: is one the beginning of the other, or do they part?"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

Hashes = AsyncIterator[tuple[int, bytes]]
"""Numbers and leaf hashes, in the order of the numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How many entries both have alike, where they part if they do, and how many each has after the other's last."""

    shared: int
    parted_at: int | None = None
    more_in_first: int = 0
    more_in_second: int = 0


async def compare(first: Hashes, second: Hashes) -> Comparison:
    """Compare what both hold; what only one holds at the beginning is passed over, a hole later parts them."""
    left, right = await anext(first, None), await anext(second, None)
    shared = 0
    while left is not None and right is not None:
        if left == right:
            shared += 1
            left, right = await anext(first, None), await anext(second, None)
        elif left[0] == right[0] or shared:
            return Comparison(shared=shared, parted_at=min(left[0], right[0]))
        elif left[0] < right[0]:
            left = await anext(first, None)
        else:
            right = await anext(second, None)
    return Comparison(
        shared=shared,
        more_in_first=0 if left is None else 1 + sum([1 async for _ in first]),
        more_in_second=0 if right is None else 1 + sum([1 async for _ in second]),
    )
