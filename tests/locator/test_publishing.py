"""What is published is signed by its member, read by members only, and rebuilt when records have settled."""

import asyncio
import hashlib
from dataclasses import replace
from datetime import timedelta

import httpx
import orjson
import pytest

from connectors.locator import building
from connectors.locator.building import LONGEST
from connectors.locator.keys import ELEMENTS
from connectors.locator.psi import Unusable
from connectors.locator.statement import STATEMENT_TYPE, StatementRefused, read_statement
from gateway.federation.signed import new_key, sign, unverified
from tests.support.builders import NOW, a_child, an_authority
from tests.support.federation import ELSEWHERE, THERE, assertion, enrolled, speaking_as
from tests.support.processes import until

BEATS = 50
"""Fewer than there are while a process for one of three setups starts."""


@pytest.fixture(scope="module")
async def held(federation):
    await an_authority(federation.database, THERE)
    await a_child(federation.database, nhs_number="9434765919")
    await federation.built()
    return federation


@pytest.fixture
def address(held):
    return held.there.member.endpoints[0]


async def test_a_statement_names_setups_that_can_be_had_and_is_not_sent_twice(held, address):
    async with speaking_as(held.here.own, held.there.member) as http:
        answer = await http.get(f"{address}/federation/locator")
        again = await http.get(f"{address}/federation/locator", headers={"if-none-match": answer.headers["etag"]})
        statement = read_statement(answer.text, member=held.there.member, at=NOW)
        contents = [
            (digest, (await http.get(f"{address}/federation/locator/{digest}")).content)
            for digest in statement.setups.values()
        ]
        missing = [await http.get(f"{address}/federation/locator/{digest}") for digest in ("0" * 64, "..", "x")]

    assert (again.status_code, again.content) == (304, b"")
    assert len(contents) == 3
    assert all(hashlib.sha256(content).hexdigest() == digest for digest, content in contents)
    assert [one.status_code for one in missing] == [404, 404, 404]


async def test_who_is_no_member_reads_nothing(held, address, tmp_path):
    stranger = enrolled(tmp_path, ELSEWHERE)
    async with speaking_as(stranger.own, held.there.member) as http:
        with pytest.raises((httpx.ReadError, httpx.ConnectError, httpx.RemoteProtocolError)):
            await http.get(f"{address}/federation/locator")


def _changed(text, signer, **changed):
    return sign(dict(unverified(text)) | changed, type=STATEMENT_TYPE, key=signer)


async def test_a_statement_that_is_not_the_members_own_or_has_expired_is_refused(held):
    text, member, key = held.parts.setups.of(THERE).text, held.there.member, held.there.key
    refused = []
    for changed in (
        _changed(text, new_key()),
        _changed(text, key, iss="E08000006"),
        _changed(text, key, exp=int(NOW.timestamp()) - 60),
        _changed(text, key, derivation=2),
        _changed(text, key, key="../x"),
        _changed(text, key, setups=[{"kind": "nhs", "digest": "short", "size": 1}]),
        _changed(text, key, setups="x"),
        "junk",
    ):
        with pytest.raises(StatementRefused) as error:
            read_statement(changed, member=member, at=NOW)
        refused.append(str(error.value))

    assert refused == [
        "statement-key",
        "statement-issuer",
        "statement-expired",
        *["statement-malformed"] * 5,
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"key": "x", "elements": []},
        {"key": 5, "elements": ["AA=="] * ELEMENTS},
        {"key": "x", "elements": ["AA=="] * ELEMENTS},
        {"key": "x", "elements": [5] * ELEMENTS},
        {"key": "x", "elements": ["ü"] * ELEMENTS},
        {},
    ],
)
async def test_an_ask_of_another_form_is_refused_and_not_answered(held, address, body):
    sent = orjson.dumps(body)
    async with speaking_as(held.here.own, held.there.member) as http:
        headers = {"content-type": "application/json"}
        unsigned = await http.post(f"{address}/federation/locate", content=sent, headers=headers)
        headers["authorization"] = f"Bearer {assertion(held.here, body=sent)}"
        answer = await http.post(f"{address}/federation/locate", content=sent, headers=headers)

    assert unsigned.status_code == 401
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_changes_are_taken_in_once_they_have_settled_and_no_others(held):
    builder = held.answering.builder
    await held.built()
    quiet = await builder.look()
    await held.database.execute("UPDATE child SET postcode = 'M1 1AA', nhs_number = nhs_number")
    of_an_address = await builder.look()
    builder._debounce = 3600
    try:
        await a_child(held.database, nhs_number="9434765870")
        unsettled = await builder.look()
    finally:
        builder._debounce = 0
    settled = await builder.look()

    assert (quiet, of_an_address, unsettled, settled) == (False, False, False, True)


