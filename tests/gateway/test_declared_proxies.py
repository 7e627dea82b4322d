"""A caller's certificate that a proxy hands on in a header (RFC 9440): believed from declared addresses alone.

Every request comes over a real connection, from one address of this machine or another.
"""

import asyncio
import re
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from connectors.postgres.database import Database
from gateway.app.application import application
from gateway.shown_certificate import Certified, Proxies, shown_in
from tests.support.builders import NOW
from tests.support.callers import Certificates, bound_to, handed_on, reason_of
from tests.support.gateway import Client, a_persona, settings_for, shared_engine
from tests.support.postgres import fresh_database
from tests.support.sockets import served_on_a_socket

ME = "{ me { role } }"
PROXY, ELSEWHERE = "127.0.0.2", "127.0.0.3"


@pytest.fixture(scope="module")
async def database(postgres):
    async with fresh_database(postgres) as url:
        database = await Database.open(url, pool_min=1, pool_max=2, timeout=20.0)
        database.url = url
        yield database
        await database.close()


@pytest.fixture(scope="module")
async def nurse(database):
    return await a_persona(database, "health-practitioner")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def owner(certificates):
    return certificates.caller("owner")


@pytest.fixture(scope="module")
def thief(certificates):
    return certificates.caller("thief")


class Gateway:
    """A gateway behind a proxy, asked from one address or another."""

    def __init__(self, address, app, data_dir):
        self.place = urlsplit(address)
        self._address = address
        self._app = app
        self.data_dir = data_dir

    async def told(self, nurse, *, address=PROXY, certificate=(), bound_to=None, **headers):
        """What is told from an address with a header for each certificate, under a token bound so."""
        transport = httpx.AsyncHTTPTransport(local_address=address)
        async with httpx.AsyncClient(base_url=self._address, transport=transport, timeout=60) as http:
            client = Client(http, self.data_dir, self._app)
            sent = client.headers(nurse, authorization=f"Bearer {client.token(nurse, bound_to=bound_to)}", **headers)
            return await client.ask(
                nurse, ME, headers=[*sent.items(), *(("client-cert", text) for text in certificate)]
            )

    def token(self, nurse, **claims):
        return Client(None, self.data_dir).token(nurse, **claims)


@pytest.fixture(scope="module")
async def gateway(database, tmp_path_factory):
    data_dir = tmp_path_factory.mktemp("gateway")
    settings = settings_for(data_dir, tls_proxies=f"10.9.8.0/24, {PROXY}")
    app = application(settings, url=database.url, clock=lambda: NOW, decider=await shared_engine())
    async with served_on_a_socket(app) as address:
        yield Gateway(address, app, data_dir)


async def test_what_a_declared_proxy_hands_on_is_the_callers_certificate(gateway, nurse, owner, thief, database):
    own = await gateway.told(nurse, certificate=[handed_on(owner)], bound_to=bound_to(owner))
    others = await gateway.told(nurse, certificate=[handed_on(thief)], bound_to=bound_to(owner))
    none = await gateway.told(nurse, bound_to=bound_to(owner))
    unbound = await gateway.told(nurse)

    assert (own.data, unbound.data) == ({"me": {"role": "health-practitioner"}},) * 2
    assert [await reason_of(database, answer) for answer in (others, none)] == [
        "token-certificate-other", "token-certificate-missing"
    ]  # fmt: skip


async def test_from_any_other_address_the_header_is_as_if_it_were_not_there(gateway, nurse, owner, database):
    stated = {"address": ELSEWHERE, "certificate": [handed_on(owner)]}

    bound = await gateway.told(nurse, bound_to=bound_to(owner), **stated)
    unbound = await gateway.told(nurse, **stated)
    unreadable = await gateway.told(nurse, address=ELSEWHERE, certificate=["none", "none"])

    assert await reason_of(database, bound) == "token-certificate-missing"
    assert (unbound.status, unreadable.status) == (200, 200)


@pytest.mark.parametrize(
    "header", ["x-forwarded-for", "forwarded", "x-real-ip", "x-client-ip", "true-client-ip", "x-forwarded-host"]
)
async def test_no_header_makes_an_address_a_declared_one(gateway, nurse, owner, database, header):
    answer = await gateway.told(
        nurse, address="127.0.0.1", certificate=[handed_on(owner)], bound_to=bound_to(owner),
        **{header: PROXY if header != "forwarded" else f"for={PROXY}"},
    )  # fmt: skip

    assert await reason_of(database, answer) == "token-certificate-missing"


