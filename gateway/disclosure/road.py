"""The one road out: load → classify → decide → redact → note; what is noted here is what the ledger records.

A road belongs to one ask. Whatever a resolver loads becomes visible only by `tell`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from gateway.disclosure.classes import Record, RecordClass, class_of, hidden_candidates, home_of
from gateway.disclosure.decisions import Classified, Decisions
from gateway.disclosure.question import Decision
from gateway.disclosure.redaction import Disclosed, Freshness, Plan
from gateway.errors import QueryTooCostly
from gateway.federation.links import FoundLink
from gateway.identity import Ask
from gateway.known_ids import KnownIds
from gateway.record_ids import ForeignId
from gateway.records import (
    AccessLogEntry,
    BrokeredContact,
    Candidate,
    Child,
    Grant,
    Involvement,
    LedgerEntry,
    LocalAuthority,
    LogWithholding,
    QueueEntry,
    ResponsibilityTransfer,
)
from gateway.vocabulary import AuthorityCode, ChildId, Effect, PersonId, RecordType, SourceStatus

Order = Callable[[Any, Callable[[str], bool]], Any]
"""A sort key from a record, given which of its fields the decision allows: an order tells what it sorts by."""


class Selection(Protocol):
    """What a document selects at one place."""

    def fields(self, record_type: RecordType) -> frozenset[str]:
        """Return the GraphQL fields selected there on a type, without `__typename`."""
        ...


@dataclass(slots=True)
class SourceNote:
    """How one source answered."""

    authority_code: AuthorityCode
    status: SourceStatus
    as_of: datetime | None
    elapsed_ms: int | None = None
    """Of a peer only: how long the home directory took would say something of what it holds."""
    reason: str | None = None
    """Of a peer that did not answer: why, for the ledger alone."""
    entry: tuple[int, str] | None = None
    """Of a peer that answered: number and leaf hash of the entry it made of the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionNote:
    """A change that was asked for: what was decided, and what was changed.

    `decision` is `None` where nothing was decided: the change had been made before, or what it is about is not there.
    `changed` is the record that was changed, `None` where none was; `stated` is the input as JSON.
    """

    action: str
    change: UUID
    stated: bytes
    decision: Decision | None = None
    record_class: RecordClass | None = None
    found: bool = True
    about: tuple[ChildId, ...] = ()
    changed: tuple[RecordType, UUID] | None = None


Concealed = tuple[RecordType, UUID | str | int, AuthorityCode, tuple[ChildId, ...], tuple[str, ...], RecordClass | None]
"""A record that was not told, with no sign of it: type, id, authority, the children it is about, reasons, class."""


@dataclass(slots=True)
class Notes:
    """What this ask has touched and told so far: the stuff of its audit entry."""

    disclosed: list[Disclosed] = field(default_factory=list)
    concealed: list[Concealed] = field(default_factory=list)
    sources: list[SourceNote] = field(default_factory=list)
    actions: list[ActionNote] = field(default_factory=list)
    links: list[FoundLink] = field(default_factory=list)
    """To be kept once the entry is durable."""
    searches: int = 0
    """Searches begun by this ask: what its entry charges to the caller's budget."""


