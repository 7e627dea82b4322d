"""A disputed value: what was told can be shown to an outsider, what was not told cannot, and nothing else opens."""

import asyncio
import json

import orjson
import pytest
from typer.testing import CliRunner

from gateway.cli.main import app
from gateway.ledger.canonical import prepare
from gateway.ledger.commitments import Commitments, value_bytes
from gateway.ledger.disclosure_proof import AnotherValue, NoSuchDisclosure, NotShown, check_proof, prove_value
from gateway.ledger.sealing import decoded, encoded
from tests.ledger.entries import AYESHA, BEN, a_record, an_entry, keys_for, opened, stored
from tests.support.builders import a_child, an_involvement
from tests.support.gateway import a_gateway, a_persona
from tests.support.ids import child_id
from tests.support.ledger import latest_entry, ledger_keys

COMMITMENTS = Commitments(b"k" * 32)
SALT = b"s" * 16
ADDRESS = {"lines": ["1 Any Street"], "postcode": "M1 1AA", "uprn": None}


def told(child=AYESHA, **values):
    """A record of which these values were told."""
    committed = COMMITMENTS.commit(
        SALT, "Child", str(child), {name: value_bytes(value) for name, value in values.items()}
    )
    return a_record(child, disclosed=committed, withheld={})


WITHHELD_HERE = [{"field": "upn", "reason": "NOT_FOR_ROLE", "remedy": "NONE", "authority": None}]
ENTRY = an_entry(records=(told(BEN, givenName="Ben"), told(givenName="Ayesha", address=ADDRESS), told(upn=None)))


def proof_of(name, value, *, record=str(AYESHA), without=(), entry=ENTRY):
    keys = {key.tag: (whose, key) for whose, key in keys_for(prepare(entry)).items() if whose.child not in without}
    return prove_value(
        opened(entry, 7, without=without), keys, COMMITMENTS, field=("Child", name), value=value, record_id=record
    )


@pytest.mark.parametrize(
    ("name", "value"), [("givenName", "Ayesha"), ("address", ADDRESS), ("address", dict(reversed(ADDRESS.items())))]
)
def test_a_value_that_was_told_is_shown_with_nothing_but_the_document(name, value):
    shown = check_proof(json.loads(json.dumps(proof_of(name, value))))

    assert (shown.seq, shown.person, shown.type, shown.field) == (7, "practitioner-7", "Child", name)
    assert (shown.record_id, shown.value) == (str(AYESHA), value)
    assert shown.leaf_hash == stored(ENTRY, 7).leaf_hash


def test_nothing_as_a_value_can_be_shown_to_have_been_told():
    assert check_proof(proof_of("upn", None)).value is None


@pytest.mark.parametrize("said", [WITHHELD_HERE, []])
def test_what_one_field_said_at_each_place_of_an_answer_can_be_shown(said):
    twice = an_entry(records=(told(withheld=[]), told(withheld=WITHHELD_HERE)))

    assert check_proof(proof_of("withheld", said, record=None, entry=twice)).value == said


def test_another_value_cannot_be_shown():
    with pytest.raises(AnotherValue):
        proof_of("givenName", "Aisha")


@pytest.mark.parametrize(
    ("name", "record"), [("dateOfBirth", str(AYESHA)), ("givenName", "nobody")], ids=["field", "record"]
)
def test_a_field_that_was_not_told_cannot_be_shown(name, record):
    with pytest.raises(NoSuchDisclosure):
        proof_of(name, "Ayesha", record=record)


def test_where_several_records_told_it_one_has_to_be_named():
    with pytest.raises(NoSuchDisclosure, match=str(BEN)):
        proof_of("givenName", "Ayesha", record=None)


def test_once_the_key_is_destroyed_nothing_can_be_shown():
    with pytest.raises(NoSuchDisclosure, match="destroyed"):
        proof_of("givenName", "Ayesha", without=[AYESHA, BEN])


def test_a_document_opens_neither_other_parts_nor_the_childs_key():
    proof = proof_of("givenName", "Ayesha")
    secrets = [encoded(key.secret) for key in keys_for(prepare(ENTRY)).values()]

    text = json.dumps(proof)
    assert not [secret for secret in secrets if secret in text]
    for part in json.loads(proof["entry"])["sealed"][:2]:  # the ask, and what is about Ben
        changed = proof | {"part_key": proof["part_key"]}
        document = json.loads(proof["entry"])
        document["sealed"][2] = part
        with pytest.raises(NotShown):
            check_proof(changed | {"entry": json.dumps(document)})


