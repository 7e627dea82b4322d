"""Answers about the schema itself: the same for everybody who may read it, so each document's is worked out once.

Whether somebody may read it is decided and recorded for each ask all the same.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Final

from graphql import ExecutionResult, GraphQLSchema, OperationDefinitionNode, execute

from gateway.asked import Operation
from gateway.errors import Overloaded
from schema.pace import Pace
from schema.reading import REMEMBERED_LENGTH, ReadDocument
from schema.reading_thread import NOBODY_ELSES, ReadingThread

REMEMBERED: Final = 8
"""Answers kept at most: tools ask the same few documents, and an answer may take megabytes."""


OTHERS_AT_ONCE: Final = 4
"""Answers that wait at once to be worked out for one ask alone: a part of the thread's room, which documents need."""


class SchemaAnswers:
    """Answers documents that read the schema and nothing else."""

    def __init__(self, schema: GraphQLSchema, thread: ReadingThread) -> None:
        """Take the schema, and where answers are worked out."""
        self._schema = schema
        self._thread = thread
        self._known: OrderedDict[Hashable, ExecutionResult] = OrderedDict()
        self._others = 0

    async def of(self, read: ReadDocument, operation: Operation) -> ExecutionResult:
        """Return what a document comes to; one without variables is worked out once while it is remembered.

        Raises:
            Overloaded: Too many answers and documents are waiting to be worked out.
        """
        key = ("schema", operation.text, operation.name)
        if _takes_variables(read) or len(operation.text) > REMEMBERED_LENGTH:
            if self._others >= OTHERS_AT_ONCE:
                raise _enough()
            self._others += 1
            try:
                return await self._worked_out(NOBODY_ELSES, read, operation)
            finally:
                self._others -= 1
        if key not in self._known:
            result = await self._worked_out(key, read, operation)
            if result.errors:
                return result
            self._known[key] = result
        self._known.move_to_end(key)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return self._known[key]

    async def _worked_out(self, key: Hashable, read: ReadDocument, operation: Operation) -> ExecutionResult:
        def work(pace: Pace) -> ExecutionResult:
            def paced(resolve: Callable[..., Any], *place: Any, **arguments: Any) -> Any:
                pace.keep()
                return resolve(*place, **arguments)

            # No context: what reads the schema loads nothing, and could not.
            result = execute(
                self._schema,
                read.document,
                variable_values=dict(operation.variables),
                operation_name=operation.name,
                middleware=[paced],
                hide_suggestions=True,
            )
            assert isinstance(result, ExecutionResult)  # noqa: S101  # nothing of the schema has to be waited for
            return result

        return await self._thread.done(key, work)


def _takes_variables(read: ReadDocument) -> bool:
    return any(
        isinstance(node, OperationDefinitionNode) and node.variable_definitions for node in read.document.definitions
    )


def _enough() -> Overloaded:
    return Overloaded(
        f"{OTHERS_AT_ONCE} answers about the schema with variables are being worked out, the most that may. "
        "Ask without variables, or again in a moment.",
        reason="reading-crowded",
        retry_after=1,
    )
