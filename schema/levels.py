"""How a level of records is joined to graphql-core's execution: all parents of a field are resolved together.

A loader lives for one request and belongs to one field at one place in the document,
so that everything it tells is noted under the selection it was told for.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiodataloader import DataLoader
from strawberry.types import Info

from gateway.disclosure.redaction import Disclosed
from resolvers.asking import Asking, Level
from schema.selection import DocumentSelection

Load = Callable[[list[Any]], Awaitable[Sequence[Any]]]
"""Loads what each of some keys leads to, in their order."""


@dataclass(slots=True)
class Context:
    """What graphql-core carries from field to field of one request."""

    asking: Asking
    loaders: dict[tuple[object, ...], DataLoader[Any, Any]] = field(default_factory=dict)
    selections: dict[tuple[object, ...], frozenset[str]] = field(default_factory=dict)


def asking_of(info: Info) -> Asking:
    """Return the ask under way."""
    context: Context = info.context
    return context.asking


def selection_of(info: Info, *path: str) -> DocumentSelection:
    """Return what the document selects below this field, or below a path of fields under it."""
    context: Context = info.context
    return DocumentSelection.at(info._raw_info, context.selections).under(*path)


def level(info: Info, parent: object, name: str, load: Level) -> Awaitable[Any] | None:
    """Return what a disclosed parent's field leads to, or None where the field itself is not told."""
    assert isinstance(parent, Disclosed)  # noqa: S101  # Strawberry's annotation of `self` says otherwise
    if not parent.tells(name):
        return None
    return load_with_siblings(info, parent, load)


def load_with_siblings(info: Info, key: Any, load: Level) -> Awaitable[Any]:
    """Return what a key leads to, loaded together with all other keys of this field."""
    context: Context = info.context
    place = (*map(id, info._raw_info.field_nodes), _name(load))
    loader = context.loaders.get(place)
    if loader is None:
        asking, selection = context.asking, selection_of(info)
        loader = context.loaders[place] = _loader(lambda keys: load(asking, keys, selection))
    return loader.load(key)


def load_with_all(info: Info, key: Any, place: tuple[object, ...], load: Load) -> Awaitable[Any]:
    """Return what a key leads to, loaded together with all others of the document that name the place."""
    context: Context = info.context
    loader = context.loaders.get(place)
    if loader is None:
        loader = context.loaders[place] = _loader(load)
    return loader.load(key)


def _loader(load: Load) -> DataLoader[Any, Any]:
    async def batch(keys: list[Any]) -> list[Any]:
        return list(await load(keys))

    return DataLoader(batch, cache=False)


def _name(load: Level) -> object:
    function = getattr(load, "func", load)
    return (function, tuple(sorted(getattr(load, "keywords", {}).items())))
