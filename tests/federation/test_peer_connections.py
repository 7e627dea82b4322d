"""Who may connect at all: TLS 1.3, certificates on both sides, each believed for the member that the registry names."""

import asyncio
import socket
import ssl
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import orjson
import pytest
from prometheus_client import generate_latest

from gateway.caller_tls import CallerFiles, caller_context
from gateway.federation.certificates import thumbprint
from gateway.federation.signed import new_key
from gateway.federation.tls import OwnKey, PeerPort, asking_context
from gateway.refused_connections import Fault, RefusedConnections
from gateway.settings import SettingsError
from tests.support.builders import NOW
from tests.support.federation import (
    ASKED,
    ELSEWHERE,
    HERE,
    a_member_served,
    assertion,
    call,
    enrolled,
    entries_of,
    entry_of,
    speaking_as,
)
from tests.support.gateway import samples_in
from tests.support.processes import a_served_gateway, free_port, recorded, until


async def test_an_assertion_cannot_be_used_over_another_members_connection(database, tmp_path, here, there, registry):
    elsewhere = enrolled(tmp_path, ELSEWHERE)
    registry.publish(here, there, elsewhere)
    async with a_member_served(database.url, tmp_path / "there", there, registry) as (_, address, _app):
        answer = await call(address, elsewhere, there, assertion(here))

    assert answer.status_code == 401
    entry = await entry_of(database, answer)
    assert entry["outcome"]["codes"][0]["reason"] == "assertion-key"
    assert entry["caller"]["person"] == ELSEWHERE


async def fails_to_connect(address, tls):
    with pytest.raises(httpx.TransportError) as failed:
        async with httpx.AsyncClient(verify=tls, timeout=60) as http:
            await http.get(f"{address}/federation/ping")
    return failed.value


async def test_without_a_certificate_there_is_no_connection(answering, there):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=there.member.issuers[0])

    await fails_to_connect(answering, context)


async def test_tls_below_1_3_is_no_connection(answering, here, there):
    context = asking_context(here.own, there.member)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    await fails_to_connect(answering, context)


async def test_a_certificate_of_an_issuer_that_nobody_lists_is_no_connection(answering, tmp_path, there):
    await fails_to_connect(answering, asking_context(enrolled(tmp_path, ELSEWHERE).own, there.member))


async def test_an_expired_certificate_is_no_connection(answering, here, there):
    here.renew(at=NOW - timedelta(days=400), days=30)

    await fails_to_connect(answering, asking_context(here.own, there.member))


async def test_a_certificate_that_one_member_made_in_anothers_name_is_refused(answering, database, here, there):
    here.renew(uri="urn:directory-gateway:E08000006")
    answer = await call(answering, here, there, assertion(here))

    assert answer.status_code == 401
    entry = await entry_of(database, answer)
    assert entry["caller"]["person"] == HERE, "whose issuer made it has to answer for it"
    assert entry["outcome"]["codes"] == [{"code": "UNAUTHENTICATED", "reason": "certificate-misnamed"}]


async def test_a_misnamed_certificate_of_an_issuer_that_several_members_list_is_held_to_none_of_them(
    gateway, database, tmp_path, here, there, registry
):
    address, app = gateway
    elsewhere = enrolled(tmp_path, ELSEWHERE)
    elsewhere.member = replace(elsewhere.member, issuers=(*elsewhere.member.issuers, *here.member.issuers))
    registry.publish(here, there, elsewhere)
    await app.state.gateway.registry.reload()
    here.renew(uri="urn:directory-gateway:E08000001")

    answer = await call(address, here, there, assertion(here))

    assert answer.status_code == 401
    assert refused_by(app) == {"certificate-misnamed": 1}
    assert await recorded(database) == {}


@pytest.mark.parametrize("fault", ["certificate-misnamed", "body-too-long"])
async def test_what_is_refused_before_an_assertion_is_read_is_recorded_inside_the_door(
    database, tmp_path, here, there, registry, fault
):
    body = ASKED + b" " * 1_000 if fault == "body-too-long" else ASKED
    if fault == "certificate-misnamed":
        here.renew(uri="urn:directory-gateway:E08000006")
    one_place = {"peer_requests_at_once": 1, "requests_waiting": 0, "body_limit": 1_000}
    async with a_member_served(database.url, tmp_path / "there", there, registry, **one_place) as (_, address, app):
        async with app.state.gateway.peer_door.place():
            crowded = await call(address, here, there, assertion(here), body=body)
        let_in = await call(address, here, there, assertion(here), body=body)

    assert crowded.json()["errors"][0]["extensions"]["code"] == "OVERLOADED"
    assert await entries_of(database, crowded) == []
    assert len(await entries_of(database, let_in)) == 1


def tls_1_2(context):
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


def without_a_certificate(there):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=there.member.issuers[0])
    return context


