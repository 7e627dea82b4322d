"""Loads that wait together share a statement: the keys of all asks under way at one moment are joined.

What is loaded is the same for everybody; what is told of it is decided for each caller afterwards. Nothing is kept:
every ask is answered from a statement that began after it asked.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any, Final, Generic, TypeVar, cast

from gateway.errors import SourceUnavailable

KEY_LIMIT: Final = 500
"""Keys from which a statement takes no further asks in."""

PATIENCE: Final = 0.02
"""Seconds that an ask waits for a statement under way: a slow one holds nobody up for longer.

Until then one of a kind is under way at a time, for those who wait share the next: the longer, the fewer statements.
"""

AT_ONCE: Final = 2
"""Statements of one kind under way at once, where one is slow."""

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
    statement: "_Statement[Key, Value] | None" = None


@dataclass(slots=True, eq=False)
class _Statement(Generic[Key, Value]):
    """A statement under way, and whom it is for."""

    asks: Sequence[_Ask[Key, Value]]
    task: "asyncio.Task[None]"
    forsaken: bool = False
    over: bool = False

    def left(self) -> None:
        """Stop it once everybody whom it was for has gone; one that is over has nothing to stop."""
        if not self.over and not self.forsaken and all(asked.answer.cancelled() for asked in self.asks):
            self.forsaken = True
            self.task.cancel()

    def end(self) -> bool:
        """Note that it is over, and return whether it was stopped because everybody had gone, and for nothing else."""
        self.over = True
        return self.forsaken and not self.task.uncancel()


class SharedLoads(Generic[Key, Value]):
    """One way of loading, with few statements under way at a time; who asks meanwhile goes with the next."""

    def __init__(self, load: Callable[[Sequence[Key]], Awaitable[Mapping[Key, Value]]]) -> None:
        """Take the way of loading."""
        self._load = load
        self._waiting: deque[_Ask[Key, Value]] = deque()
        self._under_way: set[asyncio.Task[None]] = set()
        self._impatient: asyncio.TimerHandle | None = None

    async def ask(self, keys: Sequence[Key]) -> Mapping[Key, Value]:
        """Return the values of these keys and of no other.

        Raises:
            SourceUnavailable: The source did not answer; whoever shared the statement is told the same.
            SourceMalformed: A value of these keys could not be read.
        """
        if not keys:
            return {}
        loop = asyncio.get_running_loop()
        asked: _Ask[Key, Value] = _Ask(keys, loop.create_future())
        self._waiting.append(asked)
        if not self._under_way:
            self._begin()
        elif self._impatient is None and len(self._under_way) < AT_ONCE:
            self._impatient = loop.call_later(PATIENCE, self._begin_another)
        try:
            return await asked.answer
        except asyncio.CancelledError:
            if asked.statement is not None:
                asked.statement.left()
            raise

    def _begin(self) -> None:
        # A task of its own, so that a caller who goes away takes nobody else's load along.
        self._under_way.add(asyncio.create_task(self._load_waiting()))

    def _begin_another(self) -> None:
        self._impatient = None
        if self._waiting and len(self._under_way) < AT_ONCE:
            self._begin()

    async def _load_waiting(self) -> None:
        task = cast("asyncio.Task[None]", asyncio.current_task())
        try:
            while group := self._next_group():
                try:
                    await self._load_group(group, task)
                finally:
                    # Left unanswered only if this task was cancelled, as when the gateway stops.
                    for asked in group:
                        asked.answer.cancel()
        finally:
            # In the same step that found nobody waiting: one who asks from now on starts a task of their own.
            self._under_way.discard(task)
            if self._waiting and not self._under_way and not task.cancelling():
                self._begin()  # a statement that broke off takes nobody along who waits for the next

    def _next_group(self) -> list[_Ask[Key, Value]]:
        group: list[_Ask[Key, Value]] = []
        size = 0
        while self._waiting and (not group or size + len(self._waiting[0].keys) <= KEY_LIMIT):
            asked = self._waiting.popleft()
            if not asked.answer.done():
                group.append(asked)
                size += len(asked.keys)
        return group

    async def _load_group(self, group: Sequence[_Ask[Key, Value]], task: "asyncio.Task[None]") -> None:
        statement = _Statement(group, task)
        for asked in group:
            asked.statement = statement
        try:
            found = await self._load(list(dict.fromkeys(key for asked in group for key in asked.keys)))
        except asyncio.CancelledError:
            # Its askers have gone, and whoever waits is answered next; or else the gateway stops.
            if not statement.end():
                raise
        except Exception as error:
            statement.end()
            await self._failed([asked for asked in group if not asked.answer.done()], error, task)
        else:
            statement.end()
            for asked in group:
                if not asked.answer.done():
                    asked.answer.set_result({key: found[key] for key in asked.keys if key in found})

    async def _failed(self, group: Sequence[_Ask[Key, Value]], error: Exception, task: "asyncio.Task[None]") -> None:
        if isinstance(error, SourceUnavailable):
            for asked in group:
                # Each its own: an exception that is raised in several places collects the frames of all.
                asked.answer.set_exception(SourceUnavailable(error.message, reason=error.reason))
        elif len(group) == 1:
            group[0].answer.set_exception(error)
        else:
            # A key or record that cannot be read is the trouble of whoever asked for it, and of nobody beside them.
            for asked in group:
                if not asked.answer.done():
                    await self._load_group([asked], task)
