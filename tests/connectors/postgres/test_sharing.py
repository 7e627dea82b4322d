"""Loads that wait together share a statement, and nothing else."""

import asyncio

import pytest

from connectors.postgres.directory import PostgresDirectory
from connectors.postgres.sharing import AT_ONCE, KEY_LIMIT, SharedLoads
from gateway.errors import SourceMalformed, SourceUnavailable
from tests.support.builders import NOW, a_child


class Loads:
    """Loads that wait until they are let go; each value is its key doubled."""

    def __init__(self):
        self.statements = []
        self.begun, self.go = asyncio.Event(), asyncio.Event()
        self.fails = {}

    async def load(self, keys):
        self.statements.append(list(keys))
        self.begun.set()
        await self.go.wait()
        for key in keys:
            if key in self.fails:
                raise self.fails[key]
        return {key: key * 2 for key in keys if key >= 0}


@pytest.fixture
def loads():
    return Loads()


async def under_way(loads, shared):
    """Occupy every statement there may be, so that whoever asks next waits."""
    busy = []
    for number in range(AT_ONCE):
        busy += await asked(shared.ask([1000 + number]))
        await loads.begun.wait()
        loads.begun.clear()
    return busy


async def asked(*asks):
    tasks = [asyncio.create_task(ask) for ask in asks]
    await asyncio.sleep(0)
    return tasks


async def test_those_who_wait_share_a_statement_and_get_their_own_keys_only(loads):
    shared = SharedLoads(loads.load)
    busy = await under_way(loads, shared)
    waiting = await asked(shared.ask([1, 2]), shared.ask([2, 3]), shared.ask([-1]))

    loads.go.set()

    assert await asyncio.gather(*waiting) == [{1: 2, 2: 4}, {2: 4, 3: 6}, {}]
    assert loads.statements[AT_ONCE:] == [[1, 2, 3, -1]]
    await asyncio.gather(*busy)


async def test_an_ask_is_answered_by_a_statement_that_began_after_it(loads):
    shared = SharedLoads(loads.load)
    busy = await under_way(loads, shared)
    (late,) = await asked(shared.ask([1000]))

    loads.go.set()

    assert await late == {1000: 2000}
    assert [statement for statement in loads.statements if 1000 in statement] == [[1000], [1000]]
    await asyncio.gather(*busy)


async def test_a_source_that_does_not_answer_fails_those_who_shared_the_statement_each_with_an_error_of_its_own(loads):
    shared = SharedLoads(loads.load)
    busy = await under_way(loads, shared)
    loads.fails[2] = SourceUnavailable("The database did not answer.", reason="database:57014")
    waiting = await asked(shared.ask([1]), shared.ask([2]))

    loads.go.set()
    failed = await asyncio.gather(*waiting, return_exceptions=True)

    assert [(type(error), error.reason) for error in failed] == [(SourceUnavailable, "database:57014")] * 2
    assert failed[0] is not failed[1]
    assert await asyncio.gather(*busy) == [{1000 + number: 2000 + 2 * number} for number in range(AT_ONCE)]


@pytest.mark.parametrize("error", [SourceMalformed("Unreadable.", reason="row-malformed"), ValueError("unexpected")])
async def test_what_cannot_be_read_fails_only_whoever_asked_for_it(loads, error):
    shared = SharedLoads(loads.load)
    busy = await under_way(loads, shared)
    loads.fails[2] = error
    waiting = await asked(shared.ask([1]), shared.ask([2]), shared.ask([3]))

    loads.go.set()
    before, failed, after = await asyncio.gather(*waiting, return_exceptions=True)

    assert (before, after) == ({1: 2}, {3: 6})
    assert failed is error
    await asyncio.gather(*busy)


async def test_one_who_goes_away_leaves_the_others_their_load(loads):
    shared = SharedLoads(loads.load)
    busy = await under_way(loads, shared)
    leaving, staying = await asked(shared.ask([1]), shared.ask([2]))

    leaving.cancel()
    busy[0].cancel()
    loads.go.set()

    assert await staying == {2: 4}
    assert loads.statements[AT_ONCE:] == [[2]]
    await asyncio.gather(*busy, return_exceptions=True)


async def test_a_statement_for_which_nobody_waits_any_more_is_stopped(loads):
    stopped = asyncio.Event()

    async def load(keys):
        try:
            return await loads.load(keys)
        except asyncio.CancelledError:
            stopped.set()
            raise

    shared = SharedLoads(load)
    asks = await asked(shared.ask([1]), shared.ask([2]))
    await loads.begun.wait()
    for ask in asks:
        ask.cancel()

    async with asyncio.timeout(60):
        await stopped.wait()
    loads.go.set()

    assert await shared.ask([3]) == {3: 6}


