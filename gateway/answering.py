"""Answer one ask: identify, decide, load and redact, record, then tell; what goes wrong is told in our own words.

Answers are whole: where one part cannot be told for want of a decision, an entry or a source, nothing is.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from gateway.asked import Asked, Operation, entry_of
from gateway.changes import Change, Changes, GrantUse
from gateway.disclosure.decisions import Decisions, Memory
from gateway.disclosure.question import Decision, FieldDecision
from gateway.disclosure.redaction import Freshness
from gateway.disclosure.road import Notes, Plans, Road
from gateway.door import Door
from gateway.errors import (
    AccessLapsed,
    AskRefused,
    AuditUnavailable,
    BadRequest,
    CallerLeft,
    DirectoryError,
    MediationNotListed,
    NotForRole,
    PurposeRequired,
    RulesChanged,
    SourceFailed,
    SourceUnavailable,
    WrongMethod,
)
from gateway.federation.links import LinkBook
from gateway.identity import Access, Ask, Caller, Claims, identify
from gateway.known_ids import RecordIds
from gateway.ledger.commitments import Commitments
from gateway.ledger.writer import LedgerWriter
from gateway.logs import loggable, places
from gateway.metrics.deciding import CountedDecider
from gateway.metrics.metrics import Metrics
from gateway.ports import Decider, Register
from gateway.rates import Rates
from gateway.tracing import span
from gateway.vocabulary import AuthorityCode, Effect, PersonId, RecordType

log = logging.getLogger("gateway.answering")

ANSWER: Final = "answer"
"""The field of an ask that lets it be answered at all."""

LOCAL_TIME = ZoneInfo("Europe/London")
"""Where a day begins for training, checks and accreditation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What goes back: the data, or why there is none."""

    data: Mapping[str, Any] | None
    errors: tuple["Problem", ...] = ()
    entry: int | None = None
    """The number of the entry in the ledger, where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One error as it is told."""

    code: str
    message: str
    retry_after: float | None = None
    status: int | None = None
    """The HTTP status, where it is another than the code's."""


class Readable(Protocol):
    """A document that was read and found valid."""

    @property
    def kind(self) -> str:
        """Return `query` or `mutation`."""
        ...

    @property
    def introspects(self) -> bool:
        """Return whether it reads the schema itself."""
        ...

    @property
    def roots(self) -> int:
        """Return how many root fields it asks for."""
        ...


class Graph(Protocol):
    """Reads and runs documents."""

    def read(self, operation: Operation) -> Readable:
        """Return the document ready to run.

        Raises:
            BadRequest: It cannot be read or is not valid.
            QueryTooCostly: It is over a limit.
        """
        ...

    async def run(
        self, readable: Readable, operation: Operation, road: Road, *, change: Change | None = None
    ) -> Mapping[str, Any]:
        """Return the whole answer's data; raises any `DirectoryError`, and then nothing of it may be told.

        What a mutation writes, it writes through `change`; whoever runs it keeps or undoes the change.
        """
        ...


class Purposes(Protocol):
    """Which purposes of access a role may state, for the error that lists them."""

    def purposes_of(self, role: str) -> tuple[str, ...]:
        """Return the codes of the purposes."""
        ...


FreshnessAt = Callable[[datetime], Freshness]


