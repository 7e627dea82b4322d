"""What a gateway tells a collector of traces: how long its parts took, and nothing of anybody."""

import pytest

from connectors.synthetic.demo_world import load_demo_world
from tests.journeys.demo_world import STORY, Stage
from tests.support.borders import a_nurse, mia, two_authorities
from tests.support.builders import TODAY
from tests.support.collector import a_collector, said_of
from tests.support.gateway import a_gateway, a_persona
from tests.support.identifying import identifying_words

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
ASKED = "0190f2b0-0000-4000-8000-000000000001"
ME = "{ me { role } }"
TYPED = "Zebedee"


@pytest.fixture
def collector():
    with a_collector() as collector:
        yield collector


@pytest.fixture
async def nurse(database):
    return await a_persona(database, "health-practitioner")


async def test_a_request_is_a_trace_of_its_parts_in_their_order(database, database_url, tmp_path, collector, nurse):
    async with a_gateway(database_url, tmp_path, traces_endpoint=collector.url, traces_share=1) as client:
        await client.ask(nurse, ME, **{"x-request-id": ASKED})

    (request,) = collector.named("request")
    assert said_of(request) == {
        "http.route": "/graphql", "gateway.door": "caller", "gateway.request": ASKED, "gateway.outcome": "ANSWERED",
        "http.response.status_code": 200,
    }  # fmt: skip
    below = [span for span in collector.spans if span.name != "request"]
    assert {span.name for span in below} == {"database", "decide", "record"}
    assert {span.trace_id for span in below} == {request.trace_id}
    (record,) = collector.named("record")
    assert all(span.end_time_unix_nano <= record.start_time_unix_nano for span in collector.named("decide"))
    assert record.end_time_unix_nano <= request.end_time_unix_nano


async def test_no_trace_names_anybody_or_holds_what_was_typed(database, database_url, tmp_path, collector):
    await load_demo_world(database_url, today=TODAY)
    patient = {"database_timeout": 10, "ledger_timeout": 10, "decision_timeout": 20, "request_timeout": 30}
    settings = {"traces_endpoint": collector.url, "traces_share": 1} | patient
    async with a_gateway(database_url, tmp_path, **settings) as client:
        stage = Stage(client, database)
        for key in STORY:
            await stage.tell(key)
            await stage.tell(key, **{"access-purpose": TYPED, "x-request-id": TYPED})
        await stage.ask("nurse", f"{{ {TYPED} }}", **{"traceparent": TYPED, "tracestate": TYPED, "baggage": TYPED})
        await client.http.post("/graphql", content=TYPED.encode(), headers={"authorization": f"Bearer {TYPED}"})
        await client.http.request(TYPED.upper(), f"/{TYPED}?child={TYPED}")

    words = [*await identifying_words(database), TYPED, TYPED.upper()]
    assert len(words) > 100
    assert len(collector.named("request")) > 2 * len(STORY)
    assert [word for word in words if word in collector.text] == []


async def test_a_part_that_fails_says_why_and_its_request_how_it_ended(database, database_url, tmp_path, collector):
    nurse = await a_persona(database, "health-practitioner")
    async with a_gateway(database_url, tmp_path, traces_endpoint=collector.url, traces_share=1) as client:
        await database.execute("ALTER TABLE registration RENAME TO hidden")
        await client.ask(nurse, ME)

    assert [said_of(span)["gateway.outcome"] for span in collector.named("request")] == ["SOURCE_UNAVAILABLE"]
    assert {said_of(span).get("gateway.reason") for span in collector.named("database")} >= {"database"}


async def test_a_senders_trace_is_gone_on_with_and_its_wish_to_be_traced_is_none(
    database_url, tmp_path, collector, nurse
):
    async with a_gateway(database_url, tmp_path, traces_endpoint=collector.url, traces_share=0) as client:
        await client.ask(nurse, ME, **{"traceparent": f"00-{TRACE}-{PARENT}-01"})
    async with a_gateway(database_url, tmp_path, traces_endpoint=collector.url, traces_share=1) as client:
        await client.ask(nurse, ME, **{"traceparent": f"00-{TRACE}-{PARENT}-00", "tracestate": f"a={TYPED}"})

    (request,) = collector.named("request")
    assert (request.trace_id.hex(), request.parent_span_id.hex()) == (TRACE, PARENT)
    assert request.trace_state == ""


async def test_another_authority_goes_on_with_the_trace_of_an_ask(postgres, tmp_path, collector):
    settings = {"traces_endpoint": collector.url, "traces_share": 1}
    async with two_authorities(postgres, tmp_path, **settings) as borders:
        await mia(borders.there)
        await borders.find(await a_nurse(borders.here))

    (asked,) = [span for span in collector.named("request") if said_of(span)["gateway.door"] == "caller"]
    (answered,) = [span for span in collector.named("request") if said_of(span)["gateway.door"] == "peer"]
    assert answered.trace_id == asked.trace_id
    assert answered.parent_span_id in {span.span_id for span in collector.named("peer")}


async def test_a_collector_that_is_gone_keeps_no_answer(database_url, tmp_path, nurse):
    async with a_gateway(
        database_url, tmp_path, traces_endpoint="http://127.0.0.1:9/v1/traces", traces_share=1
    ) as client:
        assert (await client.ask(nurse, ME)).status == 200


async def test_without_a_collector_nothing_is_traced(database_url, tmp_path, collector, nurse):
    async with a_gateway(database_url, tmp_path) as client:
        await client.ask(nurse, ME, **{"traceparent": f"00-{TRACE}-{PARENT}-01"})

    assert collector.sent == []
