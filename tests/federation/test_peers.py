"""Every authority asked is answered for within the deadline, whatever its gateway or the network does."""

import asyncio
import os
import resource
import time
from dataclasses import replace

import orjson
import pytest
from prometheus_client import generate_latest

from connectors.peers import MARGIN, PeerCalls
from gateway.federation.asking import PeerAsk
from gateway.federation.registry import read_registry
from gateway.federation.restraint import Circuit
from gateway.federation.signed import unverified
from gateway.vocabulary import SourceStatus
from tests.support.builders import NOW
from tests.support.faulty_proxy import ANSWER, Fault, FaultyProxy
from tests.support.federation import ACCESS, COMMITMENT, ELSEWHERE, HERE, NURSE, THERE, RegistryFile, enrolled
from tests.support.gateway import samples_in
from tests.support.processes import free_port, until

ME = "{ me { role } }"
DEADLINE = 4.0
"""Seconds within which whoever answers does so on a busy machine."""

AN_ASK = PeerAsk(text=ME, variables={}, asker=NURSE, access=ACCESS, request_id="asked-once", commitment=COMMITMENT)


def calls_of(here, registry, **stated):
    in_force = read_registry(registry.file.read_text(), keys=[registry.key], at=NOW)
    limits = {"reply_limit": 100_000, "concurrency": 16, "concurrency_in_all": 64} | stated
    return PeerCalls(
        home=HERE, key=lambda: here.key, own=here.own, registry=lambda: in_force, clock=lambda: NOW, **limits
    )  # fmt: skip


@pytest.fixture
async def world(tmp_path):
    """The asking side, and one other member behind a network that tests make bad."""
    here = enrolled(tmp_path, HERE)
    there = enrolled(tmp_path, THERE, port=free_port())
    registry = RegistryFile(tmp_path, here, there)
    proxy = FaultyProxy(there.own)
    calls = calls_of(here, registry)
    async with proxy.listening(int(there.member.endpoints[0].rpartition(":")[2])):
        yield calls, proxy
        await calls.close()


def counted(calls, *names):
    """The counters of calls that are not nothing."""
    names = names or ("gateway_peer_calls_total", "gateway_peer_silences_total")
    samples = samples_in(generate_latest(calls.metrics.registry).decode())
    return {
        name: value for name, value in samples.items() if name.startswith(names) and "_created" not in name and value
    }


async def reply_of(calls, *, within=20.0, authority=THERE):
    return (await calls.ask([authority], AN_ASK, within=within))[authority]


async def test_an_answer_is_handed_on_with_its_moment_and_its_time(world):
    calls, proxy = world
    reply = await reply_of(calls)

    assert (reply.status, reply.data) == (SourceStatus.ANSWERED, orjson.loads(ANSWER)["data"])
    assert reply.elapsed_ms % 10 == 0
    assert reply.elapsed_ms > 0
    assert orjson.loads(proxy.asked[0]) == {"query": ME, "variables": {}}


@pytest.mark.parametrize(
    ("fault", "status", "reason"),
    [
        (Fault.HANG, SourceStatus.TIMED_OUT, "peer-late"),
        (Fault.HANG_BEFORE_TLS, SourceStatus.TIMED_OUT, "peer-late"),
        (Fault.TRICKLE, SourceStatus.TIMED_OUT, "peer-late"),
        (Fault.RESET, SourceStatus.UNAVAILABLE, "peer-connection"),
        (Fault.LIE_ABOUT_LENGTH, SourceStatus.UNAVAILABLE, "peer-connection"),
        (Fault.CUT, SourceStatus.UNAVAILABLE, "peer-connection"),
        (Fault.GARBAGE, SourceStatus.UNAVAILABLE, "peer-connection"),
        (Fault.SHORT_LENGTH, SourceStatus.UNAVAILABLE, "peer-connection"),
        (Fault.BAD_CHUNKS, SourceStatus.UNAVAILABLE, "peer-connection"),
        (Fault.ENDLESS_HEAD, SourceStatus.UNAVAILABLE, "peer-connection"),
        (Fault.REDIRECT, SourceStatus.UNAVAILABLE, "peer-malformed"),
        (Fault.NO_JSON, SourceStatus.UNAVAILABLE, "peer-malformed"),
        (Fault.FLOOD, SourceStatus.UNAVAILABLE, "peer-reply-too-long"),
        (Fault.FAIL, SourceStatus.UNAVAILABLE, "peer-failed:AUDIT_UNAVAILABLE"),
        (Fault.REFUSE, SourceStatus.REFUSED, "peer-refused:UNAUTHENTICATED"),
    ],
)
async def test_what_the_network_does_is_named_and_told_as_no_answer(world, fault, status, reason):
    calls, proxy = world
    proxy.fault = fault
    reply = await reply_of(calls, within=1.0 if status is SourceStatus.TIMED_OUT else 20.0)

    assert (reply.status, reply.data) == (status, None)
    assert reply.reason.startswith(reason)
    assert counted(calls) == {
        f'gateway_peer_calls_total{{member="{THERE}",status="{status}"}}': 1,
        f'gateway_peer_silences_total{{member="{THERE}",reason="{reason.partition(":")[0]}"}}': 1,
    }