STRANGERS = {
    "certificate-missing": lambda here, there, elsewhere: without_a_certificate(there),
    "certificate-unknown": lambda here, there, elsewhere: asking_context(elsewhere.own, there.member),
    "certificate-expired": lambda here, there, elsewhere: asking_context(
        here.renew(at=NOW - timedelta(days=400)).own, there.member
    ),
    "certificate-not-yet-valid": lambda here, there, elsewhere: asking_context(
        here.renew(at=datetime.now(UTC) + timedelta(days=2)).own, there.member
    ),
    "own-certificate-refused": lambda here, there, elsewhere: asking_context(here.own, elsewhere.member),
    "tls-version": lambda here, there, elsewhere: tls_1_2(asking_context(here.own, there.member)),
    "no-tls": lambda here, there, elsewhere: None,
}


@pytest.mark.parametrize("reason", STRANGERS)
async def test_a_connection_of_nobody_is_counted_by_reason_and_writes_nothing_into_the_ledger(
    gateway, database, tmp_path, here, there, reason
):
    address, app = gateway
    context = STRANGERS[reason](here, there, enrolled(tmp_path, ELSEWHERE))
    for _ in range(5):
        await asyncio.to_thread(_hung_up_on, address, context)

    async def counted():
        return refused_by(app)

    await until(counted)
    # Whoever hangs up on us may do so before it is heard why.
    assert refused_by(app).keys() == {reason}
    assert await recorded(database) == {}


def refused_by(app):
    """How many connections a gateway has refused, by reason."""
    samples = samples_in(generate_latest(app.state.gateway.metrics.registry).decode())
    name = 'gateway_peer_connections_refused_total{reason="'
    return {one.removeprefix(name).removesuffix('"}'): value for one, value in samples.items() if one.startswith(name)}


def _hung_up_on(address, context):
    """Connect, in the clear where there is no context, and see that no answer comes."""
    with suppress(OSError), _connected(address, context) as connection:
        connection.sendall(b"GET /federation/ping HTTP/1.1\r\nhost: x\r\n\r\n")
        assert not connection.recv(1).startswith(b"H")


