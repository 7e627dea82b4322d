"""The one way into the ledger: an entry is recorded when its transaction has committed, and not before.

Entries that wait at the same moment share one statement and one durable commit; while it runs, the next group gathers.
A crowd need not wait for that: once as many wait as are under way, they are sent ahead over a second connection. The
database numbers them as soon as the first are durable, and waits for nobody in between.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from time import monotonic, perf_counter
from typing import Final, Protocol

from gateway.errors import AuditUnavailable
from gateway.ledger.canonical import ClosedEntry, PreparedEntry, prepare
from gateway.ledger.entry import AuditEntry
from gateway.metrics.metrics import Metrics

FAILED_LATELY: Final = 5.0
"""Seconds after a group that was not written in which the ledger counts as not ready."""
TOLD_AT_ONCE: Final = 4
"""Waiters of a group that are told together: what the first of them ask next is written while the rest are told.

After each few the loop looks whether the database has answered: what they ask next is prepared before it looks again,
and the database has nothing to do for so long.
"""
AHEAD: Final = 16
"""Entries that must wait for a group to be sent ahead: fewer lose more by a commit of their own than by waiting.

A group sent ahead is no smaller than the one under way, so that on a disk that commits slowly groups stay as large.
"""
REST: Final = 5.0
"""Seconds after a second connection was not to be had in which groups are sent one by one."""


class LedgerStore(Protocol):
    """Where entries are kept; `connectors.postgres.ledger` is one."""

    def sealed(self, entry: PreparedEntry) -> PreparedEntry | ClosedEntry:
        """Return the entry sealed, if its keys are at hand; the others are sealed when they are appended."""
        ...

    async def connect(self) -> None:
        """Be ready to append.

        Raises:
            AuditUnavailable: There is no connection to be had.
        """
        ...

    async def append(self, entries: Sequence[PreparedEntry | ClosedEntry]) -> int:
        """Append all entries in their order, or none, and return the sequence number of the first once durable.

        Raises:
            AuditUnavailable: Whether they were appended is not known, or they were not.
        """
        ...


@dataclass(slots=True, eq=False)
class _Waiting:
    entry: PreparedEntry | ClosedEntry
    recorded: asyncio.Future[int]
    until: float


class LedgerWriter:
    """Records entries in groups; one to a process."""

    def __init__(
        self,
        store: LedgerStore,
        *,
        timeout: float,
        waiting_limit: int = 1_000,
        group_limit: int = 256,
        ahead: LedgerStore | None = None,
        hold: Callable[[], None] = lambda: None,
        metrics: Metrics | None = None,
    ) -> None:
        """Take the store; seconds an entry may wait; entries that may wait at once; entries to a commit.

        `ahead` is the same ledger over another connection, for groups that are sent while one is under way.
        `hold` raises `AuditUnavailable` while nothing may be told for another reason than writing.
        """
        self._hold = hold
        self._metrics = metrics or Metrics()
        self._store = store
        self._timeout = timeout
        self._waiting_limit = waiting_limit
        self._group_limit = group_limit
        self._waiting: deque[_Waiting] = deque()
        self._ahead = ahead
        self._writing: list[Sequence[_Waiting]] = []
        # One timer for all, set for the oldest: a timer for each entry takes longer than hashing it.
        self._timer: asyncio.TimerHandle | None = None
        self._needed = 1
        """Entries that must wait for a group to be sent."""
        self._arrived = asyncio.Event()
        self._closed = asyncio.Event()
        self._tasks: tuple[asyncio.Task[None], ...] = ()
        self._failed_at: float | None = None
        self._failure = ""

    def start(self) -> None:
        """Begin to write; call once, inside the loop that records."""
        writing = [self._write_groups()]
        if self._ahead is not None:
            writing.append(self._write_ahead(self._ahead))
        self._tasks = tuple(asyncio.create_task(one, name="ledger-writer") for one in writing)

    async def close(self) -> None:
        """Take no more entries, write those that wait, and stop."""
        self._closed.set()
        self._arrived.set()
        await asyncio.gather(*self._tasks)
        if self._timer is not None:
            self._timer.cancel()

    @property
    def _closing(self) -> bool:
        return self._closed.is_set()

    @property
    def writing(self) -> bool:
        """Whether entries are taken at all, for the readiness check."""
        return bool(self._tasks) and not any(task.done() for task in self._tasks) and not self._closing

    def check(self) -> None:
        """Return where entries are written; raises `AuditUnavailable` where they are not, or were not a moment ago."""
        if not self.writing:
            raise _unavailable("ledger-closed")
        if self._failed_at is not None and monotonic() - self._failed_at < FAILED_LATELY:
            raise _unavailable(self._failure)

    @property
    def waiting(self) -> int:
        """How many answers wait for their entry at this moment."""
        return len(self._waiting)

    async def record(self, entry: AuditEntry) -> int:
        """Return the entry's sequence number once it is durable.

        A caller who is cancelled leaves the entry in its group: the ask was made.
        One who waited too long takes it out, unless its commit has begun.

        Raises:
            AuditUnavailable: Too many wait, the store failed, or it took too long; nothing may be told.
        """
        try:
            return await self._record(entry)
        except AuditUnavailable as error:
            self._metrics.entry_failed(error.reason)
            raise

    async def _record(self, entry: AuditEntry) -> int:
        if not self.writing:
            raise _unavailable("ledger-closed")
        self._hold()
        if len(self._waiting) >= self._waiting_limit:
            raise _unavailable("ledger-crowded")
        loop = asyncio.get_running_loop()
        until = loop.time() + self._timeout
        waiting = _Waiting(self._store.sealed(prepare(entry)), loop.create_future(), until)
        self._waiting.append(waiting)
        if self._enough:
            self._arrived.set()
        if self._timer is None:
            self._timer = loop.call_at(until, self._give_up)
        return await waiting.recorded

    def _give_up(self) -> None:
        """Tell those who waited too long, and see to the next of them in its time."""
        loop = asyncio.get_running_loop()
        late = [waiting for group in self._writing for waiting in group if waiting.until <= loop.time()]
        while self._waiting and self._waiting[0].until <= loop.time():
            late.append(self._waiting.popleft())
        for waiting in late:
            _fail(waiting, _unavailable("ledger-timeout"))
        under_way = (waiting for group in (*self._writing, self._waiting) for waiting in group)
        left = [waiting.until for waiting in under_way if not waiting.recorded.done()]
        self._timer = loop.call_at(min(left), self._give_up) if left else None

    async def _write_groups(self) -> None:
        with self._leaving_nobody():
            while await self._some_wait(behind=False) or self._waiting:
                await self._write(self._store)

    async def _write_ahead(self, store: LedgerStore) -> None:
        with self._leaving_nobody():
            while await self._some_wait(behind=True):
                try:
                    await store.connect()
                except AuditUnavailable:
                    await self._rest()
                    continue
                if self._writing and self._enough:
                    await self._write(store)

    @contextmanager
    def _leaving_nobody(self) -> Iterator[None]:
        """Tell whoever waits that nothing is written if this task is cancelled or its store breaks its promise."""
        try:
            yield
        except BaseException:
            for waiting in self._waiting:
                _fail(waiting, _unavailable("ledger-stopped"))
            self._waiting.clear()
            raise

    @property
    def _enough(self) -> bool:
        """Whether so many wait that they are sent, whatever is under way."""
        return len(self._waiting) >= self._needed

    async def _some_wait(self, *, behind: bool) -> bool:
        """Wait until there is a group to send, and return whether entries are still taken.

        Args:
            behind: Only while another group is under way.
        """
        while not self._closing and not (self._enough and (self._writing or not behind)):
            self._arrived.clear()
            await self._arrived.wait()
        return not self._closing

    def _begin(self, group: Sequence[_Waiting]) -> None:
        self._writing.append(group)
        self._look()

    def _end(self, group: Sequence[_Waiting]) -> None:
        self._writing.remove(group)
        self._look()

    def _look(self) -> None:
        """See how many must wait for the next group to be sent, now that other groups are under way."""
        self._needed = max((max(AHEAD, len(group)) for group in self._writing), default=1)
        if self._enough:
            self._arrived.set()

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._closed.wait(), REST)

    async def _write(self, store: LedgerStore) -> None:
        """Write those that wait, and tell each of them."""
        group = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._group_limit))]
        self._begin(group)
        began = perf_counter()
        try:
            first = await store.append([waiting.entry for waiting in group])
        except AuditUnavailable as error:
            self._failed_at, self._failure = monotonic(), error.reason
            for waiting in group:
                _fail(waiting, AuditUnavailable(error.message, reason=error.reason))
            return
        except BaseException:  # this task was cancelled, or the store broke its promise
            for waiting in group:
                _fail(waiting, _unavailable("ledger-stopped"))
            raise
        finally:
            self._end(group)
        self._failed_at = None
        self._metrics.entries_recorded(len(group), seconds=perf_counter() - began)
        self._tell(enumerate(group, start=first))

    def _tell(self, recorded: Iterator[tuple[int, _Waiting]]) -> None:
        told = 0
        for seq, waiting in islice(recorded, TOLD_AT_ONCE):
            told += 1
            if not waiting.recorded.done():
                waiting.recorded.set_result(seq)
        if told == TOLD_AT_ONCE:
            asyncio.get_running_loop().call_soon(self._tell, recorded)


def _fail(waiting: _Waiting, error: AuditUnavailable) -> None:
    if not waiting.recorded.done():
        waiting.recorded.set_exception(error)


def _unavailable(reason: str) -> AuditUnavailable:
    return AuditUnavailable("The ledger could not be written; nothing is told.", reason=reason)
