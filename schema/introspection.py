"""Answers about the schema itself: the same for everybody who may read it, so each document's is worked out once.

Whether somebody may read it is decided and recorded for each ask all the same.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Final

from graphql import ExecutionResult, GraphQLSchema, execute

from gateway.asked import Operation
from schema.pace import Pace
from schema.reading import REMEMBERED_LENGTH, ReadDocument
from schema.reading_thread import NOBODY_ELSES, ReadingThread

REMEMBERED: Final = 8
"""Answers kept at most: tools ask the same few documents, and an answer may take megabytes."""


class SchemaAnswers:
    """Answers documents that read the schema and nothing else."""

    def __init__(self, schema: GraphQLSchema, thread: ReadingThread) -> None:
        """Take the schema, and where answers are worked out."""
        self._schema = schema
        self._thread = thread
        self._known: OrderedDict[Hashable, ExecutionResult] = OrderedDict()

    async def of(self, read: ReadDocument, operation: Operation) -> ExecutionResult:
        """Return what a document comes to; one without variables is worked out once while it is remembered.

        Raises:
            Overloaded: Too many answers and documents are waiting to be worked out.
        """
        key = ("schema", operation.text, operation.name)
        if operation.variables or len(operation.text) > REMEMBERED_LENGTH:
            return await self._worked_out(NOBODY_ELSES, read, operation)
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
