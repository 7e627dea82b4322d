"""The demonstration's world behind a gateway, asked by its personas."""

from contextlib import asynccontextmanager

from connectors.postgres.database import Database
from connectors.synthetic.demo_cast import PERSONAS, STORIES
from connectors.synthetic.demo_world import load_demo_world
from tests.support.builders import TODAY
from tests.support.gateway import Persona, a_gateway
from tests.support.postgres import fresh_database

WHO_WORKS_WITH = """
query WhoWorksWith($criteria: ChildCriteria!) {
  searchChildren(criteria: $criteria) {
    candidates {
      grade
      child {
        id givenName familyName formerNames { familyName } dateOfBirth gender
        address { lines postcode } addressStatus nhsNumber upn responsibleAuthority { name }
        carers {
          name relationship hasParentalResponsibility address { postcode } telephone email withheld { field reason }
        }
        settings { name kind telephone }
        involvements { ...Work }
        leadProfessional { name }
        commonAssessmentCompleted
        withheld { field reason remedy }
      }
    }
    sources { authority { name } status }
  }
}
fragment Work on Involvement {
  service agency { name } practitioner { name telephone } startedOn isLeadProfessional withheld { field reason remedy }
}
"""

STORY = {story.key: story for story in STORIES}
CAST = {
    persona.key: Persona(
        person=persona.person, role=persona.role, agency=persona.agency, purpose=persona.purpose, reason=persona.reason
    )
    for persona in PERSONAS
}


class Stage:
    """The gateway of the stories, and what stands in its ledger."""

    def __init__(self, client, database):
        self.client = client
        self.database = database

    async def ask(self, persona, query, variables=None, **changed):
        return await self.client.ask(CAST[persona], query, variables, **changed)

    async def tell(self, key, *, persona=None, **changed):
        """Ask a story's question, by its own persona unless another is named."""
        story = STORY[key]
        criteria = {
            "givenName": story.given_name,
            "familyName": story.family_name,
            "dateOfBirth": story.date_of_birth(TODAY).isoformat(),
        }
        return await self.ask(persona or story.persona, WHO_WORKS_WITH, {"criteria": criteria}, **changed)


@asynccontextmanager
async def a_stage(postgres, folder):
    async with fresh_database(postgres) as url:
        await load_demo_world(url, today=TODAY)
        database = await Database.open(url, pool_min=1, pool_max=2, timeout=10)
        settings = {"database_timeout": 10, "ledger_timeout": 10, "decision_timeout": 20, "request_timeout": 30}
        async with a_gateway(url, folder, **settings) as client:
            yield Stage(client, database)
        await database.close()


def children_in(answer):
    return [candidate["child"] for candidate in answer.data["searchChildren"]["candidates"]]


def named(children, given_name):
    return next(child for child in children if child["givenName"] == given_name)
