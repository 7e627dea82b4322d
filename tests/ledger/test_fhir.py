"""The ledger as FHIR AuditEvents: valid R4, in the patterns of IHE's profiles, with no more than stands open."""

import asyncio
from base64 import b64decode

import orjson
import pytest
from fhir.resources.R4B.auditevent import AuditEvent
from typer.testing import CliRunner

from connectors.development_keys import development_ledger_key
from connectors.postgres.ledger import PostgresLedgerStore
from connectors.postgres.ledger_keys import SealingKeys
from gateway.cli.main import app
from gateway.ledger.canonical import prepare
from gateway.ledger.entry import AccessNote, CodeNote, OperationNote, OutcomeNote, OutcomeStatus
from gateway.ledger.fhir import DISCLOSURE, PATIENT_QUERY, QUERY, audit_events
from gateway.ledger.master_key import MasterKey
from gateway.ledger.sealing import encoded
from tests.ledger.entries import (
    AYESHA,
    BEN,
    a_caller,
    a_concealed_record,
    a_masked_involvement,
    a_record,
    an_entry,
    opened,
    stored,
)

# AuditEvent is the same in R4 and R4B, save for what R4B adds beside it.
SOURCE, DESTINATION = "110153", "110152"
REFUSED = an_entry(
    records=(),
    policy=None,
    outcome=OutcomeNote(
        status=OutcomeStatus.REFUSED, codes=(CodeNote(code="PURPOSE_REQUIRED", reason="purpose-unknown"),)
    ),
    access=AccessNote(purpose=None, reason=None),
)
ENTRIES = {
    "told": an_entry(records=(a_record(), a_masked_involvement())),
    "two-children": an_entry(records=(a_record(), a_record(BEN))),
    "concealed": an_entry(records=(a_concealed_record(),)),
    "found-nothing": an_entry(records=(), searches=1),
    "refused": REFUSED,
    "nobody": an_entry(caller=None, records=(), policy=None, outcome=REFUSED.outcome),
    "mediated": an_entry(caller=a_caller(mediated_for="midwife-3", peer="E08000003", acts_for=("midwife", "good"))),
    "odd-claims": an_entry(
        caller=a_caller(person="\x00", role=" a\nrole\x07", agency="", authority="?"),
        access=AccessNote(purpose="direct  support\x1b", reason="\x00", origin="peer with a space"),
        request_id="",
    ),
}


def events_of(entry, *, seq=1041, open_it=False):
    kept, words = stored(entry, seq), opened(entry, seq)
    return list(audit_events(kept, words.document, words if open_it else None))


def everything(value):
    """Every text in a JSON value, base64 read as well."""
    text = orjson.dumps(value).decode()
    for entity in value.get("entity", ()):
        text += b64decode(entity.get("query", "")).decode()
    return text


def agents(event):
    return {agent["type"]["coding"][0]["code"]: agent for agent in event["agent"] if "coding" in agent["type"]}


def entities(event, code):
    return [entity for entity in event["entity"] if entity["type"]["code"] == code]


@pytest.mark.parametrize("open_it", [False, True], ids=["closed", "open"])
@pytest.mark.parametrize("name", ENTRIES)
def test_every_event_is_a_valid_audit_event(name, open_it):
    events = events_of(ENTRIES[name], open_it=open_it)

    for event in events:
        AuditEvent.model_validate_json(orjson.dumps(event))
    assert events
    assert len({event["id"] for event in events}) == len(events)


@pytest.mark.parametrize("field", ["type", "recorded", "agent", "source"])
def test_the_model_refuses_an_event_without_what_r4_asks_for(field):
    (event,) = events_of(ENTRIES["found-nothing"])
    del event[field]

    with pytest.raises(ValueError, match=field):
        AuditEvent.model_validate_json(orjson.dumps(event))


