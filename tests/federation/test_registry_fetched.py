"""A registry published on the web is taken up by gateways that follow it, and on nobody else's word."""

import asyncio
import ssl
from contextlib import asynccontextmanager

import pytest

from connectors.postgres.federation import RegistryReleases
from connectors.registry import SIZE_LIMIT, FollowedRegistry
from gateway.federation.tls import OwnCertificate
from tests.support.builders import NOW
from tests.support.federation import ELSEWHERE, HERE, enrolled
from tests.support.processes import until


class Web:
    """Where the operator publishes: an https server that sends the registry's file, or what it is told to."""

    def __init__(self, file, own: OwnCertificate):
        self._file = file
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        own.load(self._context)
        self.status = "200 OK"
        self.after = b""

    @asynccontextmanager
    async def listening(self):
        async with await asyncio.start_server(self._answer, "127.0.0.1", 0, ssl=self._context) as server:
            yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/registry.jwt"

    async def _answer(self, reader, writer):
        try:
            await reader.readuntil(b"\r\n\r\n")
            body = self._file.read_bytes() + self.after
            head = f"HTTP/1.1 {self.status}\r\nlocation: https://127.0.0.1:1/\r\ncontent-length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@pytest.fixture
async def web(registry, here, tmp_path, monkeypatch):
    """The web, whose certificate this machine believes, and where the registry is."""
    (tmp_path / "believed.pem").write_bytes(here.issuer)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "believed.pem"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    web = Web(registry.file, here.own)
    async with web.listening() as web.url:
        yield web


def followed(url, registry, database):
    return FollowedRegistry(
        url, operator_keys=registry.keys_file, releases=RegistryReleases(database), clock=lambda: NOW
    )


async def test_a_gateway_that_runs_takes_up_what_is_published_after_it_has_started(web, registry, database, here):
    following = followed(web.url, registry, database)
    await following.start(interval=0.05)
    first = following.in_force().sequence
    registry.publish(here)

    async def taken_up():
        return following.in_force().sequence == 2

    await until(taken_up)
    await following.close()

    assert first == 1
    assert set(following.in_force().members) == {HERE}


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"status": "500 Internal Server Error"}, "cannot be fetched"),
        ({"status": "302 Found"}, "cannot be fetched"),
        ({"after": b" " * SIZE_LIMIT}, "has more than"),
        ({"after": "ü".encode()}, "not a signed document"),
    ],
)
async def test_what_the_web_says_instead_leaves_the_registry_in_force(
    web, registry, database, here, changed, complaint
):
    following = followed(web.url, registry, database)
    await following.start(interval=0)
    registry.publish(here)
    for name, value in changed.items():
        setattr(web, name, value)

    assert not await following.reload()
    assert following.in_force().sequence == 1
    assert complaint in following.complaint


async def test_a_server_that_nobody_vouches_for_is_not_believed(web, registry, database, tmp_path, monkeypatch):
    (tmp_path / "other.pem").write_bytes(enrolled(tmp_path, ELSEWHERE).issuer)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "other.pem"))
    following = followed(web.url, registry, database)
    await following.start(interval=0)

    assert following.in_force() is None
    assert "cannot be fetched" in following.complaint
