"""Who looked at a child's record, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from gateway.disclosure.redaction import Disclosed, Withheld
from gateway.disclosure.road import Selection
from gateway.errors import BadCriteria
from gateway.ledger.opening import OpenedEntry
from gateway.ledger.reading import AccessSeen, access_of
from gateway.records import AccessLogEntry, Agency, Child
from gateway.vocabulary import AgencyId, ChildId, RecordType
from resolvers.asking import Asking

PAGE_LIMIT = 100
"""Entries on one page at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessLogPage:
    """One page of a child's access log, newest first; what policy withholds of the log itself is named."""

    entries: Sequence[Disclosed]
    has_more: bool
    withheld: Sequence[Withheld]


_TOLD_TYPES = frozenset({RecordType.CHILD, RecordType.CARER, RecordType.SETTING})
"""Types whose field names the log tells: that an involvement's were told would tell that there is one.

That somebody looked for involvements at all shows as `Child.involvements`.
"""


class _AccessLogOfChild:
    """The selection that asks a child's record for its access log and nothing else."""

    def fields(self, record_type: RecordType) -> frozenset[str]:
        return frozenset({"accessLog", "withheld"})


async def access_log_of_child(
    asking: Asking, child_id: ChildId | None, selection: Selection, *, first: int, before: int | None
) -> AccessLogPage:
    """Return a page of the log; of a child unknown or concealed the page is empty, as of one never looked at.

    Raises:
        BadCriteria: `first` is out of range.
    """
    if not 1 <= first <= PAGE_LIMIT:
        raise BadCriteria(f"first must be between 1 and {PAGE_LIMIT}; it is {first}.", reason="first-out-of-range")
    nothing = AccessLogPage(entries=(), has_more=False, withheld=())
    if child_id is None:
        return nothing
    child = (await asking.directory.children([child_id])).get(child_id)
    told = (await asking.road.tell_each([child], _AccessLogOfChild()))[0]
    if child is None or told is None:
        return nothing
    if not told.plan.tells("accessLog"):
        return AccessLogPage(entries=(), has_more=False, withheld=told.plan.withheld)
    found = list(await asking.ledger.entries_about(child.records, first=first + 1, before_seq=before))
    entries = (await asking.road.tell([await _entries(asking, found[:first], child)], selection))[0]
    return AccessLogPage(entries=entries, has_more=len(found) > first, withheld=())


async def _entries(asking: Asking, found: Sequence[OpenedEntry], child: Child) -> list[AccessLogEntry]:
    seen = [access_of(opened, child.records) for opened in found]
    ids = {agency for one in seen if (agency := _agency_id(one.agency)) is not None}
    agencies = {str(agency): record for agency, record in (await asking.directory.agencies(list(ids))).items()}
    return [_entry(one, child, agencies.get(one.agency or "")) for one in seen]


def _agency_id(text: str | None) -> AgencyId | None:
    """Return the id in a token's claim, or None for a claim of another form."""
    try:
        return AgencyId(UUID(text or ""))
    except ValueError:
        return None


def _entry(seen: AccessSeen, child: Child, agency: Agency | None) -> AccessLogEntry:
    return AccessLogEntry(
        id=seen.seq,
        child=child.id,
        facts=child.facts,
        at=seen.at,
        person=seen.name or seen.person,
        role=seen.role,
        agency=seen.agency if agency is None else agency.name,
        sensitive=agency is not None and agency.sensitive,
        authority=seen.authority,
        mediated_for=seen.mediated_for,
        purpose=seen.purpose,
        reason=seen.reason,
        case_reference=seen.case,
        fields=tuple(name for name in seen.fields if name.partition(".")[0] in _TOLD_TYPES),
        policy_revision=seen.policy_revision,
    )
