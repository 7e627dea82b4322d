"""Two authorities with rules of their own: whatever either withholds or conceals, nobody is told across the border."""

from types import SimpleNamespace

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from tests.properties.profile import examples
from tests.support.borders import a_link, a_nurse, mia, two_authorities
from tests.support.builders import a_consent, a_sensitive_involvement
from tests.support.federation import THERE
from tests.support.gateway import shared_engine
from tests.support.ids import child_id
from tests.support.stricter_rules import StricterRules

FIELDS = {
    "Child": ("givenName", "address", "carers", "settings", "involvements", "leadProfessional", "provenance"),
    "Carer": ("name", "telephone", "relationship"),
    "Setting": ("name", "kind"),
    "Involvement": ("service", "startedOn", "practitioner", "provenance"),
    "Practitioner": ("name", "telephone", "agency"),
    "Agency": ("name",),
}
ALL = [(type_, field) for type_, fields in FIELDS.items() for field in fields]
WHOLE = ("Carer", "Setting", "Involvement", "Practitioner", "Agency")

ASK = """
query($by: ChildKey!, $authorities: [LocalAuthorityCode!]) {
  beside: child(by: $by, authorities: $authorities) { ...Told }
  found: searchChildren(criteria: { familyName: "Marsh", dateOfBirth: "2016-05-04" }, authorities: $authorities) {
    candidates { child { ...Told } }
  }
}
fragment Told on Child {
  __typename id givenName address { postcode }
  carers { __typename id name telephone relationship withheld { field } }
  settings { __typename id name kind withheld { field } }
  involvements(active: true) {
    __typename id service startedOn practitioner { ...Post } provenance { source } withheld { field }
  }
  leadProfessional { ...Post }
  withheld { field authority }
  provenance { source }
}
fragment Post on Practitioner { __typename id name telephone agency { __typename id name } withheld { field } }
"""


@pytest.fixture(scope="module")
async def world(postgres, tmp_path_factory):
    """The same child on both sides, linked; on each side rules that can be made stricter."""
    engine = await shared_engine()
    here, there = StricterRules(engine), StricterRules(engine)
    folder = tmp_path_factory.mktemp("rules")
    async with two_authorities(postgres, folder, rules=(here, there), locator_interval=0) as borders:
        nurse = await a_nurse(borders.here)
        child, other = await mia(borders.here), await mia(borders.there)
        await a_consent(borders.there.database, other, await a_sensitive_involvement(borders.there.database, other))
        await a_link(borders.here.database, child, THERE, borders.told_here(other))

        async def ask():
            variables = {"by": {"id": child_id(child)}, "authorities": [THERE]}
            answer = await borders.client.ask(nurse, ASK, variables)
            assert answer.codes == [], answer.messages
            return told_there(answer.data)

        yield SimpleNamespace(ask=ask, here=here, there=there, unbound=await ask())


def told_there(data):
    """What is told of records there: (place in the document, id, type, field) with its value."""
    told = {}

    def walk(value, place):
        if isinstance(value, list):
            for one in value:
                walk(one, place)
        elif isinstance(value, dict):
            for field, below in value.items():
                walk(below, (*place, field))
                if str(value.get("id")).startswith(f"{THERE}.") and field not in ("withheld", "__typename"):
                    told[place, value["id"], value["__typename"], field] = shown(below)

    walk(data, ())
    return told


def shown(value):
    """A value as far as it says something of its own record; records below stand for themselves."""
    if isinstance(value, list):
        return [shown(one) for one in value]
    return "a record" if isinstance(value, dict) and "id" in value else value


stricter = st.tuples(st.frozensets(st.sampled_from(ALL), max_size=4), st.frozensets(st.sampled_from(WHOLE), max_size=1))


@given(here=stricter, there=stricter)
@examples(20)
async def test_what_either_sides_rules_keep_back_nobody_is_told_across_the_border(world, here, there):
    for rules, (withheld, concealed) in ((world.here, here), (world.there, there)):
        rules.withheld, rules.concealed = withheld, concealed
    note(f"here {here}, there {there}")
    told = await world.ask()

    kept_back, hidden = here[0] | there[0], here[1] | there[1]
    assert told.keys() <= world.unbound.keys(), "a record or a field that the shipped rules do not tell"
    for (place, record_id, type_, field), value in told.items():
        before = world.unbound[place, record_id, type_, field]
        assert type_ not in hidden
        assert value is None or value == before or (isinstance(value, list) and len(value) <= len(before))
        assert value is None or (type_, field) not in kept_back
    assert {key[2] for key in told if key[0][0] == "found"}, "the child there is found, whatever is not told of it"


async def test_rules_that_keep_nothing_back_tell_what_both_sides_tell(world):
    for rules in (world.here, world.there):
        rules.withheld = rules.concealed = frozenset()

    told = await world.ask()

    assert told == world.unbound
    assert {key[0][0] for key in told} == {"beside", "found"}
    assert {key[2] for key in told if key[0][0] == "beside"} == {
        "Carer",
        "Setting",
        "Involvement",
        "Practitioner",
        "Agency",
    }
    assert all(value is not None for key, value in told.items() if key[3] in ("telephone", "name"))