class Road:
    """Classifies, decides, redacts and notes whole levels of records for one ask."""

    def __init__(
        self,
        *,
        ask: Ask,
        ids: KnownIds,
        decisions: Decisions,
        plans: "Plans",
        freshness: Freshness,
        record_limit: int,
        searching: Counter[PersonId],
    ) -> None:
        """Open the road for one ask; at most `record_limit` records are touched.

        `ids` are those by which the caller knows records.
        `searching` counts the searches of all asks under way by person: the ledger does not know of them yet.
        """
        self.ask = ask
        self.ids = ids
        self.decisions = decisions
        self.notes = Notes()
        self._searching = searching
        self._plans = plans
        self._freshness = freshness
        self.record_limit = record_limit
        self._touched = 0

    def begin_search(self) -> int:
        """Count a search of this ask, and return how many others of the same person are under way."""
        person = self.ask.caller.claims.person
        self.notes.searches += 1
        self._searching[person] += 1
        return self.searches_under_way() - 1

    def searches_under_way(self) -> int:
        """Return how many searches of the caller are under way and not yet in the ledger."""
        return self._searching[self.ask.caller.claims.person]

    async def tell(
        self,
        groups: Sequence[Sequence[Record]],
        selection: Selection,
        *,
        about: Sequence[tuple[ChildId, ...]] | None = None,
        order: Order | None = None,
        first: int | None = None,
    ) -> list[list[Disclosed]]:
        """Return, for each group, what may be told of its records; concealed ones are gone without trace.

        Args:
            groups: The records of a level, grouped by parent.
            selection: The fields the document selects on them.
            about: For each group the children its records are told about, where the records do not say so themselves.
            order: How to sort a group, by allowed fields only; without it the order of loading stays.
            first: Tell at most so many of each group, after sorting.

        Raises:
            DecisionUnavailable: No complete decision was to be had; nothing may be told.
            QueryTooCostly: The ask touches more records than one answer may.
        """
        visible = await self._visible(groups, about, order)
        result = []
        for number, group in enumerate(visible):
            context = about[number] if about is not None else ()
            told = group if first is None else group[:first]
            result.append([self._redact(record, key, decision, selection, context) for record, key, decision in told])
        for disclosed_group in result:
            self.notes.disclosed.extend(disclosed_group)
        return result

    async def tell_each(
        self,
        records: Sequence[Record | None],
        selection: Selection,
        *,
        about: Sequence[tuple[ChildId, ...]] | None = None,
    ) -> list[Disclosed | None]:
        """Return what may be told of each record; None where there is none or it is concealed."""
        groups = [[] if record is None else [record] for record in records]
        told = await self.tell(groups, selection, about=about)
        return [group[0] if group else None for group in told]

    async def prepare_search(self, used: frozenset[str]) -> None:
        """Decide on candidates that this caller may not find, whether or not there are any."""
        await self.decisions.decide(hidden_candidates(used))

    async def findable(self, records: Sequence[Record]) -> list[Record]:
        """Return those of the records that exist for this caller, in order; the others are noted as concealed."""
        return [record for record, _, _ in (await self._visible([records], None, None))[0]]

    def note_left_out(self, children: Iterable[Child], reason: str) -> None:
        """Note, as concealed, children that others told of and that were left out without a decision on them."""
        for child in children:
            home = home_of(child, self.ask.home)
            self.notes.concealed.append((RecordType.CHILD, child.id, home, _about(child, ()), (reason,), None))

    async def _visible(
        self,
        groups: Sequence[Sequence[Record]],
        about: Sequence[tuple[ChildId, ...]] | None,
        order: Order | None,
    ) -> list[list[tuple[Record, Classified, Decision]]]:
        caller = self.ask.caller
        classified = [[class_of(record, caller) for record in group] for group in groups]
        decisions = iter(await self.decisions.decide([key for group in classified for key in group]))
        visible: list[list[tuple[Record, Classified, Decision]]] = []
        for number, (group, keys) in enumerate(zip(groups, classified, strict=True)):
            judged = [(record, key, next(decisions)) for record, key in zip(group, keys, strict=True)]
            shown = [entry for entry in judged if entry[2].exists is not Effect.CONCEAL]
            self._note_concealed(judged, about[number] if about is not None else ())
            if order is not None:
                shown.sort(key=lambda entry: order(entry[0], _allowed(entry[2])))
            visible.append(shown)
        return visible

    def _redact(
        self,
        record: Record,
        key: Classified,
        decision: Decision,
        selection: Selection,
        context: tuple[ChildId, ...],
    ) -> Disclosed:
        self._touched += 1
        if self._touched > self.record_limit:
            raise QueryTooCostly(
                f"The answer would touch more than {self.record_limit} records; ask for fewer.",
                reason="record-limit",
            )
        plan = self._plans.plan(key, decision, selection.fields(key[0]))
        return plan.redact(
            record,
            record_id=_id_of(record),
            home=home_of(record, self.ask.home),
            about=_about(record, context),
            ids=self.ids,
            stale=self._freshness,
        )

    def _note_concealed(
        self, judged: Iterable[tuple[Record, Classified, Decision]], context: tuple[ChildId, ...]
    ) -> None:
        for record, (record_type, record_class), decision in judged:
            if decision.exists is Effect.CONCEAL:
                note = (
                    record_type,
                    _id_of(record),
                    home_of(record, self.ask.home),
                    _about(record, context),
                    decision.reasons,
                    record_class,
                )
                self.notes.concealed.append(note)


class Plans:
    """Redaction plans already made; bounded, shared by all requests, holding no record and no person."""

    def __init__(self, *, limit: int = 20_000) -> None:
        """Start with none; forget all beyond `limit`."""
        self._limit = limit
        self._plans: dict[tuple[RecordType, int, frozenset[str]], Plan] = {}

    def plan(self, key: Classified, decision: Decision, selection: frozenset[str]) -> Plan:
        """Return the plan for a type, a decision and a selection."""
        # The plan keeps its decision alive, so the decision's address cannot come to mean another one; a decision is
        # that on one class, so the plan knows its class.
        at = (key[0], id(decision), selection)
        plan = self._plans.get(at)
        if plan is None:
            if len(self._plans) >= self._limit:
                self._plans.clear()
            plan = self._plans[at] = Plan(key[0], decision, selection, record_class=key[1])
        return plan


def _allowed(decision: Decision) -> Callable[[str], bool]:
    def allowed(name: str) -> bool:
        decided = decision.fields.get(name)
        return decided is not None and decided.effect is Effect.DISCLOSE

    return allowed


def _id_of(record: Record) -> UUID | str | int:
    match record:
        case Candidate():
            return record.child.id
        case LocalAuthority():
            return record.code
        case LedgerEntry():
            return record.number
        case _:
            return record.id


def _about(record: Record, context: tuple[ChildId, ...]) -> tuple[ChildId, ...]:
    """Return the children that a record is told about: its own, or those of the place it is told at.

    What another authority tells beside a child here is told about that child: it belongs in that child's log.
    """
    match record:
        case Child():
            return context if context and isinstance(record.id, ForeignId) else (record.id,)
        case Candidate():
            return (record.child.id,)
        case Involvement():
            return context if context and isinstance(record.id, ForeignId) else (record.child,)
        case AccessLogEntry() | Grant() | LogWithholding() | BrokeredContact() | QueueEntry():
            return (record.child,)
        case LedgerEntry():
            return record.children
        case ResponsibilityTransfer():
            return () if record.child is None else (record.child,)
        case _:
            return context