@pytest.mark.parametrize(
    "change",
    [
        {"value": "Aisha"},
        {"field": "familyName"},
        {"field": "address"},
        {"record": 0},
        {"record": 99},
        {"part_key": encoded(b"k" * 32)},
        {"opening": encoded(b"o" * 32)},
        {"form": "another"},
        {"entry": "{}"},
        {"entry": None},
        {"opening": 5},
    ],
    ids=lambda change: f"{next(iter(change))}={next(iter(change.values()))}"[:20],
)
def test_a_changed_document_shows_nothing(change):
    with pytest.raises(NotShown):
        check_proof(proof_of("givenName", "Ayesha") | change)


def test_an_entry_that_does_not_say_a_field_was_told_shows_nothing():
    proof = proof_of("givenName", "Ayesha")
    document = json.loads(proof["entry"])
    document["records"][1]["disclosed"] = ["address"]

    with pytest.raises(NotShown):
        check_proof(proof | {"entry": json.dumps(document)})


async def test_all_that_a_field_says_at_several_places_of_an_answer_is_committed_to(database, database_url, tmp_path):
    child = await a_child(database, nhs_number="9434765919")
    await an_involvement(database, child)
    teacher = await a_persona(database, "education-practitioner")
    fields = "withheld { field reason remedy authority }"
    document = f"""{{ child(by: {{id: "{child_id(child)}"}}) {{
        nhsNumber {fields} involvements {{ child {{ address {{ postcode }} {fields} }} }} }} }}"""

    async with a_gateway(database_url, tmp_path, decision_timeout=20.0, request_timeout=30.0) as gateway:
        answer = await gateway.ask(teacher, document)
        entry = await latest_entry(database, tmp_path)
        commitments = await ledger_keys(tmp_path).commitments(database)

    above, below = answer.data["child"], answer.data["child"]["involvements"][0]["child"]
    assert above["withheld"] != below["withheld"]
    committed = [record["committed"]["withheld"] for record in entry["records"] if record["type"] == "Child"]
    salt = decoded(entry["salt"])
    for said in (above["withheld"], below["withheld"]):
        assert any(
            commitments.check(
                text, salt=salt, record_type="Child", record_id=str(child), field="withheld", value=value_bytes(said)
            )
            for text in committed
        )


async def test_what_a_gateway_told_is_shown_from_the_command_line(database, database_url, tmp_path, monkeypatch):
    child = await a_child(database, given_name="Ayesha")
    gp = await a_persona(database, "gp")
    async with a_gateway(database_url, tmp_path, decision_timeout=20.0, request_timeout=30.0) as gateway:
        answer = await gateway.ask(
            gp, f'{{ child(by: {{id: "{child_id(child)}"}}) {{ givenName address {{ postcode }} }} }}'
        )
    assert answer.data["child"]["givenName"] == "Ayesha"
    monkeypatch.setenv("GATEWAY_ENV", "development")
    monkeypatch.setenv("GATEWAY_DATABASE_URL", database_url)
    monkeypatch.setenv("GATEWAY_DATA_DIR", str(tmp_path))
    proof = tmp_path / "proof.json"

    async def command(*words):
        return await asyncio.to_thread(CliRunner().invoke, app, ["ledger", *map(str, words)])

    field = ("--field", "Child.givenName")
    made = await command("disclose-proof", 0, *field, "--value", "Ayesha", "-o", proof)
    other = await command("disclose-proof", 0, *field, "--value", "Aisha")
    untold = await command("disclose-proof", 0, "--field", "Child.upn", "--value", "x")
    checked = await command("check-proof", proof, "--json")
    proof.write_text(proof.read_text().replace('"Ayesha"', '"Aisha"'))
    tampered = await command("check-proof", proof)

    assert (made.exit_code, other.exit_code, untold.exit_code, tampered.exit_code) == (0, 5, 4, 6)
    shown = orjson.loads(checked.stdout)
    assert (shown["id"], shown["field"], shown["value"]) == (str(child), "givenName", "Ayesha")
    kept = await database.fetchrow("SELECT leaf_hash FROM ledger_entry WHERE seq = 0")
    assert shown["leaf_hash"] == kept["leaf_hash"].hex()
