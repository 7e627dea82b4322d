"""Joining by command: a member makes its files, the operator signs, and a ping says in a sentence what is wrong."""

import asyncio
import json
import re
import shutil
import ssl
from datetime import timedelta

import pytest

from gateway.app.clock import utc_now
from gateway.federation.enrolment import der_of, issue, new_tls_key, self_made_issuer
from gateway.federation.registry import read_join_request
from tests.support.builders import NOW
from tests.support.federation import a_member_served
from tests.support.federation import federation_command as gateway
from tests.support.processes import free_port

HOME, OTHER = "E08000009", "E08000003"


def done(*arguments, **settings):
    finished = gateway(*arguments, **settings)
    assert finished.exit_code == 0, finished.stderr
    return finished


@pytest.fixture(scope="module")
def ports():
    return {HOME: free_port(), OTHER: free_port()}


@pytest.fixture(scope="module")
def enrolled(tmp_path_factory, ports):
    """A folder in which two members have joined one registry, all of it by command."""
    folder = tmp_path_factory.mktemp("federation")
    for authority in (HOME, OTHER):
        endpoint = f"https://127.0.0.1:{ports[authority]}"
        done("init", folder / authority, "--authority", authority, "--name", f"Made-up {authority}",
             "--endpoint", endpoint)  # fmt: skip
    done("registry", "sign", folder / "registry.jwt", "--key", folder / "operator.jwk", "--new-key",
         "--add", folder / HOME / "join-request.jwt", "--add", folder / OTHER / "join-request.jwt")  # fmt: skip
    return folder


@pytest.fixture
def folder(enrolled, tmp_path):
    """A copy of it for one test."""
    return shutil.copytree(enrolled, tmp_path / "federation")


def settings(folder, authority=HOME, **more):
    member = folder / authority
    return {
        "authority": authority,
        "registry": folder / "registry.jwt",
        "registry_keys_file": folder / "operator.jwks",
        "assertion_key_file": member / "assertion.jwk",
        "peer_cert_file": member / "peer.pem",
        "peer_key_file": member / "peer.key.pem",
    } | more


def test_private_keys_can_be_read_by_nobody_else(folder):
    private = [*folder.rglob("*.key.pem"), *folder.rglob("*.jwk")]

    assert len(private) == 7
    assert {path.stat().st_mode & 0o077 for path in private} == {0}


def test_a_members_keys_are_never_written_over(folder):
    refused = gateway("init", folder / HOME, "--authority", HOME, "--name", "x", "--endpoint", "https://h.invalid")

    assert refused.exit_code == 2
    assert "is already there" in refused.stderr


@pytest.mark.parametrize("endpoint", ["http://h.invalid", "https://h.invalid/path", "nonsense"])
def test_an_endpoint_that_no_registry_would_hold_is_refused_at_once(tmp_path, endpoint):
    refused = gateway("init", tmp_path / "m", "--authority", HOME, "--name", "x", "--endpoint", endpoint)

    assert refused.exit_code == 2
    assert not (tmp_path / "m").exists()


def test_a_member_is_told_its_settings_once_the_registry_lists_it(folder):
    told = done("join", folder / HOME, "--registry", folder / "registry.jwt", "--registry-keys",
                folder / "operator.jwks").stdout  # fmt: skip

    stated = dict(line.split("=", 1) for line in told.splitlines())
    assert stated["GATEWAY_PEER_CERT_FILE"] == str((folder / HOME / "peer.pem").resolve())
    assert set(stated) == {f"GATEWAY_{name.upper()}" for name in settings(folder)} | {"GATEWAY_PEER_PORT"}


def test_a_member_that_is_not_listed_is_told_so(folder):
    done("registry", "sign", folder / "registry.jwt", "--key", folder / "operator.jwk", "--remove", HOME)
    refused = gateway("join", folder / HOME, "--registry", folder / "registry.jwt", "--registry-keys",
                      folder / "operator.jwks")  # fmt: skip

    assert refused.exit_code == 2
    assert "does not list E08000009" in refused.stderr


