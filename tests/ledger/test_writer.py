"""The writer keeps its word whatever the store does: the number comes after the commit, or an error does."""

import asyncio

import pytest

from gateway.errors import AuditUnavailable
from gateway.ledger.writer import TOLD_AT_ONCE, LedgerWriter
from tests.ledger.entries import an_entry


class MemoryStore:
    """Keeps groups; commits when told to, fails when told to."""

    def __init__(self):
        self.groups = []
        self.may_commit = asyncio.Event()
        self.may_commit.set()
        self.failing = False

    def sealed(self, entry):
        return entry

    async def append(self, entries):
        first = sum(len(group) for group in self.groups)
        self.groups.append(entries)
        await self.may_commit.wait()
        if self.failing:
            self.groups.pop()
            raise AuditUnavailable("The ledger could not be written.", reason="disk-full")
        return first

    @property
    def requests(self):
        return [[entry.index.request_id for entry in group] for group in self.groups]


@pytest.fixture
async def store():
    return MemoryStore()


@pytest.fixture
async def writer(store):
    writer = LedgerWriter(store, timeout=60, waiting_limit=4, group_limit=3)
    writer.start()
    yield writer
    store.may_commit.set()
    await writer.close()


def recording(writer, *names):
    return [asyncio.create_task(writer.record(an_entry(request_id=name))) for name in names]


async def until(condition):
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in the code under test
            await asyncio.sleep(0)


async def blocked(writer, store):
    """Return the task of an entry whose commit has begun and does not end."""
    store.may_commit.clear()
    (first,) = recording(writer, "first")
    await until(lambda: store.groups)
    return first


async def test_nobody_is_answered_before_the_commit(writer, store):
    first = await blocked(writer, store)

    done, _ = await asyncio.wait([first], timeout=0.05)

    assert not done
    store.may_commit.set()
    assert await first == 0


async def test_entries_that_wait_together_share_a_commit_and_are_numbered_as_they_came(writer, store):
    first = await blocked(writer, store)
    others = recording(writer, "a", "b", "c")
    await asyncio.sleep(0)

    store.may_commit.set()

    assert await asyncio.gather(first, *others) == [0, 1, 2, 3]
    assert store.requests == [["first"], ["a", "b", "c"]]


async def test_a_group_takes_no_more_than_its_limit(writer, store):
    first = await blocked(writer, store)
    others = recording(writer, "a", "b", "c", "d")
    await asyncio.sleep(0)

    store.may_commit.set()

    await asyncio.gather(first, *others)
    assert store.requests == [["first"], ["a", "b", "c"], ["d"]]


async def test_one_too_many_is_turned_away_at_once_and_the_others_are_not(writer, store):
    first = await blocked(writer, store)
    others = recording(writer, "a", "b", "c", "d")
    await asyncio.sleep(0)

    with pytest.raises(AuditUnavailable) as refused:
        await writer.record(an_entry(request_id="one too many"))

    assert refused.value.reason == "ledger-crowded"
    store.may_commit.set()
    assert await asyncio.gather(first, *others) == [0, 1, 2, 3, 4]


async def test_who_waits_too_long_is_told_so(store):
    writer = LedgerWriter(store, timeout=0.02)
    writer.start()
    store.may_commit.clear()

    with pytest.raises(AuditUnavailable) as refused:
        await writer.record(an_entry())

    assert refused.value.reason == "ledger-timeout"
    store.may_commit.set()
    await writer.close()


async def test_each_waits_as_long_as_may_be_whoever_came_before(store):
    writer = LedgerWriter(store, timeout=0.2)
    writer.start()
    store.may_commit.clear()
    (first,) = recording(writer, "first")
    await asyncio.wait([first], timeout=0.1)
    began = asyncio.get_running_loop().time()
    (second,) = recording(writer, "second")

    with pytest.raises(AuditUnavailable) as refused:
        await second
    waited = asyncio.get_running_loop().time() - began

    assert waited >= 0.19, "not only for what was left to the first"
    assert refused.value.reason == "ledger-timeout"
    await asyncio.gather(first, return_exceptions=True)
    store.may_commit.set()
    await writer.close()


