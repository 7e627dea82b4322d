"""A gateway of the demonstration as a process of its own, for programs that partners bring."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from connectors.postgres.database import Database
from connectors.synthetic.demo_world import load_demo_world
from gateway.known_ids import KnownIds
from tests.journeys.demo_world import CAST
from tests.support.gateway import Client
from tests.support.ids import scope_of
from tests.support.ledger import record_ids
from tests.support.postgres import fresh_database
from tests.support.processes import a_served_gateway


@dataclass(frozen=True)
class Served:
    """Where a gateway serves, and in whose name to ask it."""

    address: str
    headers: dict = field(repr=False)
    known: KnownIds
    database: Database
    data_dir: Path

    @property
    def token(self):
        return self.headers["authorization"].removeprefix("Bearer ")

    async def ask(self, query, variables=None):
        """What the gateway itself answers to an ask without any library."""
        async with httpx.AsyncClient(base_url=self.address, timeout=60) as http:
            body = {"query": query, "variables": variables or {}}
            return (await http.post("/graphql", json=body, headers=self.headers)).json()


@pytest.fixture(scope="package")
async def served(postgres, tmp_path_factory):
    """The demonstration's gateway, asked by its nurse."""
    folder = tmp_path_factory.mktemp("gateway")
    async with fresh_database(postgres) as url:
        now = datetime.now(UTC)
        await load_demo_world(url, today=now.date())
        async with a_served_gateway(folder, url=url) as running:
            client = Client(None, folder)
            token = client.token(CAST["nurse"], issued_at=int(now.timestamp()))
            headers = client.headers(CAST["nurse"]) | {"authorization": f"Bearer {token}"}
            database = await Database.open(url, pool_min=1, pool_max=1, timeout=10)
            known = (await record_ids(database, folder)).known_to(scope_of(CAST["nurse"]))
            yield Served(running.address, headers, known, database, folder)
            await database.close()
