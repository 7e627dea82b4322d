"""Who cares for a child, and whom a carer cares for."""

from collections.abc import Callable, Sequence

from gateway.disclosure.redaction import Disclosed
from gateway.disclosure.road import Selection
from gateway.records import Carer, Child
from gateway.vocabulary import CarerId
from resolvers.asking import Asking
from resolvers.following import held


async def carers_of_children(
    asking: Asking, children: Sequence[Disclosed], selection: Selection
) -> list[list[Disclosed]]:
    """Return each child's carers, those with parental responsibility first."""
    return await asking.road.tell(
        await held(asking, children, "carers", asking.directory.carers),
        selection,
        about=[child.about for child in children],
        order=_responsible_first,
    )


async def children_of_carers(
    asking: Asking, carers: Sequence[Disclosed], selection: Selection
) -> list[list[Disclosed]]:
    """Return the children in each carer's care, eldest first."""
    found = await asking.directory.children_of_carers([carer.record_id for carer in carers])
    return await asking.road.tell([found.get(carer.record_id, ()) for carer in carers], selection, order=_eldest_first)


async def carers_by_id(asking: Asking, ids: Sequence[CarerId], selection: Selection) -> list[Disclosed | None]:
    """Return carers by id, apart from any one child."""
    found = await asking.directory.carers_by_id(ids)
    return await asking.road.tell_each([found.get(carer_id) for carer_id in ids], selection)


def _responsible_first(carer: Carer, allowed: Callable[[str], bool]) -> tuple[bool, str, str]:
    responsible = allowed("hasParentalResponsibility") and bool(carer.has_parental_responsibility)
    return (not responsible, (carer.name or "") if allowed("name") else "", str(carer.id))


def _eldest_first(child: Child, allowed: Callable[[str], bool]) -> tuple[str, str]:
    return (child.date_of_birth.isoformat() if allowed("dateOfBirth") and child.date_of_birth else "", str(child.id))
