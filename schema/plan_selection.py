"""What a document selects at each place, collected once: for documents whose selection depends on no variable."""

from collections.abc import Sequence
from dataclasses import dataclass

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    SelectionNode,
    SelectionSetNode,
    is_abstract_type,
)

from gateway.vocabulary import RecordType


class NotPlanned(Exception):
    """The document has something that plans do not cover; graphql-core runs it."""


@dataclass(frozen=True, slots=True)
class PlannedSelection:
    """The fields selected at one place; satisfies the road's `Selection`."""

    names: frozenset[str]

    def fields(self, record_type: RecordType) -> frozenset[str]:
        """Return the fields selected; a place of a plan leads to records of one type only."""
        return self.names


class Collector:
    """Collects fields as graphql-core does: by response key, in the order of their first appearance."""

    def __init__(self, schema: GraphQLSchema, fragments: dict[str, FragmentDefinitionNode]) -> None:
        """Take the schema and the document's fragments."""
        self._schema = schema
        self._fragments = fragments

    def below(self, nodes: Sequence[FieldNode], of: GraphQLObjectType) -> dict[str, list[FieldNode]]:
        """Return what is selected below nodes that are one field of the answer."""
        return self.collected([node.selection_set for node in nodes if node.selection_set is not None], of)

    def collected(self, selections: Sequence[SelectionSetNode], of: GraphQLObjectType) -> dict[str, list[FieldNode]]:
        """Return the fields selected on a type.

        Raises:
            NotPlanned: A directive decides what is selected.
        """
        fields: dict[str, list[FieldNode]] = {}
        spread: set[str] = set()
        for selection_set in selections:
            self._collect(selection_set, of, fields, spread)
        return fields

    def _collect(
        self,
        selection_set: SelectionSetNode,
        of: GraphQLObjectType,
        fields: dict[str, list[FieldNode]],
        spread: set[str],
    ) -> None:
        for node in selection_set.selections:
            if node.directives:
                raise NotPlanned
            if isinstance(node, FieldNode):
                fields.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
                continue
            below = self._spread(node, of, spread)
            if below is not None:
                self._collect(below, of, fields, spread)

    def _spread(self, node: SelectionNode, of: GraphQLObjectType, spread: set[str]) -> SelectionSetNode | None:
        fragment: SelectionNode | FragmentDefinitionNode = node
        if isinstance(node, FragmentSpreadNode):
            if node.name.value in spread:
                return None
            spread.add(node.name.value)
            fragment = self._fragments[node.name.value]
            if fragment.directives:
                raise NotPlanned
        condition = getattr(fragment, "type_condition", None)
        if condition is not None and not self._applies(condition.name.value, of):
            return None
        selection_set: SelectionSetNode = fragment.selection_set  # type: ignore[union-attr]  # both kinds of fragment have one
        return selection_set

    def _applies(self, condition: str, of: GraphQLObjectType) -> bool:
        named = self._schema.type_map[condition]
        return named is of or (is_abstract_type(named) and self._schema.is_sub_type(named, of))
