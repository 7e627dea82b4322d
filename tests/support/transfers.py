"""Two authorities with a gateway each that answer one another, and the steps of a transfer between them."""

from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from uuid import UUID

import httpx

from connectors.postgres.transfers import PostgresTransfers
from gateway.federation.transfer import responsible
from gateway.vocabulary import RecordType
from tests.changes.asking import ask_change
from tests.support.borders import Side, a_side
from tests.support.builders import a_child, an_agency, an_authority
from tests.support.federation import HERE, ROLES, THERE, RegistryFile, a_member_served, enrolled
from tests.support.gateway import Client, a_persona
from tests.support.ids import child_id, transfer_id
from tests.support.processes import free_port

NUMBER = "9434765919"
TOLD = """transfer {
  id state offeredAt answeredAt nhsNumber shielded delivered
  offeredBy { code } offeredTo { code } child { id responsibleAuthority { code } }
}"""
HISTORY = """query History($id: ID!) { child(by: { id: $id }) {
  responsibleAuthority { code } withheld { field reason }
  responsibilityHistory { id state offeredBy { code } offeredTo { code } }
} }"""


@dataclass(kw_only=True)
class Directory:
    """One authority: what it enrolled, its database, a client of its gateway, and somebody of its directory team."""

    side: Side
    client: Client
    team: object
    app: object

    @property
    def code(self):
        return self.side.member.member.authority

    @property
    def database(self):
        return self.side.database

    async def child(self, *, number=NUMBER, authority=None, **stated):
        return await a_child(self.database, nhs_number=number, authority=authority or self.code, **stated)

    async def persona(self, role, **stated):
        agency = await an_agency(self.database, authority=self.code)
        return replace(await a_persona(self.database, role, agency=agency, **stated), authority=self.code)

    async def step(self, step, *, by=None, key=None, **stated):
        """Take a step; a child and a transfer are named by the directory's own ids, or by a text that is none."""
        for name, named in (("child", child_id), ("transfer", transfer_id)):
            if isinstance(stated.get(name), UUID):
                stated[name] = named(stated[name])
        return await ask_change(
            self.client, by or self.team, "transferResponsibility", TOLD, key=key, step=step, **stated
        )

    async def offer(self, child, to, **stated):
        """Offer a child, and return the transfer's id as both authorities keep it."""
        answer = await self.step("OFFER", child=child, to=to.code, **stated)
        assert answer.refused == [], answer.content
        return self.meant(answer.payload["transfer"]["id"])

    def meant(self, text, *, by=None):
        """The id of a transfer behind what somebody was told."""
        return self.client.known(by or self.team).meant_as(RecordType.RESPONSIBILITY_TRANSFER, text)

    async def history(self, child, *, by=None):
        answer = await self.client.ask(by or self.team, HISTORY, {"id": child_id(child)})
        return answer.data["child"]

    async def responsible(self, child):
        return (await self.database.fetchrow("SELECT authority FROM child WHERE id = $1", child))["authority"]

    async def transfers(self):
        return await PostgresTransfers(self.database).page(after=None, size=100, unanswered=False)

    async def state(self, transfer):
        """The state of a transfer, or None where nothing has arrived."""
        found = [one.transfer.state.name for one in await self.transfers() if one.transfer.id == transfer]
        return found[0] if found else None

    async def tell(self):
        """Tell the other side what is still to be told, due or not; returns what was wrong with each attempt."""
        gateway = self.app.state.gateway
        return [one.fault for one in await gateway.transfers.delivery(gateway.answering).deliver_all()]


async def true_holder(*directories, first):
    """Who is responsible by all that anybody has durably."""
    known = {}
    for directory in directories:
        for one in await directory.transfers():
            held = known.get(one.transfer.id)
            known[one.transfer.id] = one.transfer if held is None else one.transfer.joined(held.statements)
    return responsible(known.values()) or first


@asynccontextmanager
async def two_directories(postgres, folder, *, first_is_reached=True):
    """HERE and THERE, each with a gateway on real sockets, for people and for peers."""
    members = [
        enrolled(folder, code, port=free_port(), roles=ROLES | {"directory-team", "supplier"}) for code in (HERE, THERE)
    ]
    registry = RegistryFile(folder, *members)
    async with a_side(postgres, members[0]) as ours, a_side(postgres, members[1]) as theirs:
        elsewhere = {} if first_is_reached else {"peers_on": 0}
        async with (
            a_directory(ours, folder, registry, **elsewhere) as here,
            a_directory(theirs, folder, registry) as there,
        ):
            yield here, there


@asynccontextmanager
async def a_directory(side, folder, registry, **settings):
    """A gateway of one side, reached by peers where the registry says unless `peers_on` is another port."""
    for code in (HERE, THERE):
        await an_authority(side.database, code)
    port = int(side.member.member.endpoints[0].rpartition(":")[2])
    data = folder / f"data-{side.member.member.authority}"
    served = a_member_served(side.database.url, data, side.member, registry, **{"peers_on": port} | settings)
    async with served as (address, _, app), httpx.AsyncClient(base_url=address, timeout=60) as http:
        agency = await an_agency(side.database, authority=side.member.member.authority)
        team = replace(
            await a_persona(side.database, "directory-team", purpose="administration", agency=agency),
            authority=side.member.member.authority,
        )
        yield Directory(side=side, client=Client(http, data, app), team=team, app=app)
