"""A child by id or identifier, and the child behind an involvement."""

from collections.abc import Sequence

from gateway.disclosure.redaction import Disclosed
from gateway.disclosure.road import Selection
from gateway.identifiers import nhs_number_fault, upn_fault
from gateway.records import FormerName
from gateway.vocabulary import ChildId
from resolvers.asking import Asking
from resolvers.search import may_search, valid_identifier


async def children_by_id(asking: Asking, ids: Sequence[ChildId], selection: Selection) -> list[Disclosed | None]:
    """Return children by id; one that is not known and one that is concealed are alike."""
    found = await asking.directory.children(ids)
    return await asking.road.tell_each([found.get(child_id) for child_id in ids], selection)


async def child_by_identifier(
    asking: Asking, selection: Selection, *, nhs_number: str | None = None, upn: str | None = None
) -> Disclosed | None:
    """Return the child an identifier leads to, the survivor for a superseded one.

    Raises:
        BadCriteria: The identifier's check digit or form is wrong, or this role may not search by it.
        BudgetExhausted: The caller's searches are spent.
    """
    if nhs_number is not None:
        nhs_number = valid_identifier(nhs_number, nhs_number_fault)
    if upn is not None:
        upn = valid_identifier(upn, upn_fault)
    await may_search(asking, ("nhsNumber",) if nhs_number is not None else ("upn",))
    await asking.road.prepare_search(frozenset({"nhsNumber" if nhs_number is not None else "upn"}))
    candidate = await asking.directory.find_child(nhs_number=nhs_number, upn=upn)
    if candidate is None or not await asking.road.findable([candidate]):
        return None
    return (await asking.road.tell_each([candidate.child], selection))[0]


async def children_of_involvements(
    asking: Asking, involvements: Sequence[Disclosed], selection: Selection
) -> list[Disclosed | None]:
    """Return the child each involvement is with."""
    return await children_by_id(asking, [involvement.keys["child"] for involvement in involvements], selection)


async def former_names_of_children(
    asking: Asking, children: Sequence[Disclosed], _selection: Selection
) -> list[Sequence[FormerName]]:
    """Return the names each child was known by, most recent first; the field itself has been decided."""
    found = await asking.directory.former_names([child.record_id for child in children])
    return [found.get(child.record_id, ()) for child in children]
