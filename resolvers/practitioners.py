"""Practitioners and their agencies: how to reach who works with a child."""

from collections.abc import Sequence
from typing import Final

from gateway.disclosure.redaction import Disclosed
from gateway.disclosure.road import Selection
from gateway.vocabulary import AgencyId, PractitionerId
from resolvers.asking import Asking


async def practitioners_by_id(
    asking: Asking, ids: Sequence[PractitionerId], selection: Selection
) -> list[Disclosed | None]:
    """Return practitioners by id."""
    found = await asking.directory.practitioners(ids)
    return await asking.road.tell_each([found.get(practitioner_id) for practitioner_id in ids], selection)


async def agencies_by_id(asking: Asking, ids: Sequence[AgencyId], selection: Selection) -> list[Disclosed | None]:
    """Return agencies by id."""
    found = await asking.directory.agencies(ids)
    return await asking.road.tell_each([found.get(agency_id) for agency_id in ids], selection)


async def practitioners_of_involvements(
    asking: Asking, involvements: Sequence[Disclosed], selection: Selection
) -> list[Disclosed | None]:
    """Return the practitioner of each involvement."""
    return await practitioners_named(asking, involvements, selection, "practitioner")


_LEAD: Final = "leadProfessional"


async def lead_professionals_of_children(
    asking: Asking, children: Sequence[Disclosed], selection: Selection
) -> list[Disclosed | None]:
    """Return each child's lead professional; where nobody here leads, the first of a linked record that tells one."""
    told = await practitioners_named(asking, children, selection, _LEAD)
    linked = {} if asking.borders is None else asking.borders.linked
    leading = {
        place: next((one for one in linked[child].records if one.tells(_LEAD) and one.keys[_LEAD]), None)
        for place, child in enumerate(children)
        if told[place] is None and child in linked
    }
    places = [place for place, record in leading.items() if record is not None]
    beside = await practitioners_named(
        asking, [record for record in leading.values() if record is not None], selection, _LEAD
    )
    for place, practitioner in zip(places, beside, strict=True):
        told[place] = practitioner
    return told


async def agencies_of(asking: Asking, parents: Sequence[Disclosed], selection: Selection) -> list[Disclosed | None]:
    """Return the agency of each practitioner or involvement."""
    ids = [parent.keys["agency"] for parent in parents]
    found = await asking.directory.agencies([agency for agency in ids if agency is not None])
    return await asking.road.tell_each(
        [found.get(agency) for agency in ids], selection, about=[parent.about for parent in parents]
    )


async def practitioners_named(
    asking: Asking, parents: Sequence[Disclosed], selection: Selection, field: str
) -> list[Disclosed | None]:
    """Return the practitioner that a field of each parent leads to."""
    ids = [parent.keys[field] for parent in parents]
    found = await asking.directory.practitioners([one for one in ids if one is not None])
    return await asking.road.tell_each(
        [found.get(one) for one in ids], selection, about=[parent.about for parent in parents]
    )
