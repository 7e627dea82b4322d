"""What a connection may say before a request's body, and how long it may take, over raw sockets to a real process."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.responses import JSONResponse

from gateway.cli.serving import listening
from gateway.http_protocol import ConnectionLimits, limited
from tests.support.gateway import samples_in
from tests.support.postgres import fresh_database
from tests.support.processes import a_served_gateway, free_port

HELLO = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
LIMITS = {
    "address_limit": 2_000, "header_limit": 20, "header_bytes_limit": 5_000, "head_timeout": 2, "connection_limit": 12,
}  # fmt: skip


@pytest.fixture(scope="module")
async def gateway(postgres, tmp_path_factory):
    """One gateway for all connections, with small limits."""
    metrics = free_port()
    async with (
        fresh_database(postgres) as url,
        a_served_gateway(tmp_path_factory.mktemp("gateway"), url=url, metrics_port=metrics, **LIMITS) as served,
    ):
        served.metrics_port = metrics
        yield served


@asynccontextmanager
async def connected(port):
    """A connection, let go at the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def said(reader):
    """The status, headers and document of what comes next; None where the connection is closed instead."""
    head = await asyncio.wait_for(reader.read(1), 60)
    if not head:
        return None
    head += await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): text for name, _, text in (line.partition(": ") for line in lines if line)}
    body = await reader.readexactly(int(headers["content-length"]))
    return int(first.split()[1]), headers, json.loads(body)


async def answers_to(gateway, *pieces):
    """What comes back for bytes that are sent as they stand."""
    async with connected(port_of(gateway)) as (reader, writer):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        return await said(reader)


def port_of(gateway):
    return int(gateway.address.rpartition(":")[2])


def with_headers(count):
    return b"".join(b"X-%d: a\r\n" % number for number in range(count))


async def test_what_is_within_the_limits_is_answered(gateway):
    address = b"GET /healthz?" + b"a" * (2_000 - len("/healthz?")) + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"

    assert (await answers_to(gateway, HELLO + with_headers(19) + b"\r\n"))[0] == 200
    assert (await answers_to(gateway, HELLO + b"X: " + b"a" * 4_900 + b"\r\n\r\n"))[0] == 200
    assert (await answers_to(gateway, address))[0] == 200


