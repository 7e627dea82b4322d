"""OPA as the compose file starts it, over rules that change: followed, refused, and its failures told apart."""

import asyncio
import json
import shutil
import signal
import subprocess
import sys
from base64 import urlsafe_b64encode
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from connectors.following_opa import FollowingOpa
from connectors.golden import golden_questions
from connectors.opa_serving import serving_arguments
from connectors.policy_engine import TrustedRules
from connectors.postgres.rule_releases import RuleReleases
from connectors.rule_set import RuleSet
from connectors.rule_signature import RulesNotTrusted, fitting_signature, new_key, sign
from gateway.errors import DecisionUnavailable
from gateway.settings import PACKAGED_POLICIES
from tests.deploy.containers import health_words, opa_words
from tests.support.builders import NOW
from tests.support.gateway import a_gateway, settings_for
from tests.support.processes import START_TIMEOUT, a_running, command_of, free_port, until
from tests.support.tools import opa_command

PRIVATE, PUBLIC = new_key()


@pytest.fixture
def key(tmp_path):
    """The policy owner's public key, as a file."""
    path = tmp_path / "owner.pub.pem"
    path.write_bytes(PUBLIC)
    return path


@pytest.fixture
def folder(tmp_path):
    """A signed rule set that a test may change."""
    folder = Path(shutil.copytree(PACKAGED_POLICIES, tmp_path / "rules"))
    sign(folder, PRIVATE, issued=NOW)
    return folder


def retitle(folder, title):
    """Change the rule set without changing what it decides, and return its revision."""
    book = json.loads((folder / "data.json").read_text())
    book["purposes"] = book["purposes"] | {"direct-support": title}
    (folder / "data.json").write_text(json.dumps(book))
    return RuleSet.read(folder).revision


@asynccontextmanager
async def an_opa_of(rules_url, tmp_path, *, key, port=None):
    """OPA, started with the words of the compose file; without a key, by what the command would start."""
    address = f"127.0.0.1:{port or free_port()}"
    words = opa_words(address=address, rules_url=rules_url, key_file=key)
    if key is None:
        words = list(serving_arguments(address=address, rules_url=rules_url, key_file=None))
    async with a_running([opa_command(), *words], folder=tmp_path / "opa") as opa:
        opa.address, opa.url = address, f"http://{address}"
        yield opa


@asynccontextmanager
async def a_bundle_server(folder):
    """Any server of files, which serves whatever stands in a folder as the bundle."""
    folder.mkdir()
    port = free_port()
    words = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", str(folder), str(port)]
    async with a_running(words, folder=folder.parent / "served") as server:
        server.url = f"http://127.0.0.1:{port}"
        yield server


@pytest.fixture
async def road(database_url, folder, key, tmp_path):
    """The rules' server and OPA, as the compose file starts them; has `opa` and `rules`."""
    port = free_port()
    settings = {
        "database_url": database_url, "data_dir": tmp_path, "policies_dir": folder, "policies_key_file": key,
        "policies_interval": 0.1,
    }  # fmt: skip
    async with (
        a_running(
            command_of("policy", "publish", "--port", str(port)), folder=tmp_path / "publish", **settings
        ) as rules,
        an_opa_of(f"http://127.0.0.1:{port}", tmp_path, key=key) as opa,
    ):
        opa.rules = rules
        await until(lambda: holds(opa, RuleSet.read(folder).revision), within=START_TIMEOUT)
        yield opa


@pytest.fixture
async def follower(database, database_url, folder, key, tmp_path):
    """Follows an OPA as a gateway does."""
    opened = []

    async def follow(url):
        settings = settings_for(tmp_path, env="development", policies_dir=folder, policies_key_file=key)
        trusted = TrustedRules(settings, RuleReleases(database), clock=lambda: NOW)
        decider = FollowingOpa(url, folder=folder, timeout=60.0, trust=trusted.held_by_opa)
        opened.append(decider)
        await decider.start()
        return decider

    yield follow
    for decider in opened:
        await decider.close()


async def status_of(opa):
    async with httpx.AsyncClient(base_url=opa.url, timeout=60) as http:
        return (await http.get("/v1/status")).json()["result"]["bundles"]["directory"]


