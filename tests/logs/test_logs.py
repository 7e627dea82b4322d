"""Log lines say what happened and where, in one form, and never of whom."""

import asyncio
import io
import json
import logging
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx
import pytest

from connectors.synthetic.demo_world import load_demo_world
from gateway import logs
from tests.faults.crowd import headers_of
from tests.faults.locks import locked
from tests.journeys.demo_world import CAST, STORY, WHO_WORKS_WITH
from tests.support.gateway import a_gateway, a_persona
from tests.support.identifying import identifying_words
from tests.support.processes import PROJECT, a_served_gateway

TYPED = ("Zebedee", "4857773456", "Typed-Nowhere")
"""What callers type where anything may be typed, and that stands in no database."""


class Day:
    """What happens to a gateway in a day."""

    def __init__(self, gateway, database, folder):
        self.gateway = gateway
        self.database = database
        self.folder = folder
        self.http = httpx.AsyncClient(base_url=gateway.address, timeout=60)

    async def ask(self, key, **changed):
        story, persona = STORY[key], CAST[STORY[key].persona]
        criteria = {
            "givenName": story.given_name,
            "familyName": story.family_name,
            "dateOfBirth": story.date_of_birth(datetime.now(UTC).date()).isoformat(),
        }
        headers = headers_of(persona, self.folder) | {"x-request-id": TYPED[1]} | changed
        body = {"query": WHO_WORKS_WITH, "variables": {"criteria": criteria}}
        return (await self.http.post("/graphql", json=body, headers=headers)).json()

    async def stories(self):
        for key in STORY:
            await self.ask(key)

    async def refusals(self):
        headers = headers_of(CAST["nurse"], self.folder)
        for content in (
            b"Zebedee",
            b'{"query": "{ Zebedee }"}',
            b'{"query": "{ find(nhsNumber: 4857773456) }"}',
        ):
            for token in (headers["authorization"], "Bearer Zebedee", ""):
                sent = headers | {"authorization": token, "content-type": "application/json"}
                await self.http.post("/graphql", content=content, headers=sent)
        for name in ("access-purpose", "access-reason", "access-case", "access-grant", "x-request-id"):
            await self.ask("emergency", **{name: "Zebedee" * 100})
            await self.ask("emergency", **{name: "Zebedee"})
        for path in ("/Zebedee?nhs=4857773456", "/ledger/proof/inclusion?seq=Zebedee", "/access-log?child=4857773456"):
            await self.http.get(path)

    async def bytes_that_are_no_http(self):
        place = urlsplit(self.gateway.address)
        for content in (
            b"Zebedee 4857773456\r\n\r\n",
            b"GET /Zebedee HTTP/1.1\r\nhost: Zebedee\r\nupgrade: Zebedee\r\nconnection: upgrade\r\n\r\n",
            b"POST /graphql HTTP/1.1\r\ncontent-length: Zebedee\r\n\r\n",
        ):
            reader, writer = await asyncio.open_connection(place.hostname, place.port)
            writer.write(content)
            with suppress(TimeoutError):
                await asyncio.wait_for(reader.read(), timeout=5)
            writer.close()

    async def faults(self):
        url = self.database.url
        for table in ("child", "ledger_entry"):
            async with locked(url, table):
                await self.ask("emergency")
        await self.database.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'directory-gateway%' "
            "AND pid <> pg_backend_pid() AND datname = current_database()"
        )
        await self.ask("emergency")
        # A value that the code cannot read: the exception's own words hold it.
        await self.database.execute("ALTER TABLE child DROP CONSTRAINT child_gender_check")
        await self.database.execute("UPDATE child SET gender = family_name")
        await self.ask("emergency")


async def test_the_log_of_a_day_names_nobody_and_nothing_that_was_typed(database, database_url, tmp_path):
    await load_demo_world(database_url, today=datetime.now(UTC).date())
    words = await identifying_words(database)
    settings = {"log_format": "json", "log_level": "debug", "database_timeout": 3, "ledger_timeout": 3}

    async with a_served_gateway(tmp_path, url=database_url, **settings) as gateway:
        day = Day(gateway, database, tmp_path)
        await day.stories()
        await day.refusals()
        await day.bytes_that_are_no_http()
        await day.faults()
        await day.http.aclose()
        gateway.send(signal.SIGTERM)
        await gateway.ended()

    lines = [json.loads(line) for line in gateway.complained.splitlines()]
    said = " ".join(line["said"] for line in lines)
    for expected in ("Serving the graph", "audit unavailable"):
        assert expected in said
    assert {line["request"] for line in lines if "audit unavailable" in line["said"]} == {logs.loggable(TYPED[1])}
    written = gateway.complained + gateway.printed
    assert [word for word in (*words, *TYPED) if word in written] == []


