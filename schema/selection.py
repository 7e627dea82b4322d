"""What a document selects at one place, per record type, as graphql-core would collect it."""

from collections.abc import Iterable, Iterator
from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLBoolean,
    GraphQLIncludeDirective,
    GraphQLResolveInfo,
    GraphQLSkipDirective,
    InlineFragmentNode,
    SelectionNode,
    SelectionSetNode,
    get_directive_values,
    value_from_ast,
)

from gateway.vocabulary import RecordType

ABSTRACT_TYPES = frozenset({"Node", "_Entity"})
"""Interfaces and unions that every record type of the graph belongs to."""


class DocumentSelection:
    """The fields selected below some field nodes; satisfies the road's `Selection`."""

    def __init__(
        self,
        info: GraphQLResolveInfo[Any],
        nodes: tuple[FieldNode, ...],
        remembered: dict[tuple[object, ...], frozenset[str]],
    ) -> None:
        """Read selections below `nodes`; what was collected is remembered for the request."""
        self._info = info
        self._nodes = nodes
        self._remembered = remembered

    @classmethod
    def at(
        cls, info: GraphQLResolveInfo[Any], remembered: dict[tuple[object, ...], frozenset[str]]
    ) -> "DocumentSelection":
        """Return the selection below the field being resolved."""
        return cls(info, tuple(info.field_nodes), remembered)

    def under(self, *path: str) -> "DocumentSelection":
        """Return the selection further down a path of field names, whatever their aliases."""
        nodes = self._nodes
        for name in path:
            nodes = tuple(node for node in self._collect(nodes, None) if node.name.value == name)
        return DocumentSelection(self._info, nodes, self._remembered)

    def below(self, record_type: RecordType, name: str) -> "DocumentSelection":
        """Return the selection below a field of one type, whatever its aliases."""
        nodes = (node for node in self._collect(self._nodes, record_type.value) if node.name.value == name)
        return DocumentSelection(self._info, tuple(nodes), self._remembered)

    def names(self) -> frozenset[str]:
        """Return the names of all fields selected here, on whatever type."""
        return frozenset(node.name.value for node in self._collect(self._nodes, None))

    def flag(self, name: str) -> bool | None:
        """Return what a yes-or-no argument is at all of these places, or None where they differ or leave it out."""
        given = [
            value_from_ast(argument.value, GraphQLBoolean, self._info.variable_values.coerced)
            for node in self._nodes
            for argument in node.arguments or ()
            if argument.name.value == name
        ]
        return given[0] if len(given) == len(self._nodes) and len(set(map(repr, given))) == 1 else None

    def fields(self, record_type: RecordType) -> frozenset[str]:
        """Return the names of the fields selected here on a type, without `__typename`."""
        key = (tuple(id(node) for node in self._nodes), record_type)
        selected = self._remembered.get(key)
        if selected is None:
            selected = self._remembered[key] = frozenset(
                node.name.value
                for node in self._collect(self._nodes, record_type.value)
                if not node.name.value.startswith("__")
            )
        return selected

    def _collect(self, nodes: Iterable[FieldNode], type_name: str | None) -> Iterator[FieldNode]:
        seen: set[str] = set()
        for node in nodes:
            if node.selection_set is not None:
                yield from self._walk(node.selection_set, type_name, seen)

    def _walk(self, selections: SelectionSetNode, type_name: str | None, seen: set[str]) -> Iterator[FieldNode]:
        for node in selections.selections:
            if not self._included(node):
                continue
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                if condition is None or _applies(condition.name.value, type_name):
                    yield from self._walk(node.selection_set, type_name, seen)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
                seen.add(node.name.value)
                fragment = self._info.fragments[node.name.value]
                if _applies(fragment.type_condition.name.value, type_name):
                    yield from self._walk(fragment.selection_set, type_name, seen)

    def _included(self, node: SelectionNode) -> bool:
        if not node.directives:
            return True
        variables = self._info.variable_values
        skip = get_directive_values(GraphQLSkipDirective, node, variables)
        if skip is not None and skip["if"] is True:
            return False
        include = get_directive_values(GraphQLIncludeDirective, node, variables)
        return include is None or include["if"] is True


def _applies(condition: str, type_name: str | None) -> bool:
    return type_name is None or condition == type_name or condition in ABSTRACT_TYPES