@pytest.mark.parametrize("answer", [b"null", b"[]", b'"x"', b'{"data":null}', b'{"data":[]}', b'{"errors":"x"}',
                                    b'{"errors":[{"extensions":{"code":5}}]}', b"{}"])  # fmt: skip
async def test_an_answer_of_another_form_is_none(world, answer):
    calls, proxy = world
    proxy.answer = answer

    assert (await reply_of(calls)).status is SourceStatus.UNAVAILABLE


async def test_a_flood_is_cut_off_long_before_it_has_come_in(world):
    calls, proxy = world
    proxy.fault = Fault.FLOOD
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    await reply_of(calls)

    assert proxy.sent < 20_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


async def test_a_peer_that_broke_off_is_asked_once_more_under_a_new_assertion(tmp_path):
    here, there = enrolled(tmp_path, HERE), enrolled(tmp_path, THERE, port=free_port())
    calls = calls_of(here, RegistryFile(tmp_path, here, there))
    broken = FaultyProxy(there.own, Fault.CUT)
    async with broken.listening(int(there.member.endpoints[0].rpartition(":")[2])):
        await reply_of(calls)
        await calls.close()

    assert broken.calls == 2
    assert len({unverified(text)["jti"] for text in broken.assertions}) == 2
    assert {unverified(text)["ent"] for text in broken.assertions} == {COMMITMENT}


async def test_the_time_that_is_left_travels_with_each_attempt(world):
    calls, proxy = world
    await reply_of(calls, within=9.0)
    proxy.fault = Fault.CUT
    await reply_of(calls, within=6.0)

    of_answer, first, again = [unverified(text)["left"] for text in proxy.assertions]
    assert 0 < of_answer <= 9_000 - 1000 * MARGIN
    assert 0 < again <= first <= 6_000 - 1000 * MARGIN


async def test_a_peer_that_has_too_much_to_do_is_not_asked_once_more(world):
    calls, proxy = world
    proxy.answer = b'{"errors":[{"message":"m","extensions":{"code":"OVERLOADED"}}]}'
    reply = await reply_of(calls)

    assert (reply.status, reply.reason) == (SourceStatus.UNAVAILABLE, "peer-failed:OVERLOADED")
    assert proxy.calls == 1


async def test_retries_end_with_their_budget(world):
    calls, proxy = world
    proxy.fault = Fault.CUT
    for _ in range(4):
        await reply_of(calls)
        calls._lanes.held()[0].endpoints[0].breaker.succeeded()

    assert proxy.calls == 4 + 3


async def test_a_replica_that_was_silent_until_the_other_answered_is_asked_less(tmp_path):
    ports = (free_port(), free_port())
    here, there = enrolled(tmp_path, HERE), enrolled(tmp_path, THERE, ports=ports)
    # For breakers time stands still: one that was opened rests until the end.
    calls = calls_of(here, RegistryFile(tmp_path, here, there), seconds=lambda: 0.0)
    silent, well = FaultyProxy(there.own, Fault.HANG), FaultyProxy(there.own)
    async with silent.listening(ports[1]), well.listening(ports[0]):
        await reply_of(calls, within=2.0)  # so that retries enough are saved up for what follows
        calls._budget.saved = 20.0
        replies = [await reply_of(calls, within=2.0) for _ in range(14)]
        await calls.close()

    assert {reply.status for reply in replies} == {SourceStatus.ANSWERED}
    assert silent.calls == 5


