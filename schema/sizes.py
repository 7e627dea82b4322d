"""How long lists are taken to be before anything runs; printed as `@listSize`, so that partners count alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from graphql import GraphQLSchema, get_named_type, is_interface_type, is_object_type
from strawberry import UNSET
from strawberry.federation.schema_directives import ListSize

from gateway.vocabulary import RecordType

KEY: Final = "size"
"""Under which a field's size stands in its metadata."""

RECORDS: Final = frozenset(record_type.value for record_type in RecordType)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How long a list is: as an argument says, or else as assumed; `lists` are fields below that are this long."""

    assumed: int
    argument: str | None = None
    lists: tuple[str, ...] = ()

    @property
    def directive(self) -> ListSize:
        """Return the size as partners read it."""
        return ListSize(
            assumed_size=self.assumed,
            slicing_arguments=UNSET if self.argument is None else [self.argument],
            sized_fields=list(self.lists) or UNSET,
            require_one_slicing_argument=UNSET if self.argument is None else False,
        )


_ENTITIES: Final = Size(assumed=1, argument="representations")


class Sizes:
    """The sizes of a schema's lists, read from its fields once."""

    def __init__(self, schema: GraphQLSchema) -> None:
        """Take a schema."""
        self.of: Mapping[tuple[str, str], Size] = dict(_sizes(schema))
        self.by_parent: frozenset[tuple[str, str]] = frozenset(
            (get_named_type(schema.type_map[type_name].fields[field].type).name, below)  # type: ignore[attr-defined]  # it has fields
            for (type_name, field), size in self.of.items()
            for below in size.lists
        )
        """Fields whose length their parent says."""


def _sizes(schema: GraphQLSchema) -> list[tuple[tuple[str, str], Size]]:
    found = [] if schema.query_type is None else [((schema.query_type.name, "_entities"), _ENTITIES)]
    for name, one in schema.type_map.items():
        if not (is_object_type(one) or is_interface_type(one)):
            continue
        for field, definition in one.fields.items():
            told = definition.extensions.get("strawberry-definition")
            size = None if told is None else told.metadata.get(KEY)
            if size is not None:
                found.append(((name, field), size))
    return found