async def test_who_asks_beside_a_quick_statement_waits_for_it_and_beside_a_slow_one_does_not(loads):
    shared = SharedLoads(loads.load)
    (slow,) = await asked(shared.ask([1]))
    beside = await asked(shared.ask([2]), shared.ask([3]))
    await asyncio.sleep(0)
    assert loads.statements == [[1]]

    async with asyncio.timeout(60):
        while len(loads.statements) < AT_ONCE:
            loads.begun.clear()
            await loads.begun.wait()
    assert loads.statements == [[1], [2, 3]]
    assert not slow.done()

    loads.go.set()
    assert await asyncio.gather(slow, *beside) == [{1: 2}, {2: 4}, {3: 6}]


async def test_whoever_waits_is_answered_after_a_statement_that_was_stopped(loads):
    shared = SharedLoads(loads.load)
    leaving = await asked(shared.ask([1]), shared.ask([2]))
    await loads.begun.wait()
    (staying,) = await asked(shared.ask([3]))
    for ask in leaving:
        ask.cancel()
    await asyncio.gather(*leaving, return_exceptions=True)

    loads.go.set()

    assert await staying == {3: 6}
    assert loads.statements == [[1, 2], [3]]


class Gates:
    """Loads that end one by one, each when its gate is opened."""

    def __init__(self):
        self._begun = asyncio.Queue()

    async def load(self, keys):
        gate = asyncio.get_running_loop().create_future()
        self._begun.put_nowait(gate)
        await gate
        if len(keys) > 1:
            raise SourceMalformed("Unreadable.", reason="row-malformed")
        return {key: key * 2 for key in keys}

    async def next(self):
        """Return the gate of the next load that begins."""
        async with asyncio.timeout(60):
            return await self._begun.get()


async def test_one_who_goes_as_the_answer_comes_takes_nobody_along_who_is_answered_next():
    gates = Gates()
    shared = SharedLoads(gates.load)
    (leaving,) = await asked(shared.ask([1]))
    gate = await gates.next()
    (staying,) = await asked(shared.ask([2]))

    gate.set_result(None)
    leaving.cancel()
    gate = await gates.next()
    await asyncio.gather(leaving, return_exceptions=True)
    gate.set_result(None)

    assert await staying == {2: 4}


async def test_those_who_go_while_each_is_asked_about_alone_leave_the_next_their_load():
    gates = Gates()
    shared = SharedLoads(gates.load)
    leaving = await asked(shared.ask([1]), shared.ask([2]))
    (await gates.next()).set_result(None)
    await gates.next()
    (staying,) = await asked(shared.ask([3]))

    for ask in leaving:
        ask.cancel()
    (await gates.next()).set_result(None)

    assert await staying == {3: 6}


async def test_a_load_that_breaks_off_by_itself_leaves_the_next_theirs(loads):
    broken = asyncio.get_running_loop().create_future()

    async def load(keys):
        return await broken if keys == [1] else {key: key * 2 for key in keys}

    shared = SharedLoads(load)
    (first,) = await asked(shared.ask([1]))
    (staying,) = await asked(shared.ask([2]))
    broken.cancel()

    assert await staying == {2: 4}
    await asyncio.gather(first, return_exceptions=True)


async def test_a_statement_takes_so_many_keys_and_no_more(loads):
    shared = SharedLoads(loads.load)
    busy = await under_way(loads, shared)
    many = list(range(KEY_LIMIT))
    waiting = await asked(shared.ask(many), shared.ask([KEY_LIMIT]))

    loads.go.set()
    await asyncio.gather(*waiting, *busy)

    assert sorted(len(statement) for statement in loads.statements[AT_ONCE:]) == [1, KEY_LIMIT]


async def test_the_directory_reads_the_children_of_several_asks_in_one_statement(database):
    children = [await a_child(database) for _ in range(6)]
    statements = []

    class Counting:
        async def fetch(self, sql, *arguments):
            statements.append(arguments[0])
            return await database.fetch(sql, *arguments)

    directory = PostgresDirectory(Counting(), today=lambda: NOW)

    found = await asyncio.gather(*(directory.children([child]) for child in children))

    assert [list(each) for each in found] == [[child] for child in children]
    assert len(statements) < len(children)