async def test_a_replica_that_could_not_be_tried_for_want_of_retries_is_tried_later(tmp_path):
    ports = (free_port(), free_port())
    here, there = enrolled(tmp_path, HERE), enrolled(tmp_path, THERE, ports=ports)
    now = [0.0]
    calls = calls_of(here, RegistryFile(tmp_path, here, there), seconds=lambda: now[0] + time.monotonic())
    async with FaultyProxy(there.own, Fault.HANG).listening(ports[1]):
        await prepared(calls, THERE)
        back = calls._lanes.held()[0].endpoints[0].breaker
        for _ in range(5):
            back.failed(now[0] + time.monotonic())
        now[0] += 2.0  # it has rested, and could be tried
        calls._budget.saved = 0.0
        calls._lanes.held()[0].asked = 0  # the other one first
        await reply_of(calls, within=0.5)
        state = back.state
        admitted = back.admits(now[0] + time.monotonic())
        await calls.close()

    assert (state, admitted) == (Circuit.OPEN, True)


async def test_an_ask_in_a_hurry_says_nothing_against_a_peer(world):
    calls, proxy = world
    await reply_of(calls)
    proxy.fault = Fault.HANG
    hurried = [await reply_of(calls, within=0.02) for _ in range(8)]
    proxy.fault = Fault.NONE
    after = await reply_of(calls)

    assert {reply.status for reply in hurried} == {SourceStatus.TIMED_OUT}
    assert after.status is SourceStatus.ANSWERED


async def test_a_code_of_a_peers_own_making_is_not_repeated(world):
    calls, proxy = world
    proxy.answer = b'{"errors":[{"message":"m","extensions":{"code":"AYESHA KHAN 14 MARSH LANE"}}]}'
    reply = await reply_of(calls)

    assert (reply.status, reply.reason) == (SourceStatus.REFUSED, "peer-refused:OTHER")


async def test_second_attempts_full_bulkheads_and_breakers_are_counted_by_member(tmp_path):
    ports = (free_port(), free_port())
    here, there = enrolled(tmp_path, HERE), enrolled(tmp_path, THERE, ports=ports)
    calls = calls_of(here, RegistryFile(tmp_path, here, there), concurrency=1, seconds=lambda: 0.0)
    silent, well = FaultyProxy(there.own, Fault.HANG), FaultyProxy(there.own)
    async with silent.listening(ports[1]), well.listening(ports[0]):
        await prepared(calls, THERE)
        await asyncio.gather(*(reply_of(calls, within=3.0) for _ in range(2)))
        silent.fault = well.fault = Fault.CUT
        await reply_of(calls)
        for endpoint in calls._lanes.held()[0].endpoints:
            for _ in range(5):
                endpoint.breaker.failed(0.0)
        calls.look()
        await reply_of(calls)
        await reply_of(calls, authority=ELSEWHERE)
        await calls.close()

    assert counted(calls, "gateway_peer_second", "gateway_peer_silences", "gateway_peer_circuit") == {
        f'gateway_peer_second_attempts_total{{kind="hedge",member="{THERE}"}}': 1,
        f'gateway_peer_second_attempts_total{{kind="retry",member="{THERE}"}}': 1,
        "gateway_peer_second_attempts_saved": pytest.approx(1.2),
        f'gateway_peer_silences_total{{member="{THERE}",reason="peer-busy"}}': 1,
        f'gateway_peer_silences_total{{member="{THERE}",reason="peer-connection"}}': 1,
        f'gateway_peer_silences_total{{member="{THERE}",reason="peer-resting"}}': 1,
        f'gateway_peer_circuit{{member="{THERE}"}}': 2,
    }


async def test_what_follows_an_answer_is_not_taken_for_the_next_one(world):
    calls, proxy = world
    proxy.answer = ANSWER + b'HTTP/1.1 200 X\r\ncontent-length: 20\r\n\r\n{"data":{"me":null}}'
    proxy.fault = Fault.SHORT_LENGTH
    await reply_of(calls)
    proxy.fault, proxy.answer = Fault.NONE, ANSWER
    after = await reply_of(calls)

    assert after.data == {"me": {"role": "peer"}}


