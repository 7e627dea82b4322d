"""Loads that wait together share a statement: the keys of all asks under way at one moment are joined.

What is loaded is the same for everybody; what is told of it is decided for each caller afterwards. Nothing is kept:
every ask is answered from a statement that began after it asked.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any, Generic, TypeVar, cast

from gateway.errors import SourceUnavailable

KEY_LIMIT = 500
"""Keys from which a statement takes no further asks in."""

AT_ONCE = 2
"""Statements of one kind under way at once: a slow one holds nobody else up, and those who wait still share."""

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
Method = TypeVar("Method", bound=Callable[..., Awaitable[Any]])


def shared(method: Method) -> Method:
    """Let the calls of a method that wait together be answered by one; it takes keys and returns values by key."""
    attribute = f"_shared_{method.__name__}"

    @wraps(method)
    async def call(self: Any, keys: Sequence[Any]) -> Mapping[Any, Any]:
        loads: SharedLoads[Any, Any] | None = self.__dict__.get(attribute)
        if loads is None:
            loads = self.__dict__[attribute] = SharedLoads(partial(method, self))
        return await loads.ask(keys)

    return cast(Method, call)


@dataclass(slots=True, eq=False)
class _Ask(Generic[Key, Value]):
    keys: Sequence[Key]
    answer: "asyncio.Future[Mapping[Key, Value]]"


class SharedLoads(Generic[Key, Value]):
    """One way of loading, with few statements under way at a time; who asks meanwhile goes with the next."""

    def __init__(self, load: Callable[[Sequence[Key]], Awaitable[Mapping[Key, Value]]]) -> None:
        """Take the way of loading."""
        self._load = load
        self._waiting: deque[_Ask[Key, Value]] = deque()
        self._under_way: set[asyncio.Task[None]] = set()

    async def ask(self, keys: Sequence[Key]) -> Mapping[Key, Value]:
        """Return the values of these keys and of no other.

        Raises:
            SourceUnavailable: The source did not answer; whoever shared the statement is told the same.
            SourceMalformed: A value of these keys could not be read.
        """
        if not keys:
            return {}
        answer: asyncio.Future[Mapping[Key, Value]] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Ask(keys, answer))
        if len(self._under_way) < AT_ONCE:
            # A task of its own, so that a caller who goes away takes nobody else's load along.
            task = asyncio.create_task(self._load_waiting())
            self._under_way.add(task)
        return await answer

    async def _load_waiting(self) -> None:
        try:
            while group := self._next_group():
                try:
                    await self._load_group(group)
                finally:
                    # Left unanswered only if this task was cancelled, as when the gateway stops.
                    for asked in group:
                        asked.answer.cancel()
        finally:
            # In the same step that found nobody waiting: one who asks from now on starts a task of their own.
            current = asyncio.current_task()
            if current is not None:
                self._under_way.discard(current)

    def _next_group(self) -> list[_Ask[Key, Value]]:
        group: list[_Ask[Key, Value]] = []
        size = 0
        while self._waiting and (not group or size + len(self._waiting[0].keys) <= KEY_LIMIT):
            asked = self._waiting.popleft()
            if not asked.answer.done():
                group.append(asked)
                size += len(asked.keys)
        return group

    async def _load_group(self, group: Sequence[_Ask[Key, Value]]) -> None:
        loading = asyncio.ensure_future(self._load(list(dict.fromkeys(key for asked in group for key in asked.keys))))
        for asked in group:
            asked.answer.add_done_callback(lambda _: _forsaken(group) and loading.cancel())
        (found,) = await asyncio.gather(loading, return_exceptions=True)
        group = [asked for asked in group if not asked.answer.done()]
        if not isinstance(found, BaseException):
            for asked in group:
                asked.answer.set_result({key: found[key] for key in asked.keys if key in found})
        elif isinstance(found, SourceUnavailable):
            for asked in group:
                # Each its own: an exception that is raised in several places collects the frames of all.
                asked.answer.set_exception(SourceUnavailable(found.message, reason=found.reason))
        elif len(group) == 1:
            group[0].answer.set_exception(found)
        else:
            # A key or record that cannot be read is the trouble of whoever asked for it, and of nobody beside them.
            for asked in group:
                await self._load_group([asked])


def _forsaken(group: Sequence[_Ask[Any, Any]]) -> bool:
    """Whether everybody whom a statement was for has gone, so that it need not be finished."""
    return all(asked.answer.cancelled() for asked in group)
