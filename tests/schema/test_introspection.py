"""Who may read the schema is the rules' to say, in data that a policy owner edits; nobody is helped to guess it."""

import asyncio
import json
import shutil
import threading

import pytest
from graphql import execute

from connectors.embedded_engine import EmbeddedDecider
from gateway.app.application import application
from gateway.asked import Operation
from gateway.errors import Overloaded
from gateway.settings import PACKAGED_POLICIES, Settings
from schema.directory import DIRECTORY
from schema.introspection import OTHERS_AT_ONCE, REMEMBERED, SchemaAnswers
from schema.limits import Limits
from schema.reading import DocumentReader
from schema.reading_thread import ReadingThread
from tests.support.gateway import a_gateway, a_persona, settings_for
from tests.support.ledger import entry_of

BOOK = json.loads((PACKAGED_POLICIES / "data.json").read_text(encoding="utf-8"))
READS = {
    "the schema": "{ __schema { queryType { name } } }",
    "one type": '{ __type(name: "Child") { name } }',
    "the printed schema": "{ _service { sdl } }",
    "the schema through a fragment": "{ ...a } fragment a on Query { ... { __schema { queryType { name } } } }",
    "the schema under another name": "{ me: __schema { queryType { name } } }",
}
MISSPELT = {
    "a field": "{ me { rol } }",
    "an argument": '{ localAuthority(cod: "358") { code } }',
    "an enum value": "{ searchChildren(criteria: {gender: MAL}) { sources { status } } }",
    "a type": "{ node(id: 1) { ... on Chil { id } } }",
    "an input field": '{ searchChildren(criteria: {familyNam: "x"}) { sources { status } } }',
    "a variable's type": "query($a: ChildCriteri) { searchChildren(criteria: $a) { sources { status } } }",
    "a directive": "{ me { role @skp(if: true) } }",
    "a directive's argument": "{ me { role @skip(i: true) } }",
}


async def edited(folder, role, *, introspection):
    """An engine over the rules with one fact of the data changed."""
    shutil.copytree(PACKAGED_POLICIES, folder)
    book = json.loads((folder / "data.json").read_text(encoding="utf-8"))
    book["roles"][role]["introspection"] = introspection
    (folder / "data.json").write_text(json.dumps(book), encoding="utf-8")
    return EmbeddedDecider(folder, timeout=20)


@pytest.mark.parametrize("introspection", [True, False])
async def test_the_schema_is_read_by_a_role_that_the_data_lets(database, database_url, tmp_path, introspection):
    nurse = await a_persona(database, "health-practitioner")
    decider = await edited(tmp_path / "rules", "health-practitioner", introspection=introspection)

    async with a_gateway(database_url, tmp_path, decider=decider, root_field_limit=20) as client:
        answers = {what: await client.ask(nurse, query) for what, query in READS.items()}
    await decider.close()

    assert {what: answer.data is not None for what, answer in answers.items()} == dict.fromkeys(READS, introspection)
    assert all(answer.codes == ([] if introspection else ["BAD_REQUEST"]) for answer in answers.values())


def test_the_data_as_it_comes_keep_the_schema_from_families_and_suppliers():
    kept_from = {role for role, facts in BOOK["roles"].items() if facts["introspection"] is not True}

    assert kept_from == {"child", "carer", "supplier"}


@pytest.mark.parametrize("role", ["health-practitioner", "supplier"])
async def test_a_misspelt_name_is_not_answered_with_names_of_the_schema(database, database_url, tmp_path, role):
    purpose = BOOK["roles"][role]["purposes"][0]
    persona = await a_persona(database, role, purpose=purpose)

    async with a_gateway(database_url, tmp_path) as client:
        answers = {what: await client.ask(persona, query) for what, query in MISSPELT.items()}

    assert [what for what, answer in answers.items() if answer.codes != ["BAD_REQUEST"]] == []
    assert {what: answer.messages for what, answer in answers.items() if "Did you mean" in answer.messages[0]} == {}


