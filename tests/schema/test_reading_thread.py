"""What takes long to read is read beside the event loop, and whoever waits for it keeps nobody out."""

import asyncio
import threading

import pytest

from gateway.answering import ASKS_AT_ONCE, NEW_AT_ONCE
from gateway.door import Door
from gateway.errors import Overloaded
from schema.reading import DocumentReader
from schema.reading_thread import ReadingThread
from tests.support.gateway import a_gateway, a_persona
from tests.support.ledger import entry_of

LONG = 60
"""Seconds after which a piece of work of a test ends in any case."""


class Held:
    """Work that ends once it is let go; whether it was says what it comes to."""

    def __init__(self):
        self.begun = threading.Event()
        self._let_go = threading.Event()
        self.times = 0

    def __call__(self, pace=None):
        self.times += 1
        self.begun.set()
        return self._let_go.wait(LONG)

    def let_go(self):
        self._let_go.set()

    @classmethod
    def ended(cls):
        """Return work that ends at once."""
        work = cls()
        work.let_go()
        return work


async def begun(held):
    """Wait until the work is under way."""
    await asyncio.to_thread(held.begun.wait, LONG)


@pytest.fixture
def held():
    held = Held()
    yield held
    held.let_go()


@pytest.fixture
def thread():
    thread = ReadingThread(waiting=1)
    yield thread
    thread.close()


async def test_the_loop_goes_on_while_something_is_read(thread, held):
    reading = asyncio.create_task(thread.done(None, held))
    await begun(held)
    held.let_go()

    assert await reading is True, "nobody could let it go, but for a loop that goes on"


async def test_more_than_may_wait_are_turned_away_and_told_when_to_ask_again(thread, held):
    taken = [asyncio.create_task(thread.done(None, held)) for _ in range(2)]
    await begun(held)
    with pytest.raises(Overloaded) as refused:
        await thread.done(None, held)
    held.let_go()

    assert await asyncio.gather(*taken) == [True, True]
    assert await thread.done(None, held) is True
    assert (refused.value.retry_after, refused.value.reason) == (1, "reading-crowded")
    assert refused.value.message.startswith("1 new documents are waiting")


async def test_who_gives_up_waiting_leaves_room_and_is_not_read(thread, held):
    first = asyncio.create_task(thread.done(None, held))
    await begun(held)
    other = Held()
    waiting = asyncio.create_task(thread.done(None, other))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    last = asyncio.create_task(thread.done(None, held))
    held.let_go()

    assert await asyncio.gather(first, last) == [True, True]
    assert not other.begun.is_set()


async def test_what_several_wait_for_is_read_once_and_for_those_who_stay(thread, held):
    first, second = (asyncio.create_task(thread.done("a document", held)) for _ in range(2))
    await begun(held)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    third = asyncio.create_task(thread.done("a document", Held()))
    await asyncio.sleep(0)
    held.let_go()

    assert await asyncio.gather(second, third) == [True, True]
    assert held.times == 1
    assert await thread.done("a document", held) is True
    assert held.times == 2


async def test_a_crowd_that_asks_for_one_new_document_takes_one_place(thread, held):
    crowd = [asyncio.create_task(thread.done("a document", held)) for _ in range(50)]
    await begun(held)
    other = asyncio.create_task(thread.done("another", Held.ended()))
    await asyncio.sleep(0)
    held.let_go()

    assert await asyncio.gather(*crowd, other) == [True] * 51
    assert held.times == 1


async def test_what_everybody_has_given_up_keeps_its_place_until_it_is_read(thread, held):
    given_up = asyncio.create_task(thread.done(None, held))
    await begun(held)
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    waiting = asyncio.create_task(thread.done(None, Held.ended()))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await thread.done(None, held)
    held.let_go()

    assert await waiting is True