@pytest.mark.parametrize(
    "claims", [lambda owner: {"bound_to": bound_to(owner)}, lambda owner: {}], ids=["bound", "unbound"]
)
async def test_a_header_that_stands_twice_is_told_nothing(gateway, nurse, owner, thief, database, claims):
    for pair in ((owner, thief), (thief, owner), (owner, owner)):
        answer = await gateway.told(nurse, certificate=map(handed_on, pair), **claims(owner))
        assert await reason_of(database, answer) == "certificate-twice"


MALFORMED = {
    "nothing": lambda own: "",
    "no colons": lambda own: own.strip(":"),
    "one colon": lambda own: own[:-1],
    "a string": lambda own: f'"{own}"',
    "a list": lambda own: f"{own}, {own}",
    "a parameter": lambda own: f"{own};a=1",
    "a blank inside": lambda own: own[:100] + " " + own[100:],
    "an empty sequence": lambda own: "::",
    "no base64": lambda own: ":-_-_:",
    "base64 without its end": lambda own: own[:-6] + ":",
    "no certificate": lambda own: ":aGVsbG8=:",
    "PEM": lambda own: "-----BEGIN CERTIFICATE----- " + own.strip(":") + " -----END CERTIFICATE-----",
}


@pytest.mark.parametrize("form", MALFORMED)
async def test_a_header_of_another_form_is_told_nothing(gateway, nurse, owner, database, form):
    bound, unbound = [
        await gateway.told(nurse, certificate=[MALFORMED[form](handed_on(owner))], bound_to=to)
        for to in (bound_to(owner), None)
    ]

    assert [await reason_of(database, answer) for answer in (bound, unbound)] == ["certificate-malformed"] * 2
    assert (bound.status, unbound.status) == (401, 401)


async def test_a_declared_proxy_is_where_callers_tls_ends(gateway, nurse):
    behind, beside = [await gateway.told(nurse, address=address) for address in (PROXY, ELSEWHERE)]

    assert "strict-transport-security" in behind.headers
    assert "strict-transport-security" not in beside.headers


BODY = b'{"query": "{ me { role } }"}'
LENGTH = b"Content-Length: %d" % len(BODY)


def request(token, *lines, body=BODY):
    """A request under a token, with these header lines as they stand."""
    head = [
        b"POST /graphql HTTP/1.1", b"Host: 127.0.0.1", b"Content-Type: application/json",
        b"Authorization: Bearer " + token.encode(), b"Access-Purpose: direct-support", b"Access-Reason: Seeing them",
    ]  # fmt: skip
    return b"\r\n".join([*head, *lines, b"", b""]) + body


async def statuses(gateway, *requests, enough=None):
    """The statuses over one connection from the proxy's address, on which all is sent at once: all, or enough."""
    reader, writer = await asyncio.open_connection(gateway.place.hostname, gateway.place.port, local_addr=(PROXY, 0))
    writer.write(b"".join(requests))
    found, said = [], b""
    while len(found) != enough and (piece := await asyncio.wait_for(reader.read(65_536), 60)):
        said += piece
        found = [int(status) for status in re.findall(rb"HTTP/1.1 (\d{3})", said)]
    writer.close()
    return found


async def raw(gateway, nurse, owner, *lines, framed=LENGTH, body=BODY):
    """The status of one request under a token that is bound to the owner's certificate."""
    token = gateway.token(nurse, bound_to=bound_to(owner))
    sent = request(token, b"Connection: close", framed, *lines, body=body)
    (status,) = await statuses(gateway, sent, enough=1)
    return status


async def test_a_header_in_another_place_or_spelling_is_not_the_proxys(gateway, nurse, owner):
    own = handed_on(owner).encode()
    chunked = {
        "framed": b"Transfer-Encoding: chunked",
        "body": b"%x\r\n%s\r\n0\r\nClient-Cert: %s\r\n\r\n" % (len(BODY), BODY, own),
    }

    assert await raw(gateway, nurse, owner, b"CLIENT-CERT:" + own + b"  ") == 200
    assert await raw(gateway, nurse, owner, b"Client_Cert: " + own) == 401
    assert await raw(gateway, nurse, owner, b"Client-Cert-Chain: " + own) == 401
    assert await raw(gateway, nurse, owner, **chunked) == 401
    assert await raw(gateway, nurse, owner, b"Client-Cert : " + own) == 400
    assert await raw(gateway, nurse, owner, b"Client-Cert\0: " + own) == 400
    assert await raw(gateway, nurse, owner, b"Client-Cert: " + own[:50] + b"\r\n " + own[50:]) in (400, 401)
    assert await raw(gateway, nurse, owner, b"X: a\r\n Client-Cert: " + own) in (400, 401)
    assert await raw(gateway, nurse, owner, b"X: a\rClient-Cert: " + own) == 400
    assert await raw(gateway, nurse, owner, b"Client-Cert: " + own, b"client-cert: " + own) == 401


