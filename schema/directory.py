"""The schema itself: a valid Apollo Federation 2.9 subgraph, printed to `directory.graphql`."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

import strawberry
from graphql import GraphQLObjectType
from strawberry.federation.schema import FederationAny
from strawberry.schema.config import StrawberryConfig
from strawberry.types import Info

import schema.enums  # noqa: F401  # describes the enums before any type reads them
from gateway.errors import BadCriteria
from schema.agency import Agency
from schema.carer import Carer
from schema.involvement import Involvement
from schema.levels import asking_of
from schema.local_authority_code import LOCAL_AUTHORITY_CODE, LocalAuthorityCode
from schema.mutation import Mutation
from schema.query import Query, record_by_id

FEDERATION_VERSION: Final = "2.9"
_BY_CODE = "LocalAuthority"


class DirectorySchema(strawberry.federation.Schema):
    """A federation schema whose entities are loaded as every other record is: by level, through disclosure."""

    def entities_resolver(self, info: Info, representations: list[FederationAny]) -> list[FederationAny]:
        """Return what each representation refers to; null where there is nothing the caller may know of."""
        results: list[Any] = [_entity(info, representation) for representation in representations]
        return results


async def _entity(info: Info, representation: object) -> Any:
    if not isinstance(representation, Mapping):
        raise _unreadable()
    type_name, record_id = representation.get("__typename"), representation.get("id")
    if not isinstance(type_name, str) or not isinstance(record_id, str):
        raise _unreadable()
    ids = asking_of(info).ids
    meant, foreign = ids.meant(record_id), ids.meant_elsewhere(record_id)
    named = _BY_CODE if meant is None else meant[0].value
    if foreign is not None:
        named = foreign.type.value
    return await record_by_id(info, record_id) if named == type_name else None


def _unreadable() -> BadCriteria:
    return BadCriteria("A representation needs a __typename and an id, both texts.", reason="representation-malformed")


def build_schema() -> DirectorySchema:
    """Return the directory's schema."""
    made = DirectorySchema(
        query=Query,
        mutation=Mutation,
        types=_types(),
        federation_version=FEDERATION_VERSION,
        config=StrawberryConfig(scalar_map={LocalAuthorityCode: LOCAL_AUTHORITY_CODE}),
    )
    _print_once(made)
    return made


def _print_once(made: DirectorySchema) -> None:
    """Let `_service { sdl }` tell the SDL as it was first printed: printing takes longer than any answer."""
    sdl = cache(made.as_str)
    service = made._schema.type_map["_Service"]
    assert isinstance(service, GraphQLObjectType)  # noqa: S101  # the specification of federation says so
    service.fields["sdl"].resolve = lambda _service, _info: sdl()


def _types() -> Sequence[type]:
    # Types that only an interface leads to have to be named.
    return (Agency, Carer, Involvement)


DIRECTORY = build_schema()


def printed() -> str:
    """Return the SDL as partners get it."""
    return DIRECTORY.as_str() + "\n"
