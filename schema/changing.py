"""What every mutation takes and gives alike."""

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any, Final

import strawberry
from strawberry.types import Info

from resolvers.changing import Outcome, Stated
from schema.levels import asking_of, selection_of
from schema.told import told
from schema.user_error import UserError

KEY: Final = (
    "A key of your own making, new for each change. Sent again with the same input, it returns the first outcome "
    "without changing anything; with another input it is refused."
)
INPUT: Final = strawberry.argument(description="What to change, and under which key.")


def stated(description: str, **default: Any) -> Any:
    """Return a field of an input."""
    return strawberry.field(description=description, **default)


def payload(action: str, of: Any, field: str, meaning: str) -> Any:
    """Return the payload type of a mutation: what was changed, as far as it is told, or why nothing was."""
    name = f"{action[0].upper()}{action[1:]}Payload"
    fields = {field: told(meaning), "errors": told("Why nothing was changed; empty where it was.")}
    annotations = {field: of | None, "errors": list[UserError]}
    kind = type(name, (), {"__annotations__": annotations, "__doc__": "The outcome.", **fields})
    return strawberry.federation.type(kind, description=f"What became of `{action}`.")


async def changed(
    info: Info, given: Any, act: Callable[..., Awaitable[Outcome]], kind: Any, field: str, **read: Any
) -> Any:
    """Carry a mutation out and return its payload; `read` replaces fields that a resolver takes in another form."""
    asking, selection = asking_of(info), selection_of(info, field)
    fields = {name: value for name, value in vars(given).items() if name != "idempotency_key"}
    stated_input = {name: _plain(value) for name, value in fields.items()}
    change = Stated(action=info.field_name, key=given.idempotency_key, input=stated_input)
    outcome = await act(asking, change, selection, **(fields | read))
    return kind(**{field: outcome.record, "errors": list(outcome.errors)})


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if hasattr(value, "__strawberry_definition__"):
        return {name: _plain(part) for name, part in vars(value).items()}
    return value
