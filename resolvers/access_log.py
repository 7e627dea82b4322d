"""Who looked at a child's record, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from gateway.access_report.words import Voice
from gateway.disclosure.redaction import Disclosed, Withheld
from gateway.disclosure.road import Selection
from gateway.errors import BadCriteria
from gateway.ledger.opening import OpenedEntry
from gateway.ledger.reading import AccessSeen, access_of
from gateway.records import AccessLogEntry, Agency, Child, LogWithholding
from gateway.vocabulary import AgencyId, ChildId, LogReader, RecordType
from resolvers.asking import Asking

PAGE_LIMIT: Final = 100
"""Entries on one page at most."""
_READ_AT_ONCE: Final = 200
"""Entries read at once beyond the first read, where what was read is concealed."""

_TOLD_TYPES = frozenset({RecordType.CHILD, RecordType.CARER, RecordType.SETTING})
"""Types whose field names the log tells: that an involvement's were told would tell that there is one.

That somebody looked for involvements at all shows as `Child.involvements`.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessLogPage:
    """One page of a child's access log, newest first; what policy withholds of the log itself is named."""

    entries: Sequence[Disclosed]
    has_more: bool
    withheld: Sequence[Withheld]


class _AccessLogOfChild:
    """The selection that asks a child's record for its access log and nothing else."""

    def fields(self, record_type: RecordType) -> frozenset[str]:
        return frozenset({"accessLog", "withheld"})


async def access_log_of_child(
    asking: Asking,
    child_id: ChildId | None,
    selection: Selection,
    *,
    first: int,
    after: str | None,
    reader: LogReader | None,
) -> AccessLogPage:
    """Return a page of the log; of a child unknown or concealed the page is empty, as of one never looked at.

    With a `reader` it is what that person may see, however much more the caller might.

    Raises:
        BadCriteria: `first` is out of range, or `after` was never given out for this child's log.
    """
    if not 1 <= first <= PAGE_LIMIT:
        raise BadCriteria(f"first must be between 1 and {PAGE_LIMIT}; it is {first}.", reason="first-out-of-range")
    before = _position(asking, child_id, after)
    nothing = AccessLogPage(entries=(), has_more=False, withheld=())
    if child_id is None:
        return nothing
    child = (await asking.directory.children([child_id])).get(child_id)
    told = (await asking.road.tell_each([child], _AccessLogOfChild()))[0]
    if child is None or told is None:
        return nothing
    if not told.plan.tells("accessLog"):
        return AccessLogPage(entries=(), has_more=False, withheld=told.plan.withheld)
    shown = await _shown(asking, child, wanted=first + 1, before=before, reader=reader)
    entries = (await asking.road.tell([shown[:first]], selection))[0]
    return AccessLogPage(entries=entries, has_more=len(shown) > first, withheld=())


def _position(asking: Asking, child_id: ChildId | None, after: str | None) -> int | None:
    if after is None:
        return None
    # Held against the child asked for, and not against what is there: an unknown child and one never looked at are
    # refused alike.
    number = None if child_id is None else asking.references.number(child_id, after, scope=asking.ids.scope)
    if number is None:
        raise BadCriteria("`after` is not a cursor of this list.", reason="cursor-malformed")
    return number


async def _shown(
    asking: Asking, child: Child, *, wanted: int, before: int | None, reader: LogReader | None
) -> list[AccessLogEntry]:
    """Return so many of the newest entries that the caller may know of, or all there are.

    Concealed ones are read past: a page that came out short would tell that there are some.
    """
    shown: list[AccessLogEntry] = []
    size = wanted
    while len(shown) < wanted:
        found = await asking.ledger.entries_about(child.records, first=size, before_seq=before)
        entries = await _entries(asking, found, child, reader)
        shown += [entry for entry in await asking.road.findable(entries) if isinstance(entry, AccessLogEntry)]
        if len(found) < size:
            break
        before, size = found[-1].stored.seq, max(size, _READ_AT_ONCE)
    return shown[:wanted]


async def _entries(
    asking: Asking, found: Sequence[OpenedEntry], child: Child, reader: LogReader | None
) -> list[AccessLogEntry]:
    seen = [access_of(opened, child.records) for opened in found]
    ids = {agency for one in seen if (agency := _agency_id(one.agency)) is not None}
    agencies = {str(agency): record for agency, record in (await asking.directory.agencies(list(ids))).items()}
    withheld = await asking.withholdings.of_entries([one.seq for one in seen])
    return [
        _entry(asking, one, child, agencies.get(one.agency or ""), withheld.get(one.seq), reader=reader) for one in seen
    ]


def _agency_id(text: str | None) -> AgencyId | None:
    """Return the id in a token's claim, or None for a claim of another form."""
    try:
        return AgencyId(UUID(text or ""))
    except ValueError:
        return None


def _voice(asking: Asking, child: Child, reader: LogReader | None) -> Voice:
    """Return whom the words speak to: the child, a carer, or somebody who is neither."""
    caller = asking.road.ask.caller
    if reader is not None:
        return Voice(reader.value)
    if caller.subject_child in child.records:
        return Voice.CHILD
    return Voice.CARER if caller.subject_carer in child.facts.carers else Voice.OTHER


def _entry(
    asking: Asking,
    seen: AccessSeen,
    child: Child,
    agency: Agency | None,
    withheld: LogWithholding | None,
    *,
    reader: LogReader | None,
) -> AccessLogEntry:
    told = tuple(name for name in seen.fields if name.partition(".")[0] in _TOLD_TYPES)
    return AccessLogEntry(
        id=asking.references.reference(child.id, seen.seq, scope=asking.ids.scope),
        number=str(seen.seq),
        child=child.id,
        facts=child.facts,
        at=seen.at,
        person=None if seen.erased else seen.name or seen.person,
        role=seen.role,
        agency=seen.agency if agency is None else agency.name,
        # What is not known here may be a sensitive service elsewhere.
        sensitive=agency is None or agency.sensitive,
        authority=seen.authority,
        mediated_for=seen.mediated_for,
        purpose=seen.purpose,
        reason=seen.reason,
        case_reference=seen.case,
        fields=told,
        fields_in_words=asking.words.fields(told, _voice(asking, child, reader)),
        actions=tuple(name.partition(".")[2] for name in seen.fields if name.startswith(f"{RecordType.ACTION}.")),
        erased=seen.erased,
        reader=reader,
        policy_revision=seen.policy_revision,
        withheld_by=withheld,
    )
