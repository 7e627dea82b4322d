"""What a gateway counts of itself is what happened, and says nothing of anybody."""

import asyncio
import re
from collections import Counter

import httpx
import orjson
import pytest

from connectors.postgres.ledger import PostgresLedgerReader
from gateway.errors import AuditUnavailable, DecisionUnavailable
from gateway.ledger.writer import LedgerWriter
from gateway.metrics.metrics import Metrics
from gateway.vocabulary import Effect, RecordType, SourceStatus
from tests.journeys.demo_world import STORY, a_stage
from tests.support.builders import HOME
from tests.support.gateway import a_gateway, a_persona, samples_in
from tests.support.identifying import identifying_words
from tests.support.processes import a_served_gateway, until

ME = "{ me { name } }"
GRAPH = 'door="caller",route="/graphql"'


@pytest.fixture(scope="module")
async def stage(postgres, tmp_path_factory):
    async with a_stage(postgres, tmp_path_factory.mktemp("keys")) as stage:
        yield stage


async def every_story_and_refusal(stage):
    for key in STORY:
        await stage.tell(key)
        await stage.tell(key, **{"access-purpose": None})
        await stage.tell(key, **{"access-purpose": "Ayesha Rahmani", "x-request-id": "Ayesha-Rahmani"})
    await stage.ask("nurse", "{ Ayesha }")
    await stage.client.http.post("/graphql", content=b"Ayesha", headers={"authorization": "Bearer Ayesha"})
    await stage.client.http.get("/ledger/Ayesha?child=Ayesha")
    await stage.client.http.request("AYESHA", "/graphql")


def counted(before, after, prefix):
    """What was added to the counters whose name begins so."""
    names = {name for name in after if name.startswith(prefix)}
    return {name: after[name] - before.get(name, 0) for name in names if after[name] != before.get(name, 0)}


async def test_requests_are_counted_by_route_and_outcome(stage):
    before = await stage.client.metrics()

    await stage.tell("emergency")
    await stage.tell("emergency")
    await stage.tell("emergency", **{"access-purpose": None})
    await stage.client.http.get("/somewhere/else")

    after = await stage.client.metrics()
    assert counted(before, after, "gateway_requests_total") == {
        'gateway_requests_total{door="caller",outcome="ANSWERED",route="/graphql"}': 2,
        'gateway_requests_total{door="caller",outcome="PURPOSE_REQUIRED",route="/graphql"}': 1,
        'gateway_requests_total{door="caller",outcome="BAD_REQUEST",route="none"}': 1,
    }
    assert counted(before, after, f"gateway_request_duration_seconds_count{{{GRAPH}") == {
        f"gateway_request_duration_seconds_count{{{GRAPH}}}": 3
    }
    assert after["gateway_requests_under_way"] == 0


async def test_fields_are_counted_as_the_ledger_has_them_and_concealed_ones_nowhere(stage):
    head = await PostgresLedgerReader(stage.database).head()
    before = await stage.client.metrics()

    for key in STORY:
        await stage.tell(key)

    recorded = Counter()
    concealed = 0
    async for stored in PostgresLedgerReader(stage.database).entries(after_seq=-1 if head is None else head):
        for record in orjson.loads(stored.entry)["records"]:
            concealed += len(record.get("concealed", {})) + (record.get("exists") == Effect.CONCEAL)
            for word, decision in (("disclosed", "disclose"), ("masked", "mask"), ("withheld", "withhold")):
                recorded[record["type"], decision] += len(record.get(word, {}))
    told = counted(before, await stage.client.metrics(), "gateway_fields_total")
    assert concealed > 0
    assert told == {
        f'gateway_fields_total{{decision="{decision}",type="{record_type}"}}': count
        for (record_type, decision), count in recorded.items()
        if count
    }
    assert {effect for _, effect in recorded} == {"disclose", "mask", "withhold"}


async def test_entries_groups_and_commits_of_the_ledger_are_counted(stage):
    before = await stage.client.metrics()

    await stage.tell("emergency")
    await stage.tell("shielded")

    after = await stage.client.metrics()
    for name, count in (
        ("gateway_ledger_entries_total", 2),
        ("gateway_ledger_group_entries_sum", 2),
        ("gateway_ledger_commit_duration_seconds_count", 2),
    ):
        assert after[name] - before[name] == count
    assert after["gateway_ledger_waiting"] == 0


async def test_a_decision_is_counted_as_asked_once_and_as_remembered_from_then_on(database, database_url, tmp_path):
    nurse = await a_persona(database, "health-practitioner")
    async with a_gateway(database_url, tmp_path) as client:
        await client.ask(nurse, ME)
        first = await client.metrics()
        await client.ask(nurse, ME)
        second = await client.metrics()

    asked, remembered = (f'gateway_decisions_total{{origin="{origin}"}}' for origin in ("engine", "memory"))
    assert first[asked] > 0
    assert second[asked] == first[asked]
    assert second[remembered] == first[remembered] + first[asked]
    assert (
        second['gateway_engine_questions_total{outcome="answered"}'] == first["gateway_engine_duration_seconds_count"]
    )


