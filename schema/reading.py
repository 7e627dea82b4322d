"""Read documents: parsed, measured, valid and planned once, and remembered by their text."""

import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    ObjectFieldNode,
    OperationDefinitionNode,
    OperationType,
    ValueNode,
    VariableNode,
    specified_rules,
    validate,
)
from graphql.language.parser import Parser
from graphql.validation.rules import overlapping_fields_can_be_merged
from graphql.validation.validate import ValidationAbortedError
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from gateway.asked import Operation
from gateway.errors import BadRequest, DirectoryError, QueryTooCostly
from schema.limits import INTROSPECTION, Limits, measure, root_names
from schema.pace import Pace, PacedLexer, nested_too_deeply, paced_rule
from schema.plan import DocumentPlan, planned
from schema.sizes import Sizes

REMEMBERED: Final = 1_000
"""Documents kept in read form at most."""

REMEMBERED_LENGTH: Final = 10_000
"""Characters of a document that is kept in read form at most."""

REMEMBERED_TEXT: Final = 400_000
"""Characters of all documents that are kept in read form together: 25 to 60 MB of memory, as clients write them.

A client that writes ids into its documents always has new ones, and a thousand long ones took 350 MB.
"""

READ_THE_SCHEMA: Final = INTROSPECTION | {"__typename"}
"""Root fields of a document that reads the schema: what is the same for everybody is worked out apart."""

ERROR_LIMIT: Final = 10
"""Errors of one document that are told at most."""

COMPARISON_LIMIT: Final = 5_000
"""What comparing the fields of a document with each other may cost; it grows with the square of those alike.

Each step holds up every other ask, for about ten microseconds; clients that select a field twice need a few hundred.
"""

overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = COMPARISON_LIMIT  # read by graphql-core at each validation


RULES: Final = (*specified_rules, OneOfInputValidationRule)
"""All rules of the specification; of inputs that take exactly one field, Strawberry knows and graphql-core does not."""

