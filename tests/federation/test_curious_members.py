"""A member with a certificate and a key that are good asks at the port itself, in whatever name it likes.

Its own gateway would never send these documents; nothing here depends on that it does not.
"""

from dataclasses import replace
from itertools import product

import orjson

from connectors.rule_set import RuleSet
from gateway.settings import PACKAGED_POLICIES
from gateway.vocabulary import RecordType
from tests.support.builders import (
    a_carer,
    a_child,
    a_practitioner,
    a_sensitive_involvement,
    a_setting,
    a_shield,
    an_authority,
    an_involvement,
    attends,
)
from tests.support.documents import everything
from tests.support.federation import ACCESS, NURSE, THERE, assertion, call, speaking_as

NUMBER, STREET, SCHOOL = "9434765919", "9 Larkspur Steps", "Larkspur Academy"
BOOK = RuleSet.read(PACKAGED_POLICIES).data
ROADS = f"""
query($id: ID!, $brother: ID!, $carer: ID!, $number: String!, $yes: Boolean!) {{
  byId: child(by: {{ id: $id }}) {everything("Child", 1)}
  byNumber: child(by: {{ nhsNumber: $number }}) {{ id ...Where @include(if: $yes) }}
  byNode: node(id: $id) {{ __typename ...Where @skip(if: false) }}
  byReference: _entities(representations: [{{ __typename: "Child", id: $id }}]) {{ ...Where }}
  brother: node(id: $brother) {{ ...Where }}
  carer: node(id: $carer) {{ ... on Carer {{ id telephone address {{ lines }} children {{ id ...Where }} }} }}
}}
fragment Where on Child {{
  address {{ lines postcode }} settings {{ name }} carers {{ telephone }} sources {{ status }}
}}
"""
LISTS = """
query($id: ID!, $authority: LocalAuthorityCode!) {
  accessLog(child: $id, first: 1) { edges { node { id person } } }
  brokeredContacts(unanswered: false, first: 1) { edges { node { id reason child { id } } } pageInfo { hasNextPage } }
  missingEducation(authority: $authority, first: 1) { edges { node { id } } waiting { number } }
  withoutGp(authority: $authority, first: 1) { edges { node { id } } waiting { number } }
}"""
JSON = {"content-type": "application/json"}


def _empty(value):
    """Whether nothing is told: nulls, falsehoods and empty lists all the way down."""
    if isinstance(value, dict):
        return all(map(_empty, value.values()))
    return all(map(_empty, value)) if isinstance(value, list) else not value


async def _shielded_girl(database):
    await an_authority(database, THERE)
    girl, brother = [
        await a_child(database, authority=THERE, address_lines=[STREET], nhs_number=number) for number in (NUMBER, None)
    ]
    mother = await a_carer(database, of=(girl, brother), address_lines=[STREET], telephone="07700 900777")
    await attends(database, girl, await a_setting(database, name=SCHOOL))
    await an_involvement(database, girl, practitioner_id=await a_practitioner(database, name="Wilhelmina Larkspur"))
    await a_sensitive_involvement(database, girl)
    await a_shield(database, girl)
    return girl, brother, mother


def _named(known_here, girl, brother, mother):
    return {
        "id": known_here.told(RecordType.CHILD, girl),
        "brother": known_here.told(RecordType.CHILD, brother),
        "carer": known_here.told(RecordType.CARER, mother),
        "number": NUMBER,
        "yes": True,
    }


async def test_a_member_is_told_of_no_shielded_child_in_any_role_for_any_purpose(
    answering, known_here, database, here, there
):
    variables = _named(known_here, *await _shielded_girl(database))
    documents = [
        orjson.dumps({"query": ROADS, "variables": variables}),
        orjson.dumps({"query": LISTS, "variables": {"id": variables["id"], "authority": THERE}}),
    ]
    answered = 0
    async with speaking_as(here.own, there.member) as http:
        for role, purpose, body in product(BOOK["roles"], BOOK["purposes"], documents):
            access, asker = replace(ACCESS, purpose=purpose), replace(NURSE, role=role)
            headers = {"authorization": f"Bearer {assertion(here, body=body, asker=asker, access=access)}"}
            answer = await http.post(f"{answering}/graphql", content=body, headers=headers | JSON)
            assert answer.status_code < 500, (role, purpose, answer.text)
            assert "arkspur" not in answer.text
            assert _empty(answer.json().get("data") or {}), (role, purpose, answer.text)
            answered += answer.status_code == 200
    assert answered > 20


async def test_what_is_told_to_a_member_of_a_child_who_is_not_shielded_is_found_by_the_same_document(
    answering, known_here, database, here, there
):
    family = await _shielded_girl(database)
    await database.execute("UPDATE shield SET lifted_at = requested_at")
    body = orjson.dumps({"query": ROADS, "variables": _named(known_here, *family)})

    answer = await call(answering, here, there, assertion(here, body=body), body=body)

    data = answer.json()["data"]
    assert [road for road in data if STREET not in orjson.dumps(data[road]).decode()] == [], answer.text
