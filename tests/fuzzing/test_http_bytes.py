"""Bytes at random over real sockets to a real process: answered by name or cut off, and nothing is left of it."""

import asyncio
import json
import re
from contextlib import suppress

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.postgres.database import Database
from tests.fuzzing.broken import broken_bytes
from tests.properties.profile import examples
from tests.support.gateway import Client, a_persona
from tests.support.postgres import fresh_database
from tests.support.processes import a_served_gateway

AT_ONCE = 24
GROWTH = 64 * 1024 * 1024
"""Bytes by which the process may grow from the first bytes to the last; what it remembers on purpose is far less."""
BODY = json.dumps({"query": "query Me($a: Boolean!) { me { role purposes @skip(if: $a) } }", "variables": {"a": False}})
FORM = b"Host: localhost\r\nContent-Type: application/json\r\nAccept: application/graphql-response+json\r\n"


@pytest.fixture(scope="module")
async def gateway(postgres, tmp_path_factory):
    """One gateway for all bytes, which waits for nobody; it has a persona's token in `token`."""
    folder = tmp_path_factory.mktemp("gateway")
    async with fresh_database(postgres) as url:
        database = await Database.open(url, pool_min=1, pool_max=1, timeout=20.0)
        nurse = await a_persona(database, "health-practitioner")
        await database.close()
        async with a_served_gateway(folder, url=url, head_timeout=0.4, get_queries=True) as served:
            served.memory = []
            served.token = Client(None, folder).token(nurse).encode()
            yield served


def requests(token):
    """Whole requests of every kind that is served, to be broken."""
    body, who = BODY.encode(), b"Authorization: Bearer %s\r\nAccess-Purpose: direct-support\r\n" % token
    chunked = (
        b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:20], body[20:])) + b"0\r\nX-After: a\r\n\r\n"
    )
    return [
        b"POST /graphql HTTP/1.1\r\n%s%sContent-Length: %d\r\n\r\n%s" % (FORM, who, len(body), body),
        b"POST /graphql HTTP/1.1\r\n%s%sTransfer-Encoding: chunked\r\n\r\n%s" % (FORM, who, chunked),
        b"GET /graphql?query=%%7Bme%%7Brole%%7D%%7D&variables=%%7B%%7D HTTP/1.1\r\n%s%s\r\n" % (FORM, who),
        b"GET /ledger/proof/inclusion?seq=0 HTTP/1.1\r\n%s\r\n" % FORM,
        b"GET /graphiql?persona=a HTTP/1.1\r\n%s\r\n" % FORM,
        b"POST /access-log/report HTTP/1.1\r\n%s%sContent-Length: %d\r\n\r\n%s" % (FORM, who, len(body), body),
        b"POST /policies/api/explain HTTP/1.1\r\n%s%sContent-Length: %d\r\n\r\n%s" % (FORM, who, len(body), body),
        b"POST /ledger/api/search HTTP/1.1\r\n%s%sContent-Length: %d\r\n\r\n%s" % (FORM, who, len(body), body),
        b"HEAD /readyz HTTP/1.1\r\n%s\r\n" % FORM,
    ]  # fmt: skip


async def answered(port, content):
    """The status and what was said, of the first answer; None where the connection was closed without one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        with suppress(ConnectionError):
            writer.write(content)
            await writer.drain()
        said = b""
        with suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(20):
                while not _whole(said) and (more := await reader.read(65_536)):
                    said += more
        return said
    finally:
        writer.close()


def _whole(said):
    head, ends, body = said.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    return bool(ends) and (length is None or len(body) >= int(length[1]) or not body)


@given(data=st.data())
@examples(8, thorough=100)
async def test_bytes_at_random_are_answered_by_name_or_cut_off(gateway, data):
    port = int(gateway.address.rpartition(":")[2])
    whole = requests(gateway.token)
    sent = [data.draw(broken_bytes(data.draw(st.sampled_from(whole)))) for _ in range(AT_ONCE)]

    answers = await asyncio.gather(*(answered(port, content) for content in sent))

    for content, said in zip(sent, answers, strict=True):
        status = int(said.split(b" ", 2)[1]) if said else None
        assert status != 500, content
        assert b'"INTERNAL"' not in said, content
    assert await answered(port, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n") != b""
    assert gateway.runs
    assert "unexpected" not in gateway.complained
    assert "Traceback" not in gateway.complained
    gateway.memory.append(psutil.Process(gateway.pid).memory_info().rss)
    assert gateway.memory[-1] - gateway.memory[0] < GROWTH
