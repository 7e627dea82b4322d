"""Gateways that last for a module: what differs between examples is the world in their databases."""

import json
from collections import Counter
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import pytest

from connectors.embedded_engine import EmbeddedDecider
from connectors.postgres.database import Database
from tests.support.documents import referred
from tests.support.gateway import Persona, a_gateway
from tests.support.ledger import latest_entry, ledger_keys
from tests.support.postgres import fresh_database
from tests.support.worlds import placed, settle

POLICIES = Path(__file__).resolve().parents[2] / "policies"
_examples = count(1)


class Place:
    """One gateway over one database, in which one world after another is settled."""

    def __init__(self, database, client):
        self.database = database
        self.client = client
        self.example = 0

    async def settle(self, world, *, example):
        self.example = example
        await settle(self.database, world, example=example)

    async def ask(self, asker, document, **headers):
        persona = self.persona(asker)
        mediated_for = None if asker.mediated_for is None else placed(asker.mediated_for, self.example)
        token = self.client.token(persona, mediated_for=mediated_for, valid_for=24 * 3600)
        headers = self.client.headers(persona, **{"authorization": f"Bearer {token}"} | headers)
        return await self.client.ask(persona, document.text, self.variables(document), headers=headers)

    def persona(self, asker):
        return Persona(
            person=placed(asker.person, self.example),
            role=asker.role,
            agency=placed(asker.agency, self.example),
            purpose=asker.purpose,
        )

    def known(self, asker):
        """The ids by which an asker knows records."""
        return self.client.known(self.persona(asker))

    def variables(self, document):
        return referred(document.variables, self.example)

    async def commitments(self):
        """What the gateway commits to values with."""
        return await ledger_keys(self.client.data_dir).commitments(self.database)

    async def entry(self):
        """The latest entry of the ledger."""
        return await latest_entry(self.database, self.client.data_dir)


class Book(dict):
    """The policies' data, as policy owners edit it; a failing example need not show all of it."""

    def _repr_pretty_(self, printer, _cycle):
        printer.text("the policies' data")


@pytest.fixture(scope="session")
def book():
    return Book(json.loads((POLICIES / "data.json").read_text()))


@pytest.fixture(scope="session")
async def decider():
    decider = EmbeddedDecider(POLICIES, timeout=20)
    yield decider
    await decider.close()


@pytest.fixture(scope="session")
def opened_places(postgres, decider, tmp_path_factory):
    """Opens a place: `async with opened_places(...) as place`; settings of the gateway may be stated."""
    keys = tmp_path_factory.mktemp("keys")

    @asynccontextmanager
    async def opened(*, secrets=(), **stated):
        # A busy machine may be slow; which of two worlds it is slow in says nothing.
        patient = dict.fromkeys(("database_timeout", "ledger_timeout", "request_timeout"), 60)
        stated = {"decider": decider, "database_pool_min": 1, "database_pool_max": 3} | patient | stated
        async with fresh_database(postgres) as url:
            database = await Database.open(url, pool_min=1, pool_max=1, timeout=10.0)
            await database.executemany(
                "INSERT INTO ledger_key (tag, child_id, year, wrapped) VALUES ($1, $2, $3, $4)", secrets
            )
            async with a_gateway(url, keys, **stated) as client:
                yield Place(database, client)
            await database.close()

    return opened


@pytest.fixture(scope="module")
async def place(opened_places):
    async with opened_places() as place:
        yield place


@pytest.fixture(scope="module")
async def twin_places(opened_places):
    """Two gateways of their own, so that even their ledgers can be held to say the same.

    They share the secrets that a gateway makes at its first start: what is opaque looks alike in both.
    """
    async with opened_places() as one:
        secrets = await one.database.fetch("SELECT tag, child_id, year, wrapped FROM ledger_key")
        async with opened_places(secrets=[tuple(row) for row in secrets]) as other:
            yield one, other


ENOUGH = 0.4
"""Part of random documents that has to be answered; draws cluster, and of most about four fifths are."""


@pytest.fixture(scope="module")
def tally():
    """Takes the answers to random documents, and holds that enough were told something: a refusal proves little."""
    taken = []
    yield lambda answer: taken.append("answered" if answer.data is not None else ",".join(answer.codes))
    assert taken.count("answered") >= ENOUGH * len(taken), f"hardly anything was answered: {Counter(taken)}"


@pytest.fixture(scope="session")
def new_example():
    """Numbers examples, each of which has ids of its own."""
    return lambda: next(_examples)