def lines_of(act, *, machine=True):
    stream = io.StringIO()
    logs.configure(machine=machine, level="info", stream=stream)
    act()
    text = stream.getvalue()
    return [json.loads(line) for line in text.splitlines()] if machine else text


def zebedee():
    try:
        raise LookupError("no such child: Zebedee")
    except LookupError as error:
        raise ValueError("Zebedee") from error


@pytest.mark.parametrize("name", ["uvicorn.error", "asyncpg.pool", "strawberry.execution", "asyncio", "httpx"])
def test_the_words_of_another_package_are_not_kept_but_where_they_were_said_and_what_failed(name):
    def say():
        log = logging.getLogger(name)
        log.info("GET https://peer.invalid/Zebedee")
        try:
            zebedee()
        except ValueError:
            log.exception("Zebedee %s", "Zebedee")

    (line,) = lines_of(say)

    assert line["said"].startswith("said at test_logs:")
    assert [error["type"] for error in line["errors"]] == ["ValueError", "LookupError"]
    assert line["errors"][0]["places"].startswith("zebedee:")
    assert "Zebedee" not in json.dumps(line)


class DefectiveDecider:
    name, revision = "defective", "none"

    async def decide(self, question):
        raise ValueError(f"Zebedee {question}")


async def test_a_defect_is_logged_by_its_type_and_places(database, database_url, tmp_path):
    nurse = await a_persona(database, "health-practitioner")
    stream = io.StringIO()
    logs.configure(machine=True, level="info", stream=stream)

    async with a_gateway(database_url, tmp_path, decider=DefectiveDecider()) as client:
        answer = await client.ask(nurse, "{ me { name } }", **{"x-request-id": "0" * 32})

    (line,) = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert answer.codes == ["INTERNAL"]
    assert line["said"].startswith(f"unexpected ValueError: request {'0' * 32}: decide:")
    assert line["request"] == "0" * 32
    assert "Zebedee" not in stream.getvalue()


def test_our_own_lines_are_kept_with_the_request_they_belong_to():
    def say():
        token = logs.REQUEST.set(logs.loggable("9c0d4bb7-7a3a-4a4b-8f3c-0f1f3a0c9f11"))
        logging.getLogger("gateway.tests").warning("rules %s refused", "r1")
        logs.REQUEST.reset(token)
        logging.getLogger("gateway.tests").info("rules %s taken up", "r2")

    first, second = lines_of(say)
    readable = lines_of(say, machine=False)

    assert (first["level"], first["said"], first["request"]) == (
        "warning", "rules r1 refused", "9c0d4bb7-7a3a-4a4b-8f3c-0f1f3a0c9f11"
    )  # fmt: skip
    assert "request" not in second
    assert datetime.fromisoformat(first["at"]).tzinfo is not None
    assert "warning gateway.tests: rules r1 refused [9c0d4bb7" in readable


def test_a_request_id_that_may_have_been_typed_is_logged_as_six_digits():
    assert logs.loggable("4857773456") == logs.loggable("4857773456") != logs.loggable("4857773457")
    assert len(logs.loggable("Zebedee")) == 7
    assert logs.loggable("0" * 32) == "0" * 32


@pytest.mark.parametrize(
    "broken",
    [
        "raise ValueError('Zebedee')",
        "import threading; t = threading.Thread(target=int, args=('Zebedee',)); t.start(); t.join()",
        "import warnings; warnings.warn('Zebedee')",
        "class Gone:\n    def __del__(self): raise ValueError('Zebedee')\nGone()",
        "import asyncio\nasync def main():\n    asyncio.ensure_future(fail())\n    await asyncio.sleep(0.01)\n"
        "async def fail(): raise ValueError('Zebedee')\nasyncio.run(main())",
    ],
    ids=["main", "thread", "warning", "finaliser", "task"],
)
def test_what_nobody_catches_is_logged_without_its_words(broken):
    script = f"from gateway import logs\nlogs.configure(machine=True, level='info')\n{broken}"

    ended = subprocess.run(  # noqa: S603 - ours
        [sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=False
    )

    assert "Zebedee" not in ended.stderr
    assert [json.loads(line)["level"] for line in ended.stderr.splitlines()] != []