async def test_a_connection_is_kept_for_the_next_ask(world):
    calls, proxy = world
    for _ in range(3):
        await reply_of(calls)

    assert (proxy.calls, proxy.connections) == (3, 1)


@pytest.mark.parametrize("fault", [Fault.HANG_BEFORE_TLS, Fault.HANG, Fault.TRICKLE])
async def test_a_call_that_was_given_up_leaves_no_socket_behind(world, fault):
    calls, proxy = world
    proxy.fault = fault
    await reply_of(calls, within=0.01)
    before = len(os.listdir("/proc/self/fd"))
    await asyncio.gather(*(reply_of(calls, within=0.3) for _ in range(10)))
    proxy.hang_up()
    await until(lambda: no_more_open(before))


async def no_more_open(before):
    return len(os.listdir("/proc/self/fd")) <= before


async def test_the_ways_to_all_members_are_ready_before_anybody_asks(tmp_path):
    here, *others = (enrolled(tmp_path, code, port=free_port()) for code in (HERE, THERE, ELSEWHERE))
    calls = calls_of(here, RegistryFile(tmp_path, here, *others))
    await prepared(calls, THERE, ELSEWHERE)
    await calls.close()


async def test_a_member_that_was_greeted_is_asked_over_the_connection_that_there_is(world):
    calls, proxy = world
    await calls._greeter.greet_all()
    greeted = proxy.connections
    reply = await reply_of(calls)

    assert reply.status is SourceStatus.ANSWERED
    assert (greeted, proxy.connections) == (1, 1)


async def test_a_member_that_is_gone_is_known_before_anybody_asks_and_found_again_by_a_greeting(tmp_path):
    now = [0.0]
    here, there = enrolled(tmp_path, HERE), enrolled(tmp_path, THERE, port=free_port())
    calls = calls_of(here, RegistryFile(tmp_path, here, there), seconds=lambda: now[0])
    for _ in range(5):
        await calls._greeter.greet_all()
    resting = await reply_of(calls)
    async with FaultyProxy(there.own).listening(int(there.member.endpoints[0].rpartition(":")[2])):
        now[0] += 1.5
        await calls._greeter.greet_all()
        back = await reply_of(calls)
        await calls.close()

    assert (resting.reason, back.status) == ("peer-resting", SourceStatus.ANSWERED)


async def prepared(calls, *members):
    calls.prepare()

    async def ready():
        return {lane.member.authority for lane in calls._lanes.held()} == set(members)

    await until(ready)


async def test_a_new_certificate_of_our_own_is_shown_over_a_new_connection(tmp_path):
    here, there = enrolled(tmp_path, HERE), enrolled(tmp_path, THERE, port=free_port())
    proxy = FaultyProxy(there.own)
    calls = calls_of(here, RegistryFile(tmp_path, here, there))
    async with proxy.listening(int(there.member.endpoints[0].rpartition(":")[2])):
        await reply_of(calls)
        here.renew()
        renewed = await reply_of(calls)
        await calls.close()

    assert renewed.status is SourceStatus.ANSWERED
    assert proxy.connections == 2


async def test_a_dead_peer_is_rested_and_found_again_when_it_is_back(tmp_path):
    now = [0.0]
    here, there = enrolled(tmp_path, HERE), enrolled(tmp_path, THERE, port=free_port())
    calls = calls_of(here, RegistryFile(tmp_path, here, there), seconds=lambda: now[0])
    for _ in range(6):
        await reply_of(calls)
    resting = await reply_of(calls)
    async with FaultyProxy(there.own).listening(int(there.member.endpoints[0].rpartition(":")[2])):
        now[0] += 1.5
        back = await reply_of(calls)
        await calls.close()

    assert resting.reason == "peer-resting"
    assert back.status is SourceStatus.ANSWERED


