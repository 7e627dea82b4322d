"""Documents of clients, put together from their sources: each operation with the fragments it needs, valid here."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from graphql import (
    DefinitionNode,
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    Visitor,
    parse,
    print_ast,
    validate,
    visit,
)

from gateway.asked import Operation
from gateway.documents import digest_of
from gateway.errors import DirectoryError
from schema.document_sources import Found, SourceFault
from schema.limits import Limits
from schema.reading import RULES, DocumentReader

TOKENS: Final = 100_000
"""Tokens of one piece of a source; the documents that come of it are held to the limits of documents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """One operation of a client."""

    name: str
    texts: tuple[str, ...]
    """What a client may send: the printed form first, then as it was written, where that is a document of its own."""

    @property
    def digest(self) -> str:
        """Return the hash by which it is asked for."""
        return digest_of(self.texts[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Definition:
    node: DefinitionNode
    found: Found
    alone: bool
    """Whether nothing else stands in the same piece of the source."""

    @property
    def line(self) -> int:
        at = self.node.loc
        return self.found.line + (0 if at is None else at.start_token.line - 1)


class Extraction:
    """The operations in all pieces of the sources; faults are gathered, so that all are seen at once."""

    def __init__(self, schema: GraphQLSchema, limits: Limits) -> None:
        """Take the schema that documents must fit, and the limits they will be held to."""
        self._schema = schema
        self._reader = DocumentReader(schema, limits)
        self.faults: list[SourceFault] = []

    def operations(self, pieces: Iterable[Found | SourceFault]) -> list[Extracted]:
        """Return every operation that is as it must be, by name; what is wrong with others is in `faults`."""
        fragments: dict[str, _Definition] = {}
        operations: dict[str, _Definition] = {}
        for one in self._definitions(pieces):
            if isinstance(one.node, FragmentDefinitionNode):
                self._keep(one, one.node.name.value, fragments, "fragment")
            elif isinstance(one.node, OperationDefinitionNode) and one.node.name is not None:
                self._keep(one, one.node.name.value, operations, "operation")
            elif isinstance(one.node, OperationDefinitionNode):
                self._fault(one, "the operation has no name")
            else:
                self._fault(one, "neither an operation nor a fragment")
        made = (self._extracted(name, one, fragments) for name, one in sorted(operations.items()))
        return [one for one in made if one is not None]

    def _definitions(self, pieces: Iterable[Found | SourceFault]) -> Iterator[_Definition]:
        for found in pieces:
            if isinstance(found, SourceFault):
                self.faults.append(found)
                continue
            try:
                document = parse(found.text, max_tokens=TOKENS)
            except GraphQLError as error:
                line = error.locations[0].line if error.locations else 1
                self.faults.append(SourceFault(found.file, found.line + line - 1, error.message))
            except RecursionError:
                self.faults.append(SourceFault(found.file, found.line, "it is nested too deeply"))
            else:
                alone = len(document.definitions) == 1
                yield from (_Definition(node=node, found=found, alone=alone) for node in document.definitions)

    def _keep(self, one: _Definition, name: str, kept: dict[str, _Definition], kind: str) -> None:
        known = kept.setdefault(name, one)
        if print_ast(known.node) != print_ast(one.node):
            self._fault(one, f"another {kind} is called {name} at {known.found.file}:{known.line}")

    def _extracted(self, name: str, one: _Definition, fragments: dict[str, _Definition]) -> Extracted | None:
        needed: dict[str, _Definition] = {}
        if not self._gather(one, one.node, fragments, needed):
            return None
        parts = [one, *(needed[fragment] for fragment in sorted(needed))]
        document = DocumentNode(definitions=tuple(part.node for part in parts))
        if not self._valid(document, one, parts):
            return None
        text = print_ast(document)
        try:
            self._reader.read(Operation(text=text, name=name, variables={}))
        except DirectoryError as error:
            self._fault(one, error.message)
            return None
        written = one.found.text
        return Extracted(name=name, texts=(text, written) if one.alone and not needed and written != text else (text,))

    def _gather(
        self, user: _Definition, node: DefinitionNode, fragments: dict[str, _Definition], into: dict[str, _Definition]
    ) -> bool:
        for spread in _spreads(node):
            name = spread.name.value
            if name in into:
                continue
            if name not in fragments:
                line = user.found.line + (spread.loc.start_token.line - 1 if spread.loc else 0)
                self.faults.append(SourceFault(user.found.file, line, f"no source has the fragment {name}"))
                return False
            into[name] = fragments[name]
            if not self._gather(fragments[name], fragments[name].node, fragments, into):
                return False
        return True

    def _valid(self, document: DocumentNode, one: _Definition, parts: list[_Definition]) -> bool:
        errors = validate(self._schema, document, RULES)
        for error in errors:
            at = next((node.loc for node in error.nodes or () if node.loc is not None), None)
            part = next((part for part in parts if at and part.node.loc and part.node.loc.source is at.source), one)
            line = part.line if at is None else part.found.line + at.start_token.line - 1
            self.faults.append(SourceFault(part.found.file, line, error.message))
        return not errors

    def _fault(self, one: _Definition, what: str) -> None:
        self.faults.append(SourceFault(one.found.file, one.line, what))


def _spreads(node: DefinitionNode) -> list[FragmentSpreadNode]:
    found: list[FragmentSpreadNode] = []

    class Spreads(Visitor):
        def enter_fragment_spread(self, spread: FragmentSpreadNode, *_: object) -> None:
            found.append(spread)

    visit(node, Spreads())
    return found
