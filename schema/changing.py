"""What every mutation takes and gives alike."""

from typing import Any, Final

import strawberry
from strawberry.types import Info

from resolvers.changing import Outcome, Stated

KEY: Final = (
    "A key of your own making, new for each change. Sent again with the same input, it returns the first outcome "
    "without changing anything; with another input it is refused."
)


def stated(description: str, **default: Any) -> Any:
    """Return a field of an input."""
    return strawberry.field(description=description, **default)


def stated_in(info: Info, given: Any) -> Stated:
    """Return the mutation under way with its whole input, by GraphQL names."""
    fields = given.__strawberry_definition__.fields
    convert = info.schema.config.name_converter
    return Stated(
        action=info.field_name,
        key=given.idempotency_key,
        input={convert.get_graphql_name(field): _plain(getattr(given, field.python_name)) for field in fields},
    )


def payload_of(kind: Any, outcome: Outcome, *, as_field: str) -> Any:
    """Return the payload of an outcome."""
    return kind(errors=list(outcome.errors), **{as_field: outcome.record})


def _plain(value: Any) -> Any:
    return getattr(value, "value", value)
