"""Two whole gateways whose clocks, keys, registry or network are not as they should be: named, recorded, and over."""

from dataclasses import replace
from datetime import timedelta

from connectors.postgres.ledger import PostgresLedgerReader
from gateway.federation.reconciling import Reconciliation, calls_in
from gateway.federation.signed import new_key
from tests.support.borders import a_nurse, mia, port_of, two_authorities
from tests.support.builders import NOW
from tests.support.federation import HERE, THERE
from tests.support.processes import free_port
from tests.support.relay import Relay


async def found(borders, nurse, request_id):
    """How THERE answered, what it told, and what both sides recorded of it."""
    answer = await borders.find(nurse, **{"x-request-id": request_id})
    search = answer.data["searchChildren"]
    [status] = [source["status"] for source in search["sources"] if source["authority"]["code"] == THERE]
    ours = await borders.here.entry(request_id)
    [noted] = [source for source in ours["sources"] if source["authority"] == THERE]
    theirs = [entry for entry in await borders.there.entries() if entry["request_id"] == request_id]
    reasons = [code["reason"] for entry in theirs for code in entry["outcome"]["codes"]]
    return status, len(search["candidates"]), noted, reasons


async def test_a_clock_that_is_wrong_by_more_than_half_a_minute_is_a_refusal_on_both_sides(postgres, tmp_path):
    now = [NOW]
    async with two_authorities(postgres, tmp_path, clock_there=lambda: now[0]) as borders:
        await mia(borders.there)
        nurse = await a_nurse(borders.here)
        slow = await found(borders, nurse, "there-it-is-earlier-1")
        now[0] = NOW - timedelta(seconds=31)
        early = await found(borders, nurse, "there-it-is-earlier-2")
        now[0] = NOW + timedelta(seconds=91)
        late = await found(borders, nurse, "there-it-is-later")
        now[0] = NOW + timedelta(seconds=29)
        again = await found(borders, nurse, "nearly-right-again")

    assert [one[:2] for one in (slow, early, late, again)] == [
        ("ANSWERED", 1),
        ("REFUSED", 0),
        ("REFUSED", 0),
        ("ANSWERED", 1),
    ]
    assert early[2]["reason"] == late[2]["reason"] == "peer-refused:UNAUTHENTICATED"
    assert (early[3], late[3]) == (["assertion-not-yet-valid"], ["assertion-expired"])


async def test_a_key_that_the_registry_does_not_list_is_refused_until_it_does(postgres, tmp_path):
    async with two_authorities(postgres, tmp_path) as borders:
        await mia(borders.there)
        nurse, here, there = await a_nurse(borders.here), borders.here.member, borders.there.member
        before = await found(borders, nurse, "before")
        listed = here.member
        here.member = replace(listed, keys=(new_key(),))
        await borders.publish(here, there)
        rotated = await found(borders, nurse, "rotated")
        # While a key changes the registry lists both.
        here.member = replace(listed, keys=(*here.member.keys, *listed.keys))
        await borders.publish(here, there)
        both = await found(borders, nurse, "both")

    assert [one[:2] for one in (before, rotated, both)] == [("ANSWERED", 1), ("REFUSED", 0), ("ANSWERED", 1)]
    assert rotated[3] == ["assertion-key"]


async def test_a_member_that_leaves_and_comes_back_elsewhere_is_asked_where_it_is(postgres, tmp_path):
    """The registry rotates twice while both gateways serve; the second time the member has another address."""
    there_now = free_port()
    async with two_authorities(postgres, tmp_path) as borders:
        await mia(borders.there)
        nurse, here, there = await a_nurse(borders.here), borders.here.member, borders.there.member
        before, before_at = await found(borders, nurse, "listed"), port_of(there)
        await borders.publish(here)
        gone = await borders.find(nurse)
        there.member = replace(there.member, endpoints=(f"https://127.0.0.1:{there_now}",))
        await borders.publish(here, there)
        async with Relay(before_at).listening(there_now):
            moved = await found(borders, nurse, "moved")

    assert [one[:2] for one in (before, moved)] == [("ANSWERED", 1)] * 2
    assert gone.codes == ["BAD_CRITERIA"], "no such authority, for as long as it is not listed"


async def test_an_expired_certificate_there_is_named_until_it_is_renewed(postgres, tmp_path):
    async with two_authorities(postgres, tmp_path) as borders:
        await mia(borders.there)
        nurse, there = await a_nurse(borders.here), borders.there.member
        there.renew(at=NOW - timedelta(days=400))
        expired = await found(borders, nurse, "expired")
        there.renew()
        renewed = await found(borders, nurse, "renewed")

    assert [one[:2] for one in (expired, renewed)] == [("UNAVAILABLE", 0), ("ANSWERED", 1)]
    assert expired[2]["reason"] == "peer-connection:ClientConnectorCertificateError"


async def test_an_expired_certificate_here_is_named_until_it_is_renewed(postgres, tmp_path):
    async with two_authorities(postgres, tmp_path) as borders:
        await mia(borders.there)
        nurse, here = await a_nurse(borders.here), borders.here.member
        here.renew(at=NOW - timedelta(days=400))
        expired = await found(borders, nurse, "expired")
        here.renew()
        renewed = await found(borders, nurse, "renewed")

    assert [one[:2] for one in (expired, renewed)] == [("UNAVAILABLE", 0), ("ANSWERED", 1)]


async def test_an_answer_cut_off_in_the_middle_is_none_and_both_ledgers_agree(postgres, tmp_path):
    behind = free_port()
    async with two_authorities(postgres, tmp_path, peers_on=behind) as borders:
        await mia(borders.there)
        nurse, relay = await a_nurse(borders.here), Relay(behind)
        async with relay.listening(port_of(borders.there.member)):
            before = await found(borders, nurse, "before")
            relay.cut()
            cut = await found(borders, nurse, "cut")
            relay.heal()
            after = await found(borders, nurse, "after")
        ours, theirs = await stored(borders.here), await stored(borders.there)

    assert [one[:2] for one in (before, cut, after)] == [("ANSWERED", 1), ("UNAVAILABLE", 0), ("ANSWERED", 1)]
    assert relay.cut_off == 1
    assert "entry" not in cut[2], "what was not heard is not held to have been said"
    reconciliation = Reconciliation(ours=HERE, theirs=THERE)
    for entries, of, other in ((ours, HERE, THERE), (theirs, THERE, HERE)):
        for call in calls_in(entries, other=other):
            reconciliation.take(call, of=of)
    assert list(reconciliation.differences()) == []
    assert reconciliation.calls == 3


async def stored(side):
    return [entry async for entry in PostgresLedgerReader(side.database).entries()]