async def test_a_day_without_changes_makes_a_release_of_the_same_setups(held):
    builder = held.answering.builder
    await held.built()
    before, clock = await builder._locator.release(), builder._clock
    builder._clock = lambda: NOW + LONGEST + timedelta(minutes=1)
    try:
        assert await builder.look()
    finally:
        builder._clock = clock
    after = await builder._locator.release()

    assert after.version > before.version
    assert after.setups == before.setups
    assert await builder._locator.setup(after.setups[0].digest) is not None


async def test_what_is_published_and_what_is_held_is_counted(held, monkeypatch):
    builder, following = held.answering.builder, held.parts.setups

    def sample(part, name, **labels):
        return part._metrics.registry.get_sample_value(f"gateway_locator_{name}", labels)

    await held.built()
    published = sample(builder, "builds_total", outcome="published")
    await a_child(held.database, nhs_number="9000000033")
    await builder.look()
    assert sample(builder, "builds_total", outcome="published") == published + 1
    assert sample(builder, "release_timestamp_seconds") == NOW.timestamp()

    await following.look_at_all()
    assert [sample(following, "members", state=state) for state in ("held", "lacking")] == [1, 0]
    monkeypatch.setattr(following, "_clock", lambda: NOW + timedelta(days=30))
    await following.look_at_all()
    assert [sample(following, "members", state=state) for state in ("held", "lacking")] == [0, 1]


async def test_sets_that_cannot_be_built_are_counted_and_tried_again(held, monkeypatch):
    builder = held.answering.builder

    async def unusable(_changed):
        raise Unusable("a setup could not be built")

    async def failed_twice():
        metrics = builder._metrics.registry
        return (metrics.get_sample_value("gateway_locator_builds_total", {"outcome": "failed"}) or 0) >= 2

    monkeypatch.setattr(builder, "_build", unusable)
    monkeypatch.setattr(building, "LOOK", 0.01)
    await a_child(held.database, nhs_number="9111231130")
    builder.start()
    try:
        await until(failed_twice)
    finally:
        await builder.close()
    monkeypatch.undo()

    assert await builder.look()


async def test_one_gateway_builds_at_a_time(held):
    builder = held.answering.builder
    await a_child(held.database, nhs_number="9000000009")
    assert await builder._locator.lease(seconds=60)
    try:
        meanwhile = await builder.look()
    finally:
        await builder._locator.give_back()

    assert not meanwhile
    assert await builder.look()


async def test_the_event_loop_does_not_wait_for_a_setup(held):
    beats, over = 0, asyncio.Event()

    async def beating():
        nonlocal beats
        while not over.is_set():
            await asyncio.sleep(0.005)
            beats += 1

    await a_child(held.database, nhs_number="9000000025")
    beat = asyncio.create_task(beating())
    assert await held.answering.builder.look()
    over.set()
    await beat

    assert beats > BEATS, "between the statements of a build that blocks it beats a few times"


async def test_setups_are_kept_across_a_restart_and_not_fetched_again(held):
    await held.built()
    setups = held.parts.setups
    before = setups._held.pop(THERE)
    fetched, published = [], setups._peers.published

    async def noting(authority, path, **stated):
        fetched.append(path)
        return await published(authority, path, **stated)

    setups._peers.published = noting
    try:
        await setups.look_at_all()
    finally:
        setups._peers.published = published

    assert fetched == ["/federation/locator"]
    assert setups.of(THERE).statement == before.statement


async def test_a_setup_of_another_digest_is_not_taken_up(held):
    setups = held.parts.setups
    published = setups._peers.published

    async def lying(authority, path, **stated):
        answer = await published(authority, path, **stated)
        return answer if answer is None or len(path) < 40 else replace(answer, content=answer.content + b"\0")

    await held.asking.execute("DELETE FROM peer_locator_setup")
    await held.asking.execute("DELETE FROM peer_locator")
    kept = setups._held.pop(THERE)
    setups._peers.published = lying
    try:
        await setups.look_at_all()
        assert setups.of(THERE) is None
    finally:
        setups._peers.published = published
        setups._held[THERE] = kept
