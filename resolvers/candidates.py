"""The child behind each candidate of a search."""

from collections.abc import Sequence

from gateway.disclosure.redaction import Disclosed
from gateway.disclosure.road import Selection
from resolvers.asking import Asking
from resolvers.following import join


async def children_of_candidates(
    asking: Asking, candidates: Sequence[Disclosed], selection: Selection
) -> list[Disclosed | None]:
    """Return the child of each candidate, with what its links have brought."""
    told = await asking.road.tell_each([candidate.keys["child"] for candidate in candidates], selection)
    brought = {} if asking.borders is None else asking.borders.brought
    if brought:
        pairs = zip(candidates, told, strict=True)
        await join(asking, [(child, brought[of]) for of, child in pairs if child and of in brought], selection)
    return told
