"""How the schema's types stand over disclosed records: a scalar is a plain attribute of a redacted object."""

from collections.abc import Callable
from typing import Any, TypeVar

import strawberry
from graphql import GraphQLResolveInfo

from gateway.disclosure.redaction import Disclosed
from gateway.vocabulary import RecordType
from schema.sizes import KEY, Size

T = TypeVar("T", bound=type)
F = TypeVar("F", bound=Callable[..., Any])


def told(description: str, *, size: Size | None = None) -> Any:
    """Return a field that reads what the redaction left on the object; `size` says how long its list is taken to be."""
    return strawberry.federation.field(description=description, **_sized(size))


def resolved(description: str, graphql_type: object, *, size: Size | None = None) -> Callable[[F], F]:
    """Return the decorator of a field that a resolver loads; the resolver's own annotation says nothing."""
    decorate: Callable[[F], F] = strawberry.federation.field(
        description=description, graphql_type=graphql_type, **_sized(size)
    )
    return decorate


def _sized(size: Size | None) -> dict[str, Any]:
    return {} if size is None else {"directives": [size.directive], "metadata": {KEY: size}}


def record_type(of: RecordType, description: str, *, entity: bool = True) -> Callable[[T], T]:
    """Make a class the GraphQL type of disclosed records; an entity can be referred to from another subgraph."""

    def decorate(cls: T) -> T:
        def is_type_of(obj: Any, _info: GraphQLResolveInfo[Any]) -> bool:
            return isinstance(obj, Disclosed) and obj.plan.type is of

        cls.is_type_of = staticmethod(is_type_of)  # type: ignore[attr-defined]  # read by Strawberry
        return strawberry.federation.type(cls, name=of.value, keys=["id"] if entity else [], description=description)

    return decorate
