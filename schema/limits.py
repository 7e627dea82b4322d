"""How large a document may be: one pass over it, each fragment measured once, before anything runs.

What a selection comes to is measured with its fragments spread out, so a fragment that is spread twice counts twice.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
)

from gateway.errors import QueryTooCostly
from gateway.settings import Settings
from schema.sizes import RECORDS, Size, Sizes

CHANGE_LIMIT: Final = 1
"""Root fields of a mutation: each change has an entry, a transaction and a key of its own."""
INTROSPECTION_LIMIT: Final = 2
"""Each read of the schema costs as much as a large answer; tools need one, or one of each kind."""
ALIKE_LIMIT: Final = 25
"""Fields of one name in one selection: each is compared with every other, and nobody needs two."""
INTROSPECTION: Final = frozenset({"__schema", "__type", "_service"})
"""Fields that read the schema itself; a role's right, and as deep as clients need."""
ONE: Final = Size(assumed=1)
DIGITS: Final = 10
"""Digits of a length that are read; with more it is over any limit all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a document may come to at most."""

    tokens: int
    depth: int
    aliases: int
    directives: int
    root_fields: int
    operations: int
    nodes: int

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        """Return those that the settings say."""
        return cls(
            tokens=settings.token_limit,
            depth=settings.depth_limit,
            aliases=settings.alias_limit,
            directives=settings.directive_limit,
            root_fields=settings.root_field_limit,
            operations=settings.operation_limit,
            nodes=settings.cost_limit,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What a selection comes to; `depth` counts the levels below, `width` the fields at its own level."""

    depth: int = 0
    width: int = 0
    aliases: int = 0
    alike: int = 0
    """Fields of one name in one selection, where there are most."""
    directives: int = 0
    introspections: int = 0
    nodes: int = 0
    """Records by the sizes of lists."""
    listed: int = 0
    """Records for each entry of a list whose length the field above says."""
    varies: bool = False
    """Whether a size stands in a variable."""

    @property
    def introspects(self) -> bool:
        """Return whether the schema itself is read."""
        return self.introspections > 0

    def beside(self, other: "Measure") -> "Measure":
        """Return both selections taken together."""
        return Measure(
            depth=max(self.depth, other.depth),
            width=self.width + other.width,
            aliases=self.aliases + other.aliases,
            alike=max(self.alike, other.alike),
            directives=self.directives + other.directives,
            introspections=self.introspections + other.introspections,
            nodes=self.nodes + other.nodes,
            listed=self.listed + other.listed,
            varies=self.varies or other.varies,
        )


class Measuring:
    """One pass over one document; `steps` counts the nodes it looked at."""

    def __init__(
        self, schema: GraphQLSchema, sizes: Sizes, document: DocumentNode, variables: Mapping[str, Any] | None = None
    ) -> None:
        """Take what the document is read by; without variables a size that one of them says counts as assumed."""
        self._schema = schema
        self._sizes = sizes
        self._variables = variables or {}
        self._operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._defaults = {
            variable.variable.name.value: variable.default_value
            for operation in self._operations
            for variable in operation.variable_definitions or ()
        }
        self._known: dict[str, Measure] = {}
        self._under_way: set[str] = set()
        self.steps = 0

    def measured(self) -> Iterator[tuple[OperationDefinitionNode, Measure]]:
        """Return each operation with what it comes to."""
        for operation in self._operations:
            root = self._schema.get_root_type(operation.operation)
            below = self._selected(operation.selection_set, root)
            yield operation, below.beside(Measure(directives=_directives_before(operation)))

    def _selected(self, selections: SelectionSetNode | None, of: GraphQLNamedType | None) -> Measure:
        nodes = selections.selections if selections is not None else ()
        measure = Measure(alike=_most_alike(nodes))
        for node in nodes:
            self.steps += 1
            measure = measure.beside(self._node(node, of))
        return measure

    def _node(self, node: SelectionNode, of: GraphQLNamedType | None) -> Measure:
        own = Measure(directives=len(node.directives or ()))
        if isinstance(node, FieldNode):
            return own.beside(self._field(node, of))
        if isinstance(node, InlineFragmentNode):
            return own.beside(self._selected(node.selection_set, self._on(node, of)))
        if isinstance(node, FragmentSpreadNode):
            return own.beside(self._fragment(node.name.value))
        return own

    def _field(self, node: FieldNode, of: GraphQLNamedType | None) -> Measure:
        name, aliases = node.name.value, 1 if node.alias is not None else 0
        reads_schema = name in INTROSPECTION
        definition = None if reads_schema else getattr(of, "fields", {}).get(name)
        leads_to = None if definition is None else get_named_type(definition.type)
        below = self._selected(node.selection_set, leads_to)
        place = ("" if of is None else of.name, name)
        size = self._sizes.of.get(place, ONE)
        times = self._times(size, node)
        entry = (1 if leads_to is not None and _is_record(leads_to) else 0) + below.nodes
        nodes = entry + below.listed * times if size.lists else entry * times
        return Measure(
            depth=1 if reads_schema else below.depth + 1,
            width=1,
            aliases=below.aliases + aliases,
            alike=below.alike,
            directives=below.directives,
            introspections=below.introspections + (1 if reads_schema else 0),
            nodes=0 if place in self._sizes.by_parent else nodes,
            listed=nodes if place in self._sizes.by_parent else 0,
            varies=below.varies or any(isinstance(value, VariableNode) for value in _lengths(size, node)),
        )

    def _times(self, size: Size, node: FieldNode) -> int:
        """Return how many entries a field's list has."""
        stated = [self._stated(value) for value in _lengths(size, node)]
        return max(0, stated[0]) if stated and stated[0] is not None else size.assumed

    def _stated(self, value: ValueNode) -> int | None:
        if isinstance(value, IntValueNode):
            return int(value.value[:DIGITS])
        if isinstance(value, ListValueNode):
            return len(value.values)
        if not isinstance(value, VariableNode):
            return None
        if value.name.value not in self._variables:
            default = self._defaults.get(value.name.value)
            return None if default is None else self._stated(default)
        given = self._variables[value.name.value]
        return len(given) if isinstance(given, list) else given if isinstance(given, int) else None

    def _fragment(self, name: str) -> Measure:
        # A fragment that is unknown or contains itself is the validation's to refuse.
        if name not in self._fragments or name in self._under_way:
            return Measure()
        if name not in self._known:
            fragment = self._fragments[name]
            self._under_way.add(name)
            below = self._selected(fragment.selection_set, self._on(fragment, None))
            self._known[name] = below.beside(Measure(directives=len(fragment.directives or ())))
            self._under_way.discard(name)
        return self._known[name]

    def _on(
        self, fragment: InlineFragmentNode | FragmentDefinitionNode, otherwise: GraphQLNamedType | None
    ) -> GraphQLNamedType | None:
        condition = fragment.type_condition
        return otherwise if condition is None else self._schema.type_map.get(condition.name.value)


def measure(
    document: DocumentNode,
    *,
    schema: GraphQLSchema,
    sizes: Sizes,
    limits: Limits,
    variables: Mapping[str, Any] | None = None,
) -> Measure:
    """Return the size of a document, all its operations together.

    Where a size stands in a variable, records are held to the limit with variables only.

    Raises:
        QueryTooCostly: It is over a limit; the message names the limit, the value and the way out.
    """
    total, operations = Measure(), 0
    for operation, size in Measuring(schema, sizes, document, variables).measured():
        operations += 1
        total = total.beside(size)
        _hold("root fields", size.width, limits.root_fields, "Ask in several requests.")
        if operation.operation is OperationType.MUTATION:
            _hold("changes", size.width, CHANGE_LIMIT, "Send one change a request.")
    _hold("operations", operations, limits.operations, "Send the operation that is meant, without the others.")
    _hold("levels of depth", total.depth, limits.depth, "Ask again from the id of a record further down.")
    _hold("aliases", total.aliases, limits.aliases, "Ask in several requests.")
    _hold("fields of one name in one place", total.alike, ALIKE_LIMIT, "Select each field once.")
    _hold("directives", total.directives, limits.directives, "Send what is meant, without conditions.")
    _hold("reads of the schema", total.introspections, INTROSPECTION_LIMIT, "Read the published schema.")
    if variables is not None or not total.varies:
        _hold(
            "records, by the sizes of its lists", total.nodes, limits.nodes, "Ask for a smaller `first` or less below."
        )
    return total


def _most_alike(nodes: Iterable[SelectionNode]) -> int:
    names = Counter((node.alias or node.name).value for node in nodes if isinstance(node, FieldNode))
    return max(names.values(), default=0)


def _lengths(size: Size, node: FieldNode) -> list[ValueNode]:
    """Return the value of the argument that says how long a field's list is, if it is there."""
    return [argument.value for argument in node.arguments or () if argument.name.value == size.argument]


def root_names(document: DocumentNode, operation: OperationDefinitionNode) -> frozenset[str]:
    """Return the names of the root fields of an operation, through the fragments it spreads."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    names: set[str] = set()
    waiting = [operation.selection_set]
    while waiting:
        for node in waiting.pop().selections:
            if isinstance(node, FieldNode):
                names.add(node.name.value)
            elif isinstance(node, InlineFragmentNode):
                waiting.append(node.selection_set)
            elif isinstance(node, FragmentSpreadNode) and node.name.value in fragments:
                waiting.append(fragments.pop(node.name.value).selection_set)  # once is enough
    return frozenset(names)


def _is_record(named: GraphQLNamedType) -> bool:
    return named.name in RECORDS or is_abstract_type(named)


def _directives_before(operation: OperationDefinitionNode) -> int:
    """Return the directives on an operation itself and on its variables."""
    variables = operation.variable_definitions or ()
    return len(operation.directives or ()) + sum(len(variable.directives or ()) for variable in variables)


def _hold(what: str, value: int, limit: int, way_out: str) -> None:
    if value > limit:
        raise QueryTooCostly(
            f"The document has {value} {what}; at most {limit} are allowed. {way_out}", reason="document-limit"
        )
