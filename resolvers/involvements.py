"""Which agencies work with a child, or with a carer, and who in them."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial

from gateway.disclosure.redaction import Disclosed
from gateway.disclosure.road import Selection
from gateway.records import Involvement
from gateway.vocabulary import ChildId, InvolvementId, RecordType
from resolvers.asking import Asking, Level
from resolvers.following import held


def involvements_of_children(*, active: bool | None) -> Level:
    """Return the resolver of children's involvements; `active` keeps those that are, or are not, under way."""
    return partial(_of_children, active=active)


def involvements_of_carers(*, active: bool | None) -> Level:
    """Return the resolver of adult services' involvements with carers (domain rule D8)."""
    return partial(_of_carers, active=active)


async def involvements_by_id(
    asking: Asking, ids: Sequence[InvolvementId], selection: Selection
) -> list[Disclosed | None]:
    """Return involvements by id."""
    found = await asking.directory.involvements_by_id(ids)
    return await asking.road.tell_each([found.get(involvement_id) for involvement_id in ids], selection)


async def _of_children(
    asking: Asking, children: Sequence[Disclosed], selection: Selection, *, active: bool | None
) -> list[list[Disclosed]]:
    groups = await held(asking, children, "involvements", asking.directory.involvements)
    return await _tell(asking, groups, selection, active, about=[child.about for child in children])


async def _of_carers(
    asking: Asking, carers: Sequence[Disclosed], selection: Selection, *, active: bool | None
) -> list[list[Disclosed]]:
    found = await asking.directory.involvements_of_carers([carer.record_id for carer in carers])
    groups = [found.get(carer.record_id, ()) for carer in carers]
    return await _tell(asking, groups, selection, active)


async def _tell(
    asking: Asking,
    groups: Sequence[Sequence[Involvement]],
    selection: Selection,
    active: bool | None,
    *,
    about: Sequence[tuple[ChildId, ...]] | None = None,
) -> list[list[Disclosed]]:
    # To filter by a field is to disclose it, so the filter reads what is told and counts as selecting it.
    if active is None:
        return await asking.road.tell(groups, selection, about=about, order=_latest_first)
    told = await asking.road.tell(groups, _WithActive(selection), about=about, order=_latest_first)
    return [[involvement for involvement in group if _keeps(involvement, active)] for group in told]


def _keeps(involvement: Disclosed, active: bool) -> bool:
    """Return whether a filtered list shows an involvement: one whose state is not told stays among the active."""
    told: bool | None = involvement.__dict__["active"]
    return told is active or (told is None and active)


class _WithActive:
    """A selection with `active` added to the involvements'."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection

    def fields(self, record_type: RecordType) -> frozenset[str]:
        return self._selection.fields(record_type) | {"active"}


def _latest_first(involvement: Involvement, allowed: Callable[[str], bool]) -> tuple[bool, int, str]:
    ended = not involvement.active if allowed("active") else False
    started = involvement.started_on if allowed("startedOn") and involvement.started_on else date.min
    return (ended, -started.toordinal(), str(involvement.id))
