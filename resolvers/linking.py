"""Records here and elsewhere that an ask has found to be one child's: noted, and kept once the ask's entry is durable.

The same identifier on both sides is certain, and in force from the next ask on; a name is probable at most, and waits
for a person. What a person has undone is not found again.
"""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import uuid4

import orjson

from gateway.disclosure.road import ActionNote
from gateway.federation.links import FoundLink, Link, LinkState
from gateway.ports import Criteria
from gateway.record_ids import ForeignId
from gateway.records import Candidate
from gateway.vocabulary import AuthorityCode, ChildId, MatchGrade, MatchReason, RecordType
from resolvers.asking import Asking

IDENTIFIERS: Final = frozenset({MatchReason.IDENTIFIER_EQUAL, MatchReason.IDENTIFIER_SUPERSEDED})
LINKED: Final = "linkRecords"
SUGGESTED: Final = "suggestLink"
"""The actions by which the ledger knows a link that is in force at once, and one that waits for a person."""

_PROBABLE: Final = frozenset({MatchGrade.CERTAIN, MatchGrade.PROBABLE})


def one_each(candidates: Sequence[Candidate]) -> dict[AuthorityCode, Candidate]:
    """Return the candidate of each authority that tells exactly one."""
    told: dict[AuthorityCode, list[Candidate]] = {}
    for candidate in candidates:
        told.setdefault(candidate.child.facts.home, []).append(candidate)
    return {code: some[0] for code, some in told.items() if len(some) == 1}


def note_links(
    asking: Asking,
    here: Sequence[Candidate],
    there: Sequence[Candidate],
    *,
    criteria: Criteria,
    links: Mapping[ChildId, Sequence[Link]],
) -> None:
    """Note the links that one child found here has to the one found at each other authority.

    `links` are those known of the child; where it is absent there may be none.
    """
    if len(here) != 1 or here[0].child.id not in links:
        return
    one = here[0]
    states = {(link.authority, link.there): link.state for link in links[one.child.id]}
    by_number = (criteria.nhs_number is None) != (criteria.upn is None)
    for authority, other in one_each(there).items():
        found = _link(one, other, authority, certain=by_number and by_identifier(one) and by_identifier(other))
        known = None if found is None else states.get((authority, found.there))
        if found is not None and (known is None or (found.certain and known is LinkState.WAITING)):
            _note(asking, found)


def by_identifier(candidate: Candidate) -> bool:
    """Return whether an identifier has found the candidate."""
    return not IDENTIFIERS.isdisjoint(candidate.reasons)


def _link(one: Candidate, other: Candidate, authority: AuthorityCode, *, certain: bool) -> FoundLink | None:
    assert isinstance(other.child.id, ForeignId)  # noqa: S101  # another authority told it
    grades = {one.grade, other.grade}
    if not grades <= _PROBABLE:
        return None
    return FoundLink(
        id=uuid4(),
        child=one.child.id,
        authority=authority,
        there=other.child.id.there,
        grade=MatchGrade.CERTAIN if grades == {MatchGrade.CERTAIN} else MatchGrade.PROBABLE,
        reasons=tuple(reason for reason in MatchReason if reason in {*one.reasons, *other.reasons}),
        certain=certain,
    )


def _note(asking: Asking, found: FoundLink) -> None:
    action = LINKED if found.certain else SUGGESTED
    stated = {"child": str(found.child), "elsewhere": f"{found.authority}.{found.there}"}
    notes = asking.road.notes
    notes.links.append(found)
    notes.actions.append(
        ActionNote(
            action=action,
            change=found.id,
            stated=orjson.dumps([action, stated]),
            about=(found.child,),
            changed=(RecordType.CHILD, found.child),
        )
    )
