"""Two authorities with a gateway each: one is asked by its own people, the other by the first one's gateway."""

from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid4

import orjson

from connectors.postgres.database import Database
from connectors.postgres.links_elsewhere import PostgresLinks
from gateway.federation.links import FoundLink
from gateway.known_ids import IdScope
from gateway.record_ids import told_there
from gateway.vocabulary import MatchGrade, MatchReason, RecordType
from tests.support.builders import (
    NOW,
    a_carer,
    a_child,
    a_practitioner,
    a_setting,
    an_agency,
    an_authority,
    an_involvement,
    attends,
)
from tests.support.federation import ELSEWHERE, HERE, THERE, RegistryFile, a_member_served, enrolled
from tests.support.gateway import Client, a_gateway, a_persona
from tests.support.postgres import fresh_database
from tests.support.processes import free_port

PATIENT = {"peer_timeout": 10}

FIND = """
query Find($criteria: ChildCriteria!, $authorities: [LocalAuthorityCode!]) {
  searchChildren(criteria: $criteria, authorities: $authorities) {
    candidates {
      grade
      child {
        id givenName familyName nhsNumber dateOfBirth address { postcode } responsibleAuthority { code name }
        carers { name telephone }
        settings { name kind }
        involvements(active: true) {
          id service startedOn practitioner { name telephone agency { name } } withheld { field reason }
        }
        sources { authority { code } status }
        withheld { field reason }
        provenance { field source stale }
      }
    }
    sources { authority { code name } status asOf elapsedMs }
  }
}
"""
BESIDE = """
query Beside($by: ChildKey!, $authorities: [LocalAuthorityCode!]) {
  child(by: $by, authorities: $authorities) {
    id givenName
    carers { id name telephone }
    settings { id name kind }
    involvements(active: true) {
      id service startedOn practitioner { name telephone agency { name } } withheld { field reason }
      provenance { field source }
    }
    leadProfessional { name }
    sources { authority { code } status }
    withheld { field reason authority }
  }
}
"""
MIA = {"familyName": "Marsh", "dateOfBirth": "2016-05-04"}


@dataclass(kw_only=True)
class Side:
    """One authority: what it has enrolled, and its database."""

    member: object
    database: Database

    async def entries(self):
        rows = await self.database.fetch("SELECT entry, leaf_hash FROM ledger_entry ORDER BY seq")
        return [orjson.loads(row["entry"]) | {"leaf": bytes(row["leaf_hash"]).hex()} for row in rows]

    async def entry(self, request_id):
        [found] = [entry for entry in await self.entries() if entry["request_id"] == request_id]
        return found


@dataclass(kw_only=True)
class Borders:
    """The asking side's client, both sides, and the registry."""

    client: Client
    here: Side
    there: Side
    registry: RegistryFile
    apps: list
    """Both gateways, or the asking one only."""

    async def publish(self, *members):
        """Publish another registry, and let both gateways take it up."""
        self.registry.publish(*members)
        for app in self.apps:
            await app.state.gateway.registry.reload()

    async def find(self, persona, criteria=MIA, authorities=(THERE,), *, query=FIND, **headers):
        variables = {"criteria": criteria, "authorities": list(authorities)}
        return await self.client.ask(persona, query, variables, **headers)

    def known_there(self, persona, record_id, record_type=RecordType.CHILD):
        """The id by which a persona here knows a record of the other authority, a child unless stated otherwise."""
        there = self.told_here(record_id, record_type)
        return self.client.known(persona).told(record_type, told_there(THERE, record_type, there))

    def told_here(self, record_id, record_type=RecordType.CHILD):
        """The id by which the other authority tells this one of a record."""
        return self.apps[1].state.gateway.answering.ids.known_to(IdScope(HERE, None)).told(record_type, record_id)


@asynccontextmanager
async def a_side(postgres, member):
    async with fresh_database(postgres) as url:
        database = await Database.open(url, pool_min=1, pool_max=4, timeout=10.0)
        try:
            yield Side(member=member, database=database)
        finally:
            await database.close()


@asynccontextmanager
async def two_authorities(
    postgres, folder, *, answered=True, clock=None, clock_there=None, peers_on=None, rules=(None, None), **settings
):
    """HERE asks, THERE answers (unless stated otherwise), ELSEWHERE is listed and nobody listens there.

    THERE's own port is `peers_on` where something stands between the two; `rules` are those of HERE and of THERE.
    """
    here = enrolled(folder, HERE)
    there = enrolled(folder, THERE, port=free_port())
    elsewhere = enrolled(folder, ELSEWHERE, port=free_port())
    registry = RegistryFile(folder, here, there, elsewhere)
    timing = {} if clock is None else {"clock": clock}
    async with a_side(postgres, here) as asking, a_side(postgres, there) as asked:
        await an_authority(asking.database, HERE)
        await an_authority(asked.database, THERE)
        stated = here.settings(registry) | PATIENT | settings
        timing |= {"decider": rules[0]}
        async with a_gateway(asking.database.url, folder / "asking", **stated, **timing) as client:
            borders = Borders(client=client, here=asking, there=asked, registry=registry, apps=[client.app])
            if not answered:
                yield borders
                return
            port = peers_on or port_of(there)
            timing |= {"decider": rules[1]} | ({} if clock_there is None else {"clock": clock_there})
            async with a_member_served(
                asked.database.url, folder / "asked", there, registry, peers_on=port, **timing
            ) as (_callers, _peers, app):
                borders.apps.append(app)
                yield borders


def port_of(enrolled):
    """The port under which the registry has a member's gateway."""
    return int(enrolled.member.endpoints[0].rpartition(":")[2])


async def mia(side, **stated):
    """A child with a carer, a school and a social worker."""
    child = await a_child(
        side.database,
        **{
            "given_name": "Mia",
            "family_name": "Marsh",
            "date_of_birth": date(2016, 5, 4),
            "authority": side.member.member.authority,
        }
        | stated,
    )
    await a_carer(side.database, of=[child], name="Joan Marsh", telephone="0161 496 0777")
    await attends(side.database, child, await a_setting(side.database, name="Oak Primary"))
    agency = await an_agency(side.database, name="Children's Services", authority=side.member.member.authority)
    worker = await a_practitioner(side.database, name="Sam Carter", agency=agency, telephone="0161 496 0888")
    await an_involvement(side.database, child, practitioner_id=worker, agency_id=agency, service="SOCIAL_CARE")
    return UUID(str(child))


async def a_link(database, child, authority, there, *, certain=True):
    """A link from a child here to the record that another authority tells as `there`."""
    found = FoundLink(
        id=uuid4(),
        child=child,
        authority=authority,
        there=there,
        grade=MatchGrade.CERTAIN if certain else MatchGrade.PROBABLE,
        reasons=(MatchReason.IDENTIFIER_EQUAL if certain else MatchReason.FAMILY_NAME_EQUAL,),
        certain=certain,
    )
    await PostgresLinks(database, now=lambda: NOW).keep([found], by="nurse.okafor", at=NOW)


async def a_nurse(side, **stated):
    return await a_persona(side.database, "health-practitioner", **stated)