async def test_what_the_first_of_a_group_ask_next_is_written_while_the_last_are_told(store):
    writer = LedgerWriter(store, timeout=5)
    writer.start()
    told = []

    async def ask_twice(number):
        await writer.record(an_entry(request_id=f"{number}"))
        told.append(len(store.groups))
        await writer.record(an_entry(request_id=f"{number} again"))

    await asyncio.gather(*(ask_twice(number) for number in range(4 * TOLD_AT_ONCE)))

    assert told[0] < told[-1]
    assert sorted(name for group in store.requests for name in group) == sorted(
        name for number in range(4 * TOLD_AT_ONCE) for name in (f"{number}", f"{number} again")
    )
    await writer.close()


async def test_an_entry_that_was_given_up_before_its_commit_began_is_not_written_later(store):
    writer = LedgerWriter(store, timeout=0.2)
    writer.start()
    first = await blocked(writer, store)
    given_up = recording(writer, "given up")

    await asyncio.gather(first, *given_up, return_exceptions=True)
    store.may_commit.set()
    await writer.close()

    assert store.requests == [["first"]]


async def test_a_caller_who_is_cancelled_neither_loses_nor_stops_the_others(writer, store):
    first = await blocked(writer, store)
    others = recording(writer, "a", "gone", "c")
    await asyncio.sleep(0)

    others[1].cancel()
    await asyncio.sleep(0)
    store.may_commit.set()

    assert await asyncio.gather(first, others[0], others[2]) == [0, 1, 3]
    assert store.requests == [["first"], ["a", "gone", "c"]]
    assert others[1].cancelled()


async def test_a_caller_who_is_cancelled_during_the_commit_does_not_stop_it(writer, store):
    first = await blocked(writer, store)

    first.cancel()
    await asyncio.sleep(0)
    store.may_commit.set()

    assert await writer.record(an_entry(request_id="next")) == 1
    assert store.requests == [["first"], ["next"]]


async def test_a_group_that_fails_fails_for_all_in_it_and_the_next_goes_on(writer, store):
    store.failing = True
    answers = await asyncio.gather(*recording(writer, "a", "b"), return_exceptions=True)

    assert [answer.reason for answer in answers] == ["disk-full", "disk-full"]
    store.failing = False
    assert await writer.record(an_entry()) == 0


async def test_closing_writes_what_waits(writer, store):
    first = await blocked(writer, store)
    others = recording(writer, "a", "b")
    await asyncio.sleep(0)

    closing = asyncio.create_task(writer.close())
    await asyncio.sleep(0)
    store.may_commit.set()
    await closing

    assert await asyncio.gather(first, *others) == [0, 1, 2]


async def test_a_closed_writer_takes_nothing(writer):
    await writer.close()

    with pytest.raises(AuditUnavailable) as refused:
        await writer.record(an_entry())

    assert refused.value.reason == "ledger-closed"
    assert not writer.writing


async def test_a_writer_that_was_not_started_takes_nothing(store):
    with pytest.raises(AuditUnavailable):
        await LedgerWriter(store, timeout=1).record(an_entry())


async def test_a_store_that_breaks_its_promise_leaves_nobody_waiting():
    class BrokenStore:
        def sealed(self, entry):
            return entry

        async def append(self, entries):
            raise KeyError("a defect")

    writer = LedgerWriter(BrokenStore(), timeout=5)
    writer.start()

    with pytest.raises(AuditUnavailable) as refused:
        await writer.record(an_entry())

    assert refused.value.reason == "ledger-stopped"
    await until(lambda: not writer.writing)
    with pytest.raises(KeyError):
        await writer.close()


async def test_an_entry_that_cannot_be_written_harms_nobody_else(writer, store):
    first = await blocked(writer, store)

    with pytest.raises(ValueError, match="time zone"):
        await writer.record(an_entry(at=an_entry().at.replace(tzinfo=None)))

    store.may_commit.set()
    assert await first == 0
