"""A whole gateway over a real database, asked through its HTTP form as a partner's app asks it."""

import shutil
import tempfile
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import httpx
import orjson

from connectors.development_keys import development_token
from connectors.embedded_engine import EmbeddedDecider
from connectors.golden import replay_golden
from gateway.app.application import application
from gateway.settings import PACKAGED_POLICIES, Settings
from tests.support.builders import HOME, NOW, a_registration, an_agency
from tests.support.ids import as_known, inner_ids, scope_of

ISSUER = "https://identity.invalid/tests"
AUDIENCE = "directory-gateway"
UNBOUNDED = 1_000_000
"""What tests do not reach: in many of them time stands still, so that a minute never ends, or the machine is busy."""
PATIENT = {"database_timeout": 20, "ledger_timeout": 20, "decision_timeout": 20, "request_timeout": 30}
"""What tests wait for that are not about waiting: on a busy machine nothing is late. Others state their own."""
AS_SHIPPED = {name: Settings.model_fields[name].default for name in ("database_timeout", "ledger_timeout")}
"""What a gateway waits for that nobody told otherwise, where a fault shows what it does."""


@dataclass(frozen=True, kw_only=True)
class Persona:
    """A made-up person registered to ask."""

    person: str
    role: str
    agency: str
    authority: str = HOME
    purpose: str = "direct-support"
    reason: str = "Seeing the child today"


@dataclass(frozen=True)
class Answer:
    """What came back, both as bytes and as read."""

    status: int
    headers: httpx.Headers
    content: bytes
    document: dict = field(repr=False)

    @property
    def data(self):
        return self.document.get("data")

    @property
    def codes(self):
        return [error["extensions"]["code"] for error in self.document.get("errors", [])]

    @property
    def messages(self):
        return [error["message"] for error in self.document.get("errors", [])]


class Client:
    """Asks a gateway in the name of a persona."""

    def __init__(self, http, data_dir, app=None):
        self.http = http
        self.data_dir = data_dir
        self.app = app

    async def metrics(self):
        """What `/metrics` says: values by name and labels, as in its text."""
        transport = httpx.ASGITransport(app=self.app.state.metrics_side)
        async with httpx.AsyncClient(transport=transport, base_url="http://metrics.test") as http:
            return samples_in((await http.get("/metrics")).text)

    def known(self, persona):
        """The ids that a persona knows records by."""
        return self.app.state.gateway.answering.ids.known_to(scope_of(persona))

    def as_known(self, persona, value):
        """The value with every record named in it, as `child_id` does, by the id that a persona knows it by."""
        return as_known(value, self.known(persona))

    def token(self, persona, **changed):
        claims = {
            "issuer": ISSUER,
            "audience": AUDIENCE,
            "person": persona.person,
            "name": f"Made-up {persona.person}",
            "role": persona.role,
            "agency": str(persona.agency),
            "authority": persona.authority,
            "valid_for": 3600,
            "issued_at": int(NOW.timestamp()) - 60,
        }
        return development_token(self.data_dir, **(claims | changed))

    def headers(self, persona, **changed):
        headers = {
            "authorization": f"Bearer {self.token(persona)}",
            "access-purpose": persona.purpose,
            "access-reason": persona.reason,
        } | changed
        return {name: value for name, value in headers.items() if value is not None}

    async def ask(self, persona, query, variables=None, *, headers=None, **changed):
        """Ask one document; header values may be changed by name, None leaves one out.

        Records may be named in it as `child_id` does. The directory's own ids of them are in no answer.
        """
        named = {"query": query, "variables": variables or {}}
        body = self.as_known(persona, named)
        sent = headers if headers is not None else self.headers(persona, **changed)
        response = await self.http.post("/graphql", json=body, headers=sent)
        assert [one for one in inner_ids(named) if one in response.text] == []
        return Answer(response.status_code, response.headers, response.content, response.json())


def samples_in(text):
    """The values of a page of metrics, by name with labels."""
    lines = [line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def settings_for(data_dir: Path, **changed) -> Settings:
    return Settings(
        **{
            "data_dir": data_dir,
            "authority": HOME,
            "allowed_hosts": "gateway.test,127.0.0.1",
            "token_issuer": ISSUER,
            "token_audience": AUDIENCE,
            "caller_rate": UNBOUNDED,
            "agency_rate": UNBOUNDED,
            "requests_at_once": UNBOUNDED,
            "refusal_rate": UNBOUNDED,
        }
        | PATIENT
        | changed
    )


@cache
def rules_soon_proven():
    """A folder with the packaged rules and a few of their golden answers, for gateways that build an engine each.

    All of the answers are given by the engine that the others share. To give them takes each process seconds.
    """
    folder = Path(_kept.name) / "policies"
    shutil.copytree(PACKAGED_POLICIES, folder)
    golden = folder / "golden" / "answers.json"
    document = orjson.loads(golden.read_bytes())
    golden.write_bytes(orjson.dumps(document | {"questions": document["questions"][:FEW]}))
    return folder


FEW = 3
_kept = tempfile.TemporaryDirectory(prefix="directory-gateway-test-")


OF_THE_ENGINE = {"opa_url", "policies_dir", "policies_interval", "policies_key_file"}
"""Settings with which a gateway needs an engine of its own."""
_shared_engines = []


async def shared_engine():
    """One embedded engine over the project's rules for all gateways of a run, which has given the golden answers.

    Each gateway would build the same one and ask it the same: seconds for each test.
    """
    if not _shared_engines:
        engine = EmbeddedDecider(PACKAGED_POLICIES, timeout=20)
        await replay_golden(engine, PACKAGED_POLICIES, revision=engine.revision)
        _shared_engines.append(engine)
    return _shared_engines[0]


async def close_shared_engine():
    while _shared_engines:
        await _shared_engines.pop().close()


@asynccontextmanager
async def a_gateway(url, data_dir, *, clock=lambda: NOW, decider=None, ledger=None, peers=None, **settings):
    """A client of a gateway that runs for the length of the block."""
    stated = settings_for(data_dir, **settings)
    if decider is None and OF_THE_ENGINE.isdisjoint(settings):
        decider = await shared_engine()
    app = application(stated, url=url, clock=clock, decider=decider, ledger=ledger, peers=peers)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as http:
            yield Client(http, data_dir, app)


async def a_persona(database, role, *, agency=None, purpose="direct-support", person=None, **stated):
    """A persona whose registration is current unless stated otherwise."""
    agency = agency or await an_agency(database)
    person, _ = await a_registration(database, person, role=role, agency=agency, **stated)
    return Persona(person=person, role=role, agency=agency, purpose=purpose)
