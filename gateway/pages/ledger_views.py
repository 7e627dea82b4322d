"""What the page for auditors shows: entries, one entry with its proof, hours of the day, checkpoints and growth.

Entries are told on the road of whoever asks, so that reading the ledger is decided and recorded as any ask is.
What one looks for counts as told; what is counted is counted over the entries that the caller may be told of.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

from gateway.disclosure.classes import class_of_ask
from gateway.disclosure.fields import FIELDS, attribute
from gateway.disclosure.question import Decision
from gateway.disclosure.redaction import Disclosed
from gateway.disclosure.road import Road
from gateway.errors import AuditUnavailable, BadRequest, NotForRole
from gateway.known_ids import KnownIds
from gateway.ledger.opening import OpenedEntry
from gateway.ledger.searching import LedgerSearch, Listed, Sought, Unread
from gateway.ledger.stored import StoredEntry
from gateway.pages.ledger_asks import (
    LOCAL_TIME,
    BookAsk,
    EntriesAsk,
    EntryAsk,
    HoursAsk,
    LedgerAsk,
    ProofAsk,
    cursor,
)
from gateway.pages.ledger_entries import (
    LISTED,
    Known,
    agency_ids,
    document_of,
    forgotten,
    listed_entry,
    opened_entry,
    reviewed_by,
    unread_entry,
)
from gateway.pages.ledger_proofs import LedgerProofs
from gateway.pages.policy_documents import book_document
from gateway.pages.trials import RulesInForce
from gateway.ports import Directory
from gateway.records import LedgerEntry
from gateway.vocabulary import ChildId, Effect, RecordType
from gateway.workbench.annotations import Annotations, read_annotations
from gateway.workbench.book import Book

PAGE: Final = 50
CHECKPOINTS: Final = 25
AGENCIES_OF_DAYS: Final = 31
"""Days whose agencies are offered to look by; another is reached from the heat map."""
SOUGHT_BY: Final = {
    "person": "person",
    "role": "role",
    "agency": "agencyCode",
    "purpose": "purpose",
    "outcome": "outcome",
    "request_id": "requestId",
    "hour": "at",
    "child": "children",
}
"""By each thing that can be looked for, the field that tells it."""


class Opener(Protocol):
    """Opens what is sealed in entries; raises `AuditUnavailable`."""

    async def opened(self, entries: Sequence[StoredEntry]) -> Sequence[OpenedEntry]:
        """Return entries with what is sealed in them, as far as the keys are still there."""
        ...


class _Fields:
    def __init__(self, names: Collection[str]) -> None:
        self._names = frozenset(names)

    def fields(self, record_type: RecordType) -> frozenset[str]:
        return self._names


class LedgerViews:
    """Answers what the page asks for."""

    def __init__(
        self,
        *,
        search: LedgerSearch,
        opener: Opener,
        directory: Directory,
        proofs: LedgerProofs,
        rules: Callable[[], RulesInForce],
        clock: Callable[[], datetime],
    ) -> None:
        """Take where the ledger is searched, opened and proved, who knows children and agencies, and the rules."""
        self._search = search
        self._opener = opener
        self._directory = directory
        self._proofs = proofs
        self._rules = rules
        self._clock = clock
        self._annotations: tuple[str, Annotations] = ("", read_annotations({}))

    async def show(self, ask: LedgerAsk, road: Road) -> Mapping[str, Any]:
        """Return the data of a view.

        Raises:
            NotForRole: It looks for what the caller may not be told.
            BadRequest: The id of a child is none.
            AuditUnavailable: The ledger did not answer.
        """
        match ask:
            case EntriesAsk():
                return await self._entries(ask, road)
            case EntryAsk():
                return await self._entry(ask, road)
            case HoursAsk():
                return await self._hours(ask, road)
            case ProofAsk():
                return await self._proof(ask)
            case BookAsk():
                return await self._book(road)

    async def _book(self, road: Road) -> Mapping[str, Any]:
        now = self._clock()
        lately = Sought(
            since=now - timedelta(days=AGENCIES_OF_DAYS),
            until=now,
            authority=await _scope(road),
            unread=await self._unread(road),
        )
        seen = [code for code in await self._search.by_hour(lately) if code is not None]
        names = await self._agencies(seen)
        rules = self._rules()
        if self._annotations[0] != rules.revision:
            self._annotations = (rules.revision, read_annotations(rules.modules))
        book = book_document(Book(rules.data), self._annotations[1])
        return {
            "scope": lately.authority,
            "today": now.astimezone(LOCAL_TIME).date().isoformat(),
            "agencies": sorted(
                ({"code": code, "title": names.get(code, code)} for code in seen), key=lambda agency: agency["title"]
            ),
            **{name: book[name] for name in ("roles", "purposes", "reasons", "sentences")},
        }

    async def _entries(self, ask: EntriesAsk, road: Road) -> Mapping[str, Any]:
        decision = await _decided(road, own=True)
        for name, field in SOUGHT_BY.items():
            if getattr(ask, name) is not None and decision.fields[field].effect is not Effect.DISCLOSE:
                raise NotForRole(
                    f"You may not look for entries by {name.replace('_', ' ')}.",
                    reason=",".join(decision.fields[field].reasons),
                )
        children = None if ask.child is None else await self._records_of(ask.child, road)
        since, until = ask.span()
        sought = Sought(
            since=since,
            until=until,
            authority=await _scope(road),
            person=ask.person,
            role=ask.role,
            agency=ask.agency,
            purpose=ask.purpose,
            outcome=ask.outcome,
            request_id=ask.request_id,
            hour=ask.hour,
            children=children,
            unread=await self._unread(road, authority=road.ask.caller.claims.authority),
        )
        found = await self._search.found(sought, first=PAGE + 1, before=ask.place())
        page = found[:PAGE]
        told = (await road.tell([await self._listed(page, road)], _Fields(LISTED)))[0]
        return {
            "entries": [_document(entry, LISTED, road.ids) for entry in told],
            "next": cursor(page[-1].place) if len(found) > PAGE else None,
        }

    async def _listed(self, page: Sequence[Listed], road: Road) -> list[LedgerEntry]:
        """Return a page of entries as records; of those that may be reviews the entry says whose callers they were."""
        known = await self._known([one.index.agency for one in page])
        unread = await self._unread(road)
        asked = frozenset() if unread is None else unread.asked
        reviews = [one.seq for one in page if (one.index.role, one.index.purpose) in asked]
        reviewed = {
            stored.seq: reviewed_by(document)
            for stored in await self._search.numbered(reviews)
            if (document := document_of(stored)) is not None
        }
        return [listed_entry(one, known, reviewed=reviewed.get(one.seq)) for one in page]

    async def _unread(self, road: Road, *, authority: str | None = None) -> Unread | None:
        """Return which asks of others are not for whoever asks, or not all of them; with `authority`, of its callers.

        What others reviewed is not told to those who may have been looked at; what that comes to, the rules say.
        """
        purposes = self._purposes()
        asked = sorted({purpose for of_role in purposes.values() for purpose in of_role})
        decided = await road.decisions.decide(
            [
                (RecordType.LEDGER_ENTRY, class_of_ask(of_own_authority=True, stated=purpose))
                for purpose in (None, *asked)
            ]
        )
        told = [decision.exists is Effect.DISCLOSE for decision in decided]
        if not told[0]:
            return None  # nothing at all is told
        hidden = {purpose for purpose, is_told in zip(asked, told[1:], strict=True) if not is_told}
        pairs = frozenset((role, purpose) for role, of_role in purposes.items() for purpose in hidden & set(of_role))
        return Unread(asked=pairs, reader=road.ask.caller.claims.person, authority=authority) if pairs else None

    def _purposes(self) -> Mapping[str, Collection[str]]:
        return {role: part["purposes"] for role, part in self._rules().data["roles"].items()}

    async def _records_of(self, text: str, road: Road) -> Collection[ChildId]:
        """Return the ids of a child's records; none where the log is not for the caller, as of no such child."""
        meant = road.ids.meant_as(RecordType.CHILD, text)
        if meant is None:
            raise BadRequest("This is no id of a child.", reason="child-id-malformed")
        child_id = ChildId(meant)
        child = (await self._directory.children([child_id])).get(child_id)
        told = (await road.tell_each([child], _Fields({"accessLog"})))[0]
        return () if child is None or told is None or not told.plan.tells("accessLog") else tuple(child.records)

    async def _entry(self, ask: EntryAsk, road: Road) -> Mapping[str, Any]:
        record, sealed = await self._record(ask.number)
        told = None if record is None else (await road.tell([[record]], _Fields(FIELDS[RecordType.LEDGER_ENTRY])))[0]
        archived = [
            one for one in await self._search.archived() if one.first_seq <= ask.number < one.end_seq and not told
        ]
        return {
            "entry": _document(told[0], FIELDS[RecordType.LEDGER_ENTRY], road.ids) if told else None,
            "sealed": sealed if told else None,
            "proof": await self._proofs.of_entry(ask.number) if told else None,
            "archived": archived[0].digest.hex() if archived else None,
        }

    async def _record(self, number: int) -> tuple[LedgerEntry | None, dict[str, Any] | None]:
        """Return one entry as a record, and what became of the words sealed in it."""
        stored, listed = await self._search.entry(number), await self._search.listed(number)
        if stored is None or listed is None:
            return None, None
        known = await self._known([listed.index.agency])
        if document_of(stored) is None:
            return unread_entry(listed, stored, known), {"state": "unreadable", "forgotten": 0}
        try:
            (opened,) = await self._opener.opened([stored])
        except AuditUnavailable as error:
            if error.reason != "ledger-key":
                raise
            return unread_entry(listed, stored, known), {"state": "changed", "forgotten": 0}
        criteria = self._rules().data["fields"]["Search"]["criteria"]
        state = "destroyed" if opened.ask is None else "open"
        return opened_entry(opened, known, criteria=criteria), {"state": state, "forgotten": forgotten(opened)}

    async def _hours(self, ask: HoursAsk, road: Road) -> Mapping[str, Any]:
        since, until = ask.span()
        sought = Sought(
            since=since,
            until=until,
            authority=await _scope(road),
            role=ask.role,
            outcome=ask.outcome,
            unread=await self._unread(road),
        )
        counted = await self._search.by_hour(sought)
        names = await self._agencies(counted)
        rows = [
            {
                "agency": code,
                "title": "nobody identified" if code is None else names.get(code, code),
                "hours": [hours.get(hour, 0) for hour in range(24)],
            }
            for code, hours in counted.items()
        ]
        return {"rows": sorted(rows, key=lambda row: (-sum(row["hours"]), row["title"]))}

    async def _proof(self, ask: ProofAsk) -> Mapping[str, Any]:
        since, until = ask.span()
        growth = await self._search.growth(since, until, by=ask.by)
        newest = await self._proofs.reader.newest()
        signed = await self._search.signed(first=CHECKPOINTS + 1, before_id=ask.before)
        following = await self._search.next_seq()
        return {
            "checkpoints": [
                {
                    "id": one.id,
                    "size": one.size,
                    "at": one.at.isoformat(),
                    "root": one.root.hex(),
                    "witnesses": [key.partition("+")[0] for key in one.witnesses],
                }
                for one in signed[:CHECKPOINTS]
            ],
            "more": len(signed) > CHECKPOINTS,
            "lag": {
                "seconds": None if newest is None else newest.age,
                "signed": 0 if newest is None else newest.size,
                "entries": following,
                "fault": self._proofs.fault(),
            },
            "growth": [{"at": at.isoformat(), "entries": entries} for at, entries in sorted(growth.items())],
            "witnesses": await self._proofs.witness_states(),
            "keys": [str(key) for key in self._proofs.keys],
            "archived": [
                {
                    "first": one.first_seq,
                    "last": one.end_seq - 1,
                    "digest": one.digest.hex(),
                    "at": one.archived_at.isoformat(),
                }
                for one in await self._search.archived()
            ],
        }

    async def _known(self, codes: Collection[str | None]) -> Known:
        return Known(agencies=await self._agencies(codes), purposes=self._purposes())

    async def _agencies(self, codes: Collection[str | None]) -> dict[str, str]:
        found = await self._directory.agencies(agency_ids(codes))
        return {str(agency): record.name for agency, record in found.items()}


async def _decided(road: Road, *, own: bool) -> Decision:
    return (await road.decisions.decide([(RecordType.LEDGER_ENTRY, class_of_ask(of_own_authority=own))]))[0]


async def _scope(road: Road) -> str | None:
    """Return the one authority whose callers' asks this caller may be told of, or None if it is all of them."""
    elsewhere = await _decided(road, own=False)
    return None if elsewhere.exists is Effect.DISCLOSE else road.ask.caller.claims.authority


def _document(told: Disclosed, names: Collection[str], ids: KnownIds) -> dict[str, Any]:
    """Return what was told of an entry, by field, with what was not and why."""
    document = {
        name: _plain(getattr(told, attribute(name)), ids)
        for name in names
        if name != "withheld" and told.plan.tells(name)
    }
    return document | {"withheld": {one.field: one.reason for one in told.plan.withheld}}


def _plain(value: Any, ids: KnownIds) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(part, ids) for part in value]
    return ids.told(RecordType.CHILD, value) if isinstance(value, UUID) else value
