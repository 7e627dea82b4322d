"""Run documents: read once and remembered, by a plan or else on graphql-core, answered whole or not at all."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    execute,
    parse,
    validate,
)

from gateway.access_report.words import Words
from gateway.answering import Readable
from gateway.asked import Operation
from gateway.changes import Change
from gateway.disclosure.road import Road
from gateway.errors import BadRequest, CannotProceed, DirectoryError, QueryTooCostly
from gateway.federation.arrived import JoinedDirectory
from gateway.federation.asking import Peers
from gateway.federation.locating import Locating
from gateway.ledger.reading import LedgerReader
from gateway.ledger.references import EntryReferences
from gateway.ports import Directory
from gateway.reviewing.desk import ReviewDesk
from gateway.withholdings import WithholdingLimits, WithholdingsReader
from resolvers.asking import Asking, Borders, Purposes
from schema.directory import DirectorySchema
from schema.levels import Context
from schema.limits import measure
from schema.plan import DocumentPlan, planned

REMEMBERED = 1_000
"""Documents kept in read form at most."""

REMEMBERED_LENGTH = 10_000
"""Characters of a document that is kept in read form at most."""

ERROR_LIMIT = 10
"""Errors of one document that are told at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDocument:
    """A document read, measured and valid."""

    document: DocumentNode
    kind: str
    introspects: bool
    roots: int
    plan: DocumentPlan | None
    """How it is answered without graphql-core, where plans cover it."""


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
        peers: Peers | None,
        peer_timeout: float,
        locating: Locating | None,
        token_limit: int,
        depth_limit: int,
    ) -> None:
        """Take the schema, the sources and the limits."""
        self._schema = schema._schema
        self._strawberry = schema
        self._directory = directory
        self._ledger = ledger
        self._references = references
        self._withholdings = withholdings
        self._withholding_limits = withholding_limits
        self._words = words
        self._purposes = purposes
        self._search_budget = search_budget
        self._reviews = reviews
        self._peers = peers
        self._peer_timeout = peer_timeout
        self._locating = locating
        self._token_limit = token_limit
        self._depth_limit = depth_limit
        self._read: OrderedDict[str, ReadDocument] = OrderedDict()

    def read(self, operation: Operation) -> ReadDocument:
        """Return the document ready to run, read at most once while it is remembered.

        Raises:
            BadRequest: It cannot be read or is not valid.
            QueryTooCostly: It is over a limit.
        """
        known = self._read.get(operation.text)
        if known is not None:
            self._read.move_to_end(operation.text)
            return known
        judged = self._judged(operation.text)
        if isinstance(judged, DirectoryError):
            # Not remembered: whoever sends what is refused could fill the memory with it.
            raise judged
        if len(operation.text) <= REMEMBERED_LENGTH:
            self._read[operation.text] = judged
            if len(self._read) > REMEMBERED:
                self._read.popitem(last=False)
        return judged

    async def run(
        self, readable: Readable, operation: Operation, road: Road, *, change: Change | None = None
    ) -> Mapping[str, Any]:
        """Return the whole answer's data; raises any `DirectoryError`, and then nothing of it may be told.

        A mutation reads the directory as its change leaves it.
        """
        assert isinstance(readable, ReadDocument)  # noqa: S101  # made by `read` above
        borders = None
        if self._peers is not None and change is None and road.ask.caller.claims.vouched is None:
            borders = Borders(peers=self._peers, timeout=self._peer_timeout, locating=self._locating)
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
            change=change,
            borders=borders,
        )
        answer = None if readable.plan is None else readable.plan.prepared(operation, asking)
        if answer is not None:
            return await answer()
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
        if result.errors:
            raise _gravest(result.errors)
        return result.data or {}

    def _judged(self, text: str) -> ReadDocument | DirectoryError:
        try:
            document = parse(text, max_tokens=self._token_limit)
        except GraphQLSyntaxError as error:
            if "token limit" in error.message.lower() or "tokens" in error.message:
                return QueryTooCostly(
                    f"The document has more than {self._token_limit} tokens.", reason="document-limit"
                )
            return BadRequest(_told(error), reason="document-unreadable")
        except RecursionError:
            return QueryTooCostly("The document is nested too deeply to be read.", reason="document-limit")
        operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        try:
            size = measure(document, depth_limit=self._depth_limit)
        except QueryTooCostly as error:
            return error
        errors = validate(self._schema, document, max_errors=ERROR_LIMIT, hide_suggestions=True)
        if errors:
            return BadRequest(" ".join(_told(error) for error in errors[:ERROR_LIMIT]), reason="document-invalid")
        if not operations:
            return BadRequest("The document holds no operation.", reason="document-invalid")
        return ReadDocument(
            document=document,
            kind=operations[0].operation.value,
            introspects=size.introspects,
            roots=size.roots,
            plan=None if size.introspects else self._planned(document),
        )

    def _planned(self, document: DocumentNode) -> DocumentPlan | None:
        return planned(self._schema, document)


def _told(error: GraphQLError) -> str:
    places = ", ".join(f"line {place.line}, column {place.column}" for place in error.locations or ())
    return f"{error.message} ({places})" if places else error.message


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
