"""Rules that change under a gateway that serves."""

import asyncio
import json
import shutil

import orjson
import pytest

from connectors.rule_signature import RulesNotTrusted, new_key, sign
from gateway.settings import PACKAGED_POLICIES
from tests.support.builders import NOW, a_child
from tests.support.gateway import a_gateway, a_persona
from tests.support.ids import child_id

NAMES = "query($id: ID!) { child(by: {id: $id}) { givenName address { postcode } withheld { reason } } }"
PRIVATE, PUBLIC = new_key()


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(PACKAGED_POLICIES, tmp_path / "policies")


def take_away(folder, role, field):
    """Change the book so that a role is no longer told a field of a child."""
    book = json.loads((folder / "data.json").read_text())
    for group, names in book["fields"]["Child"].items():
        if field in names:
            book["fields"]["Child"][group] = [name for name in names if name != field]
    (folder / "data.json").write_text(json.dumps(book))


async def test_no_ask_is_dropped_or_half_decided_while_the_rules_change(database, database_url, tmp_path, folder):
    child = await a_child(database, given_name="Ayesha")
    nurse = await a_persona(database, "health-practitioner")

    async with a_gateway(
        database_url, tmp_path, policies_dir=folder, policies_interval=0.05, decision_timeout=60.0, request_timeout=90.0
    ) as client:
        answers = [await client.ask(nurse, NAMES, {"id": child_id(child)})]
        take_away(folder, "health-practitioner", "address")
        async with asyncio.timeout(120):
            while answers[-1].data["child"]["address"] is not None:
                answers += await asyncio.gather(*(client.ask(nurse, NAMES, {"id": child_id(child)}) for _ in range(4)))

    assert all(answer.status == 200 for answer in answers)
    revisions = set()
    for row in await database.fetch("SELECT entry FROM ledger_entry"):
        entry = orjson.loads(row["entry"])
        revisions.add(entry["policy"]["revision"])
    assert len(revisions) == 2


async def test_every_entry_names_the_revision_that_decided_it(database, database_url, tmp_path, folder):
    child = await a_child(database)
    nurse = await a_persona(database, "health-practitioner")
    async with a_gateway(
        database_url, tmp_path, policies_dir=folder, policies_interval=0.05, decision_timeout=60.0, request_timeout=90.0
    ) as client:
        told = (await client.ask(nurse, NAMES, {"id": child_id(child)})).data["child"]["address"]
        take_away(folder, "health-practitioner", "address")
        async with asyncio.timeout(120):
            while told is not None:
                told = (await client.ask(nurse, NAMES, {"id": child_id(child)})).data["child"]["address"]

    entries = [
        orjson.loads(row["entry"]) for row in await database.fetch("SELECT entry FROM ledger_entry ORDER BY seq")
    ]
    by_revision = {}
    for entry in entries:
        (record,) = (record for record in entry["records"] if record["type"] == "Child")
        by_revision.setdefault(entry["policy"]["revision"], set()).add("address" in record["disclosed"])
    assert sorted(len(told) for told in by_revision.values()) == [1, 1]


async def test_unsigned_rules_do_not_start_a_gateway_that_wants_a_signature(database_url, tmp_path, folder):
    (tmp_path / "owner.pub.pem").write_bytes(PUBLIC)

    with pytest.raises(RulesNotTrusted):
        async with a_gateway(database_url, tmp_path, policies_dir=folder, policies_key_file=tmp_path / "owner.pub.pem"):
            pass


async def test_signed_rules_start_it(database, database_url, tmp_path, folder):
    (tmp_path / "owner.pub.pem").write_bytes(PUBLIC)
    sign(folder, PRIVATE, issued=NOW)
    nurse = await a_persona(database, "health-practitioner")

    async with a_gateway(
        database_url, tmp_path, policies_dir=folder, policies_key_file=tmp_path / "owner.pub.pem", decision_timeout=10.0
    ) as client:
        assert (await client.ask(nurse, "{ me { role } }")).status == 200
