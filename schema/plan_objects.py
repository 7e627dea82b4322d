"""The levels of a plan: what an object of the answer is made of, and how all objects of a place are told together."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import FieldNode, GraphQLField, GraphQLObjectType, get_named_type, is_leaf_type, is_list_type
from graphql.type import get_nullable_type, is_object_type

from gateway.disclosure.fields import FIELDS
from gateway.disclosure.redaction import Disclosed
from gateway.errors import CannotProceed, DirectoryError
from resolvers.asking import Asking
from schema.plan_levels import LEVELS
from schema.plan_selection import Collector, NotPlanned, PlannedSelection
from schema.plan_values import Complete, completion, no_null, required

RECORDS = frozenset(record_type.value for record_type in FIELDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A field of the answer that is read from an attribute; `complete` of None stands for the type's own name."""

    key: str
    attribute: str
    complete: Complete


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A field of the answer that a resolver loads, with the plan of what it leads to."""

    key: str
    field: str
    node: FieldNode
    definition: GraphQLField
    type_name: str
    many: bool
    below: "ObjectPlan"

    async def told(self, run: "Run", parents: Sequence[Disclosed]) -> list[Any]:
        """Return what the field comes to for each parent, in order."""
        tellers = [parent for parent in parents if parent.plan.tells(self.field)]
        if not tellers:
            return self._with_nulls([None] * len(parents))
        load = LEVELS[self.type_name, self.field](run.arguments[id(self.node)])
        loaded = await load(run.asking, tellers, self.below.selection)
        completed = await (self._lists(run, loaded) if self.many else self._ones(run, loaded))
        if len(tellers) == len(parents):
            return self._with_nulls(completed)
        answers = iter(completed)
        return self._with_nulls([next(answers) if parent.plan.tells(self.field) else None for parent in parents])

    async def _lists(self, run: "Run", loaded: Sequence[Sequence[Disclosed]]) -> list[Any]:
        objects = iter(await self.below.told(run, [one for group in loaded for one in group]))
        return [[next(objects) for _ in group] for group in loaded]

    async def _ones(self, run: "Run", loaded: Sequence[Disclosed | None]) -> list[Any]:
        objects = iter(await self.below.told(run, [one for one in loaded if one is not None]))
        return [None if one is None else next(objects) for one in loaded]

    def _with_nulls(self, completed: list[Any]) -> list[Any]:
        if required(self.definition.type) and None in completed:
            raise no_null(f"{self.type_name}.{self.field}")
        return completed


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One ask running through a plan: its road and sources, and the arguments of each field that has any."""

    asking: Asking
    arguments: Mapping[int, Mapping[str, Any]]


class ObjectPlan:
    """All objects of one place in a document: their fields in order, and the selection they are told for."""

    def __init__(self, of: GraphQLObjectType, nodes: Sequence[FieldNode], collector: Collector) -> None:
        """Plan what is selected below some nodes.

        Raises:
            NotPlanned: Something there is not covered.
        """
        fields = collector.below(nodes, of)
        names = {key: places[0].name.value for key, places in fields.items()}
        self.selection = PlannedSelection(frozenset(name for name in names.values() if not name.startswith("__")))
        self._names = {key: of.name for key, name in names.items() if name == "__typename"}
        self._order = tuple(fields)
        self.values: list[Value] = []
        self.relations: list[Relation] = []
        for key, places in fields.items():
            if key not in self._names:
                self._plan(key, places, of, collector)
        self._in_order = not self.relations and not self._names
        self._reads = tuple((value.key, value.attribute, value.complete) for value in self.values)

    def _plan(self, key: str, nodes: list[FieldNode], of: GraphQLObjectType, collector: Collector) -> None:
        definition = of.fields.get(nodes[0].name.value)
        told = None if definition is None else definition.extensions.get("strawberry-definition")
        if definition is None or told is None:
            raise NotPlanned
        place, named = f"{of.name}.{nodes[0].name.value}", get_named_type(definition.type)
        if told.base_resolver is None:
            below = None if is_leaf_type(named) else self._value_object(named, nodes, collector)
            complete = completion(definition.type, place, below=below)
            self.values.append(Value(key=key, attribute=told.python_name, complete=complete))
        elif (of.name, nodes[0].name.value) in LEVELS and is_object_type(named) and named.name in RECORDS:
            self.relations.append(
                Relation(
                    key=key,
                    field=nodes[0].name.value,
                    node=nodes[0],
                    definition=definition,
                    type_name=of.name,
                    many=is_list_type(get_nullable_type(definition.type)),
                    below=ObjectPlan(named, nodes, collector),
                )
            )
        else:
            raise NotPlanned

    def _value_object(self, of: Any, nodes: list[FieldNode], collector: Collector) -> Complete:
        if not is_object_type(of) or of.name in RECORDS:
            raise NotPlanned
        plan = ObjectPlan(of, nodes, collector)
        if plan.relations:
            raise NotPlanned
        return plan.read

    def read(self, value: Any) -> dict[str, Any]:
        """Return the answer's object for a value that is no record."""
        return self._ordered({key: complete(getattr(value, name)) for key, name, complete in self._reads})

    async def told(self, run: Run, records: Sequence[Disclosed]) -> list[dict[str, Any]]:
        """Return the answer's object for each record, in order."""
        if not records:
            return []
        columns = await together([relation.told(run, records) for relation in self.relations])
        results = []
        for number, record in enumerate(records):
            values = record.__dict__
            result = {key: complete(values[name]) for key, name, complete in self._reads}
            for relation, column in zip(self.relations, columns, strict=True):
                result[relation.key] = column[number]
            results.append(self._ordered(result))
        return results

    def _ordered(self, result: dict[str, Any]) -> dict[str, Any]:
        if self._in_order:
            return result
        result.update(self._names)
        return {key: result[key] for key in self._order}


async def together(parts: Sequence[Awaitable[list[Any]]]) -> list[list[Any]]:
    """Return what several levels come to; of several failures the gravest is raised, once all have ended."""
    if len(parts) < 2:
        return [await part for part in parts]
    outcomes = await asyncio.gather(*parts, return_exceptions=True)
    failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    if failures:
        raise gravest(failures)
    return [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]


def gravest(failures: Sequence[BaseException]) -> BaseException:
    """Return what an ask fails with: want of a decision or an entry before anything else."""
    for kind in (CannotProceed, DirectoryError):
        for failure in failures:
            if isinstance(failure, kind):
                return failure
    return failures[0]