async def holds(opa, revision):
    assert opa.runs, opa.complained
    with suppress(httpx.TransportError, KeyError):
        return (await status_of(opa)).get("active_revision") == revision
    return False


async def refuses(opa):
    with suppress(httpx.TransportError, KeyError):
        return (await status_of(opa)).get("message")
    return None


async def says(decider, revision):
    with suppress(DecisionUnavailable):
        return decider.revision == revision
    return False


def is_well(address):
    return subprocess.run(health_words(address), capture_output=True, check=False).returncode == 0  # noqa: S603 - ours


async def test_opa_activates_the_bundle_and_its_health_says_so(road, folder):
    status = await status_of(road)

    assert status["active_revision"] == RuleSet.read(folder).revision
    assert is_well(road.address)


async def test_opa_without_a_bundle_is_not_well(tmp_path, key):
    async with an_opa_of(f"http://127.0.0.1:{free_port()}", tmp_path, key=key) as opa:

        async def listens():
            with suppress(httpx.TransportError):
                async with httpx.AsyncClient(timeout=60) as http:
                    return (await http.get(f"{opa.url}/health")).status_code == 200
            return False

        await until(listens, within=START_TIMEOUT)

        assert not is_well(opa.address)


async def test_a_new_bundle_is_taken_up_without_a_restart_and_names_its_decisions(road, folder, follower):
    decider = await follower(road.url)
    question = golden_questions(decider.rules)[0]
    before = await decider.decide(question)

    revision = retitle(folder, "Another title")
    sign(folder, PRIVATE, issued=NOW + timedelta(hours=1))
    await until(lambda: says(decider, revision), within=START_TIMEOUT)
    after = await decider.decide(question)

    assert (after.revision, after.items) == (revision, before.items)
    assert decider.rules.data["purposes"]["direct-support"] == "Another title"
    assert road.runs


async def test_no_decision_is_dropped_while_opa_takes_up_a_bundle(road, folder, follower):
    decider = await follower(road.url)
    question = golden_questions(decider.rules)[0]
    revision = retitle(folder, "Another title")
    sign(folder, PRIVATE, issued=NOW + timedelta(hours=1))

    async def decided():
        return (await decider.decide(question)).revision == revision

    await until(decided, within=START_TIMEOUT)


async def test_rules_that_do_not_build_are_not_published(road, folder, follower):
    decider = await follower(road.url)
    revision = decider.revision
    (folder / "directory" / "decide.rego").write_text("package directory\n\nanswer := {")
    sign(folder, PRIVATE, issued=NOW + timedelta(hours=1))

    async def refused():
        return "new rules refused" in road.rules.complained

    await until(refused)

    assert await holds(road, revision)
    assert (await decider.decide(golden_questions(decider.rules)[0])).revision == revision


async def test_rules_that_were_not_signed_are_not_published_until_they_are(road, folder):
    before = RuleSet.read(folder).revision
    after = retitle(folder, "Another title")

    async def refused():
        return "changed since they were signed" in road.rules.complained

    await until(refused)
    held = await holds(road, before)
    sign(folder, PRIVATE, issued=NOW + timedelta(hours=1))
    await until(lambda: holds(road, after), within=START_TIMEOUT)

    assert held


async def test_rules_whose_bundle_another_release_signed_are_not_published_until_they_are_signed_again(
    database, folder, key, tmp_path
):
    file = folder / "signature.json"
    document = json.loads(file.read_text())
    head, _, made = document["bundle"].split(".")
    file.write_text(json.dumps(document | {"bundle": f"{head}.{urlsafe_b64encode(b'{}').decode()}.{made}"}))
    settings = settings_for(tmp_path, env="development", policies_dir=folder, policies_key_file=key)
    trusted = TrustedRules(settings, RuleReleases(database), clock=lambda: NOW)

    with pytest.raises(RulesNotTrusted, match="sign them with this one"):
        await trusted.to_publish(RuleSet.read(folder))

    sign(folder, PRIVATE, issued=NOW)
    await trusted.to_publish(RuleSet.read(folder))


