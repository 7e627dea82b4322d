"""Run documents: by a plan or else on graphql-core, answered whole or not at all."""

from collections.abc import Callable, Mapping
from inspect import isawaitable
from typing import Any, Final

from graphql import ExecutionResult, GraphQLError, execute

from gateway.access_report.words import Words
from gateway.answering import Readable
from gateway.asked import Operation
from gateway.brokering import BrokeringReader
from gateway.changes import Change
from gateway.disclosure.road import Road
from gateway.errors import BadRequest, CannotProceed, DirectoryError
from gateway.federation.arrived import JoinedDirectory
from gateway.federation.asking import Peers
from gateway.federation.links import Links
from gateway.federation.locating import Locating
from gateway.ledger.reading import LedgerReader
from gateway.ledger.references import EntryReferences
from gateway.ports import Directory
from gateway.queues import QueuesReader
from gateway.reviewing.desk import ReviewDesk
from gateway.transfers import Transferring, TransfersReader
from gateway.withholdings import WithholdingLimits, WithholdingsReader
from resolvers.asking import Asking, Borders, Purposes
from schema.directory import DirectorySchema
from schema.introspection import SchemaAnswers
from schema.levels import Context
from schema.limits import Limits
from schema.reading import DocumentReader, ReadDocument
from schema.reading_thread import ReadingThread

NAME_NO_PERSON: Final = frozenset({"me", "localAuthority", "setting", "__typename", "__schema", "__type", "_service"})
"""Root fields whose arguments lead to no person, so that they may stand in an address."""


class DirectoryGraph:
    """The graph over one directory; satisfies `gateway.answering.Graph`."""

    def __init__(
        self,
        *,
        schema: DirectorySchema,
        directory: Directory,
        ledger: LedgerReader,
        references: EntryReferences,
        withholdings: WithholdingsReader,
        withholding_limits: WithholdingLimits,
        words: Words,
        purposes: Purposes,
        search_budget: int,
        reviews: ReviewDesk,
        transfers: TransfersReader,
        brokering: BrokeringReader,
        queues: QueuesReader,
        transferring: Transferring | None,
        peers: Peers | None,
        links: Links,
        peer_timeout: float,
        locating: Locating | None,
        limits: Limits,
        documents_waiting: int,
    ) -> None:
        """Take the schema, the sources and the limits."""
        self._schema = schema._schema
        self._directory = directory
        self._ledger = ledger
        self._references = references
        self._withholdings = withholdings
        self._withholding_limits = withholding_limits
        self._words = words
        self._purposes = purposes
        self._search_budget = search_budget
        self._reviews = reviews
        self._transfers = transfers
        self._brokering = brokering
        self._queues = queues
        self._transferring = transferring
        self._peers = peers
        self._links = links
        self._peer_timeout = peer_timeout
        self._locating = locating
        self._reader = DocumentReader(schema._schema, limits)
        self._thread = ReadingThread(waiting=documents_waiting)
        self._schema_answers = SchemaAnswers(schema._schema, self._thread)

    def close(self) -> None:
        """Read nothing new any more."""
        self._thread.close()

    async def read(self, operation: Operation, *, before_new: Callable[[], None]) -> ReadDocument:
        """Return the document ready to run; one that is new is read beside the event loop, after `before_new`.

        Raises:
            AskRefused: `before_new` lets nothing new be read.
            BadRequest: It cannot be read or is not valid.
            QueryTooCostly: It is over a limit.
            Overloaded: Too many new documents are waiting to be read.
        """
        known = self._reader.remembered(operation)
        if known is not None:
            return known
        before_new()
        key = (operation.text, operation.name)
        judged = await self._thread.done(key, lambda pace: self._reader.judged(operation, pace=pace))
        return self._reader.kept(operation, judged)

    async def run(
        self, readable: Readable, operation: Operation, road: Road, *, change: Change | None = None
    ) -> Mapping[str, Any]:
        """Return the whole answer's data; raises any `DirectoryError`, and then nothing of it may be told.

        A mutation reads the directory as its change leaves it.
        """
        assert isinstance(readable, ReadDocument)  # noqa: S101  # made by `read` above
        self._reader.hold(readable, operation)
        if operation.safe:
            _hold_to_no_person(readable)
        if readable.introspects:
            return _data_of(await self._schema_answers.of(readable, operation))
        borders = None
        if self._peers is not None and change is None and road.ask.caller.claims.vouched is None:
            borders = Borders(peers=self._peers, links=self._links, timeout=self._peer_timeout, locating=self._locating)
        directory = self._directory if change is None else change.directory
        asking = Asking(
            road=road,
            directory=directory if borders is None else JoinedDirectory(directory, borders.arrived),
            ledger=self._ledger,
            references=self._references,
            withholdings=self._withholdings if change is None else change.withholdings,
            withholding_limits=self._withholding_limits,
            words=self._words,
            purposes=self._purposes,
            search_budget=self._search_budget,
            reviews=self._reviews,
            transfers=self._transfers if change is None else change.transfers,
            brokering=self._brokering if change is None else change.brokering,
            queues=self._queues if change is None else change.queues,
            transferring=self._transferring,
            change=change,
            borders=borders,
        )
        answer = None if readable.plan is None else readable.plan.prepared(operation, asking)
        if answer is not None:
            return await answer()
        return _data_of(await self._executed(readable, operation, asking))

    async def _executed(self, readable: ReadDocument, operation: Operation, asking: Asking) -> ExecutionResult:
        outcome = execute(
            self._schema,
            readable.document,
            context_value=Context(asking),
            variable_values=dict(operation.variables),
            operation_name=operation.name,
            hide_suggestions=True,
        )
        result = await outcome if isawaitable(outcome) else outcome
        assert isinstance(result, ExecutionResult)  # noqa: S101  # nothing is deferred or streamed here
        return result


def _hold_to_no_person(read: ReadDocument) -> None:
    if not read.root_names <= NAME_NO_PERSON:
        raise BadRequest(
            f"By GET only {', '.join(sorted(NAME_NO_PERSON))} are asked for: addresses are kept in many logs. "
            "Send the same by POST.",
            reason="get-may-name-people",
        )


def _data_of(result: ExecutionResult) -> Mapping[str, Any]:
    if result.errors:
        raise _gravest(result.errors)
    return result.data or {}


def _gravest(errors: list[GraphQLError]) -> BaseException:
    """Return what the ask fails with: want of a decision or an entry before anything else."""
    causes = [error.original_error for error in errors]
    for kind in (CannotProceed, DirectoryError):
        for cause in causes:
            if isinstance(cause, kind):
                return cause
    for cause in causes:
        if cause is not None and not isinstance(cause, GraphQLError):
            return cause
    # graphql-core's own complaint: a variable or argument that does not fit, an operation that is not there.
    return BadRequest("The variables do not fit the operation, or no such operation is there.", reason="variables")
