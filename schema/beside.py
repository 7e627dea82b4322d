"""Children here with what is told of them elsewhere: all that a document asks for are brought by one call to each."""

from collections.abc import Sequence
from typing import Any

from strawberry.types import Info

from gateway.vocabulary import ChildId, RecordType
from resolvers.elsewhere import Place, children_beside
from resolvers.others import others_named
from schema.elsewhere import wanted_below
from schema.levels import asking_of, load_with_all, selection_of
from schema.local_authority_code import LocalAuthorityCode


async def child_beside(info: Info, child: ChildId, authorities: Sequence[LocalAuthorityCode]) -> Any:
    """Return a child here with what those of the authorities that its links lead to tell of it, or None."""
    asking, selection = asking_of(info), selection_of(info)

    async def beside(places: Sequence[Place]) -> Sequence[Any]:
        return await children_beside(asking, places, await others_named(asking, authorities, locating=False))

    place = Place(child=child, selection=selection, wanted=wanted_below(selection, RecordType.CHILD))
    return await load_with_all(info, place, (child_beside, *authorities), beside)