async def test_opa_keeps_its_rules_where_a_bundle_cannot_be_read(folder, key, tmp_path):
    rules = RuleSet.read(folder)
    async with a_bundle_server(tmp_path / "bundles") as server, an_opa_of(server.url, tmp_path, key=key) as opa:
        bundle = tmp_path / "bundles" / "bundle.tar.gz"
        bundle.write_bytes(rules.bundle(fitting_signature(folder, rules)))
        await until(lambda: holds(opa, rules.revision), within=START_TIMEOUT)

        bundle.write_bytes(b"this is no bundle")
        await until(lambda: refuses(opa), within=START_TIMEOUT)

        assert await holds(opa, rules.revision)


@pytest.mark.parametrize("signed_by", ["nobody", "another"])
async def test_opa_keeps_its_rules_where_a_bundle_is_not_signed_by_the_owner(signed_by, folder, key, tmp_path):
    rules = RuleSet.read(folder)
    async with a_bundle_server(tmp_path / "bundles") as server, an_opa_of(server.url, tmp_path, key=key) as opa:
        bundle = tmp_path / "bundles" / "bundle.tar.gz"
        bundle.write_bytes(rules.bundle(fitting_signature(folder, rules)))
        await until(lambda: holds(opa, rules.revision), within=START_TIMEOUT)

        retitle(folder, "Another title")
        if signed_by == "another":
            sign(folder, new_key()[0], issued=NOW)
        changed = RuleSet.read(folder)
        bundle.write_bytes(changed.bundle(fitting_signature(folder, changed)))
        await until(lambda: refuses(opa), within=START_TIMEOUT)

        assert await holds(opa, rules.revision)


async def test_an_older_release_in_opa_is_told_by_nobody_until_the_newer_is_back(folder, key, tmp_path, follower):
    old = RuleSet.read(folder)
    old_bundle = old.bundle(fitting_signature(folder, old))
    retitle(folder, "Another title")
    sign(folder, PRIVATE, issued=NOW + timedelta(hours=1))
    new = RuleSet.read(folder)
    new_bundle = new.bundle(fitting_signature(folder, new))
    async with a_bundle_server(tmp_path / "bundles") as server, an_opa_of(server.url, tmp_path, key=key) as opa:
        bundle = tmp_path / "bundles" / "bundle.tar.gz"
        bundle.write_bytes(new_bundle)
        await until(lambda: holds(opa, new.revision), within=START_TIMEOUT)
        decider = await follower(opa.url)

        bundle.write_bytes(old_bundle)
        await until(lambda: holds(opa, old.revision), within=START_TIMEOUT)
        with pytest.raises(DecisionUnavailable) as refused:
            await decider.decide(golden_questions(old)[0])
        with pytest.raises(DecisionUnavailable):
            _ = decider.revision
        bundle.write_bytes(new_bundle + b"\0")  # the server names a file by its time, which may be the same second
        await until(lambda: says(decider, new.revision), within=START_TIMEOUT)

        assert refused.value.reason == "rules-not-trusted"
        assert (await decider.decide(golden_questions(new)[0])).revision == new.revision


@pytest.mark.parametrize("lie", ["unsigned", "altered"])
async def test_a_gateway_with_the_owners_key_starts_on_no_other_rules_whatever_opa_verifies(
    lie, folder, tmp_path, follower
):
    rules = RuleSet.read(folder)
    bundle = rules.bundle(None if lie == "unsigned" else fitting_signature(folder, rules))
    if lie == "altered":
        # Other rules, under the revision and the signature of these.
        told = rules.data["shielding"] | {"untouched": ["Child"]}
        altered = RuleSet(modules=rules.modules, data={**rules.data, "shielding": told}, digest=rules.digest)
        bundle = altered.bundle(
            {name: value for name, value in fitting_signature(folder, rules).items() if name != "bundle"}
        )
    async with a_bundle_server(tmp_path / "bundles") as server, an_opa_of(server.url, tmp_path, key=None) as opa:
        (tmp_path / "bundles" / "bundle.tar.gz").write_bytes(bundle)
        await until(lambda: holds(opa, rules.revision), within=START_TIMEOUT)

        with pytest.raises(RulesNotTrusted):
            await follower(opa.url)


