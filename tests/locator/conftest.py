"""Two or three members whose gateways keep a locator, over databases of their own."""

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

import httpx
import pytest

from connectors.postgres.database import Database
from gateway.federation.locating import Located
from gateway.ports import Criteria
from tests.support.builders import NOW
from tests.support.federation import ACCESS, COMMITMENT, HERE, NURSE, THERE, RegistryFile, a_member_served, enrolled
from tests.support.gateway import Client
from tests.support.postgres import fresh_database
from tests.support.processes import free_port, until

NHS = "9434765919"


@dataclass(kw_only=True)
class Federation:
    """The asking gateway HERE and the answering gateway THERE, whose database tests fill."""

    here: object
    there: object
    registry: object
    folder: object
    """With the data folder of each: `here` and `there`."""
    parts: object
    """Of the asking side."""
    answering: object
    """Of the answering side."""
    database: Database
    """Of the answering side."""
    asking: Database
    client: Client
    """Asks the asking side as its own people do."""

    async def built(self):
        """Publish what THERE holds now, and let HERE fetch it."""
        await until(self._settled, within=120)
        await self.parts.setups.look_at_all()

    async def _settled(self):
        await self.answering.builder.look()
        return await self.answering.builder._locator.changed() is None

    async def locate(self, *, person="nurse.okafor", within=20.0, **criteria) -> Located:
        return await self.parts.locator.locate(
            Criteria(**criteria),
            asker=replace(NURSE, person=person),
            access=ACCESS,
            request_id=f"located-{person}",
            commitment=COMMITMENT,
            within=within,
        )


@asynccontextmanager
async def a_federation(server, folder, *, clock=lambda: NOW, by_itself=False, **settings):
    """Lend one whose clocks stand still unless a real one is given, and that builds when told to or `by_itself`."""
    stated = {"locator_interval": 3600, "locator_debounce": 0} | settings
    here, there = enrolled(folder, HERE), enrolled(folder, THERE, port=free_port())
    registry = RegistryFile(folder).publish(here, there, issued=clock())
    async with AsyncExitStack() as stack:
        urls = [await stack.enter_async_context(fresh_database(server)) for _ in range(2)]
        databases = [await Database.open(url, pool_min=1, pool_max=4, timeout=20.0) for url in urls]
        for database in databases:
            stack.push_async_callback(database.close)
        port = int(there.member.endpoints[0].rpartition(":")[2])
        _, _, answering = await stack.enter_async_context(
            a_member_served(urls[1], folder / "there", there, registry, peers_on=port, clock=clock, **stated)
        )
        _, _, asking = await stack.enter_async_context(
            a_member_served(
                urls[0], folder / "here", here, registry, clock=clock, **(stated | {"locate_budget": 10_000})
            )
        )
        for app in () if by_itself else (answering, asking):
            await app.state.gateway.locator.builder.close()
        transport = httpx.ASGITransport(app=asking, raise_app_exceptions=True)
        http = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://gateway.test"))
        yield Federation(
            here=here,
            there=there,
            registry=registry,
            folder=folder,
            parts=asking.state.gateway.locator,
            answering=answering.state.gateway.locator,
            database=databases[1],
            asking=databases[0],
            client=Client(http, folder / "here", asking),
        )


@pytest.fixture(scope="module")
async def federation(postgres, tmp_path_factory):
    """One federation for all tests of a module; each uses children of its own."""
    folder = tmp_path_factory.mktemp("federation")
    async with a_federation(postgres, folder, locate_budget=10_000, locate_authority_budget=10_000) as federation:
        yield federation
