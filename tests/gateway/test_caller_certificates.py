"""The port for callers where it takes certificates: who may connect, which token is good over which, and pages over it.

Every test connects by real TLS to a whole gateway in this process.
"""

import asyncio
import ssl
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import httpx
import pytest

from connectors.postgres.database import Database
from gateway.app.application import application
from tests.support.builders import NOW
from tests.support.callers import Certificates, bound_to, handed_on, reason_of
from tests.support.gateway import Client, a_persona, settings_for, shared_engine
from tests.support.postgres import fresh_database
from tests.support.processes import until
from tests.support.sockets import served_on_a_socket

ME = "{ me { role } }"


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


class Gateway:
    """A gateway that takes certificates, and who comes with one."""

    def __init__(self, address, app, certificates, data_dir):
        self.address = address
        self.app = app
        self._certificates = certificates
        self._data_dir = data_dir

    def asked_by(self, caller=None):
        return self._certificates.http(self.address, caller)

    def client(self, http):
        return Client(http, self._data_dir, self.app)

    async def reload(self):
        return (await self.app.state.reloading.reload())["certificate"]


@pytest.fixture(scope="module")
async def served(database, certificates, tmp_path_factory):
    port, data_dir = certificates.port(), tmp_path_factory.mktemp("gateway")
    settings = settings_for(data_dir, **certificates.settings)
    app = application(settings, url=database.url, clock=lambda: NOW, decider=await shared_engine(), port=port)
    async with served_on_a_socket(app, tls=port.context) as address:
        yield Gateway(address, app, certificates, data_dir)


@pytest.fixture
async def gateway(served, certificates):
    """The gateway, which afterwards believes the authority that it believed first."""
    yield served
    certificates.believe(certificates.authority)
    await served.reload()


async def told(gateway, http, nurse, **claims):
    """What is told under a token with these claims."""
    client = gateway.client(http)
    return await client.ask(nurse, ME, authorization=f"Bearer {client.token(nurse, **claims)}")


async def test_who_shows_a_certificate_by_the_authority_is_answered_under_tokens_bound_to_it_and_unbound_ones(
    gateway, certificates, nurse
):
    caller = certificates.caller("caller")

    async with gateway.asked_by(caller) as http:
        bound = await told(gateway, http, nurse, bound_to=bound_to(caller))
        unbound = await told(gateway, http, nurse)

    assert bound.data == unbound.data == {"me": {"role": "health-practitioner"}}


async def test_who_connects_and_says_nothing_is_let_go_of_before_tls_is_there(gateway):
    place = urlsplit(gateway.address)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    try:
        with suppress(ConnectionResetError):
            assert await asyncio.wait_for(reader.read(), 30) == b""
    finally:
        writer.close()


LONG_AGO = {"at": datetime.now(UTC) - timedelta(days=400)}
REFUSED = {
    "certificate-missing": lambda made: made.shown_by(),
    "certificate-unknown": lambda made: made.shown_by(made.stranger),
    "certificate-expired": lambda made: made.shown_by(made.caller("caller", **LONG_AGO)),
    "tls-version": lambda made: before_1_3(made.shown_by(made.caller("caller"))),
}


def before_1_3(context):
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


@pytest.mark.parametrize("reason", REFUSED)
async def test_nobody_else_is_connected_and_each_is_counted_by_reason(gateway, certificates, reason):
    name, count = f'gateway_caller_connections_refused_total{{reason="{reason}"}}', gateway.client(None).metrics
    before = (await count()).get(name, 0)

    with pytest.raises(httpx.TransportError):
        async with httpx.AsyncClient(verify=REFUSED[reason](certificates), timeout=60) as http:
            await http.get(f"{gateway.address}/healthz")

    assert (await count())[name] == before + 1


async def test_a_token_bound_to_another_certificate_is_refused_and_recorded_under_its_name(
    gateway, certificates, nurse, database
):
    owner, thief = certificates.caller("owner"), certificates.caller("thief")

    async with gateway.asked_by(thief) as http:
        answer = await told(gateway, http, nurse, bound_to=bound_to(owner))

    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert await reason_of(database, answer) == "token-certificate-other"


async def test_each_token_on_a_connection_is_looked_at_for_itself(gateway, certificates, nurse, database):
    owner, thief = certificates.caller("owner"), certificates.caller("thief")
    own, others = {"bound_to": bound_to(thief)}, {"bound_to": bound_to(owner)}

    async with gateway.asked_by(thief) as http:
        answers = [await told(gateway, http, nurse, **claims) for claims in (own, others, {}, others, own) * 3]

    assert [await reason_of(database, answer) for answer in answers] == [
        None, "token-certificate-other", None, "token-certificate-other", None
    ] * 3  # fmt: skip


async def test_a_header_with_another_certificate_is_not_read(gateway, certificates, nurse, database):
    owner, thief = certificates.caller("owner"), certificates.caller("thief")

    async with gateway.asked_by(thief) as http:
        http.headers["client-cert"] = handed_on(owner)
        forged = await told(gateway, http, nurse, bound_to=bound_to(owner))
        own = await told(gateway, http, nurse, bound_to=bound_to(thief))

    assert (await reason_of(database, forged), own.status) == ("token-certificate-other", 200)


