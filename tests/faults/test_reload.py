"""A gateway told to read its files again: what is new counts, what is broken leaves what was, and no ask is lost."""

import shutil
import signal
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import httpx
import orjson
from joserfc.jwk import ECKey, KeySet

from connectors.development_keys import development_jwks
from connectors.rule_set import RuleSet
from gateway.documents import manifest_of
from gateway.federation.signed import new_key
from gateway.settings import PACKAGED_POLICIES
from tests.faults.crowd import a_crowd, an_asker, headers_of
from tests.support.builders import an_authority
from tests.support.callers import Certificates
from tests.support.federation import HERE, THERE, RegistryFile, assertion, call, enrolled, entries_of
from tests.support.processes import START_TIMEOUT, Load, a_served_gateway, free_port, lost, recorded, until

CONNECTIONS = 12


def retitle(folder, title):
    data = orjson.loads((folder / "data.json").read_bytes())
    data["purposes"]["direct-support"] = title
    (folder / "data.json").write_bytes(orjson.dumps(data))
    return RuleSet.read(folder).revision


def reloads(gateway):
    return gateway.complained.count("reloaded:")


async def told_to_reload(gateway):
    """Tell it, and wait until it has read everything."""
    before = reloads(gateway)
    gateway.send(signal.SIGHUP)

    async def done():
        return reloads(gateway) > before

    await until(done, within=START_TIMEOUT)
    return [line for line in gateway.complained.splitlines() if "reloaded:" in line][-1]


async def test_rules_and_keys_are_read_again_while_asks_are_answered_and_none_is_lost(
    database, database_url, nurse, tmp_path
):
    rules = shutil.copytree(PACKAGED_POLICIES, tmp_path / "rules")
    keys = tmp_path / "keys.json"
    load = Load(await an_asker(nurse, database, tmp_path), await a_crowd(database, children=50), connections=8)
    shutil.copy(development_jwks(tmp_path), keys)
    settings = {"policies_dir": rules, "policies_interval": 0, "token_jwks": keys, "database_pool_max": 10}

    async with a_served_gateway(tmp_path, url=database_url, **settings) as gateway, load.on(gateway.address):
        await until(lambda: delivered(load, 20))
        revision = retitle(rules, "Another title")
        first = await told_to_reload(gateway)
        (rules / "directory" / "decide.rego").write_text("package directory\n\nanswer := {")
        keys.write_text("no keys")
        second = await told_to_reload(gateway)
        enough = len(load.delivered) + 20
        await until(lambda: delivered(load, enough))

    found = await recorded(database, tmp_path)
    revisions = [found[asked.request_id]["policy"]["revision"] for asked in load.delivered]
    assert "rules taken-up, issuer read, registry none" in first
    assert "rules refused, issuer refused, registry none" in second
    assert (revisions[-1], revisions[0] == revision) == (revision, False)
    assert (load.refusals, lost(load.delivered, found)) == ([], [])


async def delivered(load, count):
    return len(load.delivered) >= count


async def test_a_key_that_the_issuer_withdrew_opens_nothing_after_a_reload(database_url, nurse, tmp_path):
    keys = tmp_path / "keys.json"
    headers = headers_of(nurse, tmp_path)
    shutil.copy(development_jwks(tmp_path), keys)

    async with (
        a_served_gateway(tmp_path, url=database_url, token_jwks=keys) as gateway,
        httpx.AsyncClient(base_url=gateway.address, headers=headers, timeout=60) as http,
    ):
        before = await http.post("/graphql", json={"query": "{ me { role } }"})
        other = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256", "kid": "other"})
        keys.write_bytes(orjson.dumps(KeySet([other]).as_dict(private=False)))
        await told_to_reload(gateway)
        after = await http.post("/graphql", json={"query": "{ me { role } }"})

    assert (before.status_code, after.status_code) == (200, 401)


async def test_the_certificate_for_callers_is_changed_while_connections_stay(database_url, tmp_path):
    one, other = (enrolled(tmp_path / name, "E08000009") for name in ("one", "other"))
    files = {"tls_cert_file": tmp_path / "cert.pem", "tls_key_file": tmp_path / "key.pem"}

    def install(own):
        shutil.copy(own.certificate, files["tls_cert_file"])
        shutil.copy(own.key, files["tls_key_file"])

    install(one.own)
    async with a_served_gateway(tmp_path, url=database_url, **files) as gateway:
        place = urlsplit(gateway.address)

        def shown():
            return ssl.get_server_certificate((place.hostname, place.port), timeout=60)

        context = ssl.create_default_context(cadata=one.member.issuers[0])
        async with httpx.AsyncClient(base_url=gateway.address, verify=context, timeout=60) as http:
            await http.get("/healthz")
            before = shown()
            install(other.own)
            await told_to_reload(gateway)
            kept = await http.get("/healthz")
            changed = shown()
            files["tls_key_file"].write_text("no key")
            complaint = await told_to_reload(gateway)

        assert before.split() == one.own.certificate.read_text().split()
        assert changed.split() == other.own.certificate.read_text().split() == shown().split()
        assert kept.status_code == 200
        assert "certificate refused" in complaint


