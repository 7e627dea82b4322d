"""Over two real gateways: what crosses a border is never more than either side's rules tell, whatever is set where."""

from dataclasses import dataclass

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from connectors.postgres.links_elsewhere import PostgresLinks
from tests.properties.profile import examples
from tests.support.borders import BESIDE, a_link, mia, two_authorities
from tests.support.builders import NOW, a_conflict, a_consent, a_practitioner, a_sensitive_involvement, a_shield
from tests.support.federation import THERE
from tests.support.gateway import a_persona
from tests.support.ids import child_id

ROLES = ("health-practitioner", "social-worker", "education-practitioner")
FIELDS = ("carers", "settings", "involvements")


@dataclass
class Pair:
    """The same child on both sides, linked."""

    here: object
    there: object


@pytest.fixture(scope="module")
async def borders(postgres, tmp_path_factory):
    async with two_authorities(postgres, tmp_path_factory.mktemp("borders"), locator_interval=0) as borders:
        yield borders


async def a_pair(borders, *, consent=None):
    pair = Pair(await mia(borders.here), await mia(borders.there))
    if consent is not None:
        sensitive = await a_sensitive_involvement(borders.there.database, pair.there)
        if consent:
            await a_consent(borders.there.database, pair.there, sensitive)
    await a_link(borders.here.database, pair.here, THERE, borders.told_here(pair.there))
    return pair


async def asked(borders, persona, pair, *authorities):
    variables = {"by": {"id": child_id(pair.here)}, "authorities": list(authorities)}
    answer = await borders.client.ask(persona, BESIDE, variables)
    assert answer.codes == [], answer.messages
    return answer.data["child"]


async def told_there(borders, persona, pair):
    """What the other side tells the same person of its record, asked for by its id and not by a link."""
    by = {"id": borders.known_there(persona, pair.there)}
    answer = await borders.client.ask(persona, BESIDE, {"by": by, "authorities": []})
    assert answer.codes == [], answer.messages
    return answer.data["child"]


def parts(child, *, elsewhere):
    """The parts of a child's lists, with every value told of each."""
    return {
        one["id"]: one
        for field in FIELDS
        for one in (child or {}).get(field) or ()
        if one["id"].startswith(f"{THERE}.") is elsewhere
    }


def services(child):
    """The services of involvements elsewhere, in order."""
    told = parts(child, elsewhere=True).values()
    return sorted(part["service"] for part in told if "service" in part)


async def a_shield_there(borders, pair, _post):
    await a_shield(borders.there.database, pair.there)


async def a_shield_here(borders, pair, _post):
    await a_shield(borders.here.database, pair.here)


async def a_conflict_here(borders, pair, post):
    await a_conflict(borders.here.database, pair.here, post)


async def the_link_undone(borders, pair, _post):
    links = PostgresLinks(borders.here.database, now=lambda: NOW)
    await links.undo(pair.here, THERE, borders.told_here(pair.there), by="directory.price", at=NOW)


NARROWINGS = (a_shield_there, a_shield_here, a_conflict_here, the_link_undone)


@given(
    role=st.sampled_from(ROLES),
    consent=st.sampled_from([None, True, False]),
    narrowing=st.sampled_from(NARROWINGS),
    everywhere=st.booleans(),
)
@examples(24)
async def test_what_is_joined_is_never_more_than_each_side_tells(borders, role, consent, narrowing, everywhere):
    persona = await a_persona(borders.here.database, role)
    post = await a_practitioner(borders.here.database, agency=persona.agency, person=persona.person)
    pair = await a_pair(borders, consent=consent)
    named = "*" if everywhere else THERE
    before = await asked(borders, persona, pair, named)
    there, home = await told_there(borders, persona, pair), await asked(borders, persona, pair)
    note(f"{role}, consent {consent}, then {narrowing.__name__}")

    assert parts(before, elsewhere=True) == parts(there, elsewhere=True), "neither more nor less than the other tells"
    assert parts(before, elsewhere=False) == parts(home, elsewhere=False), "what is here stays as it is"
    assert services(before) == ["SOCIAL_CARE"] + ["UNSPECIFIED_SENSITIVE"] * (consent is True), "by the footing there"

    await narrowing(borders, pair, post)
    after = await asked(borders, persona, pair, named)

    told_before, told_after = (parts(child, elsewhere=True) for child in (before, after))
    assert told_after.keys() <= told_before.keys()
    for part, values in told_after.items():
        assert all(value in (None, told_before[part][name]) for name, value in values.items() if name != "withheld")
    if narrowing is not a_conflict_here:
        assert told_after == {}
    if narrowing is a_shield_there:
        alone = await asked(borders, persona, pair)
        assert {**after, "sources": None} == {**alone, "sources": None}, "as if it were unknown there"
        assert after["sources"] == before["sources"]
