"""The connections to OPA: kept, one question each at a time, and given up over anything that is not its answer."""

import asyncio
import re
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest

from connectors import opa_connections
from connectors.opa import OpaDecider
from connectors.opa_connections import KEPT, OpaConnections
from gateway.errors import DecisionUnavailable
from tests.connectors.test_deciders import QUESTION
from tests.support.certificates import made_up_tls

TOLD = b'{"told": %d}'
WITHIN = 20
"""Seconds after which something that should have come is not waited for any more."""


class Server:
    """Says to each question what `say` gives for its number, and counts connections and questions."""

    def __init__(self, say):
        self.say = say
        self.connections = self.questions = 0
        self.ended = asyncio.Semaphore(0)

    async def serve(self, reader, writer):
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await reader.readexactly(int(re.search(rb"content-length: (\d+)", head, re.IGNORECASE)[1]))
                self.questions += 1
                for part in await self.say(self.questions):
                    writer.write(part)
                    await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()
            self.ended.release()


@asynccontextmanager
async def served(say, *, tls=None):
    server = Server(say)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        connections = OpaConnections("127.0.0.1", port, tls=tls is not None)
        yield server, connections, f"{'https' if tls else 'http'}://127.0.0.1:{port}/v1/data/x"
        await connections.close()


def plain(body, *further):
    return [b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (b"".join(further), len(body), body)]


async def at_once(number):
    return plain(TOLD % number)


async def asked(connections, url):
    async with asyncio.timeout(WITHIN):
        reply = await connections.request("POST", url, json={"input": {}})
        reply.raise_for_status()
        return await reply.json()


async def test_a_connection_is_kept_from_question_to_question():
    async with served(at_once) as (server, connections, url):
        told = [await asked(connections, url) for _ in range(3)]

        assert told == [{"told": 1}, {"told": 2}, {"told": 3}]
        assert server.connections == 1


async def test_questions_at_once_have_a_connection_each_and_only_some_are_kept():
    many, come = KEPT + 2, asyncio.Event()

    async def together(number):
        if number == many:
            come.set()
        await come.wait()
        return plain(TOLD % number)

    async with served(together) as (server, connections, url):
        told = await asyncio.gather(*(asked(connections, url) for _ in range(many)))

        assert sorted(one["told"] for one in told) == list(range(1, many + 1))
        assert server.connections == many
        async with asyncio.timeout(WITHIN):
            for _ in range(many - KEPT):
                await server.ended.acquire()


async def test_the_answer_to_a_question_that_was_left_is_given_to_nobody():
    come, left = asyncio.Event(), asyncio.Event()

    async def late(number):
        if number == 1:
            come.set()
            await left.wait()
        return plain(TOLD % number)

    async with served(late) as (server, connections, url):
        first = asyncio.create_task(asked(connections, url))
        await come.wait()
        first.cancel()
        with suppress(asyncio.CancelledError):
            await first
        left.set()

        assert await asked(connections, url) == {"told": 2}
        assert server.connections == 2


async def test_word_that_an_answer_is_still_to_come_is_no_answer():
    async def later(number):
        return [b"HTTP/1.1 102 Processing\r\n\r\n", *plain(TOLD % number)]

    async with served(later) as (_, connections, url):
        assert [await asked(connections, url) for _ in range(2)] == [{"told": 1}, {"told": 2}]


async def test_a_server_that_says_more_than_it_was_asked_is_asked_on_another_connection():
    async def twice(number):
        return [b"".join(plain(TOLD % number) + plain(b'{"told": 99}'))]

    async with served(twice) as (server, connections, url):
        told = [await asked(connections, url) for _ in range(2)]

        assert told == [{"told": 1}, {"told": 2}]
        assert server.connections == 2


@pytest.mark.parametrize("told", [b"Connection: close\r\n", b"Keep-Alive: timeout=0\r\nConnection: close\r\n"])
async def test_a_connection_that_the_server_will_close_is_not_kept(told):
    async def closing(number):
        return plain(TOLD % number, told)

    async with served(closing) as (server, connections, url):
        assert [await asked(connections, url) for _ in range(2)] == [{"told": 1}, {"told": 2}]
        assert server.connections == 2


async def test_a_connection_that_was_not_used_for_long_is_not_used_again(monkeypatch):
    monkeypatch.setattr(opa_connections, "KEPT_SECONDS", 0)

    async with served(at_once) as (server, connections, url):
        assert [await asked(connections, url) for _ in range(2)] == [{"told": 1}, {"told": 2}]
        assert server.connections == 2


async def test_an_answer_in_chunks_is_read_to_its_end():
    async def chunked(number):
        body = TOLD % number
        chunks = [b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:3], body[3:])]
        return [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *chunks, b"0\r\n\r\n"]

    async with served(chunked) as (server, connections, url):
        assert [await asked(connections, url) for _ in range(2)] == [{"told": 1}, {"told": 2}]
        assert server.connections == 1


async def test_an_answer_that_does_not_end_is_given_up(monkeypatch):
    monkeypatch.setattr(opa_connections, "LONGEST", 10)

    async def long(number):
        return plain(b'"%b"' % (b"x" * number * 20))

    async with served(long) as (_, connections, url):
        with pytest.raises(ConnectionResetError):
            await asked(connections, url)


@pytest.mark.parametrize("status", [b"100 Continue", b"204 No Content", b"302 Found", b"404 Not Found", b"500 Error"])
async def test_whatever_is_not_ok_is_no_answer(status):
    async def other(_number):
        return [b"HTTP/1.1 %b\r\nLocation: /v1/data/y\r\nContent-Length: 2\r\n\r\n{}" % status]

    async with served(other) as (_, connections, url):
        with pytest.raises(OSError, match=r"said \d+|did not come to its end"):
            await asked(connections, url)


async def test_a_question_that_is_no_text_is_not_asked():
    access = replace(QUESTION.access, purpose="\ud800")
    decider = OpaDecider("http://127.0.0.1:9", timeout=WITHIN)

    with pytest.raises(DecisionUnavailable):
        await decider.decide(replace(QUESTION, access=access))

    await decider.close()


@pytest.mark.parametrize("trusted", [True, False])
async def test_over_tls_the_server_is_who_the_authorities_say(trusted, tmp_path, monkeypatch):
    context, root = made_up_tls(tmp_path)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(root))

    async with served(at_once, tls=context) as (server, connections, url):
        if trusted:
            assert await asked(connections, url) == {"told": 1}
        else:
            with pytest.raises(OSError, match="certificate verify failed"):
                await asked(connections, url)
            assert server.questions == 0
