"""Whatever is asked of the graph, by whomever: an answer, or an error of ours that repeats nothing that was typed."""

import json

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from connectors.postgres.database import Database
from gateway.errors import DirectoryError
from tests.fuzzing.graphql_documents import TYPED, asks
from tests.properties.profile import examples
from tests.support.builders import (
    a_carer,
    a_child,
    a_practitioner,
    a_sensitive_involvement,
    a_setting,
    a_shield,
    an_involvement,
    attends,
    cares_for,
)
from tests.support.gateway import a_gateway, a_persona
from tests.support.postgres import fresh_database

ROLES = {
    "health-practitioner": "direct-support", "social-worker": "safeguarding-enquiry", 
    "directory-team": "administration", "supervisor": "review", "auditor": "review",
}  # fmt: skip


class World:
    """A small directory, whoever asks of it, and the ids that lead into it."""

    def __init__(self, client, personas, ids):
        self.client = client
        self.personas = personas
        self.ids = ids


@pytest.fixture(scope="module")
async def world(postgres, tmp_path_factory):
    async with fresh_database(postgres) as url:
        database = await Database.open(url, pool_min=1, pool_max=1, timeout=20.0)
        child, hidden = await a_child(database, given_name="Ayesha"), await a_child(database)
        carer, setting, practitioner = (
            await a_carer(database),
            await a_setting(database),
            await a_practitioner(database),
        )
        await cares_for(database, carer, child)
        await attends(database, child, setting)
        involved = await an_involvement(database, child, practitioner_id=practitioner)
        await a_sensitive_involvement(database, child)
        await a_shield(database, hidden)
        personas = [await a_persona(database, role, purpose=purpose) for role, purpose in ROLES.items()]
        await database.close()
        ids = [
            f"chd-{child}", f"chd-{hidden}", f"car-{carer}", f"set-{setting}", f"prc-{practitioner}", f"inv-{involved}",
        ]  # fmt: skip
        patient = dict.fromkeys(("database_timeout", "ledger_timeout", "request_timeout"), 60)
        async with a_gateway(url, tmp_path_factory.mktemp("gateway"), search_budget=10**9, **patient) as client:
            yield World(client, personas, ids)


@given(data=st.data())
@examples(100, thorough=400)
async def test_an_ask_is_answered_or_refused_by_name(world, data):
    text, variables = data.draw(asks(world.ids))
    persona = data.draw(st.sampled_from(world.personas))
    body = json.dumps({"query": text, "variables": variables})
    headers = world.client.headers(persona, **{"content-type": "application/json"})

    response = await world.client.http.post("/graphql", content=body.encode(), headers=headers)

    document = response.json()
    codes = [error["extensions"]["code"] for error in document.get("errors", [])]
    event(", ".join(codes) or "answered")
    assert response.status_code != 500
    assert DirectoryError.code not in codes
    assert (document.get("data") is not None) == (codes == [])
    assert TYPED not in json.dumps(document.get("errors"))