async def test_manifests_of_trusted_documents_are_read_again(database_url, nurse, tmp_path):
    manifest, me, standing = (
        tmp_path / "documents.json",
        "query Me { me { role } }",
        "query Standing { me { standing } }",
    )
    manifest.write_text(manifest_of([me]))

    async with (
        a_served_gateway(tmp_path, url=database_url, documents=manifest, documents_required="true") as gateway,
        httpx.AsyncClient(base_url=gateway.address, headers=headers_of(nurse, tmp_path), timeout=60) as http,
    ):

        async def statuses():
            return [(await http.post("/graphql", json={"query": text})).status_code for text in (me, standing)]

        before = await statuses()
        manifest.write_text(manifest_of([me, standing]))
        taken, after = await told_to_reload(gateway), await statuses()
        manifest.write_text("{")
        refused, kept = await told_to_reload(gateway), await statuses()

    assert (before, after, kept) == ([200, 400], [200, 200], [200, 200])
    assert "documents 2 known" in taken
    assert "documents refused" in refused


async def test_another_authority_is_answered_by_the_keys_of_the_registry_and_by_certificates_in_their_time(
    database, database_url, tmp_path
):
    now, port, rotated = datetime.now(UTC), free_port(), new_key()
    here, there = enrolled(tmp_path, HERE), enrolled(tmp_path, THERE)
    registry = RegistryFile(tmp_path, here, there).publish(here, there, issued=now)
    settings = there.settings(registry) | {"peer_port": port, "locator_interval": 0, "registry_interval": 0}
    await an_authority(database, THERE)

    async def met(**stated):
        try:
            answer = await call(
                f"https://127.0.0.1:{port}", here, there, assertion(here, at=datetime.now(UTC), **stated)
            )
        except httpx.TransportError as error:
            return type(error)
        codes = [code for entry in await entries_of(database, answer) for code in entry["outcome"]["codes"]]
        return answer.status_code, [code["reason"] for code in codes]

    async with a_served_gateway(tmp_path, url=database_url, **settings) as gateway:
        unlisted = await met(key=rotated)
        here.member = replace(here.member, keys=(rotated, *here.member.keys))
        registry.publish(here, there, issued=now)
        taken = await told_to_reload(gateway)
        listed = [await met(key=rotated), await met()]
        there.renew(at=now - timedelta(days=400))
        theirs_expired = await met()
        there.renew()
        here.renew(at=now - timedelta(days=400))
        ours_expired = await met()
        here.renew()
        renewed = await met()

    assert unlisted == (401, ["assertion-key"])
    assert "registry taken up" in taken
    assert [*listed, renewed] == [(200, [])] * 3
    assert issubclass(theirs_expired, httpx.ConnectError)
    assert issubclass(ours_expired, httpx.TransportError)


async def test_in_every_worker_the_authorities_of_callers_are_those_of_the_last_reload(database_url, tmp_path):
    certificates = Certificates(tmp_path)
    one, other = certificates.caller("one"), certificates.caller("other", by=certificates.stranger)

    async def let_in(gateway, caller):
        """Whether somebody is let in, over connections enough to meet both workers, one after the other."""
        outcomes = set()
        for _ in range(CONNECTIONS):
            try:
                async with certificates.http(gateway.address, caller) as http:
                    outcomes.add((await http.get("/healthz")).status_code == 200)
            except httpx.TransportError:
                outcomes.add(False)
        return outcomes

    async with a_served_gateway(tmp_path, url=database_url, workers=2, **certificates.settings) as gateway:
        before = await let_in(gateway, one), await let_in(gateway, other)
        certificates.believe(certificates.stranger)
        gateway.send(signal.SIGHUP)

        async def both_have_read():
            return reloads(gateway) == 2

        await until(both_have_read, within=START_TIMEOUT)
        after = await let_in(gateway, one), await let_in(gateway, other)

    assert (before, after) == (({True}, {False}), ({False}, {True}))
