"""A gateway told to read its files again: what is new counts, what is broken leaves what was, and no ask is lost."""

import shutil
import signal
import ssl
from urllib.parse import urlsplit

import httpx
import orjson
from joserfc.jwk import ECKey, KeySet

from connectors.development_keys import development_jwks
from connectors.rule_set import RuleSet
from gateway.settings import PACKAGED_POLICIES
from tests.faults.crowd import a_crowd, an_asker, headers_of
from tests.support.federation import enrolled
from tests.support.processes import Load, a_served_gateway, lost, recorded, until


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

    await until(done)
    return gateway.complained.splitlines()[-1]


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
        httpx.AsyncClient(base_url=gateway.address, headers=headers) as http,
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
            return ssl.get_server_certificate((place.hostname, place.port), timeout=10)

        context = ssl.create_default_context(cadata=one.member.issuers[0])
        async with httpx.AsyncClient(base_url=gateway.address, verify=context) as http:
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