async def test_rules_published_before_are_not_published_again_once_newer_were_in_force(
    road, folder, follower, database_url, key, tmp_path
):
    await follower(road.url)
    old = shutil.copytree(folder, tmp_path / "old")
    revision = retitle(folder, "Another title")
    sign(folder, PRIVATE, issued=NOW + timedelta(hours=1))
    await until(lambda: holds(road, revision), within=START_TIMEOUT)
    decider = await follower(road.url)
    settings = {"database_url": database_url, "data_dir": tmp_path, "policies_dir": old, "policies_key_file": key}

    async with a_running(
        command_of("policy", "publish", "--port", "0"), folder=tmp_path / "again", **settings
    ) as again:
        code = await again.ended(within=START_TIMEOUT)

        assert decider.revision == revision
        assert (code, "a newer rule set has already been in force" in again.complained) == (2, True)


async def test_a_gateway_that_is_started_before_opa_has_rules_waits_for_them(
    folder, key, tmp_path, follower, monkeypatch
):
    monkeypatch.setattr("connectors.following_opa.START_PATIENCE", START_TIMEOUT)
    rules = RuleSet.read(folder)
    async with a_bundle_server(tmp_path / "bundles") as server, an_opa_of(server.url, tmp_path, key=key) as opa:
        starting = asyncio.create_task(follower(opa.url))

        async def asked_in_vain():
            with suppress(httpx.TransportError):
                async with httpx.AsyncClient(base_url=opa.url, timeout=60) as http:
                    return starting.done() or 'handler="v1/data"' in (await http.get("/metrics")).text
            return False

        await until(asked_in_vain, within=START_TIMEOUT)
        (tmp_path / "bundles" / "bundle.tar.gz").write_bytes(rules.bundle(fitting_signature(folder, rules)))
        decider = await starting

        assert decider.revision == rules.revision


async def test_a_gateway_whose_opa_does_not_come_gives_up(follower, monkeypatch):
    monkeypatch.setattr("connectors.following_opa.START_PATIENCE", 0.5)

    with pytest.raises(DecisionUnavailable):
        await follower(f"http://127.0.0.1:{free_port()}")


async def test_the_gateway_is_ready_while_opa_is_there_and_not_without_it(road, database_url, tmp_path, key, folder):
    port = int(road.address.rpartition(":")[2])
    settings = {"opa_url": road.url, "policies_dir": folder, "policies_key_file": key, "decision_timeout": 20}
    async with a_gateway(database_url, tmp_path, **settings) as client:

        async def readiness():
            response = await client.http.get("/readyz")
            return response.status_code, response.json()["checks"]["engine"]

        async def ready():
            return await readiness() == (200, True)

        async def not_ready():
            return await readiness() == (503, False)

        await until(ready)
        road.kill()
        await until(not_ready)
        async with a_bundle_server(tmp_path / "bundles") as server:
            rules = RuleSet.read(folder)
            (tmp_path / "bundles" / "bundle.tar.gz").write_bytes(rules.bundle(fitting_signature(folder, rules)))
            async with an_opa_of(server.url, tmp_path, key=key, port=port):
                await until(ready, within=START_TIMEOUT)


async def test_one_command_starts_opa_over_a_folder_and_ends_it(folder, tmp_path):
    port = free_port()
    command = command_of("policy", "opa", "--addr", f"127.0.0.1:{port}")
    settings = {"data_dir": tmp_path, "policies_dir": folder}
    async with a_running(command, folder=tmp_path / "command", **settings) as running:
        running.url = f"http://127.0.0.1:{port}"
        await until(lambda: holds(running, RuleSet.read(folder).revision), within=START_TIMEOUT)

        running.send(signal.SIGTERM)
        code = await running.ended()

        with pytest.raises(httpx.ConnectError):
            httpx.get(running.url)  # noqa: ASYNC210 - nobody is there to wait for
        assert code == 0


async def test_the_command_ends_with_opa_where_opa_cannot_go_on(folder, tmp_path):
    command = command_of("policy", "opa", "--addr", "no-such-host.invalid:1")
    async with a_running(command, folder=tmp_path / "command", data_dir=tmp_path, policies_dir=folder) as running:
        code = await running.ended(within=START_TIMEOUT)

        assert (code, "OPA ended with" in running.complained) == (1, True)
