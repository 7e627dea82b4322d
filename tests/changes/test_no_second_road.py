"""What a payload tells of a record is decided as any other road to it is."""

import pytest

from tests.changes.asking import ask_change
from tests.support.builders import a_carer, a_child, a_practitioner, a_shield, an_involvement
from tests.support.documents import everything
from tests.support.gateway import a_persona
from tests.support.ids import child_id

ALL = everything("Child", 1)


async def _plain(database):
    child = await a_child(database)
    await a_carer(database, of=[child])
    await an_involvement(database, child)
    return child


async def _shielded(database):
    child = await _plain(database)
    await a_shield(database, child)
    return child


async def _associated(database):
    child, sibling = await _plain(database), await a_child(database)
    await a_carer(database, of=[child, sibling])
    await a_shield(database, sibling)
    return child


def _decided(entry):
    """Every record of an entry but the action, without what differs by entry; levels are told in any order."""
    records = [
        {name: part for name, part in record.items() if name not in ("committed", "part", "class", "about")}
        | {"class": entry["classes"][record["class"]] if "class" in record else None}
        for record in entry["records"]
        if record["type"] != "Action"
    ]
    return sorted(records, key=lambda record: (record["type"], record["id"]))


@pytest.mark.parametrize("child_of", [_plain, _shielded, _associated])
@pytest.mark.parametrize("role", ["health-practitioner", "social-worker", "voluntary-practitioner", "gp"])
async def test_a_payload_tells_what_a_query_tells(client, supervisor, database, entries, role, child_of):
    asker, child = await a_persona(database, role), await child_of(database)
    await a_practitioner(database, agency=asker.agency, person=asker.person)
    stated = {"ground": "DETRIMENT", "reason": "To protect her", "reviewer": supervisor.person}

    queried = await client.ask(asker, f"query($id: ID!) {{ child(by: {{id: $id}}) {ALL} }}", {"id": child_id(child)})
    changed = await ask_change(client, asker, "recordRefusal", f"child {ALL}", child=child_id(child), **stated)

    of_query, of_change = await entries()
    assert changed.refused == []
    assert changed.payload["child"] == queried.data["child"]
    assert _decided(of_change) == _decided(of_query)
