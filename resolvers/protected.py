"""Records elsewhere of a child who is under a shield here, or near to one: told to whoever is told the address here.

A shield belongs to the child, whichever record tells of it (domain rule H4), and the authority that holds the other
record may know of none. The two are known to be one child by a link in force, or by the number that found both.
"""

from collections.abc import Sequence
from typing import Final

from gateway.disclosure.classes import class_of
from gateway.record_ids import ForeignId
from gateway.records import Candidate, Child
from gateway.vocabulary import AuthorityCode, ChildId, Effect, Shield
from resolvers.asking import Asking
from resolvers.linking import by_identifier

WHEREABOUTS: Final = "address"


async def forget_linked(asking: Asking) -> None:
    """Forget what has arrived of children elsewhere to whom a link leads from one who is protected here."""
    borders = asking.borders
    if borders is None or not borders.arrived.children:
        return
    arrived = borders.arrived
    told = {_key(one) for one in arrived.children}
    links = await borders.links.protected(sorted(told))
    if not links:
        return
    here = await asking.directory.children(sorted({child for children in links.values() for child in children}))
    untold = await _untold(asking, list(here.values()))
    arrived.forget({key for key, children in links.items() if not here.keys() - untold >= set(children)})


async def without_numbered(asking: Asking, here: Sequence[Candidate], there: Sequence[Candidate]) -> list[Candidate]:
    """Return those elsewhere that no number shared with a child who is protected here has found."""
    protected = [one.child for one in here if by_identifier(one) and one.child.facts.shield is not Shield.NONE]
    if not protected or not await _untold(asking, protected):
        return list(there)
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