class Answering:
    """The whole way of one ask through one gateway."""

    def __init__(
        self,
        *,
        home: AuthorityCode,
        graph: Graph,
        register: Register,
        decider: Decider,
        purposes: Purposes,
        changes: Changes,
        grants: GrantUse,
        links: LinkBook,
        rates: Rates,
        door: Door,
        ids: RecordIds,
        ledger: LedgerWriter,
        commitments: Commitments,
        freshness: FreshnessAt,
        clock: Callable[[], datetime],
        record_limit: int,
        request_timeout: float,
        metrics: Metrics | None = None,
    ) -> None:
        """Take the parts; what is remembered between asks are decisions and redaction plans, which hold no person."""
        self._home = home
        self._graph = graph
        self._register = register
        self._metrics = metrics or Metrics()
        self._decider = CountedDecider(decider, self._metrics)
        self._purposes = purposes
        self._changes = changes
        self._grants = grants
        self._links = links
        self._rates = rates
        self.door = door
        """Through which callers come in; other authorities' gateways have one of their own."""
        self.ids = ids
        """The ids that callers know records by."""
        self._ledger = ledger
        self._commitments = commitments
        self._freshness = freshness
        self._clock = clock
        self._record_limit = record_limit
        self._timeout = request_timeout
        self._memory = Memory(looked_up=self._metrics.classes_decided)
        self._plans = Plans()
        self._searching: Counter[PersonId] = Counter()
        self._changing: set[asyncio.Task[Reply]] = set()
        self._leaving: set[asyncio.Task[Reply]] = set()

    async def answer(
        self, claims: Claims, access: Access, operation: Operation, *, request_id: str, within: float | None = None
    ) -> Reply:
        """Return the reply to an ask, once its entry is durable; `within` are the seconds the asker still has."""
        at = self._clock()
        asked = Asked(claims=claims, access=access, operation=operation, request_id=request_id, at=at)
        readable, _ = self._read(operation)
        if readable is not None and readable.kind == "mutation":
            unchanging = _changes_nothing(asked)
            if unchanging is not None:
                return await self._recorded(asked, _problem(unchanging), unchanging)

            async def change_data(change: Change) -> Mapping[str, Any]:
                return await self._data(asked, change=change)

            return await self._changed(asked, change_data, within=self._timeout)
        timeout = self._timeout if within is None else min(self._timeout, within)
        asked.until = asyncio.get_running_loop().time() + timeout
        try:
            data, error = await self._data_or_error(asked, self._data, within=timeout)
            reply = Reply(data=data) if error is None else _problem(error)
            recorded = await self._recorded(asked, reply, error)
            if not recorded.errors:
                await self._keep_links(asked)
            return recorded
        finally:
            self._settle_searches(asked)

    async def _keep_links(self, asked: Asked) -> None:
        """Keep the links that an ask has found, now that its entry is durable; without them it is as good an answer."""
        found = () if asked.notes is None else asked.notes.links
        if not found or asked.claims is None:
            return
        try:
            await self._links.keep(found, by=asked.claims.person, at=asked.at)
        except SourceFailed as error:
            log.error("links not kept: request %s: %s", asked.request_id, error.reason)

    async def _changed(
        self, asked: Asked, work: Callable[[Change], Awaitable[Mapping[str, Any]]], *, within: float
    ) -> Reply:
        """Return the reply to a change: decided, written, recorded, kept, in this order, and only then told."""
        # A task of its own: a caller who goes away must not part a change from its entry.
        task = asyncio.create_task(self._kept_if_recorded(asked, work, within=within))
        self._changing.add(task)
        task.add_done_callback(self._changing.discard)
        return await asyncio.shield(task)

    async def _kept_if_recorded(
        self, asked: Asked, work: Callable[[Change], Awaitable[Mapping[str, Any]]], *, within: float
    ) -> Reply:
        change = self._changes.open()

        async def data(_asked: Asked) -> Mapping[str, Any]:
            return await work(change)

        try:
            told, error = await self._data_or_error(asked, data, within=within)
            reply = Reply(data=told) if error is None else _problem(error)
            keeping = change.made and error is None
            if not keeping:
                # What waits for its entry from here on holds no connection.
                await change.undo()
            recorded = await self._recorded(asked, reply, error)
            return await self._kept(asked, change, recorded) if keeping and not recorded.errors else recorded
        finally:
            await change.undo()
            self._settle_searches(asked)

    async def _kept(self, asked: Asked, change: Change, reply: Reply) -> Reply:
        try:
            await change.keep()
        except SourceFailed as error:
            log.error("change not confirmed: request %s: %s", loggable(asked.request_id), error.reason)
            lost = SourceUnavailable(
                "Whether the change was kept is not known; ask again with the same key.", reason="change-unconfirmed"
            )
            # The entry before this one says that it was made; this one says that nobody may rely on it.
            return await self._recorded(asked, _problem(lost), lost)
        return reply

    async def try_rules(
        self,
        claims: Claims,
        access: Access,
        operation: Operation,
        *,
        request_id: str,
        work: Callable[[], Awaitable[Mapping[str, Any]]],
        within: float,
    ) -> Reply:
        """Return what work on rules came to within some seconds, once its entry is durable; it touches no record."""
        asked = Asked(claims=claims, access=access, operation=operation, request_id=request_id, at=self._clock())

        async def tried(asked: Asked) -> Mapping[str, Any]:
            await self._may_use("workbench", "The policy workbench", asked)
            return await work()

        return await self._worked(asked, tried, within=within)

    async def read_ledger(
        self,
        claims: Claims,
        access: Access,
        operation: Operation,
        *,
        request_id: str,
        work: Callable[[Road], Awaitable[Mapping[str, Any]]],
    ) -> Reply:
        """Return what reading the ledger came to, once its own entry is durable; entries are told on the road given."""
        asked = Asked(claims=claims, access=access, operation=operation, request_id=request_id, at=self._clock())

        async def read(asked: Asked) -> Mapping[str, Any]:
            caller, decisions = await self._may_use("ledger", "The ledger", asked)
            return await work(self._road(asked, caller, decisions))

        return await self._worked(asked, read, within=self._timeout)

    async def _worked(
        self, asked: Asked, work: Callable[[Asked], Awaitable[Mapping[str, Any]]], *, within: float
    ) -> Reply:
        data, error = await self._data_or_error(asked, work, within=within)
        reply = Reply(data=data) if error is None else _problem(error)
        return await self._recorded(asked, reply, error)

    async def locate(
        self,
        claims: Claims,
        access: Access,
        operation: Operation,
        *,
        request_id: str,
        work: Callable[[Caller, Notes], Awaitable[Mapping[str, Any]]],
        within: float,
    ) -> Reply:
        """Return what a locate ask came to within some seconds, once its entry is durable; it touches no record.

        `work` is done for whoever may ask at all, and notes the sources it asked.
        """
        asked = Asked(claims=claims, access=access, operation=operation, request_id=request_id, at=self._clock())
        notes = Notes()

        async def located(asked: Asked) -> Mapping[str, Any]:
            caller, decisions = await self._identified(asked)
            await self._may_ask(decisions, caller, asked.access, "query")
            asked.notes = notes
            return await work(caller, notes)

        data, error = await self._data_or_error(asked, located, within=min(self._timeout, within))
        reply = Reply(data=data) if error is None else _problem(error)
        return await self._recorded(asked, reply, error)

    async def take_message(
        self,
        claims: Claims,
        access: Access,
        operation: Operation,
        *,
        request_id: str,
        work: Callable[[Change, Notes], Awaitable[Mapping[str, Any]]],
        within: float,
    ) -> Reply:
        """Return what another authority's message came to; what it changed is kept once its entry is durable."""
        asked = Asked(claims=claims, access=access, operation=operation, request_id=request_id, at=self._clock())

        async def taken(change: Change) -> Mapping[str, Any]:
            caller, decisions = await self._identified(asked)
            await self._may_ask(decisions, caller, asked.access, "mutation", field="message")
            asked.notes = Notes()
            return await work(change, asked.notes)

        return await self._changed(asked, taken, within=min(self._timeout, within))

    async def send_message(
        self,
        claims: Claims,
        access: Access,
        operation: Operation,
        *,
        request_id: str,
        work: Callable[[Change, Notes], Awaitable[Mapping[str, Any]]],
    ) -> Reply:
        """Return what came of telling another authority what was decided here, recorded and kept as a change is.

        Whether it may be told is not asked: that was decided with what is told.
        """
        asked = Asked(claims=claims, access=access, operation=operation, request_id=request_id, at=self._clock())

        async def sent(change: Change) -> Mapping[str, Any]:
            asked.notes = Notes()
            return await work(change, asked.notes)

        return await self._changed(asked, sent, within=self._timeout)

    async def refuse(
        self,
        error: AskRefused,
        *,
        claims: Claims | None,
        access: Access,
        operation: Operation | None,
        request_id: str,
    ) -> Reply:
        """Record an ask that was refused before it could be answered, and return the refusal."""
        asked = Asked(
            claims=claims,
            access=access,
            operation=operation or Operation(text="", name=None, variables={}),
            request_id=request_id,
            at=self._clock(),
        )
        return await self._recorded(asked, _problem(error), error)

    async def _data_or_error(
        self, asked: Asked, work: Callable[[Asked], Awaitable[Mapping[str, Any]]], *, within: float
    ) -> tuple[Mapping[str, Any] | None, DirectoryError | None]:
        try:
            async with asyncio.timeout(within):
                try:
                    return await work(asked), None
                except RulesChanged:
                    # Nothing has been told yet, so the whole ask is decided again under the new rules.
                    return await work(asked), None
        except asyncio.CancelledError:
            await self._left(asked)
            raise
        except TimeoutError:
            late = f"The answer was not complete within {within:g} s."
            return None, SourceUnavailable(late, reason="request-late")
        except DirectoryError as error:
            return None, error
        except Exception as error:  # the one handler at the rim: logs a code and withholds
            return None, _unexpected(error, asked.request_id)

    async def _left(self, asked: Asked) -> None:
        """Record that whoever asked has gone before there was an answer; nothing was told."""
        gone = CallerLeft("Who asked has gone; nothing was told.", reason="caller-left")
        # A task of its own: the one that asked is being ended.
        recording = asyncio.create_task(self._recorded(asked, _problem(gone), gone))
        self._leaving.add(recording)
        recording.add_done_callback(self._leaving.discard)
        await asyncio.shield(recording)

    async def _data(self, asked: Asked, *, change: Change | None = None) -> Mapping[str, Any]:
        readable, unreadable = self._read(asked.operation)
        caller, decisions = await self._identified(asked, costs=1 if readable is None else readable.roots)
        kind = "query" if readable is None else readable.kind
        decision = await self._may_ask(decisions, caller, asked.access, kind)
        if readable is not None and readable.introspects:
            _may_introspect(decision)
        if unreadable is not None or readable is None:
            raise unreadable or BadRequest("The document cannot be read.", reason="document-unreadable")
        if asked.access.grant is not None and change is None:
            caller, decisions = await self._opened(asked, caller)
        road = self._road(asked, caller, decisions)
        return await self._graph.run(readable, asked.operation, road, change=change)

    def _road(self, asked: Asked, caller: Caller, decisions: Decisions) -> Road:
        road = Road(
            ask=Ask(
                request_id=asked.request_id,
                at=asked.at,
                home=self._home,
                caller=caller,
                access=asked.access,
                until=asked.until,
            ),
            ids=self.ids.known_to(caller.claims.id_scope),
            decisions=decisions,
            plans=self._plans,
            freshness=self._freshness(asked.at),
            record_limit=self._record_limit,
            searching=self._searching,
        )
        self._settle_searches(asked)
        asked.notes = road.notes
        return road

    async def _opened(self, asked: Asked, caller: Caller) -> tuple[Caller, Decisions]:
        """Use up the grant that the ask names, and return the caller with what it opens, and the decisions under it.

        It is spent before anything is told: an ask that fails afterwards has used it all the same.
        """
        grant = _grant_id(asked.access.grant)
        if asked.grant is None and grant is not None:
            asked.grant = await self._grants.use(grant, person=caller.claims.person)
        attributes, opens = asked.grant or (None, None)
        opened = replace(caller, opens=opens)
        decisions = Decisions(
            decider=self._decider,
            memory=self._memory,
            caller=opened.attributes(),
            access=replace(asked.access.attributes(asked.at), grant=attributes),
        )
        asked.caller, asked.decisions = opened, decisions
        return opened, decisions

    async def _may_use(self, page: str, title: str, asked: Asked) -> tuple[Caller, Decisions]:
        """Let those on who may use a page of the gateway's own, by the field of the ask that is decided for it."""
        caller, decisions = await self._identified(asked)
        decision = await self._may_ask(decisions, caller, asked.access, "query")
        if decision.fields[page].effect is not Effect.DISCLOSE:
            raise NotForRole(
                f"{title} is not for your role and purpose.", reason=",".join(decision.fields[page].reasons)
            )
        return caller, decisions

    async def _identified(self, asked: Asked, *, costs: int = 1) -> tuple[Caller, Decisions]:
        assert asked.claims is not None  # noqa: S101  # an ask without claims is refused before this
        caller = await identify(asked.claims, register=self._register, today=asked.at.astimezone(LOCAL_TIME).date())
        decisions = Decisions(
            decider=self._decider,
            memory=self._memory,
            caller=caller.attributes(),
            access=asked.access.attributes(asked.at),
        )
        asked.caller, asked.decisions = caller, decisions
        await self._rates.take(asked.claims, costs)
        return caller, decisions

    def _settle_searches(self, asked: Asked) -> None:
        """Take an ask's searches off those under way: its entry counts them now, or it is decided again."""
        if asked.notes is not None and asked.claims is not None:
            self._searching[asked.claims.person] -= asked.notes.searches
            if self._searching[asked.claims.person] <= 0:
                del self._searching[asked.claims.person]

    def _read(self, operation: Operation) -> tuple[Readable | None, AskRefused | None]:
        # Read before deciding whether the caller may ask, but complained of only to one who may.
        try:
            return self._graph.read(operation), None
        except AskRefused as error:
            return None, error

    async def _may_ask(
        self, decisions: Decisions, caller: Caller, access: Access, kind: str, *, field: str = ANSWER
    ) -> Decision:
        record_class = (("operation", kind), ("reason", "missing" if access.reason is None else "stated"))
        decision = (await decisions.decide([(RecordType.ASK, record_class)]))[0]
        answer = decision.fields[field]
        if answer.effect is not Effect.DISCLOSE:
            raise self._refusal(answer, caller)
        return decision

    def _refusal(self, answer: FieldDecision, caller: Caller) -> AskRefused:
        reason = ",".join(answer.reasons) or "not-allowed"
        if answer.tell == PurposeRequired.code:
            purposes = ", ".join(self._purposes.purposes_of(caller.claims.role)) or "none"
            return PurposeRequired(
                "State why you ask: Access-Purpose with one of your role's purposes "
                f"({purposes}), and Access-Reason in your own words.",
                reason=reason,
            )
        if answer.tell == MediationNotListed.code:
            return MediationNotListed(
                "Your role may not ask for the person you named, or asks only for somebody whom you did not name. "
                "Ask in your own name, or have somebody ask whose role may ask for that person.",
                reason=reason,
            )
        if answer.tell == NotForRole.code:
            return NotForRole("This is not for your role.", reason=reason)
        return AccessLapsed(
            "You may not ask at the moment: your registration, training or check, or your agency's accreditation, "
            "is not current. Speak to your supervisor.",
            reason=reason,
        )

    async def _recorded(self, asked: Asked, reply: Reply, error: DirectoryError | None) -> Reply:
        try:
            entry = entry_of(asked, error, gateway=self._home, commitments=self._commitments)
            with span("record"):
                number = await self._ledger.record(entry)
            self._metrics.fields_decided(entry.records)
            return replace(reply, entry=number)
        except AuditUnavailable as unavailable:
            log.error("audit unavailable: request %s: %s", loggable(asked.request_id), unavailable.reason)
            return _problem(unavailable)
        except Exception as defect:  # an entry that cannot be made is a defect, and without an entry nothing is told
            return _problem(_unexpected(defect, asked.request_id))


