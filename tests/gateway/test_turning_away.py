"""What an ask meets at a full door, over raw sockets: a reply at once, and the connection as good as before."""

import asyncio
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.responses import JSONResponse

from gateway.cli.serving import listening
from gateway.door import Door
from gateway.http_protocol import ConnectionLimits, limited
from gateway.http_turning_away import TurningAway
from gateway.metrics.metrics import Metrics
from tests.gateway.test_connections import connected, said

BODY = b'{"query": "{ me { role } }"}'


def an_ask(*headers, path="/graphql", method="POST", version="1.1", body=BODY):
    """The head of an ask and its body, as they go over a connection."""
    lines = [f"{method} {path} HTTP/{version}", "Host: localhost", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n", body


@pytest.fixture
def metrics():
    return Metrics()


@pytest.fixture
async def door():
    return Door(places=1, waiting=0, patience=30)


@pytest.fixture
async def begun():
    """Whether the application has begun to read an ask."""
    return asyncio.Event()


@pytest.fixture
def hurry():
    """Seconds that a server waits for anything; long, where a test is not about that."""
    return 60


@pytest.fixture
async def port(metrics, door, begun, hurry):
    """A server whose application says what it was asked, behind the door."""

    async def application(scope, receive, send):
        begun.set()
        message = await receive()
        body = message["body"]
        while message.get("more_body"):
            message = await receive()
            body += message["body"]
        await JSONResponse({"asked": body.decode()})(scope, receive, send)

    turning_away = TurningAway(metrics)
    turning_away.door = door
    protocol = limited(ConnectionLimits(head_timeout=hurry), lambda _status: None, turning_away=turning_away)
    config = uvicorn.Config(
        application, http=protocol, timeout_keep_alive=hurry, ws="none", lifespan="off", log_config=None
    )
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    with listening("127.0.0.1", 0) as bound:
        await server.startup(sockets=[bound])
        server.server_state.default_headers = [(b"date", b"Sat, 28 Nov 2026 10:00:00 GMT")]  # by uvicorn else
        yield bound.getsockname()[1]
        await server.shutdown(sockets=[bound])


@asynccontextmanager
async def a_conversation(port):
    """A connection over which pieces of bytes are said one by one."""
    async with connected(port) as (reader, writer):

        async def say(*pieces):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()

        yield say, lambda: said(reader), reader


async def test_an_ask_at_a_full_door_is_turned_away_with_its_id_and_counted(port, door, metrics):
    async with door.place(), a_conversation(port) as (say, heard, _):
        await say(b"".join(an_ask("X-Request-Id: mine-1")))
        status, headers, document = await heard()

    assert (status, headers["retry-after"], headers["x-request-id"]) == (503, "1", "mine-1")
    assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-store", "nosniff")
    assert headers["content-type"] == "application/graphql-response+json; charset=utf-8"
    assert document["errors"][0]["extensions"]["code"] == "OVERLOADED"
    assert "date" in headers
    assert door.turned_away == 1
    counted = {"door": "caller", "route": "/graphql", "outcome": "OVERLOADED"}
    assert metrics.registry.get_sample_value("gateway_requests_total", counted) == 1
    assert metrics.registry.get_sample_value("gateway_requests_under_way") == 0


async def test_the_same_connection_is_answered_once_there_is_room(port, door):
    async with a_conversation(port) as (say, heard, _):
        async with door.place():
            await say(b"".join(an_ask()) * 2)
            refused = [await heard(), await heard()]
        await say(b"".join(an_ask()))
        answered = await heard()

    assert [status for status, _, _ in refused] == [503, 503]
    assert refused[0][1]["x-request-id"] != refused[1][1]["x-request-id"]
    assert answered[0] == 200
    assert answered[2] == {"asked": BODY.decode()}


async def test_a_body_that_comes_after_the_reply_is_passed_over_and_is_no_request(port, door):
    head, body = an_ask(body=b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
    async with a_conversation(port) as (say, heard, _):
        async with door.place():
            await say(head)
            refused = await heard()
        await say(body[:20], body[20:])
        await say(b"".join(an_ask()))
        answered = await heard()

    assert (refused[0], answered[0]) == (503, 200)
    assert answered[2] == {"asked": BODY.decode()}


@pytest.mark.parametrize("hurry", [2])
async def test_a_body_that_never_comes_ends_the_connection(port, door):
    async with a_conversation(port) as (say, heard, reader):
        async with door.place():
            await say(an_ask()[0])
            refused = await heard()
        rest = await asyncio.wait_for(reader.read(), 60)

    assert (refused[0], rest) == (503, b"")


@pytest.mark.parametrize("hurry", [3])
async def test_a_connection_whose_body_came_after_the_reply_is_not_kept_for_ever(port, door):
    head, body = an_ask()
    async with a_conversation(port) as (say, heard, reader):
        async with door.place():
            await say(head)
            refused = await heard()
        await say(body)
        rest = await asyncio.wait_for(reader.read(), 60)

    assert (refused[0], rest) == (503, b"")


async def test_a_body_in_chunks_is_passed_over_as_well(port, door):
    head = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with a_conversation(port) as (say, heard, _):
        async with door.place():
            await say(head)
            refused = await heard()
        await say(b"5\r\nPOST \r\n0\r\n\r\n" + b"".join(an_ask()))
        answered = await heard()

    assert (refused[0], answered[2]) == (503, {"asked": BODY.decode()})


async def test_what_goes_wrong_in_a_body_behind_its_reply_gets_no_second_one(port, door):
    head = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with a_conversation(port) as (say, heard, reader):
        async with door.place():
            await say(head)
            refused = await heard()
        await say(b"ZZ\r\n")
        rest = await asyncio.wait_for(reader.read(), 60)

    assert (refused[0], rest) == (503, b"")


@pytest.mark.parametrize(
    ("accept", "told"),
    [
        ((), "application/graphql-response+json"),
        (("Accept: application/json",), "application/json"),
        (("Accept: application/json;q=0.5", "Accept: application/graphql-response+json"),
         "application/graphql-response+json"),
    ],
)  # fmt: skip
async def test_it_is_told_in_the_form_that_is_accepted(port, door, accept, told):
    async with door.place(), a_conversation(port) as (say, heard, _):
        await say(b"".join(an_ask(*accept)))
        status, headers, document = await heard()

    assert status == 503
    assert headers["content-type"].partition(";")[0] == told
    assert list(document) == ["errors"]


@pytest.mark.parametrize(
    "ask",
    [
        an_ask(path="/healthz", method="GET", body=b""),
        an_ask(path="/graphql?a=1"),
        an_ask("Accept: text/html"),
        an_ask("Connection: close"),
        an_ask(version="1.0"),
    ],
    ids=["another address", "an address with a query", "accepts neither form", "closes", "HTTP/1.0"],
)
async def test_what_is_for_the_application_to_judge_is_left_to_it(port, door, ask):
    async with door.place(), a_conversation(port) as (say, heard, _):
        await say(b"".join(ask))
        status, _, document = await heard()

    assert (status, document) == (200, {"asked": ask[1].decode()})
    assert door.turned_away == 0


async def test_an_ask_behind_one_that_is_being_answered_waits_for_it(port, door, begun):
    head, body = an_ask()
    async with a_conversation(port) as (say, heard, _):
        await say(head, body[:5])
        await asyncio.wait_for(begun.wait(), 60)
        async with door.place():
            await say(body[5:] + b"".join(an_ask()))
            answers = [await heard(), await heard()]

    assert [status for status, _, _ in answers] == [200, 200]


async def test_an_id_that_is_none_is_not_told_back(port, door):
    async with door.place(), a_conversation(port) as (say, heard, _):
        await say(b"".join(an_ask("X-Request-Id: a b", "X-Request-Id: fine")))
        _, headers, document = await heard()

    assert headers["x-request-id"] not in ("a b", "fine")
    assert document["errors"][0]["extensions"]["code"] == "OVERLOADED"