def test_what_was_told_of_a_child_is_a_disclosure_in_ihes_pattern():
    (event,) = events_of(ENTRIES["told"])

    assert event["meta"]["profile"] == [DISCLOSURE]
    assert (event["type"]["code"], event["action"], event["outcome"]) == ("110106", "R", "0")
    assert {"disclose", "read"} == {coding["code"] for coding in event["subtype"]}
    assert event["source"]["observer"] == agents(event)[SOURCE]["who"]  # the profile's val-audit-source
    assert all("network" in agents(event)[code] for code in (SOURCE, DESTINATION))
    (patient,) = entities(event, "1")
    assert patient["role"]["code"] == "1"
    assert patient["what"]["type"] == "Patient"
    assert len(event["entity"]) >= 2


def test_each_child_that_was_told_of_has_an_event_of_its_own():
    events = events_of(ENTRIES["two-children"])

    told = [patient["what"]["identifier"]["value"] for event in events for patient in entities(event, "1")]
    assert len(set(told)) == 2
    assert [event["meta"]["profile"] for event in events] == [[DISCLOSURE]] * 2


@pytest.mark.parametrize(("name", "profile"), [("found-nothing", QUERY), ("concealed", PATIENT_QUERY)])
def test_an_ask_that_was_told_nothing_is_a_query_in_ihes_pattern(name, profile):
    (event,) = events_of(ENTRIES[name])

    assert event["meta"]["profile"] == [profile]
    assert (event["type"]["code"], event["action"], event["outcome"]) == ("rest", "E", "0")
    (query,) = entities(event, "2")  # the profile's one slice of this type
    assert query["role"]["code"] == "24"
    assert query.keys() & {"what", "lifecycle", "detail"} == set()
    assert agents(event)[SOURCE]["who"] != agents(event)[DESTINATION]["who"] == event["source"]["observer"]
    assert all(agents(event)[code]["network"] for code in (SOURCE, DESTINATION))


@pytest.mark.parametrize("name", ["refused", "nobody"])
def test_a_refusal_says_so_and_claims_no_pattern_of_success(name):
    (event,) = events_of(ENTRIES[name])

    assert "meta" not in event
    assert event["outcome"] == "4"
    assert event["outcomeDesc"] == "PURPOSE_REQUIRED (purpose-unknown)"


def test_an_event_says_who_asked_why_and_under_which_rules():
    (event,) = events_of(ENTRIES["told"])
    user = agents(event)["IRCP"]

    assert user["who"]["identifier"]["value"] == "practitioner-7"
    assert user["role"][0]["coding"][0]["code"] == "health-practitioner"
    assert user["requestor"] is True
    assert "network" not in user
    assert user["policy"] == ["urn:directory-gateway:policy:1"]
    assert event["purposeOfEvent"][0]["coding"][0]["code"] == "direct-support"
    assert event["recorded"] == "2026-11-22T12:00:00.000000Z"


def test_an_event_names_every_field_and_what_was_decided_on_it():
    (event,) = events_of(ENTRIES["told"])

    told = [[(note["type"], note["valueString"]) for note in entity["detail"]] for entity in entities(event, "2")]
    assert told == [
        [("record", "Child"), ("disclosed", "dateOfBirth"), ("disclosed", "givenName"), ("withheld", "address")],
        [("record", "Involvement"), ("masked", "service"), ("concealed", "practitioner")],
    ]


def test_an_event_is_tied_to_its_entry_by_number_and_leaf_hash():
    kept = stored(ENTRIES["told"], 1041)

    (event,) = events_of(ENTRIES["told"])

    (leaf,) = entities(event, "4")
    assert leaf["what"]["identifier"]["value"] == "1041"
    assert {"type": "leaf-hash", "valueString": kept.leaf_hash.hex()} in leaf["detail"]


