"""How a told value becomes a value of the answer, exactly as graphql-core completes it."""

from collections.abc import Callable
from typing import Any

from graphql import GraphQLBoolean, GraphQLEnumType, GraphQLID, GraphQLLeafType, GraphQLNonNull, GraphQLString
from graphql.type import GraphQLOutputType, is_leaf_type, is_list_type, is_non_null_type

Complete = Callable[[Any], Any]
"""From a told value, or None, to what the answer has in its place."""

_PLAIN = {GraphQLString: str, GraphQLID: str, GraphQLBoolean: bool}
"""Scalars whose values stand in the answer as they are, and the type they then have."""


def completion(output: GraphQLOutputType, place: str, *, below: Complete | None = None) -> Complete:
    """Return how values of a type are completed; `below` completes an object, where the type leads to one.

    What graphql-core would refuse is refused: a null where the schema has none, a value that does not serialise.
    """
    if is_non_null_type(output):
        return _required(completion(output.of_type, place, below=below), place)
    if is_list_type(output):
        return _listed(completion(output.of_type, place, below=below))
    if is_leaf_type(output):
        return _leaf(output)
    if below is None:
        raise TypeError(f"{place} leads to an object")
    return _nullable(below)


def required(output: GraphQLOutputType) -> bool:
    """Return whether a type has no null."""
    return isinstance(output, GraphQLNonNull)


def no_null(place: str) -> TypeError:
    """Return the error of a null where the schema has none."""
    return TypeError(f"Cannot return null for non-nullable field {place}.")


def _required(complete: Complete, place: str) -> Complete:
    def completed(value: Any) -> Any:
        result = complete(value)
        if result is None:
            raise no_null(place)
        return result

    return completed


def _listed(complete: Complete) -> Complete:
    def completed(value: Any) -> Any:
        return None if value is None else [complete(part) for part in value]

    return completed


def _nullable(complete: Complete) -> Complete:
    def completed(value: Any) -> Any:
        return None if value is None else complete(value)

    return completed


def _leaf(leaf: GraphQLLeafType) -> Complete:
    if isinstance(leaf, GraphQLEnumType):
        return _enum(leaf)
    serialize = leaf.serialize
    plain = _PLAIN.get(leaf)
    if plain is None:
        return _nullable(serialize)

    def completed(value: Any) -> Any:
        return value if value is None or type(value) is plain else serialize(value)

    return completed


def _enum(enum: GraphQLEnumType) -> Complete:
    # The members of an enum are few, so each is serialised once.
    names: dict[Any, Any] = {None: None}

    def completed(value: Any) -> Any:
        name = names.get(value, names)
        if name is names:
            name = names[value] = enum.serialize(value)
        return name

    return completed
