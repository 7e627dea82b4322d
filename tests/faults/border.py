"""Two authorities whose gateways are processes, with a child of one name each, and what somebody here is told."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import httpx

from connectors.rule_set import RuleSet
from gateway.settings import PACKAGED_POLICIES
from tests.faults.crowd import a_nurse, an_asker
from tests.support.borders import FIND, MIA, Side, a_side, mia, port_of
from tests.support.builders import an_authority
from tests.support.federation import HERE, THERE, RegistryFile, enrolled, federation_command
from tests.support.gateway import Persona
from tests.support.processes import Running, a_served_gateway, an_opa, free_port


@dataclass(kw_only=True)
class Border:
    """Both sides, their registry, and the engine that decides for both."""

    here: Side
    there: Side
    registry: RegistryFile
    opa: Running
    folder: Path
    nurse: Persona | None = None

    def data_of(self, side):
        return self.folder / f"data-{side.member.member.authority}"

    @asynccontextmanager
    async def served(self, side, *, peer_port=None, variables=None):
        """The gateway of one side, which peers find where the registry says unless another port is stated."""
        settings = side.member.settings(self.registry) | {
            "peer_port": peer_port or port_of(side.member),
            "locator_interval": 0,
            "registry_interval": 0,
            "opa_url": self.opa.url,
            "database_timeout": 20,
            "ledger_timeout": 20,
            "peer_timeout": 20,
        }
        async with a_served_gateway(
            self.data_of(side), url=side.database.url, variables=variables, **settings
        ) as running:
            yield running

    async def found(self, ours, *, request_id=None, at=None):
        """How many candidates each authority told the nurse here, and how THERE answered."""
        if self.nurse is None:
            self.nurse = replace(await a_nurse(self.here.database), authority=HERE)
        asker = await an_asker(self.nurse, self.here.database, self.data_of(self.here), at=at)
        headers = asker.headers | ({} if request_id is None else {"x-request-id": request_id})
        async with httpx.AsyncClient(base_url=ours.address, timeout=60) as http:
            body = {"query": FIND, "variables": {"criteria": MIA, "authorities": [THERE]}}
            search = (await http.post("/graphql", json=body, headers=headers)).json()["data"]["searchChildren"]
        [status] = [source["status"] for source in search["sources"] if source["authority"]["code"] == THERE]
        theirs = [one for one in search["candidates"] if one["child"]["id"].startswith(f"{THERE}.")]
        return len(search["candidates"]) - len(theirs), len(theirs), status

    async def recorded(self, request_id):
        """Why THERE did not answer, as the ledger here has it, and why it refused, as the one there has it."""
        [noted] = [one for one in (await self.here.entry(request_id))["sources"] if one["authority"] == THERE]
        theirs = [entry for entry in await self.there.entries() if entry["request_id"] == request_id]
        return noted.get("reason"), [code["reason"] for entry in theirs for code in entry["outcome"]["codes"]]

    async def reconciled(self):
        """What the commands say that the two authorities' engineers run."""
        theirs = self.folder / "theirs.jsonl"
        url = self.there.database.url
        written = await asyncio.to_thread(
            federation_command, "calls", "--with", HERE, "-o", theirs, authority=THERE, database_url=url
        )
        assert written.exit_code == 0, written.output
        url, both = self.here.database.url, ("--with", THERE, "--theirs", theirs)
        return await asyncio.to_thread(federation_command, "reconcile", *both, authority=HERE, database_url=url)


@asynccontextmanager
async def a_border(postgres, folder):
    """Both authorities with what serves a gateway of either."""
    members = [enrolled(folder, code, port=free_port()) for code in (HERE, THERE)]
    registry = RegistryFile(folder, *members).publish(*members, issued=datetime.now(UTC))
    async with (
        a_side(postgres, members[0]) as here,
        a_side(postgres, members[1]) as there,
        an_opa(RuleSet.read(PACKAGED_POLICIES), folder) as opa,
    ):
        for side, code in ((here, HERE), (there, THERE)):
            await an_authority(side.database, code)
            await mia(side)
        yield Border(here=here, there=there, registry=registry, opa=opa, folder=folder)
