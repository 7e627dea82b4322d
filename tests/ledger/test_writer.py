"""The writer keeps its word whatever the store does: the number comes after the commit, or an error does."""

import asyncio

import pytest

from gateway.errors import AuditUnavailable
from gateway.ledger.writer import AHEAD, TOLD_AT_ONCE, LedgerWriter
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

    async def connect(self):
        if self.failing:
            raise AuditUnavailable("The ledger could not be written.", reason="no-connection")

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
        return [[entry.indexed.request_id for entry in group] for group in self.groups]


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


@pytest.fixture
async def ahead(store):
    """The same ledger over a second connection."""
    ahead = MemoryStore()
    ahead.groups = store.groups
    return ahead


@pytest.fixture
async def crowded(store, ahead):
    writer = LedgerWriter(store, ahead=ahead, timeout=60)
    writer.start()
    yield writer
    store.may_commit.set()
    ahead.may_commit.set()
    await writer.close()


async def waiting(writer, *names):
    """Return the tasks of entries that nothing is done about at once."""
    tasks = recording(writer, *names)
    await until(lambda: writer.waiting >= len(names))
    for _ in range(10):
        await asyncio.sleep(0)
    return tasks


async def test_a_crowd_is_sent_ahead_while_a_group_is_under_way(crowded, store, ahead):
    first = await blocked(crowded, store)
    names = [str(number) for number in range(AHEAD)]

    others = recording(crowded, *names)

    assert await asyncio.gather(*others) == list(range(1, AHEAD + 1))
    assert not first.done()
    assert store.requests == [["first"], names]


async def test_fewer_than_a_crowd_wait_for_the_group_under_way(crowded, store, ahead):
    first = await blocked(crowded, store)
    names = [str(number) for number in range(AHEAD - 1)]
    others = await waiting(crowded, *names)

    assert store.requests == [["first"]]
    store.may_commit.set()
    await asyncio.gather(first, *others)
    assert store.requests == [["first"], names]


async def test_a_group_that_is_sent_ahead_is_no_smaller_than_the_one_under_way(crowded, store, ahead):
    store.may_commit.clear()
    under_way = recording(crowded, *(f"under way {number}" for number in range(AHEAD + 2)))
    await until(lambda: store.groups)
    others = await waiting(crowded, *(f"{number}" for number in range(AHEAD + 1)))
    assert len(store.groups) == 1

    others += recording(crowded, "one more")

    await asyncio.gather(*others)
    assert [len(group) for group in store.groups] == [AHEAD + 2, AHEAD + 2]
    assert not any(task.done() for task in under_way)


async def test_a_few_do_not_pass_a_crowd_that_was_sent_ahead(crowded, store, ahead):
    ahead.may_commit.clear()
    first = await blocked(crowded, store)
    crowd = recording(crowded, *(str(number) for number in range(AHEAD)))
    await until(lambda: len(store.groups) == 2)
    few = await waiting(crowded, "few")

    store.may_commit.set()
    await first
    await asyncio.sleep(0)
    assert len(store.groups) == 2

    ahead.may_commit.set()
    await asyncio.gather(*crowd, *few)
    assert store.requests[2:] == [["few"]]


async def test_where_no_second_connection_is_to_be_had_a_crowd_waits_and_nobody_is_refused(crowded, store, ahead):
    ahead.failing = True
    first = await blocked(crowded, store)
    others = await waiting(crowded, *(str(number) for number in range(AHEAD)))

    assert len(store.groups) == 1
    store.may_commit.set()
    assert await asyncio.gather(first, *others) == list(range(AHEAD + 1))


async def test_closing_while_a_crowd_was_sent_ahead_writes_what_waits_behind_it(crowded, store, ahead):
    ahead.may_commit.clear()
    first = await blocked(crowded, store)
    crowd = recording(crowded, *(str(number) for number in range(AHEAD)))
    await until(lambda: len(store.groups) == 2)
    last = await waiting(crowded, "last")

    closing = asyncio.create_task(crowded.close())
    await asyncio.sleep(0)
    ahead.may_commit.set()
    store.may_commit.set()
    await closing

    assert await asyncio.gather(first, *crowd, *last) == list(range(AHEAD + 2))


async def test_a_crowd_that_fails_ahead_fails_for_itself_alone(crowded, store, ahead):
    first = await blocked(crowded, store)
    ahead.may_commit.clear()
    crowd = recording(crowded, *(str(number) for number in range(AHEAD)))
    await until(lambda: len(store.groups) == 2)

    ahead.failing = True
    ahead.may_commit.set()
    answers = await asyncio.gather(*crowd, return_exceptions=True)

    assert {answer.reason for answer in answers} == {"disk-full"}
    store.may_commit.set()
    assert await first == 0


async def test_a_crowd_sent_ahead_is_told_when_it_waited_too_long(store, ahead):
    writer = LedgerWriter(store, ahead=ahead, timeout=1.0)
    writer.start()
    ahead.may_commit.clear()
    first = await blocked(writer, store)
    crowd = recording(writer, *(str(number) for number in range(AHEAD)))
    await until(lambda: len(store.groups) == 2)

    answers = await asyncio.gather(first, *crowd, return_exceptions=True)

    assert {answer.reason for answer in answers} == {"ledger-timeout"}
    store.may_commit.set()
    ahead.may_commit.set()
    await writer.close()


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