_SAYS_VALUE: Final = re.compile(r", found|[.:]| ['\"]")
"""Where a sentence of graphql-core's parser goes on to what it found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDocument:
    """A document read, measured and valid, with the operation in it that is meant."""

    document: DocumentNode
    kind: str
    introspects: bool
    """Whether it reads the schema; then it reads nothing else."""
    roots: int
    root_names: frozenset[str]
    varies: bool
    """Whether what it comes to depends on its variables."""
    plan: DocumentPlan | None
    """How it is answered without graphql-core, where plans cover it."""


class DocumentReader:
    """Reads documents against one schema, within limits."""

    def __init__(self, schema: GraphQLSchema, limits: Limits) -> None:
        """Take the schema and the limits."""
        self._schema = schema
        self._sizes = Sizes(schema)
        self._limits = limits
        self._read: OrderedDict[tuple[str, str | None], ReadDocument] = OrderedDict()
        self._length = 0

    def read(self, operation: Operation) -> ReadDocument:
        """Return the document ready to run, read at most once while it is remembered.

        Raises:
            BadRequest: It cannot be read or is not valid, or holds no such operation.
            QueryTooCostly: It is over a limit.
        """
        known = self.remembered(operation)
        return self.kept(operation, self.judged(operation)) if known is None else known

    def remembered(self, operation: Operation) -> ReadDocument | None:
        """Return the document where it was read before and is remembered."""
        key = (operation.text, operation.name)
        known = self._read.get(key)
        if known is not None:
            self._read.move_to_end(key)
        return known

    def kept(self, operation: Operation, judged: ReadDocument | DirectoryError) -> ReadDocument:
        """Remember a document that was judged to be as it must be, and return it; raises as `read` does."""
        if isinstance(judged, DirectoryError):
            # Not remembered: whoever sends what is refused could fill the memory with it.
            raise judged
        if len(operation.text) <= REMEMBERED_LENGTH:
            self._remember((operation.text, operation.name), judged)
        return judged

    def _remember(self, key: tuple[str, str | None], read: ReadDocument) -> None:
        if key not in self._read:
            self._length += len(key[0])
        self._read[key] = read
        while len(self._read) > REMEMBERED or self._length > REMEMBERED_TEXT:
            (text, _), _ = self._read.popitem(last=False)
            self._length -= len(text)

    def hold(self, read: ReadDocument, operation: Operation) -> None:
        """Hold what a document comes to with its variables to the limit.

        Raises:
            QueryTooCostly: It is over it.
        """
        if read.varies:
            variables = operation.variables
            measure(read.document, schema=self._schema, sizes=self._sizes, limits=self._limits, variables=variables)

    def judged(self, operation: Operation, *, pace: Pace | None = None) -> ReadDocument | DirectoryError:
        """Return the document ready to run, or why it is refused; the work, which touches nothing remembered."""
        try:
            return self._whole(operation, pace or Pace())
        except GraphQLSyntaxError as error:
            if "nested too deeply" in error.message:
                return nested_too_deeply()
            if "tokens" in error.message:
                return QueryTooCostly(
                    f"The document has more than {self._limits.tokens} tokens, which is the limit. Ask for less.",
                    reason="document-limit",
                )
            return BadRequest(_told(error), reason="document-unreadable")
        except RecursionError:
            return nested_too_deeply()
        except DirectoryError as error:
            return error

    def _whole(self, operation: Operation, pace: Pace) -> ReadDocument:
        lexer = PacedLexer(operation.text, pace)
        document = Parser(lexer.source, max_tokens=self._limits.tokens, lexer=lexer).parse_document()
        size = measure(document, schema=self._schema, sizes=self._sizes, limits=self._limits)
        meant = _meant(document, operation.name)
        errors = validate(
            self._schema, document, (paced_rule(pace), *RULES), max_errors=ERROR_LIMIT, hide_suggestions=True
        )
        if errors:
            raise _invalid(errors)
        roots = root_names(document, meant)
        if size.introspects and not roots <= READ_THE_SCHEMA:
            raise QueryTooCostly(
                "The document reads the schema beside other fields. Read the schema in a request of its own.",
                reason="document-limit",
            )
        return ReadDocument(
            document=document,
            kind=meant.operation.value,
            introspects=size.introspects,
            roots=size.width,
            root_names=roots,
            varies=size.varies,
            plan=None if size.introspects else self._planned(document),
        )

    def _planned(self, document: DocumentNode) -> DocumentPlan | None:
        return planned(self._schema, document)


def _meant(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    """Return the operation of a name, or the only one."""
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if not operations:
        raise BadRequest("The document holds no operation.", reason="document-invalid")
    found = [one for one in operations if name is None or (one.name is not None and one.name.value == name)]
    if len(found) != 1:
        raise BadRequest(
            "`operationName` must name one operation of the document, or be left out where it has one only.",
            reason="operation-unknown",
        )
    if found[0].operation is OperationType.SUBSCRIPTION:
        raise BadRequest("Subscriptions are not served; ask with a query.", reason="subscription")
    return found[0]


def _invalid(errors: list[GraphQLError]) -> DirectoryError:
    if any(isinstance(error, ValidationAbortedError) for error in errors) and len(errors) <= ERROR_LIMIT:
        return QueryTooCostly(
            "The document repeats more fields than are compared with each other "
            f"in {COMPARISON_LIMIT} steps, the most allowed. Select each field once.",
            reason="document-limit",
        )
    return BadRequest(" ".join(_told(error) for error in errors[:ERROR_LIMIT]), reason="document-invalid")


def _told(error: GraphQLError) -> str:
    """Return what is wrong and where, without any value that stands in the document: it may be somebody's name."""
    about = error.nodes[0] if error.nodes else None
    message = error.message
    if isinstance(error, GraphQLSyntaxError):
        message = f"The document cannot be read: {_SAYS_VALUE.split(message.removeprefix('Syntax Error: '))[0]}."
    elif about is None or (isinstance(about, ValueNode | ObjectFieldNode) and not isinstance(about, VariableNode)):
        message = "A value does not fit what is expected there."
    places = ", ".join(f"line {place.line}, column {place.column}" for place in error.locations or ())
    return f"{message} ({places})" if places else message
