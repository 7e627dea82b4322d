"""Answer one ask: identify, decide, load and redact, record, then tell; what goes wrong is told in our own words.

Answers are whole: where one part cannot be told for want of a decision, an entry or a source, nothing is.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar

from gateway.admission import Admission
from gateway.asked import Asked, Operation, commitment_of
from gateway.changes import Change, Changes
from gateway.disclosure.decisions import Decisions
from gateway.disclosure.question import Decision
from gateway.disclosure.redaction import Freshness
from gateway.disclosure.road import Notes, Plans, Road
from gateway.door import Door
from gateway.errors import (
    AskRefused,
    BadRequest,
    BudgetExhausted,
    DirectoryError,
    RulesChanged,
    SourceFailed,
    SourceUnavailable,
    WrongMethod,
)
from gateway.federation.links import LinkBook
from gateway.identity import Access, Ask, Caller, Claims
from gateway.known_ids import RecordIds
from gateway.logs import loggable
from gateway.recording import Recording
from gateway.reply import Reply, reply_of, unexpected
from gateway.vocabulary import AuthorityCode, Effect, PersonId

log = logging.getLogger("gateway.answering")

NEW_AT_ONCE: Final = 8
"""Different new documents of one person that wait to be read at once: a part of the room for everybody's."""
ASKS_AT_ONCE: Final = 32
"""Asks of one person that wait at once for new documents to be read; they wait outside the door."""

Done = TypeVar("Done")


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

    async def read(self, operation: Operation, *, before_new: Callable[[], None]) -> Readable:
        """Return the document ready to run; one that is new is read beside the event loop, after `before_new`.

        Raises:
            AskRefused: `before_new` lets nothing new be read.
            BadRequest: It cannot be read or is not valid.
            QueryTooCostly: It is over a limit.
            Overloaded: Too many new documents are waiting to be read.
        """
        ...

    async def run(
        self, readable: Readable, operation: Operation, road: Road, *, change: Change | None = None
    ) -> Mapping[str, Any]:
        """Return the whole answer's data; raises any `DirectoryError`, and then nothing of it may be told.

        What a mutation writes, it writes through `change`; whoever runs it keeps or undoes the change.
        """
        ...


FreshnessAt = Callable[[datetime], Freshness]


