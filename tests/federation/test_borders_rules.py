"""Two authorities with rules of their own: whatever either withholds or conceals, nobody is told across the border."""

from types import SimpleNamespace

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from gateway.federation.wanted import JOINED
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
  carers { __typename id name telephone relationship withheld { field authority } }
  settings { __typename id name kind withheld { field authority } }
  involvements(active: true) {
    __typename id service startedOn practitioner { ...Post } provenance { source } withheld { field authority }
  }
  leadProfessional { ...Post }
  withheld { field authority }
  provenance { source }
}
fragment Post on Practitioner {
  __typename id name telephone agency { __typename id name } withheld { field authority }
}
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
            return answer.data

        unbound = await ask()
        yield SimpleNamespace(
            ask=ask, here=here, there=there, unbound=told_there(unbound), unbound_said=said_of(unbound)
        )


def told_there(data):
    """What is told of records there: (place in the document, id, type, field) with its value."""
    return {
        (place, record["id"], record["__typename"], field): shown(value)
        for place, record in records_in(data)
        if record["id"].startswith(f"{THERE}.")
        for field, value in record.items()
        if field not in ("withheld", "__typename")
    }


def records_in(value, place=()):
    """Yield each record told, with its place in the document."""
    if isinstance(value, list):
        for one in value:
            yield from records_in(one, place)
    elif isinstance(value, dict):
        if "id" in value:
            yield place, value
        for field, below in value.items():
            yield from records_in(below, (*place, field))


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
    data = await world.ask()
    told = told_there(data)

    kept_back, hidden = here[0] | there[0], here[1] | there[1]
    assert told.keys() <= world.unbound.keys(), "a record or a field that the shipped rules do not tell"
    for (place, record_id, type_, field), value in told.items():
        before = world.unbound[place, record_id, type_, field]
        assert type_ not in hidden
        assert value is None or value == before or (isinstance(value, list) and len(value) <= len(before))
        assert value is None or (type_, field) not in kept_back
    assert {key[2] for key in told if key[0][0] == "found"}, "the child there is found, whatever is not told of it"
    for key, (kind, fields, said) in said_of(data).items():
        # Of what service it is not told, an involvement is taken for sensitive here, and more is kept back.
        if kind == "Involvement" and (kind, "service") in there[0]:
            continue
        assert said == expected_of(key, kind, fields, world.unbound_said[key][2], here[0], there[0])


def said_of(data):
    """Of each record, by place and id: its type, the fields selected, and who is said to withhold which of them."""
    return {
        (place, record["id"]): (
            record["__typename"],
            record.keys(),
            {one["field"]: one["authority"] for one in record["withheld"]},
        )
        for place, record in records_in(data)
        if "withheld" in record
    }


def expected_of(key, kind, fields, unbound, here, there):
    """Who keeps a field back is said to: this authority first, and the other of its records and of what joins ours."""
    by_us, by_them = ({field for type_, field in rules if type_ == kind and field in fields} for rules in (here, there))
    if not key[1].startswith(f"{THERE}."):
        by_them &= JOINED
    by_us |= {field for field, authority in unbound.items() if authority is None}
    return unbound | dict.fromkeys(by_them, THERE) | dict.fromkeys(by_us, None)


async def test_rules_that_keep_nothing_back_tell_what_both_sides_tell(world):
    for rules in (world.here, world.there):
        rules.withheld = rules.concealed = frozenset()

    told = told_there(await world.ask())

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
