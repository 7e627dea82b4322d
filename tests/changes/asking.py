"""Mutations as partners send them, one document each."""

from dataclasses import dataclass
from itertools import count

_keys = count(1)


def mutation(action, told):
    """The document of one mutation; its input travels as a variable."""
    name = action[0].upper() + action[1:]
    payload = f"{told} errors {{ code field message }}"
    return f"mutation Change($input: {name}Input!) {{ {action}(input: $input) {{ {payload} }} }}"


def a_key():
    return f"key-{next(_keys)}"


@dataclass(frozen=True, slots=True)
class ChangeAnswer:
    """What a mutation came to; `payload` and `refused` are None where the whole ask failed."""

    status: int
    content: bytes
    codes: list
    payload: dict | None

    @property
    def refused(self):
        return None if self.payload is None else [error["code"] for error in self.payload["errors"]]


async def ask_change(client, persona, action, told, /, *, key=None, headers=None, **stated):
    """Ask for one change."""
    answer = await client.ask(
        persona, mutation(action, told), {"input": {"idempotencyKey": key or a_key(), **stated}}, headers=headers
    )
    payload = None if answer.data is None else answer.data[action]
    return ChangeAnswer(answer.status, answer.content, answer.codes, payload)