class Answering:
    """The whole way of one ask through one gateway."""

    def __init__(
        self,
        *,
        home: AuthorityCode,
        graph: Graph,
        admission: Admission,
        recording: Recording,
        changes: Changes,
        links: LinkBook,
        door: Door,
        ids: RecordIds,
        freshness: FreshnessAt,
        clock: Callable[[], datetime],
        record_limit: int,
        request_timeout: float,
    ) -> None:
        """Take the parts; what is remembered between asks are redaction plans, which hold no person."""
        self._home = home
        self._graph = graph
        self._admission = admission
        self._recording = recording
        self._changes = changes
        self._links = links
        self.door = door
        """Through which callers come in; other authorities' gateways have one of their own."""
        self.ids = ids
        """The ids that callers know records by."""
        self._freshness = freshness
        self._clock = clock
        self._record_limit = record_limit
        self._timeout = request_timeout
        self._plans = Plans()
        self._searching: Counter[PersonId] = Counter()
        self._reading: Counter[tuple[PersonId, str, str | None]] = Counter()
        """Asks whose document is being read or waits for it, by who asked and the document."""
        self._changing: set[asyncio.Task[Reply]] = set()

    async def answer(
        self, claims: Claims, access: Access, operation: Operation, *, request_id: str, within: float | None = None
    ) -> Reply:
        """Return the reply to an ask, once its entry is durable; `within` are the seconds the asker still has."""
        asked, time = self._asked(claims, access, operation, request_id), asyncio.get_running_loop().time
        until = time() + (self._timeout if within is None else min(self._timeout, within))
        read, unread = await self._done_or_error(asked, self._read, within=until - time())
        if read is None:
            return await self._recording.refused(asked, unread or BadRequest("The document was not read."))
        if isinstance(read, AskRefused) or read.kind != "mutation":
            return await self._queried(asked, read, until=until)
        unchanging = _changes_nothing(asked)
        if unchanging is not None:
            return await self._recording.refused(asked, unchanging)

        async def change_data(change: Change) -> Mapping[str, Any]:
            return await self._data(asked, read, change=change)

        return await self._changed(asked, change_data, within=until - time())

    async def _queried(self, asked: Asked, read: Readable | AskRefused, *, until: float) -> Reply:
        async def data_of(asked: Asked) -> Mapping[str, Any]:
            return await self._data(asked, read)

        asked.until = until
        try:
            data, error = await self._done_or_error(asked, data_of, within=until - asyncio.get_running_loop().time())
            recorded = await self._recording.recorded(asked, reply_of(data, error), error)
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
            told, error = await self._done_or_error(asked, data, within=within)
            keeping = change.made and error is None
            if not keeping:
                # What waits for its entry from here on holds no connection.
                await change.undo()
            recorded = await self._recording.recorded(asked, reply_of(told, error), error)
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
            return await self._recording.refused(asked, lost)
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
        asked = self._asked(claims, access, operation, request_id)

        async def tried(asked: Asked) -> Mapping[str, Any]:
            await self._admission.may_use("workbench", "The policy workbench", asked)
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
        asked = self._asked(claims, access, operation, request_id)

        async def read(asked: Asked) -> Mapping[str, Any]:
            caller, decisions = await self._admission.may_use("ledger", "The ledger", asked)
            return await work(self._road(asked, caller, decisions))

        return await self._worked(asked, read, within=self._timeout)

    async def _worked(
        self, asked: Asked, work: Callable[[Asked], Awaitable[Mapping[str, Any]]], *, within: float
    ) -> Reply:
        data, error = await self._done_or_error(asked, work, within=within)
        return await self._recording.recorded(asked, reply_of(data, error), error)

    async def locate(
        self,
        claims: Claims,
        access: Access,
        operation: Operation,
        *,
        request_id: str,
        work: Callable[[Caller, Notes, str], Awaitable[Mapping[str, Any]]],
        within: float,
    ) -> Reply:
        """Return what a locate ask came to within some seconds, once its entry is durable; it touches no record.

        `work` is done for whoever may ask at all, and notes the sources it asked under the commitment given.
        """
        asked = self._asked(claims, access, operation, request_id)
        notes = Notes()

        async def located(asked: Asked) -> Mapping[str, Any]:
            caller, decisions = await self._admission.identified(asked)
            await self._admission.may_ask(asked, caller, decisions, "query")
            asked.notes = notes
            return await work(caller, notes, self._commitment(asked))

        return await self._worked(asked, located, within=min(self._timeout, within))

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
        asked = self._asked(claims, access, operation, request_id)

        async def taken(change: Change) -> Mapping[str, Any]:
            caller, decisions = await self._admission.identified(asked)
            await self._admission.may_ask(asked, caller, decisions, "mutation", field="message")
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
        work: Callable[[Change, Notes, str], Awaitable[Mapping[str, Any]]],
    ) -> Reply:
        """Return what came of telling another authority what was decided here, recorded and kept as a change is.

        Whether it may be told is not asked: that was decided with what is told.
        """
        asked = self._asked(claims, access, operation, request_id)

        async def sent(change: Change) -> Mapping[str, Any]:
            asked.notes = Notes()
            return await work(change, asked.notes, self._commitment(asked))

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
        sent = operation or Operation(text="", name=None, variables={})
        return await self._recording.refused(self._asked(claims, access, sent, request_id), error)

    def _asked(self, claims: Claims | None, access: Access, operation: Operation, request_id: str) -> Asked:
        return Asked(claims=claims, access=access, operation=operation, request_id=request_id, at=self._clock())

    def _commitment(self, asked: Asked) -> str:
        return commitment_of(asked, gateway=self._home)

    async def _done_or_error(
        self, asked: Asked, work: Callable[[Asked], Awaitable[Done]], *, within: float
    ) -> tuple[Done | None, DirectoryError | None]:
        try:
            async with asyncio.timeout(within):
                try:
                    return await work(asked), None
                except RulesChanged:
                    # Nothing has been told yet, so the whole ask is decided again under the new rules.
                    return await work(asked), None
        except asyncio.CancelledError:
            await self._recording.left(asked)
            raise
        except TimeoutError:
            return None, SourceUnavailable("The answer was not complete in time.", reason="request-late")
        except DirectoryError as error:
            return None, error
        except Exception as error:  # the one handler at the rim: logs a code and withholds
            return None, unexpected(error, asked.request_id)

    async def _data(
        self, asked: Asked, read: Readable | AskRefused, *, change: Change | None = None
    ) -> Mapping[str, Any]:
        costs, kind = (1, "query") if isinstance(read, AskRefused) else (read.roots, read.kind)
        caller, decisions = await self._admission.identified(asked, costs=costs)
        decision = await self._admission.may_ask(asked, caller, decisions, kind)
        if isinstance(read, AskRefused):
            raise read
        if read.introspects:
            _may_introspect(decision)
        if asked.access.grant is not None and change is None:
            caller, decisions = await self._admission.opened(asked, caller)
        road = self._road(asked, caller, decisions)
        return await self._graph.run(read, asked.operation, road, change=change)

    def _road(self, asked: Asked, caller: Caller, decisions: Decisions) -> Road:
        road = Road(
            ask=Ask(
                request_id=asked.request_id,
                at=asked.at,
                home=self._home,
                caller=caller,
                access=asked.access,
                commitment=lambda: self._commitment(asked),
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

    def _settle_searches(self, asked: Asked) -> None:
        """Take an ask's searches off those under way: its entry counts them now, or it is decided again."""
        if asked.notes is not None and asked.claims is not None:
            self._searching[asked.claims.person] -= asked.notes.searches
            if self._searching[asked.claims.person] <= 0:
                del self._searching[asked.claims.person]

    async def _read(self, asked: Asked) -> Readable | AskRefused:
        # Read before deciding whether the caller may ask, but complained of only to one who may.
        assert asked.claims is not None  # noqa: S101  # nothing is read for nobody
        new, person, operation = False, asked.claims.person, asked.operation
        place = (person, operation.text, operation.name)

        def before_new() -> None:
            nonlocal new
            # For one whose budget is spent nothing new is read: reading costs more than refusing. And nobody's new
            # documents keep everybody else's from being read.
            self._admission.hold(asked)
            own = {known: asks for known, asks in self._reading.items() if known[0] == person}
            if (place not in own and len(own) >= NEW_AT_ONCE) or sum(own.values()) >= ASKS_AT_ONCE:
                raise _reading_enough()
            self._reading[place] += 1
            new = True

        try:
            return await self._graph.read(asked.operation, before_new=before_new)
        except AskRefused as error:
            return error
        finally:
            if new:
                self._reading -= Counter([place])


def _reading_enough() -> BudgetExhausted:
    return BudgetExhausted(
        f"{NEW_AT_ONCE} new documents of yours, or {ASKS_AT_ONCE} asks for them, are waiting to be read, the most that "
        "may. Ask again in a moment.",
        reason="reading-crowded-by-caller",
        retry_after=1,
    )


def _changes_nothing(asked: Asked) -> AskRefused | None:
    """Return why an ask may change nothing, whoever asks; None where it may."""
    if asked.claims is not None and asked.claims.vouched is not None:
        # Nothing is changed here in the name of somebody whom another authority answers for.
        return BadRequest("Another authority's gateway may ask, and change nothing.", reason="peer-changes-nothing")
    if asked.operation.safe:
        return WrongMethod("GET changes nothing; send a mutation by POST.", reason="mutation-by-get")
    return None


def _may_introspect(decision: Decision) -> None:
    if decision.fields["introspection"].effect is not Effect.DISCLOSE:
        raise BadRequest("The schema may not be read in this role; its SDL is published.", reason="introspection")