def test_members_are_listed_as_a_table_and_as_json(folder):
    table = done("members", **settings(folder)).stdout
    listed = json.loads(done("members", "--json", **settings(folder)).stdout)

    assert OTHER in table
    assert [one["metadata"]["directory_gateway"]["authority"] for one in listed] == [OTHER, HOME]


def test_peers_may_ask_in_the_roles_that_reach_elsewhere_and_in_no_other(folder):
    [other, _] = json.loads(done("members", "--json", **settings(folder)).stdout)
    roles = set(other["metadata"]["directory_gateway"]["roles"])

    assert {"health-practitioner", "social-worker"} <= roles
    assert roles.isdisjoint({"peer", "auditor", "supplier", "policy-author"})


def test_a_registry_is_verified_by_the_operators_key_and_by_no_other(folder, tmp_path):
    good = done("registry", "verify", folder / "registry.jwt", "--keys", folder / "operator.jwks")
    done("registry", "sign", tmp_path / "own.jwt", "--key", tmp_path / "own.jwk", "--new-key")
    bad = gateway("registry", "verify", folder / "registry.jwt", "--keys", tmp_path / "own.jwks")

    assert "Registry number 1" in good.stderr
    assert bad.exit_code == 2
    assert "not its operator's" in bad.stderr


def test_an_operator_does_not_add_to_a_registry_that_somebody_else_signed(folder, tmp_path):
    done("registry", "sign", tmp_path / "own.jwt", "--key", tmp_path / "own.jwk", "--new-key")
    refused = gateway("registry", "sign", folder / "registry.jwt", "--key", tmp_path / "own.jwk")

    assert refused.exit_code == 2


def test_the_operators_key_is_changed_in_two_steps(folder):
    registry, old, new = folder / "registry.jwt", folder / "operator.jwk", folder / "next.jwk"
    done("registry", "sign", registry, "--key", old, "--next-key", new)
    done("registry", "verify", registry, "--keys", folder / "operator.jwks")
    done("registry", "sign", registry, "--key", new, "--withdraw-key", old)

    assert "Registry number 3" in done("registry", "verify", registry, "--keys", folder / "next.jwks").stderr


def test_a_certificate_of_ones_own_authority_takes_the_place_of_the_self_made_one(folder):
    refused = gateway("join", folder / HOME, "--issuer", folder / OTHER / "issuer.pem")

    assert refused.exit_code == 2
    assert "was not issued by issuer.pem" in refused.stderr


def test_a_request_that_another_issuer_signed_makes_a_member(tmp_path):
    member = tmp_path / "m"
    done("init", member, "--authority", HOME, "--name", "x", "--endpoint", "https://h.invalid", "--csr-only")
    assert not (member / "peer.pem").exists()
    key = new_tls_key()
    issuer = self_made_issuer(key, name="County certificates", at=NOW, days=2)
    request = (member / "peer.csr.pem").read_bytes()
    (member / "peer.pem").write_bytes(issue(request, issuer=issuer, issuer_key=key, at=NOW, days=1))
    (tmp_path / "ca.pem").write_bytes(issuer)
    done("join", member, "--issuer", tmp_path / "ca.pem")

    listed = read_join_request((member / "join-request.jwt").read_text())
    assert listed.issuers == (der_of(issuer),)


def test_a_member_changes_its_assertion_key_in_steps(folder):
    member = folder / HOME
    done("join", member, "--new-key")
    both = read_join_request((member / "join-request.jwt").read_text()).keys
    (member / "assertion.next.jwk").replace(member / "assertion.jwk")
    done("join", member, "--one-key")
    one = read_join_request((member / "join-request.jwt").read_text()).keys

    assert [len(both), len(one)] == [2, 1]
    assert one[0].thumbprint() == both[1].thumbprint()


def test_a_ping_says_that_nobody_listens(folder):
    failed = gateway("ping", OTHER, **settings(folder))

    assert failed.exit_code == 1
    assert "Nobody listens" in failed.stdout