async def test_a_slow_peer_takes_its_share_and_no_more(tmp_path):
    here, slow, well = (enrolled(tmp_path, code, port=free_port()) for code in (HERE, THERE, ELSEWHERE))
    calls = calls_of(here, RegistryFile(tmp_path, here, slow, well), concurrency=4)
    hanging = FaultyProxy(slow.own, Fault.HANG)
    async with (
        hanging.listening(int(slow.member.endpoints[0].rpartition(":")[2])),
        FaultyProxy(well.own).listening(int(well.member.endpoints[0].rpartition(":")[2])),
    ):
        asked = [asyncio.create_task(reply_of(calls, within=1.5)) for _ in range(8)]
        other = await reply_of(calls, authority=ELSEWHERE)
        replies = await asyncio.gather(*asked)
        await calls.close()

    assert other.status is SourceStatus.ANSWERED
    assert sorted(reply.reason for reply in replies) == ["peer-busy"] * 4 + ["peer-late"] * 4


async def test_all_authorities_are_asked_at_once_and_each_is_answered_for(tmp_path):
    """Twelve members of which every third hangs."""
    here = enrolled(tmp_path, HERE)
    others = [enrolled(tmp_path, f"E0600{number:04}", port=free_port()) for number in range(12)]
    calls = calls_of(here, RegistryFile(tmp_path, here, *others))
    proxies = [FaultyProxy(one.own, Fault.HANG if number % 3 == 0 else Fault.NONE) for number, one in enumerate(others)]
    stack = [
        proxy.listening(int(one.member.endpoints[0].rpartition(":")[2]))
        for proxy, one in zip(proxies, others, strict=True)
    ]
    for one in stack:
        await one.__aenter__()
    try:
        began = time.monotonic()
        replies = await calls.ask([one.member.authority for one in others], AN_ASK, within=DEADLINE)
        took = time.monotonic() - began
    finally:
        await calls.close()
        for one in stack:
            await one.__aexit__(None, None, None)

    assert [reply.status for reply in replies.values()] == [
        SourceStatus.TIMED_OUT if number % 3 == 0 else SourceStatus.ANSWERED for number in range(12)
    ]
    assert took < 3 * DEADLINE, "the deadline's time and not the sum of four"


async def test_a_replica_is_asked_where_the_first_one_is_silent(tmp_path):
    ports = (free_port(), free_port())
    here, there = enrolled(tmp_path, HERE), enrolled(tmp_path, THERE, ports=ports)
    calls = calls_of(here, RegistryFile(tmp_path, here, there))
    silent, well = FaultyProxy(there.own, Fault.HANG), FaultyProxy(there.own)
    async with silent.listening(ports[1]), well.listening(ports[0]):
        reply = await reply_of(calls, within=3.0)
        await calls.close()

    assert (silent.calls, well.calls) == (1, 1)
    assert reply.status is SourceStatus.ANSWERED


async def test_nobody_is_asked_who_is_not_a_member(world):
    calls, _ = world

    assert (await reply_of(calls, authority=ELSEWHERE)).reason == "not-a-member"
    assert (await reply_of(calls, authority=HERE)).reason == "not-a-member"


async def test_another_servers_certificate_is_never_sent_a_word(tmp_path):
    here, there, other = (enrolled(tmp_path, code, port=free_port()) for code in (HERE, THERE, ELSEWHERE))
    calls = calls_of(here, RegistryFile(tmp_path, here, there, other))
    thief = FaultyProxy(other.own)
    async with thief.listening(int(there.member.endpoints[0].rpartition(":")[2])):
        reply = await reply_of(calls)
        await calls.close()

    assert reply.status is SourceStatus.UNAVAILABLE
    assert thief.calls == 0


async def test_a_real_gateway_answers_within_the_time_that_travels_with_the_call(
    database, database_url, tmp_path, answering, here, there, registry
):
    there.member = replace(there.member, endpoints=(answering,))
    registry.publish(here, there)
    calls = calls_of(here, registry)
    in_time = await reply_of(calls, within=20.0)
    late = await calls.ask([THERE], AN_ASK, within=0.001)
    await calls.close()

    assert in_time.status is SourceStatus.ANSWERED, in_time.reason
    assert in_time.data == {"me": {"role": "peer"}}
    assert in_time.as_of == NOW
    assert late[THERE].status is SourceStatus.TIMED_OUT