async def test_the_schema_is_worked_out_once_for_a_document_and_who_may_read_it_is_decided_and_recorded_each_time(
    database, database_url, tmp_path, monkeypatch
):
    nurse = await a_persona(database, "health-practitioner")
    supplier = await a_persona(database, "supplier", purpose=BOOK["roles"]["supplier"]["purposes"][0])
    worked_out = []

    def counted(*stated, **named):
        worked_out.append(named["operation_name"])
        return execute(*stated, **named)

    monkeypatch.setattr("schema.introspection.execute", counted)
    async with a_gateway(database_url, tmp_path) as client:
        told = [await client.ask(nurse, READS["the schema"], **{"x-request-id": f"read-{n}"}) for n in range(3)]
        refused = await client.ask(supplier, READS["the schema"])

    assert len(worked_out) == 1
    assert {answer.content for answer in told} == {b'{"data":{"__schema":{"queryType":{"name":"Query"}}}}'}
    assert refused.codes == ["BAD_REQUEST"]
    entries = [await entry_of(database, tmp_path, f"read-{n}") for n in range(3)]
    assert [entry["outcome"]["status"] for entry in entries] == ["answered"] * 3


async def test_the_schema_is_told_as_its_variables_say(database, database_url, tmp_path):
    nurse = await a_persona(database, "health-practitioner")
    query = "query($name: String!) { __type(name: $name) { name } }"

    async with a_gateway(database_url, tmp_path) as client:
        told = [(await client.ask(nurse, query, {"name": name})).data["__type"] for name in ("Child", "Carer", "None")]
        without = await client.ask(nurse, query)

    assert told == [{"name": "Child"}, {"name": "Carer"}, None]
    assert without.codes == ["BAD_REQUEST"]


async def test_answers_about_the_schema_are_remembered_up_to_a_number():
    thread = ReadingThread(waiting=0)
    answers, reader = SchemaAnswers(DIRECTORY._schema, thread), DocumentReader(DIRECTORY._schema, Limits.of(Settings()))

    for number in range(REMEMBERED + 2):
        operation = Operation(text=f"{{ a{number}: __typename __schema {{ description }} }}", name=None, variables={})
        result = await answers.of(reader.read(operation), operation)
        assert result.data == {f"a{number}": "Query", "__schema": {"description": None}}
    thread.close()

    assert len(answers._known) == REMEMBERED


async def test_answers_with_variables_leave_room_for_documents():
    thread, held = ReadingThread(waiting=32), threading.Event()
    busy = asyncio.create_task(thread.done(None, lambda _: held.wait(60)))
    answers, reader = SchemaAnswers(DIRECTORY._schema, thread), DocumentReader(DIRECTORY._schema, Limits.of(Settings()))
    text = "query($name: String!) { __type(name: $name) { name } }"
    asks = [Operation(text=text, name=None, variables={"name": name}) for name in "abcdef"]
    read = reader.read(asks[0])
    waiting = [asyncio.create_task(answers.of(read, ask)) for ask in asks[:OTHERS_AT_ONCE]]
    await asyncio.sleep(0)

    with pytest.raises(Overloaded) as refused:
        await answers.of(read, asks[-1])
    held.set()

    assert [result.data for result in await asyncio.gather(*waiting)] == [{"__type": None}] * OTHERS_AT_ONCE
    assert (await answers.of(read, asks[-1])).data == {"__type": None}
    assert (refused.value.reason, refused.value.retry_after) == ("reading-crowded", 1)
    await busy
    thread.close()


def test_graphiql_is_there_in_development_and_not_in_production(tmp_path):
    there = {
        env: any(
            getattr(route, "path", "") == "/graphiql"
            for route in application(settings_for(tmp_path, env=env), url="postgresql://unused").routes
        )
        for env in ("development", "production")
    }

    assert there == {"development": True, "production": False}