def test_a_ping_of_somebody_who_is_not_listed_says_so(folder):
    failed = gateway("ping", "E08000006", **settings(folder))

    assert failed.exit_code == 2
    assert "lists no member E08000006" in failed.stderr


async def test_a_ping_says_that_all_is_well_and_otherwise_what_is_wrong(folder, ports, database_url, tmp_path):
    """One gateway, asked by several members that have each got something wrong."""
    async with a_member_served(
        database_url, tmp_path / "other", None, None, peers_on=ports[OTHER], clock=None, **settings(folder, OTHER)
    ):
        well = await asyncio.to_thread(gateway, "ping", OTHER, **settings(folder))
        await asyncio.to_thread(
            done, "init", folder / "stranger", "--authority", HOME, "--name", "x", "--endpoint", "https://127.0.0.1:1"
        )
        stranger = settings(folder) | {
            "peer_cert_file": folder / "stranger" / "peer.pem",
            "peer_key_file": folder / "stranger" / "peer.key.pem",
        }
        unknown = await asyncio.to_thread(gateway, "ping", OTHER, **stranger)
        other_key = settings(folder) | {"assertion_key_file": folder / "stranger" / "assertion.jwk"}
        wrong_key = await asyncio.to_thread(gateway, "ping", OTHER, "--json", **other_key)

    assert (well.exit_code, "answered in" in well.stdout) == (0, True)
    assert unknown.exit_code == 1
    assert "refused this gateway's certificate" in unknown.stdout
    assert wrong_key.exit_code == 1
    assert "does not know the assertion key" in json.loads(wrong_key.stdout)[0]["sentence"]


@pytest.mark.parametrize("at_once", [True, False], ids=["at-once", "once-asked"])
async def test_a_ping_says_that_the_other_side_hung_up(folder, ports, at_once):
    """In TLS 1.3 who refuses a certificate may hang up before, while or after the question is sent."""
    other = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    other.load_cert_chain(folder / OTHER / "peer.pem", folder / OTHER / "peer.key.pem")

    async def hangs_up(reader, writer):
        if not at_once:
            await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    async with await asyncio.start_server(hangs_up, "127.0.0.1", ports[OTHER], ssl=other):
        failed = await asyncio.to_thread(gateway, "ping", OTHER, **settings(folder))

    assert failed.exit_code == 1
    assert "refused this gateway's certificate (it hung up)" in failed.stdout


async def test_a_ping_says_that_a_port_speaks_no_tls(folder, ports):
    async def in_plain(reader, writer):
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(in_plain, "127.0.0.1", ports[OTHER]):
        failed = await asyncio.to_thread(gateway, "ping", OTHER, **settings(folder))

    assert failed.exit_code == 1
    assert "No TLS 1.3 connection" in failed.stdout


async def test_a_ping_says_that_clocks_differ_and_that_the_other_registry_is_older(
    folder, ports, database_url, tmp_path
):
    older = shutil.copy(folder / "registry.jwt", folder / "older.jwt")
    served = settings(folder, OTHER, registry=older)
    async with a_member_served(
        database_url, tmp_path / "other", None, None,
        peers_on=ports[OTHER], clock=lambda: utc_now() + timedelta(minutes=10), **served,
    ):  # fmt: skip
        fast = await asyncio.to_thread(gateway, "ping", OTHER, **settings(folder))
        await asyncio.to_thread(_with_another_key, folder)
        ahead = await asyncio.to_thread(gateway, "ping", OTHER, **settings(folder))

    assert (fast.exit_code, ahead.exit_code) == (1, 1)
    assert re.search(r"The clocks differ by \d{3} s", fast.stdout), fast.stdout
    assert "its registry has number 1, here it is 2" in " ".join(ahead.stdout.split())


def _with_another_key(folder):
    """Sign the registry anew with another assertion key of HOME, and use that key."""
    member = folder / HOME
    done("join", member, "--new-key")
    (member / "assertion.next.jwk").replace(member / "assertion.jwk")
    done("join", member, "--one-key")
    done("registry", "sign", folder / "registry.jwt", "--key", folder / "operator.jwk", "--add",
         member / "join-request.jwt")  # fmt: skip