@pytest.mark.parametrize(
    ("sent", "status", "limit"),
    [
        (b"GET /" + b"a" * 2_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414, "2000"),
        (b"GET /" + b"a" * 3_000, 414, "2000"),
        (HELLO + with_headers(20) + b"\r\n", 431, "20"),
        (HELLO + b"X: " + b"a" * 5_000 + b"\r\n\r\n", 431, "5000"),
        (HELLO + b"X: " + b"a" * 60_000, 431, "5000"),
        (HELLO + b"a" * 60_000, 431, "5000"),
    ],
    ids=["address", "endless address", "headers", "long header", "endless header", "endless name"],
)
async def test_more_than_is_read_before_a_body_is_refused_with_the_limit(gateway, sent, status, limit):
    answered, headers, document = await answers_to(gateway, sent)

    assert answered == status
    assert limit in document["errors"][0]["message"]
    assert document["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    assert (headers["connection"], headers["cache-control"]) == ("close", "no-store")
    assert "aaa" not in str(document)


@pytest.mark.parametrize(
    "sent",
    [b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HTTP/1.1\r\nHost localhost\r\n\r\n", b"GET http:// HTTP/1.1\r\n\r\n"],
)
async def test_what_is_no_http_is_refused_in_the_form_of_all_errors(gateway, sent):
    answered, headers, document = await answers_to(gateway, sent)

    assert (answered, headers["connection"]) == (400, "close")
    assert document["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_headers_that_trickle_are_refused_once_their_time_has_passed(gateway):
    async with connected(port_of(gateway)) as (reader, writer):

        async def trickle():
            writer.write(HELLO)
            while True:
                writer.write(b"X: a\r\n" if writer.can_write_eof() else b"")
                await writer.drain()
                await asyncio.sleep(0.2)  # the slowness itself, which is what is tried

        trickling = asyncio.create_task(trickle())
        answered, _, document = await said(reader)
        trickling.cancel()

    assert answered == 408
    assert "2 s" in document["errors"][0]["message"]


@pytest.mark.parametrize("sent", [b"", b"\r\n"], ids=["nothing", "an empty line"])
async def test_a_connection_that_asks_nothing_is_let_go(gateway, sent):
    async with connected(port_of(gateway)) as (reader, writer):
        writer.write(sent)
        answered = await said(reader)

    assert answered is None or answered[0] == 408


async def test_a_body_that_nobody_waits_for_keeps_no_connection(gateway):
    head = b"PUT /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"
    async with connected(port_of(gateway)) as (reader, writer):
        writer.write(head)
        answered = await said(reader)
        after = await asyncio.wait_for(reader.read(), 60)

    assert answered[0] == 405
    assert after == b""


async def test_what_stands_behind_a_body_is_no_header(gateway):
    head = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    chunked = b'Transfer-Encoding: chunked\r\n\r\n1e\r\n{"query":"{ me { __typename}}"\r\n1\r\n}\r\n0\r\n'

    answered, _, document = await answers_to(gateway, head + chunked, b"Authorization: Bearer x\r\n\r\n")

    assert answered == 401
    assert document["errors"][0]["message"] == "A bearer token is required."


@pytest.mark.parametrize("sent", [b"", b'{"query":"{ me { role } }"}'], ids=["without a body", "with a body"])
async def test_a_client_that_would_rather_speak_another_protocol_is_answered_in_this_one(gateway, sent):
    head = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    kind = b"HTTP2-Settings: AAMAAABkAAQBAAAAAAIAAAAA\r\nContent-Type: application/json\r\n"

    answered, headers, _ = await answers_to(gateway, head + kind + b"Content-Length: %d\r\n\r\n" % len(sent), sent)

    assert answered == (401 if sent else 400)
    assert "upgrade" not in headers


async def test_a_request_for_a_tunnel_is_refused(gateway):
    assert (await answers_to(gateway, b"CONNECT a.invalid:443 HTTP/1.1\r\nHost: a.invalid:443\r\n\r\n"))[0] == 405


async def test_requests_sent_together_are_answered_in_their_order_and_one_over_a_limit_ends_them(gateway):
    async with connected(port_of(gateway)) as (reader, writer):
        writer.write(HELLO + b"\r\n" + HELLO + b"\r\n" + HELLO + with_headers(30) + b"\r\n")
        answers = [await said(reader) for _ in range(3)]

    assert [answer and answer[0] for answer in answers[:2]] == [200, 200]
    assert answers[2] is None


async def test_more_connections_than_are_kept_are_turned_away_and_counted(gateway):
    others = [await asyncio.open_connection("127.0.0.1", port_of(gateway)) for _ in range(12)]
    try:
        answered, headers, document = await answers_to(gateway)
    finally:
        for _, writer in others:
            writer.close()

    assert (answered, headers["retry-after"]) == (503, "1")
    assert document["errors"][0]["extensions"]["code"] == "OVERLOADED"
    assert await refused(gateway, 503) >= 1


async def refused(gateway, status):
    """How many connections were refused with a status, by the gateway's own account."""
    async with connected(gateway.metrics_port) as (reader, writer):
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        page = (await asyncio.wait_for(reader.read(), 60)).decode()
    return samples_in(page.partition("\r\n\r\n")[2])[f'gateway_connections_refused_total{{status="{status}"}}']


async def test_a_request_on_its_way_when_the_server_stops_is_answered_and_is_the_last():
    protocol = limited(ConnectionLimits(), lambda _status: None)
    config = uvicorn.Config(JSONResponse({}), http=protocol, ws="none", lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    with listening("127.0.0.1", 0) as bound:
        await server.startup(sockets=[bound])
        async with connected(bound.getsockname()[1]) as (reader, writer):
            writer.write(HELLO + b"\r\n")
            first = await said(reader)
            stopping = asyncio.create_task(server.shutdown(sockets=[bound]))
            await asyncio.sleep(0)
            writer.write(HELLO + b"\r\n")
            last = await said(reader)
            closed = await reader.read()
        await stopping

    assert (first[0], first[1].get("connection")) == (200, None)
    assert (last[0], last[1]["connection"]) == (200, "close")
    assert closed == b""