def _changes_nothing(asked: Asked) -> AskRefused | None:
    """Return why an ask may change nothing, whoever asks; None where it may."""
    if asked.claims is not None and asked.claims.vouched is not None:
        # Nothing is changed here in the name of somebody whom another authority answers for.
        return BadRequest("Another authority's gateway may ask, and change nothing.", reason="peer-changes-nothing")
    if asked.operation.safe:
        return WrongMethod("GET changes nothing; send a mutation by POST.", reason="mutation-by-get")
    return None


def _grant_id(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None


def _may_introspect(decision: Decision) -> None:
    if decision.fields["introspection"].effect is not Effect.DISCLOSE:
        raise BadRequest("The schema may not be read in this role; its SDL is published.", reason="introspection")


def _problem(error: DirectoryError) -> Reply:
    return Reply(data=None, errors=(problem_of(error),))


def problem_of(error: DirectoryError) -> Problem:
    """Return what is told of an error."""
    return Problem(code=error.code, message=error.message, status=error.status, retry_after=error.retry_after)


def _unexpected(error: Exception, request_id: str) -> DirectoryError:
    # The exception's own words may hold what was being loaded, so only its type and the places are logged.
    log.error("unexpected %s: request %s: %s", type(error).__name__, loggable(request_id), places(error))
    return DirectoryError("Unexpected error.", reason=f"unexpected:{type(error).__name__}")
