"""Which authorities were asked for a child, how each answered, and which hold something and were not asked."""

from collections.abc import Sequence

from gateway.disclosure.redaction import Disclosed
from gateway.disclosure.road import Selection, SourceNote
from gateway.federation.links import LinkState
from gateway.record_ids import ForeignId
from gateway.vocabulary import SourceStatus
from resolvers.asking import Asking
from resolvers.authorities import ask_home
from resolvers.following import links_of, not_asked


async def sources_of_children(
    asking: Asking, children: Sequence[Disclosed], _selection: Selection
) -> list[Sequence[SourceNote]]:
    """Return the sources of each child, the home authority first, then by code.

    Where a linked record's authority was not asked, its name says that there is more to ask for.
    """
    home = ask_home(asking)
    linked = {} if asking.borders is None else asking.borders.linked
    here = [child for child in children if child not in linked and not isinstance(child.record_id, ForeignId)]
    links = await links_of(asking, [child.record_id for child in here])
    if asking.borders is not None:
        asking.borders.arrived.authorities.update(asking.borders.peers.members())
    result: list[Sequence[SourceNote]] = []
    for child in children:
        if child in linked:
            result.append([home, *linked[child].sources])
        elif isinstance(child.record_id, ForeignId):
            result.append([_asked_for(asking, child.record_id) or home])
        else:
            known = {link.authority for link in links.get(child.record_id, ()) if link.state is LinkState.IN_FORCE}
            result.append([home, *(not_asked(code) for code in sorted(known))])
    return result


def _asked_for(asking: Asking, record_id: ForeignId) -> SourceNote | None:
    """Return how the authority answered that told a child."""
    noted = (note for note in asking.road.notes.sources if note.authority_code == record_id.authority)
    return next((note for note in noted if note.status is SourceStatus.ANSWERED), None)
