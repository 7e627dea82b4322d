"""Thirty authorities of which half are broken, each in its own way: every answer there is is told, every silence named.

The long form, with figures: `python -m benchmarks peers`.
"""

import resource

import orjson
import pytest

from gateway.vocabulary import SourceStatus
from tests.federation.test_peers import AN_ASK, calls_of
from tests.support.borders import a_nurse, a_side, mia
from tests.support.builders import an_authority
from tests.support.faulty_proxy import Fault
from tests.support.federation import HERE, RegistryFile, enrolled
from tests.support.gateway import a_gateway
from tests.support.made_up_peers import a_told_child, a_told_search
from tests.support.peer_crowd import BROKEN, a_crowd

COUNT = 2 * len(BROKEN)
DEADLINE = 6.0
MARGIN = 6.0
"""Seconds over it that a busy machine may take."""


EVERYWHERE = """
query Everywhere($criteria: ChildCriteria!, $authorities: [LocalAuthorityCode!]) {
  searchChildren(criteria: $criteria, authorities: $authorities, first: 50) {
    candidates { grade child { id givenName carers { telephone } } }
    sources { authority { code } status elapsedMs }
  }
}
"""


@pytest.fixture
async def crowd(tmp_path):
    answer = orjson.dumps({"data": a_told_search(a_told_child(1))})
    async with a_crowd(tmp_path, COUNT, broken=len(BROKEN), answer=answer) as crowd:
        yield crowd


async def test_every_healthy_authority_is_told_and_every_broken_one_named_within_the_deadline(
    postgres, tmp_path, crowd
):
    here = enrolled(tmp_path, HERE)
    registry = RegistryFile(tmp_path, here, *crowd.members)
    settings = here.settings(registry) | {
        "peer_timeout": DEADLINE, "request_timeout": 30, "decision_timeout": 20, "locator_interval": 0
    }  # fmt: skip
    async with a_side(postgres, here) as side:
        await an_authority(side.database, HERE)
        await mia(side)
        nurse = await a_nurse(side)
        async with a_gateway(side.database.url, tmp_path / "asking", **settings) as client:
            variables = {"criteria": {"familyName": "Marsh", "dateOfBirth": "2016-05-04"}, "authorities": crowd.codes}
            answer = await client.ask(nurse, EVERYWHERE, variables)
        entry = await side.entry(answer.headers["x-request-id"])

    assert answer.codes == [], answer.messages
    search = answer.data["searchChildren"]
    named = {source["authority"]["code"]: source for source in search["sources"]}
    healthy = set(crowd.codes) - set(crowd.broken)
    assert set(named) == {HERE, *crowd.codes}
    assert {code for code, source in named.items() if source["status"] == "ANSWERED"} == {HERE, *healthy}
    assert {candidate["child"]["id"].partition(".")[0] for candidate in search["candidates"]} >= healthy
    assert max(source["elapsedMs"] or 0 for source in named.values()) <= (DEADLINE + MARGIN) * 1000
    noted = {source["authority"]: source for source in entry["sources"]}
    assert {code for code in crowd.broken if noted[code].get("reason")} == set(crowd.broken)
    assert len({noted[code]["status"] for code in crowd.broken}) == 2


async def test_floods_that_never_end_leave_no_memory_taken(tmp_path, crowd):
    here = enrolled(tmp_path, HERE)
    calls = calls_of(here, RegistryFile(tmp_path, here, *crowd.members), reply_limit=1_000_000)
    floods = [code for code, fault in crowd.broken.items() if fault in (Fault.FLOOD, Fault.ENDLESS_HEAD)]

    async def flooded(times):
        for _ in range(times):
            replies = await calls.ask(floods, AN_ASK, within=DEADLINE)
            assert {reply.status for reply in replies.values()} <= {SourceStatus.UNAVAILABLE, SourceStatus.TIMED_OUT}
            for lane in calls._lanes.held():
                lane.endpoints[0].breaker.succeeded()
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    before = await flooded(5)
    after = await flooded(40)
    await calls.close()

    assert after - before < 20_000, "kilobytes, where each of eighty replies would have had 100,000"
