"""The issuer's keys over real https: read, kept through an outage, and never in the way of those who ask."""

import asyncio
import time
from contextlib import asynccontextmanager

import orjson
import pytest
from joserfc.jwk import ECKey

from connectors.issuer_keys import COOLDOWN, REFRESH, SIZE_LIMIT, IssuerKeys
from gateway.errors import SourceUnavailable
from tests.support.certificates import made_up_tls
from tests.support.processes import until

KEY = ECKey.generate_key("P-256", {"kid": "one", "use": "sig", "alg": "ES256"})
GOOD = orjson.dumps({"keys": [KEY.as_dict(private=False)]})


class Issuer:
    """An https server that answers as it is told to, and counts how often it was asked."""

    def __init__(self):
        self.asked = 0
        self.says = self.keys
        self.released = asyncio.Event()

    async def keys(self, writer):
        self.reply(writer, "200 OK", GOOD)

    async def fails(self, writer):
        self.reply(writer, "500 Internal Server Error", GOOD)

    async def sends_elsewhere(self, writer):
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")

    async def floods(self, writer):
        self.reply(writer, "200 OK", GOOD + b" " * SIZE_LIMIT)

    async def lies_about_its_length(self, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + GOOD)

    async def hangs(self, writer):
        await self.released.wait()

    def reply(self, writer, status, body):
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)

    async def __call__(self, reader, writer):
        self.asked += 1
        try:
            await reader.readuntil(b"\r\n\r\n")
            await self.says(writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def an_issuer(folder, monkeypatch):
    """Yield the issuer and the address of its keys; its certificate is one that this process trusts."""
    context, root = made_up_tls(folder)
    monkeypatch.setenv("SSL_CERT_FILE", str(root))
    issuer = Issuer()
    async with await asyncio.start_server(issuer, "127.0.0.1", 0, ssl=context) as server:
        yield issuer, f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/jwks"
        issuer.released.set()


@pytest.fixture
async def issuer(tmp_path, monkeypatch):
    async with an_issuer(tmp_path, monkeypatch) as (issuer, address):
        issuer.address = address
        yield issuer


@pytest.fixture
def later(monkeypatch):
    """Lets the clock of the keys run ahead."""
    ahead = [0.0]
    real = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: real() + ahead[0])

    def run_ahead(seconds):
        ahead[0] += seconds

    return run_ahead


def names(keys):
    return [key.kid for key in keys.keys]


async def test_keys_are_read_over_https_once_for_many_asks(issuer):
    keys = IssuerKeys(issuer.address)

    found = await asyncio.gather(*(keys.keys() for _ in range(20)))

    assert {tuple(names(one)) for one in found} == {("one",)}
    assert issuer.asked == 1


async def test_a_certificate_that_is_not_trusted_brings_no_keys(issuer, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")

    with pytest.raises(SourceUnavailable):
        await IssuerKeys(issuer.address).keys()


@pytest.mark.parametrize("fault", ["fails", "sends_elsewhere", "floods", "lies_about_its_length", "hangs"])
async def test_an_issuer_that_cannot_be_read_leaves_the_last_keys_standing(issuer, later, fault):
    keys = IssuerKeys(issuer.address, timeout=3 if fault == "hangs" else 30)
    await keys.keys()
    issuer.says = getattr(issuer, fault)
    later(REFRESH + 1)

    assert names(await keys.keys()) == ["one"]
    assert issuer.asked == 2


@pytest.mark.parametrize("fault", ["fails", "sends_elsewhere", "floods", "lies_about_its_length", "hangs"])
async def test_without_any_keys_yet_nobody_is_identified_until_the_issuer_answers(issuer, later, fault):
    keys = IssuerKeys(issuer.address, timeout=3 if fault == "hangs" else 30)
    issuer.says = getattr(issuer, fault)
    with pytest.raises(SourceUnavailable):
        await keys.keys()

    issuer.says = issuer.keys
    later(1)

    assert names(await keys.keys()) == ["one"]


async def test_tokens_with_unknown_keys_drive_no_more_than_one_reading_in_a_while(issuer, later):
    keys = IssuerKeys(issuer.address)
    await keys.keys()
    later(COOLDOWN + 1)

    for _ in range(50):
        await keys.keys(unknown="BadSignatureError")

    assert issuer.asked == 2


async def test_while_the_issuer_hangs_only_the_ask_that_looks_waits(issuer, later):
    keys = IssuerKeys(issuer.address, timeout=30)
    await keys.keys()
    issuer.says = issuer.hangs
    later(REFRESH + 1)
    looking = asyncio.create_task(keys.keys())
    await until(lambda: _was_asked(issuer, 2))

    async with asyncio.timeout(25):
        found = await asyncio.gather(*(keys.keys() for _ in range(20)))

    issuer.released.set()
    assert {tuple(names(one)) for one in [*found, await looking]} == {("one",)}


async def _was_asked(issuer, times):
    return issuer.asked >= times