async def test_nobody_has_more_than_a_few_new_documents_read_at_once(
    database, database_url, tmp_path, monkeypatch, held
):
    nurse, doctor = await a_persona(database, "health-practitioner"), await a_persona(database, "gp")
    judged, done, arrived = DocumentReader.judged, ReadingThread.done, asyncio.Semaphore(0)

    def held_up(reader, operation, **paced):
        held()
        return judged(reader, operation, **paced)

    async def seen(thread, key, work):
        arrived.release()
        return await done(thread, key, work)

    async with a_gateway(database_url, tmp_path) as client:
        monkeypatch.setattr(DocumentReader, "judged", held_up)
        monkeypatch.setattr(ReadingThread, "done", seen)
        many = [f"query Number{number} {{ me {{ role }} }}" for number in range(NEW_AT_ONCE)]
        reading = [asyncio.create_task(client.ask(nurse, text)) for text in many * (ASKS_AT_ONCE // NEW_AT_ONCE - 1)]
        async with asyncio.timeout(LONG):
            for _ in reading:
                await arrived.acquire()
        one_more = await client.ask(nurse, "{ me { name } }", **{"x-request-id": "one-more"})
        named = {"query": many[0], "operationName": "Another"}
        another_name = await client.http.post("/graphql", json=named, headers=client.headers(nurse))
        last = [asyncio.create_task(client.ask(nurse, text)) for text in many]
        async with asyncio.timeout(LONG):
            for _ in last:
                await arrived.acquire()
        too_often = await client.ask(nurse, many[0])
        of_another = asyncio.create_task(client.ask(doctor, "{ me { name } }"))
        held.let_go()
        read = await asyncio.gather(*reading, *last, of_another)

    assert {answer.status for answer in read} == {200}
    assert (one_more.codes, one_more.headers["retry-after"]) == (["BUDGET_EXHAUSTED"], "1")
    assert (another_name.status_code, too_often.codes) == (429, ["BUDGET_EXHAUSTED"])
    outcome = (await entry_of(database, tmp_path, "one-more"))["outcome"]
    assert outcome["codes"] == [{"code": "BUDGET_EXHAUSTED", "reason": "reading-crowded-by-caller"}]


async def test_who_waits_for_something_to_be_read_waits_outside_the_door(thread, held):
    door = Door(places=1, waiting=0, patience=LONG)

    async def ask():
        async with door.place():
            return await thread.done(None, held)

    asking = asyncio.create_task(ask())
    await begun(held)
    async with door.place():
        let_in = door.inside
    held.let_go()

    assert (await asking, let_in, door.turned_away) == (True, 1, 0)


async def test_new_documents_wait_for_each_other_and_nobody_who_asks_a_known_one_waits_for_them(
    database, database_url, tmp_path, monkeypatch, held
):
    nurse = await a_persona(database, "health-practitioner")
    judged = DocumentReader.judged

    def held_up(reader, operation, **paced):
        return judged(reader, operation, **paced) if "name" not in operation.text or held() else None

    async with a_gateway(database_url, tmp_path, documents_waiting=0, requests_at_once=1) as client:
        await client.ask(nurse, "{ me { role } }")
        monkeypatch.setattr(DocumentReader, "judged", held_up)
        reading = asyncio.create_task(client.ask(nurse, "{ me { name } }"))
        await begun(held)
        known = await client.ask(nurse, "{ me { role } }")
        crowded = await client.ask(nurse, "{ me { id name } }", **{"x-request-id": "crowded-out"})
        held.let_go()
        read = await reading

    assert (known.status, read.status, crowded.status) == (200, 200, 503)
    assert (crowded.codes, crowded.headers["retry-after"]) == (["OVERLOADED"], "1")
    outcome = (await entry_of(database, tmp_path, "crowded-out"))["outcome"]
    assert outcome["codes"] == [{"code": "OVERLOADED", "reason": "reading-crowded"}]


async def test_a_document_that_is_not_read_in_time_is_refused_and_recorded(
    database, database_url, tmp_path, monkeypatch, held
):
    nurse = await a_persona(database, "health-practitioner")
    monkeypatch.setattr(DocumentReader, "judged", lambda reader, operation, **paced: held())

    async with a_gateway(database_url, tmp_path, request_timeout=0.2) as client:
        late = await client.ask(nurse, "{ me { role } }", **{"x-request-id": "read-late"})
        held.let_go()

    assert late.codes == ["SOURCE_UNAVAILABLE"]
    outcome = (await entry_of(database, tmp_path, "read-late"))["outcome"]
    assert outcome["codes"] == [{"code": "SOURCE_UNAVAILABLE", "reason": "request-late"}]
