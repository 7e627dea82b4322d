"""Records elsewhere of a child who is under a shield here, or near to one: told to whoever is told the address here.

A shield belongs to the child, whichever record tells of it (domain rule H4), and the authority that holds the other
record may know of none. The two are known to be one child by a link in force, or by the number that found both.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from gateway.disclosure.classes import class_of
from gateway.federation.wanted import Wanted
from gateway.ports import Criteria
from gateway.record_ids import ForeignId
from gateway.records import Candidate, Child
from gateway.vocabulary import AuthorityCode, ChildId, Effect, RecordType, Shield
from resolvers.asking import Asking
from resolvers.linking import by_identifier

WHEREABOUTS: Final = "address"
SHIELDED_HERE: Final = "shielded-here"
"""The audit reason of a record elsewhere that is left out because of a shield here."""
HANGS_ON: Final = {RecordType.CARER: "children", RecordType.INVOLVEMENT: "child"}
"""The field that leads from a record to the children it is told about."""
NOBODY: Final = [ChildId(UUID(int=0))]


def with_children(wanted: Wanted) -> Wanted:
    """Return what is wanted of a record, with the ids of the children it hangs on: a shield here may be theirs."""
    name = HANGS_ON.get(wanted.type)
    if name is None or name in wanted.fields:
        return wanted
    children = Wanted(type=RecordType.CHILD, fields=frozenset({"id"}))
    return replace(wanted, fields=wanted.fields | {name}, below={**wanted.below, name: children})


async def forget_linked(asking: Asking) -> set[tuple[AuthorityCode, str]]:
    """Forget what has arrived of children elsewhere to whom a link leads from one who is protected here; return it.

    The work is the same whether or not anything arrived and is linked: how long it takes tells nobody of a shield.
    """
    borders = asking.borders
    if borders is None:
        return set()
    arrived = borders.arrived
    told = {_key(one) for one in arrived.children}
    links = await borders.links.protected(sorted(told))
    here = await asking.directory.children(
        sorted({child for children in links.values() for child in children}) or NOBODY
    )
    untold = await _untold(asking, list(here.values()))
    protected = {key for key, children in links.items() if not here.keys() - untold >= set(children)}
    asking.road.note_left_out(arrived.forget(protected), SHIELDED_HERE)
    return protected


async def without_numbered(asking: Asking, criteria: Criteria, there: Sequence[Candidate]) -> list[Candidate]:
    """Return those elsewhere that were not found by the number of a child who is protected here.

    Who has the number here is looked up whatever else was asked by, and whether or not the caller may find them here.
    """
    nhs_number, upn = criteria.nhs_number, criteria.upn
    numbers = [] if nhs_number is None else [Criteria(nhs_number=nhs_number)]
    numbers += [] if upn is None else [Criteria(upn=upn)]
    found = [one for number in numbers for one in await asking.directory.search(number)]
    protected = [one.child for one in found if one.child.facts.shield is not Shield.NONE]
    if not protected or not await _untold(asking, protected):
        return list(there)
    asking.road.note_left_out((one.child for one in there if by_identifier(one)), SHIELDED_HERE)
    return [one for one in there if not by_identifier(one)]


async def _untold(asking: Asking, children: Sequence[Child]) -> set[ChildId]:
    """Return the ids of the children whose address is not told to this caller."""
    caller = asking.road.ask.caller
    decisions = await asking.road.decisions.decide([class_of(child, caller) for child in children])
    return {
        child.id
        for child, decision in zip(children, decisions, strict=True)
        if decision.exists is not Effect.DISCLOSE or decision.fields[WHEREABOUTS].effect is not Effect.DISCLOSE
    }


def _key(record_id: object) -> tuple[AuthorityCode, str]:
    assert isinstance(record_id, ForeignId)  # noqa: S101  # another authority told it
    return record_id.authority, record_id.there
