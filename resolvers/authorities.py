"""Local authorities and whom they name for safeguarding advice (domain rule D9)."""

from collections.abc import Sequence

from gateway.disclosure.redaction import Disclosed
from gateway.disclosure.road import Selection, SourceNote
from gateway.vocabulary import AuthorityCode, SourceStatus
from resolvers.asking import Asking


async def authorities_by_code(
    asking: Asking, codes: Sequence[AuthorityCode | None], selection: Selection
) -> list[Disclosed | None]:
    """Return local authorities by GSS code or by the older three-digit code."""
    found = await asking.directory.local_authorities([code for code in codes if code is not None])
    return await asking.road.tell_each([None if code is None else found.get(code) for code in codes], selection)


def ask_home(asking: Asking) -> SourceNote:
    """Note that the home authority's directory answers this ask, and return the note."""
    ask, sources = asking.road.ask, asking.road.notes.sources
    if not sources:
        sources.append(SourceNote(authority_code=ask.home, status=SourceStatus.ANSWERED, as_of=ask.at))
    return sources[0]


async def responsible_authorities(
    asking: Asking, children: Sequence[Disclosed], selection: Selection
) -> list[Disclosed | None]:
    """Return the authority responsible for each child."""
    return await authorities_by_code(asking, [child.keys["responsibleAuthority"] for child in children], selection)


async def authorities_of(asking: Asking, parents: Sequence[Disclosed], selection: Selection) -> list[Disclosed | None]:
    """Return the local authority of each setting or agency."""
    return await authorities_by_code(asking, [parent.keys["localAuthority"] for parent in parents], selection)


async def authorities_of_callers(
    asking: Asking, callers: Sequence[Disclosed], selection: Selection
) -> list[Disclosed | None]:
    """Return the authority each caller asks from."""
    return await authorities_by_code(asking, [caller.keys["authority"] for caller in callers], selection)
