"""Who the gateway thinks the caller is, and what the caller may still ask."""

from gateway.disclosure.redaction import Disclosed
from gateway.disclosure.road import Selection
from gateway.records import CallerRecord
from resolvers.asking import Asking
from resolvers.search import searches_left


async def caller_themself(asking: Asking, selection: Selection) -> Disclosed | None:
    """Return the caller's own view of themself."""
    caller = asking.road.ask.caller
    record = CallerRecord(
        id=caller.claims.person,
        name=caller.claims.name,
        role=caller.claims.role,
        agency=caller.agency_name,
        authority=caller.claims.authority,
        mediated_for=caller.claims.mediated_for,
        standing=caller.standing,
        purposes=asking.purposes.purposes_of(caller.claims.role),
        remaining_searches=await searches_left(asking),
    )
    return (await asking.road.tell_each([record], selection))[0]