async def test_a_certificate_that_runs_out_on_an_open_connection_is_good_for_no_token(
    gateway, certificates, nurse, database, monkeypatch
):
    caller = certificates.caller("caller")

    class Later:
        time = staticmethod(lambda: (datetime.now(UTC) + timedelta(days=31)).timestamp())

    async with gateway.asked_by(caller) as http:
        before = await told(gateway, http, nurse)
        monkeypatch.setattr("gateway.tls_protocol.time", Later)
        after = [await told(gateway, http, nurse, **claims) for claims in ({}, {"bound_to": bound_to(caller)})]

    assert before.status == 200
    assert [await reason_of(database, answer) for answer in after] == ["certificate-expired"] * 2


@pytest.mark.parametrize("page", ["/graphiql", "/policies", "/ledger", "/access-log", "/healthz", "/readyz"])
async def test_pages_are_served_over_it(gateway, certificates, page):
    async with gateway.asked_by(certificates.caller("caller")) as http:
        answer = await http.get(page)

    assert answer.status_code == 200
    assert answer.headers["strict-transport-security"]


async def test_what_pages_ask_for_is_answered_under_bound_tokens_over_their_certificate_only(
    gateway, certificates, database
):
    auditor = await a_persona(database, "auditor", purpose="review")
    owner, thief = certificates.caller("owner"), certificates.caller("thief")
    token = gateway.client(None).token(auditor, bound_to=bound_to(owner))
    headers = gateway.client(None).headers(auditor, authorization=f"Bearer {token}")
    today = {"since": NOW.date().isoformat(), "until": NOW.date().isoformat()}
    form = {"access_token": token, "child": "nobody", "reason": "Asked for it"}

    async def statuses(caller):
        async with gateway.asked_by(caller) as http:
            asked = [
                await http.post("/ledger/api/hours", json=today, headers=headers),
                await http.post("/policies/api/book", json={}, headers=headers),
                await http.post("/access-log/report", data=form),
            ]
        return [answer.status_code for answer in asked]

    assert 401 not in await statuses(owner)
    assert await statuses(thief) == [401] * 3


async def test_an_authority_that_is_withdrawn_lets_nobody_in_and_its_open_connections_end(gateway, certificates, nurse):
    before, after = certificates.caller("before"), certificates.caller("after", by=certificates.stranger)
    async with gateway.asked_by(before) as http:
        await told(gateway, http, nurse)
        certificates.believe(certificates.stranger)
        assert await gateway.reload() == "read"

        async def cut_off():
            try:
                await told(gateway, http, nurse)
            except httpx.TransportError:
                return True
            return False

        await until(cut_off)

    async with gateway.asked_by(after) as http:
        assert (await told(gateway, http, nurse)).status == 200


async def test_while_no_authority_is_withdrawn_a_reload_leaves_connections_open(gateway, certificates, nurse):
    one, other = certificates.caller("one"), certificates.caller("other", by=certificates.stranger)
    certificates.believe(certificates.authority)

    async with gateway.asked_by(one) as http:
        answers = [await told(gateway, http, nurse)]
        for authorities in ([certificates.authority, certificates.stranger], []):
            certificates.believe(*authorities)
            await gateway.reload()
            answers.append(await told(gateway, http, nurse))
        async with gateway.asked_by(other) as beside:
            answers.append(await told(gateway, beside, nurse))

    assert [(answer.status, answer.headers.get("connection")) for answer in answers] == [(200, None)] * 4


async def test_no_session_is_taken_up_again_so_that_a_withdrawn_authority_lets_nobody_in(gateway, certificates):
    context = certificates.shown_by(certificates.caller("caller"))

    first = await shaken(gateway, context)
    assert b"200 OK" in await first.answered()
    again = await shaken(gateway, context, session=first.tls.session)
    assert b"200 OK" in await again.answered()

    assert (first.tls.session.has_ticket, again.tls.session_reused) == (False, False)


async def test_a_handshake_that_takes_until_its_authority_is_withdrawn_comes_to_nothing(gateway, certificates):
    context = certificates.shown_by(certificates.caller("caller"))
    quick, slow = [await shaken(gateway, context) for _ in range(2)]

    answered = await quick.answered()
    certificates.believe(certificates.stranger)
    await gateway.reload()

    assert (b"200 OK" in answered, await slow.answered()) == (True, b"")


class Shaken:
    """A handshake of which the client's last words, with its certificate, are not sent yet."""

    def __init__(self, streams, tls, buffers):
        self.tls = tls
        self._reader, self._writer = streams
        self._incoming, self._outgoing = buffers
        self._said = b""

    async def begun(self):
        while True:
            try:
                return self.tls.do_handshake()
            except ssl.SSLWantReadError:
                self._writer.write(self._outgoing.read())
                self._incoming.write(await self._reader.read(65_536))

    async def answered(self):
        """Send them with a request, and return what comes back until the connection ends."""
        self.tls.write(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        self._writer.write(self._outgoing.read())
        with suppress(ConnectionError):  # it was cut
            while piece := await asyncio.wait_for(self._reader.read(65_536), 60):
                self._incoming.write(piece)
                with suppress(ssl.SSLWantReadError):
                    while told := self.tls.read(65_536):
                        self._said += told
                    break  # it was closed by TLS
        self._writer.close()
        return self._said


async def shaken(gateway, context, *, session=None):
    """A connection up to the client's certificate."""
    place = urlsplit(gateway.address)
    buffers = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(*buffers, server_hostname=place.hostname, session=session)
    made = Shaken(await asyncio.open_connection(place.hostname, place.port), tls, buffers)
    await made.begun()
    return made