async def test_a_wish_for_another_protocol_leaves_the_header_as_it_is(gateway, nurse, owner, thief):
    wish = [b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAAP__"]

    assert await raw(gateway, nurse, owner, *wish, b"Client-Cert: " + handed_on(owner).encode()) == 200
    assert await raw(gateway, nurse, owner, *wish, b"Client-Cert: " + handed_on(thief).encode()) == 401


async def test_of_the_requests_on_a_connection_of_a_proxy_each_has_its_own_certificate(gateway, nurse, owner, thief):
    owners, thiefs = (gateway.token(nurse, bound_to=bound_to(one)) for one in (owner, thief))

    def asked(token, shown, *lines):
        handed = [] if shown is None else [b"Client-Cert: " + handed_on(shown).encode()]
        return request(token, LENGTH, *handed, *lines)

    found = await statuses(
        gateway,
        asked(owners, owner),
        asked(owners, thief),
        asked(owners, None),
        asked(thiefs, thief),
        asked(thiefs, owner, b"Connection: close"),
    )

    assert found == [200, 401, 401, 200, 401]


async def test_a_request_that_ends_in_two_places_brings_no_second_one(gateway, nurse, owner):
    token = gateway.token(nurse, bound_to=bound_to(owner))
    own = b"Client-Cert: " + handed_on(owner).encode()
    hidden = request(token, LENGTH, own, b"Connection: close")
    both = request(
        token, b"Content-Length: %d" % (len(hidden) + 5), b"Transfer-Encoding: chunked", body=b"0\r\n\r\n" + hidden
    )

    assert await statuses(gateway, both) == [400]


async def shown(scope, *, proxies, at):
    """What a request shows by one moment."""
    found = []

    async def app(scope, _receive, _send):
        found.append(shown_in(scope))

    await Certified(app, proxies=proxies, seconds=lambda: at)({"type": "http", "headers": []} | scope, None, None)
    return found[0]


async def test_a_certificate_that_has_run_out_since_the_proxy_took_it_is_told_nothing(owner):
    scope = {"client": (PROXY, 1), "headers": [(b"x-tls", handed_on(owner).encode())]}
    proxies = Proxies(networks=settings_for(Path(), tls_proxies=PROXY).declared_proxies, header="X-TLS")

    within, after = [await shown(scope, proxies=proxies, at=at) for at in (0, 4e9)]

    assert (within.thumbprint, within.fault) == (bound_to(owner), None)
    assert (after.thumbprint, after.fault) == (None, "certificate-expired")


@pytest.mark.parametrize(
    ("client", "declared"),
    [
        (("10.0.0.255", 1), True), (("::ffff:10.0.0.7", 1), True), (("2001:db8::7", 1), True),
        (("10.0.1.0", 1), False), (("::ffff:10.0.1.7", 1), False), (("::10.0.0.7", 1), False),
        (("2001:db9::7", 1), False), (("0:0:0:0:0:ffff:a00:7", 1), True), (None, False),
    ],
    ids=str,
)  # fmt: skip
async def test_an_address_is_compared_as_an_address(client, declared):
    networks = settings_for(Path(), tls_proxies="10.0.0.0/24,2001:db8::/64").declared_proxies

    assert Proxies(networks=networks).have(client) is declared


async def test_without_a_declared_proxy_no_address_is_one():
    assert not Proxies().have(("127.0.0.1", 1))


async def test_over_tls_a_proxys_own_certificate_is_not_its_callers(
    gateway, database, certificates, nurse, owner, thief
):
    """A proxy that asks over TLS with a certificate of its own: `owner` is the proxy here."""
    port, data_dir = certificates.port(), gateway.data_dir
    settings = settings_for(data_dir, tls_proxies="127.0.0.1", **certificates.settings)
    app = application(settings, url=database.url, clock=lambda: NOW, decider=await shared_engine(), port=port)

    async with served_on_a_socket(app, tls=port.context) as address, certificates.http(address, owner) as http:
        client = Client(http, data_dir, app)

        async def told(to, **headers):
            token = client.token(nurse, bound_to=bound_to(to))
            return await client.ask(nurse, ME, authorization=f"Bearer {token}", **headers)

        handed = await told(thief, **{"client-cert": handed_on(thief)})
        own = await told(owner)

    assert (handed.status, await reason_of(database, own)) == (200, "token-certificate-missing")