@contextmanager
def _connected(address, context):
    host, port = address.removeprefix("https://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as plain:
        if context is None:
            yield plain
            return
        with context.wrap_socket(plain, server_hostname=host) as connection:
            yield connection


async def test_who_connects_to_a_gateway_whose_own_certificate_has_expired_is_counted(gateway, here, there):
    address, app = gateway
    context = asking_context(here.own, there.member)
    there.renew(at=NOW - timedelta(days=400))
    await fails_to_connect(address, context)

    async def counted():
        return refused_by(app).get("own-certificate-expired") == 1

    await until(counted)


def test_of_each_fault_there_is_a_log_line_a_minute_however_many_connect(caplog):
    now, counted = [0.0], Counter()
    refused = RefusedConnections(counted=lambda reason: counted.update([reason]), seconds=lambda: now[0])
    for number in range(1_000):
        refused.note(Fault.CERTIFICATE_EXPIRED)
        if number == 500:
            refused.note(Fault.NO_TLS)
    now[0] = 60.0
    refused.note(Fault.CERTIFICATE_EXPIRED)

    assert counted == {"certificate-expired": 1_001, "no-tls": 1}
    assert [record.getMessage() for record in caplog.records] == [
        "connections refused: certificate-expired: 1 since it was last said",
        "connections refused: no-tls: 1 since it was last said",
        "connections refused: certificate-expired: 1000 since it was last said",
    ]


async def test_the_next_key_counts_once_it_is_in_its_place_and_half_a_file_leaves_the_last(here):
    file, following = here.folder / "assertion.jwk", new_key()
    key = OwnKey(file)
    before = key().thumbprint()
    replace_file(file, b"{")
    half = key().thumbprint()
    replace_file(file, orjson.dumps(following.as_dict(private=True)))

    assert before == half == here.key.thumbprint()
    assert key().thumbprint() == following.thumbprint()


async def test_a_key_that_cannot_be_used_is_named_in_the_log_once_for_each_time_it_was_put_there(here, caplog):
    file = here.folder / "assertion.jwk"
    key = OwnKey(file)
    replace_file(file, b"{")
    signed_by = [key().thumbprint() for _ in range(3)]
    once = [record.getMessage() for record in caplog.records]
    replace_file(file, b"{}")
    key()

    assert signed_by == [here.key.thumbprint()] * 3
    assert once == ["not taken up, what was there before stays: GATEWAY_ASSERTION_KEY_FILE: no private key as a JWK"]
    assert [record.getMessage() for record in caplog.records] == once * 2


async def test_a_certificate_that_cannot_be_used_is_named_in_the_log_and_the_last_one_is_shown(here, there, caplog):
    port = PeerPort(here.own, lambda: None, refused=RefusedConnections(counted=lambda reason: None))
    before = port._in_force()
    replace_file(here.own.certificate, b"half of it")
    shown = [port._in_force() for _ in range(3)]

    assert shown == [before] * 3
    [said] = [record.getMessage() for record in caplog.records]
    assert "GATEWAY_PEER_CERT_FILE" in said


def replace_file(path, content):
    """Put a new file in the place of another, as whoever renews a key does."""
    beside = path.with_suffix(".new")
    beside.write_bytes(content)
    beside.replace(path)


async def test_a_member_that_has_left_is_refused_without_a_restart(
    database_url, database, tmp_path, here, there, registry
):
    async with a_member_served(database_url, tmp_path / "there", there, registry) as (_, address, app):
        before = await call(address, here, there, assertion(here))
        registry.publish(there)
        await app.state.gateway.registry.reload()
        await fails_to_connect(address, asking_context(here.own, there.member))

    assert before.status_code == 200


async def test_an_open_connection_does_not_outlast_the_membership(database_url, tmp_path, here, there, registry):
    async with (
        a_member_served(database_url, tmp_path / "there", there, registry) as (_, address, app),
        speaking_as(here.own, there.member) as http,
    ):
        before = await http.get(f"{address}/federation/ping")
        registry.publish(there)
        await app.state.gateway.registry.reload()
        after = await http.get(f"{address}/federation/ping")

    assert (before.status_code, after.status_code) == (200, 401)


async def test_a_certificate_is_replaced_without_a_restart(answering, here, there):
    old = there.certificate
    there.renew()
    shown = await asyncio.to_thread(_shown_by, answering, asking_context(here.own, there.member))

    assert thumbprint(shown) == thumbprint(there.certificate) != thumbprint(old)


def _shown_by(address, context):
    with _connected(address, context) as connection:
        return connection.getpeercert(binary_form=True)


async def test_a_session_is_never_resumed(answering, here, there):
    context = asking_context(here.own, there.member)
    host, port = answering.removeprefix("https://").split(":")

    def connected(session):
        with (
            socket.create_connection((host, int(port)), timeout=60) as plain,
            context.wrap_socket(plain, server_hostname=host, session=session) as connection,
        ):
            connection.sendall(b"GET /federation/ping HTTP/1.1\r\nhost: x\r\n\r\n")
            connection.recv(1)
            return connection.session, connection.session_reused

    session, _ = await asyncio.to_thread(connected, None)
    _, resumed = await asyncio.to_thread(connected, session)

    assert not resumed


async def test_a_server_that_another_member_stands_in_for_is_not_believed(answering, tmp_path, here):
    elsewhere = enrolled(tmp_path, ELSEWHERE)

    assert "certificate" in str(await fails_to_connect(answering, asking_context(here.own, elsewhere.member))).lower()


async def test_an_expired_registry_answers_nobody(database_url, database, tmp_path, here, there, registry):
    now = [NOW]
    async with a_member_served(database_url, tmp_path / "there", there, registry, clock=lambda: now[0]) as (
        _,
        address,
        _app,
    ):
        now[0] += timedelta(days=8)
        answer = await call(address, here, there, assertion(here, at=now[0]))

    assert answer.status_code == 503
    assert answer.json()["errors"][0]["extensions"]["code"] == "SOURCE_UNAVAILABLE"


async def test_gateway_serve_answers_peers_on_a_port_of_its_own(database_url, tmp_path, here, there, registry):
    """The command as a process: mutual TLS on the port for peers, and the graph on the other as ever."""
    now, port = datetime.now(UTC), free_port()
    registry.publish(here, there, issued=now)
    settings = there.settings(registry) | {"peer_port": port}
    async with (
        a_served_gateway(tmp_path / "served", url=database_url, **settings) as served,
        httpx.AsyncClient(timeout=60) as plainly,
    ):
        answer = await call(f"https://127.0.0.1:{port}", here, there, assertion(here, at=now))
        ready = await plainly.get(f"{served.address}/readyz")
        with pytest.raises(httpx.TransportError):
            await plainly.get(f"http://127.0.0.1:{port}/federation/ping")

    assert answer.json() == {"data": {"me": {"role": "peer", "standing": "CURRENT"}}}
    assert ready.status_code == 200


async def test_callers_can_be_served_over_tls_without_a_proxy(database_url, tmp_path, there, registry):
    context = ssl.create_default_context(cadata=there.member.issuers[0])
    tls = caller_context(CallerFiles(certificate=there.own.certificate, key=there.own.key))
    async with (
        a_member_served(database_url, tmp_path / "there", there, registry, tls=tls) as (address, _peers, _app),
        httpx.AsyncClient(verify=context, timeout=60) as http,
    ):
        ready = await http.get(f"{address}/readyz")

    assert address.startswith("https://")
    assert ready.status_code == 200


async def test_the_port_for_callers_takes_no_assertion(database_url, tmp_path, here, there, registry):
    async with (
        a_member_served(database_url, tmp_path / "there", there, registry) as (address, _peers, _app),
        httpx.AsyncClient(timeout=60) as http,
    ):
        headers = {"authorization": f"Bearer {assertion(here)}", "content-type": "application/json"}
        answer = await http.post(f"{address}/graphql", content=ASKED, headers=headers)

    assert answer.status_code == 401


@pytest.mark.parametrize("missing", ["registry", "registry_keys_file", "peer_cert_file"])
async def test_a_port_for_peers_without_what_it_needs_stops_the_start(database_url, tmp_path, there, registry, missing):
    with pytest.raises(SettingsError, match=f"GATEWAY_{missing.upper()}"):
        async with a_member_served(database_url, tmp_path / "there", there, registry, **{missing: None}):
            pass
