"""How large a document may be: one pass over it, each fragment measured once, before anything runs."""

from dataclasses import dataclass, field, replace

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
)

from gateway.errors import QueryTooCostly

ALIAS_LIMIT = 15
ROOT_FIELD_LIMIT = 20
CHANGE_LIMIT = 1
"""Root fields of a mutation: each change has an entry, a transaction and a key of its own."""
DIRECTIVE_LIMIT = 10
OPERATION_LIMIT = 1
INTROSPECTION_LIMIT = 2
"""Each read of the schema costs as much as a large answer; tools need one, or one of each kind."""
INTROSPECTION = frozenset({"__schema", "__type", "_service"})
"""Fields that read the schema itself; a role's right, and as deep as clients need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What a selection comes to with its fragments spread out; `depth` counts the levels below."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0
    introspections: int = 0
    roots: int = 0
    """Root fields; counted for a whole document only."""

    @property
    def introspects(self) -> bool:
        """Return whether the schema itself is read."""
        return self.introspections > 0

    def beside(self, other: "Measure") -> "Measure":
        """Return both selections taken together."""
        return Measure(
            depth=max(self.depth, other.depth),
            fields=self.fields + other.fields,
            aliases=self.aliases + other.aliases,
            directives=self.directives + other.directives,
            introspections=self.introspections + other.introspections,
        )


@dataclass(slots=True)
class _Measuring:
    fragments: dict[str, FragmentDefinitionNode]
    known: dict[str, Measure] = field(default_factory=dict)
    under_way: set[str] = field(default_factory=set)

    def of(self, selections: SelectionSetNode | None) -> Measure:
        measure = Measure()
        for node in selections.selections if selections is not None else ():
            measure = measure.beside(self._node(node))
        return measure

    def _node(self, node: Node) -> Measure:
        own = Measure(directives=len(getattr(node, "directives", None) or ()))
        if isinstance(node, FieldNode):
            return own.beside(self._field(node))
        if isinstance(node, InlineFragmentNode):
            return own.beside(self.of(node.selection_set))
        if isinstance(node, FragmentSpreadNode):
            return own.beside(self._fragment(node.name.value))
        return own

    def _field(self, node: FieldNode) -> Measure:
        aliases = 1 if node.alias is not None else 0
        if node.name.value in INTROSPECTION:
            return Measure(fields=1, aliases=aliases, introspections=1)
        below = self.of(node.selection_set)
        return Measure(
            depth=below.depth + 1,
            fields=below.fields + 1,
            aliases=below.aliases + aliases,
            directives=below.directives,
            introspections=below.introspections,
        )

    def _fragment(self, name: str) -> Measure:
        # A fragment that is unknown or contains itself is the validation's to refuse.
        if name not in self.fragments or name in self.under_way:
            return Measure()
        if name not in self.known:
            self.under_way.add(name)
            self.known[name] = self.of(self.fragments[name].selection_set)
            self.under_way.discard(name)
        return self.known[name]


def measure(document: DocumentNode, *, depth_limit: int) -> Measure:
    """Return the size of the document's operation.

    Raises:
        QueryTooCostly: It is over a limit; the message names the limit and the value.
    """
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    measuring = _Measuring(fragments)
    total, roots = Measure(), 0
    for operation in operations:
        total = total.beside(measuring.of(operation.selection_set))
        roots = _roots(operation.selection_set, fragments)
        _hold("root fields", roots, ROOT_FIELD_LIMIT)
        if operation.operation is OperationType.MUTATION:
            _hold("changes", roots, CHANGE_LIMIT)
    _hold("operations", len(operations), OPERATION_LIMIT)
    _hold("levels of depth", total.depth, depth_limit)
    _hold("aliases", total.aliases, ALIAS_LIMIT)
    _hold("directives", total.directives, DIRECTIVE_LIMIT)
    _hold("reads of the schema", total.introspections, INTROSPECTION_LIMIT)
    return replace(total, roots=roots)


def _roots(selections: SelectionSetNode, fragments: dict[str, FragmentDefinitionNode]) -> int:
    measuring = _Measuring(
        {
            name: FragmentDefinitionNode(
                name=node.name,
                type_condition=node.type_condition,
                selection_set=_shallow(node.selection_set),
                directives=(),
            )
            for name, node in fragments.items()
        }
    )
    return measuring.of(_shallow(selections)).fields


def _shallow(selections: SelectionSetNode) -> SelectionSetNode:
    """Return the same selections without what lies below their fields."""
    return SelectionSetNode(
        selections=tuple(
            FieldNode(name=node.name, alias=None, arguments=(), directives=(), selection_set=None)
            if isinstance(node, FieldNode)
            else InlineFragmentNode(
                type_condition=node.type_condition, directives=(), selection_set=_shallow(node.selection_set)
            )
            if isinstance(node, InlineFragmentNode)
            else node
            for node in selections.selections
        )
    )


def _hold(what: str, value: int, limit: int) -> None:
    if value > limit:
        raise QueryTooCostly(f"The document has {value} {what}; at most {limit} are allowed.", reason="document-limit")