class SilentDecider:
    name, revision = "silent", "none"

    async def decide(self, question):
        raise DecisionUnavailable("No decision.", reason="engine-late:Ayesha")


class BrokenStore:
    def sealed(self, entry):
        return entry

    async def append(self, entries):
        raise AuditUnavailable("No entry.", reason="ledger:57P01")


async def test_engine_and_ledger_that_fail_are_counted_by_the_kind_of_reason(database, database_url, tmp_path):
    nurse = await a_persona(database, "health-practitioner")
    async with a_gateway(database_url, tmp_path, decider=SilentDecider()) as client:
        await client.ask(nurse, ME)
        silent = await client.metrics()
    metrics = Metrics()
    broken = LedgerWriter(BrokenStore(), timeout=2, metrics=metrics)
    async with a_gateway(database_url, tmp_path, ledger=broken) as client:
        await client.ask(nurse, ME)
        lost = await client.metrics()

    assert silent['gateway_engine_questions_total{outcome="engine-late"}'] == 1
    assert silent['gateway_requests_total{door="caller",outcome="DECISION_UNAVAILABLE",route="/graphql"}'] == 1
    assert metrics.registry.get_sample_value("gateway_ledger_failures_total", {"reason": "ledger"}) == 1
    assert lost['gateway_requests_total{door="caller",outcome="AUDIT_UNAVAILABLE",route="/graphql"}'] == 1


async def test_what_stands_for_a_moment_is_looked_at_while_the_gateway_serves(stage):
    await stage.tell("emergency")

    parts = ("database", "ledger", "signing", "witnesses", "engine", "issuer")

    async def looked_at():
        stands = await stage.client.metrics()
        assert {name for name in stands if name.startswith("gateway_ready{")} <= {ready(part) for part in parts}
        return (
            stands.get("gateway_ledger_checkpoint_timestamp_seconds", 0) > 0
            and stands.get('gateway_database_connections{pool="asks",state="idle"}', 0) > 0
            and stands.get("gateway_engine_revision_timestamp_seconds", 0) > 0
            and stands.get("gateway_event_loop_lag_seconds_count", 0) > 0
            and stands.get("gateway_resident_memory_bytes", 0) > 1_000_000
            and stands.get("gateway_open_files", 0) > 3
            and all(stands.get(ready(part)) == 1 for part in parts)
        )

    await until(looked_at)


def ready(part):
    return f'gateway_ready{{part="{part}"}}'


async def test_who_is_inside_a_door_and_who_waits_is_looked_at(database_url, tmp_path):
    async with a_gateway(database_url, tmp_path, requests_at_once=1, requests_patience=60) as client:
        door = client.app.state.gateway.answering.door

        async def stand(state):
            return (await client.metrics()).get(f'gateway_door_requests{{door="caller",state="{state}"}}')

        async def is_seen():
            return (await stand("inside"), await stand("waiting")) == (1, 1)

        async with door.place():
            waiting = asyncio.create_task(client.http.post("/graphql", json={"query": ME}))
            await until(is_seen)
        await waiting

        assert (await client.metrics())['gateway_door_requests{door="peer",state="inside"}'] == 0


async def test_no_metric_names_anybody_or_says_anything_in_free_text(stage):
    await every_story_and_refusal(stage)

    said = await stage.client.metrics()

    words = await identifying_words(stage.database)
    labels = {label for name in said for label in re.findall(r'"([^"]*)"', name)}
    assert len(words) > 100
    assert [(word, label) for word in words for label in labels if word in label] == []
    kinds = {kind.value for kind in RecordType} | {status.value for status in SourceStatus}
    assert [label for label in labels - kinds if not re.fullmatch(r"[A-Za-z0-9_./{}+-]{1,40}", label)] == []


async def test_the_metrics_of_peers_are_there_for_members_alone():
    metrics = Metrics()

    metrics.peer_asked(HOME, SourceStatus.TIMED_OUT, reason="peer-late", seconds=3)

    calls = metrics.registry.get_sample_value("gateway_peer_calls_total", {"member": HOME, "status": "TIMED_OUT"})
    assert calls == 1


async def test_metrics_are_served_on_a_port_of_their_own_and_nowhere_else(database_url, tmp_path):
    async with a_served_gateway(tmp_path, url=database_url, metrics_port=0) as gateway:
        address = re.search(r"Metrics at (http://\S+)/metrics", gateway.complained)[1]
        async with httpx.AsyncClient(timeout=60) as http:
            page = await http.get(f"{address}/metrics")
            open_metrics = await http.get(f"{address}/metrics", headers={"accept": "application/openmetrics-text"})
            statuses = [
                (await http.get(url)).status_code
                for url in (f"{address}/graphql", f"{address}/readyz", f"{gateway.address}/metrics")
            ]

    assert page.status_code == 200
    assert samples_in(page.text)['gateway_ready{part="ledger"}'] == 1
    assert open_metrics.text.endswith("# EOF\n")
    assert statuses == [404, 404, 404]