def test_a_mediator_is_the_requestor_and_names_whom_they_ask_for():
    (event,) = events_of(ENTRIES["mediated"])

    asked_for = [agent for agent in event["agent"] if "coding" not in agent["type"]]
    assert [agent["who"]["identifier"]["value"] for agent in asked_for] == ["midwife-3"]
    assert [agent["requestor"] for agent in event["agent"]].count(True) == 1
    assert agents(event)["110150"]["who"]["identifier"]["value"] == "E08000003"


PERSONAL = {
    "name": "Robin Example",
    "child": str(AYESHA),
    "reason": "New referral",
    "case": "C-2026-118",
    "document": "query WhoWorksWith",
}


@pytest.mark.parametrize("name", ENTRIES)
def test_without_opening_it_an_event_holds_nothing_of_what_is_sealed(name):
    shown = "".join(map(everything, events_of(ENTRIES[name])))

    assert [kind for kind, words in PERSONAL.items() if words in shown] == []
    assert str(BEN) not in shown
    assert "commitment" not in shown


def test_opened_an_event_holds_the_name_the_child_the_reason_and_the_case():
    shown = "".join(map(everything, events_of(ENTRIES["told"], open_it=True)))
    asked = "".join(map(everything, events_of(ENTRIES["found-nothing"], open_it=True)))

    assert [kind for kind, words in PERSONAL.items() if words not in shown] == ["document"]
    assert PERSONAL["document"] in asked
    assert "commitment" not in shown


def test_opened_after_the_child_was_erased_an_event_is_as_it_was_closed():
    kept, words = stored(ENTRIES["told"]), opened(ENTRIES["told"], without=(AYESHA,))

    assert list(audit_events(kept, words.document, words)) == list(audit_events(kept, words.document))


def test_a_child_is_the_same_in_all_events_of_a_year_and_known_by_its_tag():
    (one,), (two,) = events_of(ENTRIES["told"], seq=1), events_of(ENTRIES["mediated"], seq=2)

    tag = encoded(next(iter(opened(ENTRIES["told"]).children)))
    assert [entities(event, "1")[0]["what"]["identifier"]["value"] for event in (one, two)] == [tag, tag]


@pytest.fixture
async def ledger(database_url, tmp_path, monkeypatch):
    """Three entries; returns what runs a command."""
    monkeypatch.setenv("GATEWAY_ENV", "development")
    monkeypatch.setenv("GATEWAY_DATABASE_URL", database_url)
    monkeypatch.setenv("GATEWAY_DATA_DIR", str(tmp_path))
    keys = SealingKeys(MasterKey(development_ledger_key(tmp_path).read_bytes()))
    store = PostgresLedgerStore(database_url, keys=keys, timeout=5)
    await store.append([prepare(ENTRIES[name]) for name in ("told", "two-children", "refused")])
    await store.close()

    async def command(*words):
        return await asyncio.to_thread(CliRunner().invoke, app, ["ledger", *map(str, words)])

    return command


async def test_the_command_writes_an_event_a_line(ledger):
    written = await ledger("fhir")

    events = [AuditEvent.model_validate_json(line) for line in written.stdout_bytes.splitlines()]
    assert len(events) == 4
    assert b"Robin Example" not in written.stdout_bytes


async def test_the_command_opens_entries_and_writes_a_stretch_into_a_file(ledger, tmp_path):
    file = tmp_path / "events.ndjson"

    await ledger("fhir", "--from", 1, "--to", 1, "--open", "-o", file)

    lines = file.read_bytes().splitlines()
    assert len(lines) == 2
    assert all(b"Robin Example" in line for line in lines)


async def test_beyond_the_head_there_is_no_event(ledger):
    assert (await ledger("fhir", "--from", 9)).stdout_bytes == b""


def test_an_operations_text_may_hold_anything():
    entry = an_entry(records=(), operation=OperationNote(hash="0" * 64, name=None, text="\x00\ud800", variables="{}"))

    (event,) = events_of(entry, open_it=True)

    AuditEvent.model_validate_json(orjson.dumps(event))
