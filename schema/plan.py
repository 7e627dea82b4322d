"""Documents compiled once to levels over the resolvers, instead of being walked field by field for every ask.

A plan tells what graphql-core would tell, byte for byte, and notes the same: a test holds it to that over random
documents. It covers a query for one child or one search; whatever else a document asks runs on graphql-core.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    get_argument_values,
    get_named_type,
    get_variable_values,
)

from gateway.asked import Operation
from resolvers.asking import Asking
from schema.plan_objects import ObjectPlan, Relation, Run
from schema.plan_roots import ROOTS, Root
from schema.plan_selection import Collector, NotPlanned

Answer = Mapping[str, Any]


class DocumentPlan:
    """A document with one root field, compiled."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        """Compile a valid document.

        Raises:
            NotPlanned: It has something that plans do not cover.
        """
        self._schema = schema
        fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
        operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        if len(operations) != 1:
            raise NotPlanned
        self._operation = operations[0]
        if self._operation.operation is not OperationType.QUERY or self._operation.directives:
            raise NotPlanned
        query = schema.query_type
        collector = Collector(schema, fragments)
        if query is None:
            raise NotPlanned
        fields = collector.collected([self._operation.selection_set], query)
        if len(fields) != 1:
            raise NotPlanned
        ((self._key, nodes),) = fields.items()
        self._node, name = nodes[0], nodes[0].name.value
        if name not in ROOTS:
            raise NotPlanned
        self._definition: GraphQLField = query.fields[name]
        led_to = get_named_type(self._definition.type)
        if not isinstance(led_to, GraphQLObjectType):
            raise NotPlanned
        self._root: Root = ROOTS[name](led_to, nodes, collector)
        self._relations = tuple(_relations(self._root.below))

    def prepared(self, operation: Operation, asking: Asking) -> Callable[[], Awaitable[Answer]] | None:
        """Return what answers this operation, or None where graphql-core has to say what is wrong with it."""
        named = self._operation.name.value if self._operation.name else None
        if operation.name is not None and operation.name != named:
            return None
        variables = get_variable_values(
            self._schema, self._operation.variable_definitions or (), dict(operation.variables)
        )
        if isinstance(variables, list):
            return None
        try:
            arguments = get_argument_values(self._definition, self._node, variables)
            given = {
                id(relation.node): get_argument_values(relation.definition, relation.node, variables)
                if relation.definition.args
                else {}
                for relation in self._relations
            }
        except GraphQLError:
            return None
        if not self._root.covers(arguments, asking):
            return None
        run = Run(asking=asking, arguments=given)

        async def answer() -> Answer:
            return {self._key: await self._root.answer(run, arguments)}

        return answer


def _relations(plan: ObjectPlan) -> Iterator[Relation]:
    for relation in plan.relations:
        yield relation
        yield from _relations(relation.below)


def planned(schema: GraphQLSchema, document: DocumentNode) -> DocumentPlan | None:
    """Return the plan of a valid document, or None where graphql-core is to run it."""
    try:
        return DocumentPlan(schema, document)
    except NotPlanned:
        return None
