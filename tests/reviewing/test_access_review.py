"""What reviewers are shown through the graph, whom it is about, and what it never tells."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.errors import BudgetExhausted
from tests.reviewing.ledger_of_one import YESTERDAY, an_ask
from tests.support.builders import (
    NOW,
    a_carer,
    a_child,
    a_former_name,
    a_practitioner,
    a_shield,
    an_agency,
    an_authority,
    an_involvement,
)
from tests.support.gateway import a_persona

REVIEW = """
query Review($from: Date!, $to: Date!, $patterns: [ReviewPattern!], $authority: LocalAuthorityCode, $first: Int!,
             $after: String) {
  accessReview(from: $from, to: $to, patterns: $patterns, authority: $authority, first: $first, after: $after) {
    callers entries
    pageInfo { hasNextPage endCursor }
    edges { cursor node {
      id pattern person role agency explanation measured threshold entryCount
      entries { id at purpose outcome searches children shieldedChildren afterEntries withheld { field } }
      case { id state outcomes { outcome } }
      withheld { field reason }
    } }
  }
}"""
PERIOD = {"from": "2026-11-01", "to": "2026-11-22"}


@pytest.fixture
def review(client, supervisor):
    async def review(by=supervisor, **changed):
        answer = await client.ask(by, REVIEW, {**PERIOD, "first": 20} | changed)
        return answer if answer.data is None else answer.data["accessReview"]

    return review


def shown(page):
    return {(edge["node"]["person"], edge["node"]["pattern"]) for edge in page["edges"]}


async def strangers(database, count, **stated):
    return [await a_child(database, **stated) for _ in range(count)]


async def test_a_supervisor_is_shown_a_finding_with_its_evidence(review, asked, database, insider):
    children = await strangers(database, 6)
    await asked(*(an_ask(insider, child) for child in children))

    page = await review()

    (edge,) = page["edges"]
    node = edge["node"]
    assert (page["callers"], page["entries"]) == (1, 6)
    assert (node["pattern"], node["person"], node["role"]) == ("NO_RELATIONSHIP", insider.person, insider.role)
    assert (node["measured"], node["threshold"], node["entryCount"], node["case"]) == (6, 5, 6, None)
    assert node["explanation"].startswith("Looked at 6 children with whom neither the caller nor the agency works")
    assert [entry["id"] for entry in node["entries"]] == ["0", "1", "2", "3", "4", "5"]
    assert node["entries"][0] | {"children": None} == {
        "id": "0",
        "at": YESTERDAY.isoformat(),
        "purpose": "direct-support",
        "outcome": "answered",
        "searches": 0,
        "children": None,
        "shieldedChildren": 0,
        "afterEntries": [],
        "withheld": [],
    }


async def test_nothing_of_a_child_is_told(client, supervisor, review, asked, database, insider):
    child = await a_child(
        database, given_name="Chidinma", family_name="Okafor", postcode="M33 9ZZ", nhs_number="9000000009"
    )
    await a_carer(database, of=[child], name="Ngozi Okafor", postcode="M33 9ZZ")
    await asked(*(an_ask(insider, child, at=YESTERDAY - timedelta(days=day)) for day in range(4)))

    answer = await client.ask(supervisor, REVIEW, {**PERIOD, "first": 20})

    assert shown(answer.data["accessReview"]) == {(insider.person, "SAME_SURNAME")}
    told = answer.content.decode().lower()
    for secret in ("chidinma", "okafor", "ngozi", "m33", "9000000009", str(child)):
        assert secret not in told


async def test_one_child_has_one_reference_and_it_leads_to_none(client, supervisor, review, asked, database, insider):
    children = await strangers(database, 5)
    await asked(*(an_ask(insider, child) for child in [*children, children[0], await a_child(database)]))

    references = [entry["children"][0] for entry in (await review())["edges"][0]["node"]["entries"]]
    answer = await client.ask(supervisor, "query A($id: ID!) { node(id: $id) { id } }", {"id": references[0]})

    assert references[0] == references[5]
    assert len(set(references)) == 6
    assert answer.data == {"node": None}


@pytest.mark.parametrize("name", ["Robin Okafor", "Robin Ade Okafor", "Robin Smith-Okafor", "Robin O'Kafor"])
async def test_the_surname_in_the_sealed_ask_is_compared(review, asked, database, name):
    insider = await a_persona(database, "health-practitioner", name="Registered Otherwise")
    child = await a_child(database, family_name="Okafor")
    days = [YESTERDAY - timedelta(days=day) for day in range(3)]
    await asked(*(an_ask(insider, child, at=day, name=name) for day in days))

    assert shown(await review()) == {(insider.person, "SAME_SURNAME")}


async def test_a_former_surname_and_a_carers_are_compared(review, asked, database, insider):
    renamed, in_care = await a_child(database), await a_child(database)
    await a_former_name(database, renamed, family_name="Okafor")
    await a_carer(database, of=[in_care], name="Ngozi Okafor")
    for child in (renamed, in_care):
        await asked(*(an_ask(insider, child, at=YESTERDAY - timedelta(days=day)) for day in range(3)))

    found = (await review())["edges"][0]["node"]

    assert (found["pattern"], found["entryCount"]) == ("SAME_SURNAME", 6)


async def test_who_works_with_the_child_is_not_shown(review, asked, database, insider):
    child = await a_child(database, family_name="Okafor")
    post = await a_practitioner(database, person=insider.person, agency=insider.agency)
    await an_involvement(database, child, practitioner_id=post)
    await asked(*(an_ask(insider, child, at=YESTERDAY - timedelta(days=day)) for day in range(4)))

    assert shown(await review()) == set()


@pytest.mark.parametrize(
    ("started", "ended", "known"),
    [
        (YESTERDAY.date() + timedelta(days=14), None, True),
        (YESTERDAY.date() + timedelta(days=15), None, False),
        (YESTERDAY.date() - timedelta(days=900), YESTERDAY.date() - timedelta(days=365), True),
        (YESTERDAY.date() - timedelta(days=900), YESTERDAY.date() - timedelta(days=366), False),
    ],
    ids=["begins soon after", "begins too late", "ended within the year", "ended before"],
)
async def test_an_involvement_counts_before_and_soon_after_the_look(
    review, asked, database, insider, started, ended, known
):
    children = await strangers(database, 6)
    for child in children:
        colleague = await a_practitioner(database, agency=insider.agency)
        await an_involvement(database, child, practitioner_id=colleague, started_on=started, ended_on=ended)
    await asked(*(an_ask(insider, child) for child in children))

    assert shown(await review()) == (set() if known else {(insider.person, "NO_RELATIONSHIP")})


async def test_an_involvement_on_another_record_of_the_same_child_counts(review, asked, database, insider):
    children = await strangers(database, 6)
    for child in children:
        other = await a_child(database, identity_id=child)
        colleague = await a_practitioner(database, agency=insider.agency)
        await an_involvement(database, other, practitioner_id=colleague)
    await asked(*(an_ask(insider, child) for child in children))

    assert shown(await review()) == set()


async def test_the_own_family_is_shown(review, asked, database, insider):
    child = await a_child(database)
    await a_carer(database, of=[child], person=insider.person)
    await asked(an_ask(insider, child))

    assert shown(await review()) == {(insider.person, "SAME_ADDRESS")}


async def test_the_own_home_is_shown(review, asked, database, insider):
    child = await a_child(database, address_lines=["7 Elm Way"], postcode="M33 1AA")
    await a_carer(database, person=insider.person, address_lines=["7, Elm way", "Sale"], postcode="M331AA")
    await asked(an_ask(insider, child))

    assert shown(await review()) == {(insider.person, "SAME_ADDRESS")}


async def test_where_a_shielded_child_lives_shows_nobody_but_where_it_fled_from_does(review, asked, database, insider):
    await a_carer(database, person=insider.person, address_lines=["7 Elm Way"], postcode="M33 1AA")
    here = await a_child(database, address_lines=["7 Elm Way"], postcode="M33 1AA")
    fled = await a_child(database, address_lines=["1 Far Away"], postcode="ZZ1 1ZZ")
    await database.execute(
        "INSERT INTO child_former_address (child_id, address_lines, postcode, source, asserted_at, confirmed_at) "
        "SELECT $1, ARRAY['7 Elm Way'], 'M33 1AA', address_source, now(), now() FROM child WHERE id = $1",
        fled,
    )
    for child in (here, fled):
        await a_shield(database, child)
    await asked(an_ask(insider, here))
    before = shown(await review())
    await asked(an_ask(insider, fled))

    assert before == set()
    assert shown(await review()) == {(insider.person, "SAME_ADDRESS")}


async def test_shielded_children_are_counted_by_what_was_in_force_then(review, asked, database, insider):
    children = await strangers(database, 4)
    for child in children[:3]:
        await a_shield(database, child, requested_at=YESTERDAY - timedelta(days=9))
    await a_shield(
        database, children[3], requested_at=YESTERDAY - timedelta(days=9), lifted_at=YESTERDAY - timedelta(days=3)
    )
    await asked(*(an_ask(insider, child) for child in children))

    found = (await review())["edges"][0]["node"]

    assert (found["pattern"], found["measured"]) == ("SHIELDED_RECORDS", 3)
    assert [entry["shieldedChildren"] for entry in found["entries"]] == [1, 1, 1]


async def test_looks_just_after_a_colleagues_name_the_colleagues_entries(review, asked, database, insider):
    colleague = await a_persona(database, "health-practitioner", agency=insider.agency)
    children = await strangers(database, 5)
    for child in children[:4]:
        await asked(an_ask(colleague, child), an_ask(insider, child, at=YESTERDAY + timedelta(minutes=15)))
    await asked(an_ask(colleague, children[4]), an_ask(insider, children[4], at=YESTERDAY + timedelta(minutes=16)))

    found = (await review())["edges"][0]["node"]

    assert (found["person"], found["pattern"], found["measured"]) == (insider.person, "AFTER_COLLEAGUE", 4)
    assert [(entry["id"], entry["afterEntries"]) for entry in found["entries"]] == [
        ("1", [0]), ("3", [2]), ("5", [4]), ("7", [6])
    ]  # fmt: skip


async def test_an_exhausted_budget_reaches_the_supervisor(review, asked, insider):
    await asked(an_ask(insider, code=BudgetExhausted.code))

    found = (await review())["edges"][0]["node"]

    assert found["explanation"] == "Searched once after the budget of searches was spent (threshold: once)."
    assert found["entries"][0]["outcome"] == "BUDGET_EXHAUSTED"


@pytest.mark.parametrize("reason", ["agency-rate", "caller-rate", "reading-crowded-by-caller"])
async def test_a_rate_that_was_used_up_is_no_search_beyond_a_budget(review, asked, insider, reason):
    await asked(an_ask(insider, code=BudgetExhausted.code, reason=reason))

    assert (await review())["edges"] == []


async def test_what_was_erased_is_held_against_nobody(review, asked, database, insider):
    children = await strangers(database, 6)
    await asked(*(an_ask(insider, child) for child in children))
    await database.execute(
        "UPDATE ledger_key SET wrapped = NULL, child_id = NULL, destroyed_at = now() WHERE child_id = $1", children[0]
    )

    assert shown(await review()) == set()


async def test_candidates_of_a_search_were_not_looked_into(review, asked, database, insider):
    children = await strangers(database, 9)
    ask = an_ask(insider, *children, searches=1)
    told = tuple(one._replace(decided=replace(one.decided, withheld={})) for one in ask.records)
    await asked(replace(ask, records=told))

    assert shown(await review()) == set()


async def test_only_the_patterns_asked_for_are_shown(review, asked, database, insider):
    children = await strangers(database, 6)
    await asked(*(an_ask(insider, child) for child in children), an_ask(insider, code=BudgetExhausted.code))

    page = await review(patterns=["BUDGET_EXHAUSTED"])

    assert shown(page) == {(insider.person, "BUDGET_EXHAUSTED")}


async def test_pages_go_on_where_the_last_one_ended(review, asked, database, insider):
    other = await a_persona(database, "health-practitioner")
    await asked(an_ask(insider, code=BudgetExhausted.code), an_ask(other, code=BudgetExhausted.code))

    one = await review(first=1)
    two = await review(first=1, after=one["pageInfo"]["endCursor"])

    assert (one["pageInfo"]["hasNextPage"], two["pageInfo"]["hasNextPage"]) == (True, False)
    assert {person for person, _ in shown(one) | shown(two)} == {insider.person, other.person}


async def test_a_day_is_a_local_day(review, asked, insider):
    just_after_midnight_in_summer = NOW.replace(month=7, day=10, hour=23, minute=30)
    await asked(an_ask(insider, code=BudgetExhausted.code, at=just_after_midnight_in_summer))

    assert shown(await review(**{"from": "2026-07-10", "to": "2026-07-10"})) == set()
    assert shown(await review(**{"from": "2026-07-11", "to": "2026-07-11"})) != set()


async def test_callers_of_another_authority_are_nobodys_to_see_but_an_auditors(
    client, review, asked, database, supervisor, auditor
):
    elsewhere = await an_authority(database, "E08000003")
    stranger = await a_persona(database, "health-practitioner", agency=await an_agency(database, authority=elsewhere))
    stranger = replace(stranger, authority=elsewhere)
    await asked(an_ask(stranger, code=BudgetExhausted.code))

    assert shown(await review()) == set()
    assert await review(authority=elsewhere) == {
        "callers": None, "entries": None, "edges": [], "pageInfo": {"hasNextPage": False, "endCursor": None},
    }  # fmt: skip
    assert shown(await review(by=auditor, authority=elsewhere)) == {(stranger.person, "BUDGET_EXHAUSTED")}


async def test_nobody_is_shown_that_they_are_looked_at(review, asked, supervisor, auditor):
    await asked(an_ask(supervisor, code=BudgetExhausted.code))

    assert shown(await review()) == set()
    assert shown(await review(by=auditor)) == {(supervisor.person, "BUDGET_EXHAUSTED")}


@pytest.mark.parametrize(
    ("role", "purpose"),
    [("health-practitioner", "direct-support"), ("directory-team", "administration"), ("social-worker", "early-help")],
)
async def test_other_roles_are_shown_nothing(review, asked, database, insider, role, purpose):
    await asked(an_ask(insider, code=BudgetExhausted.code))
    curious = await a_persona(database, role, purpose=purpose)

    assert await review(by=curious) == {
        "callers": None, "entries": None, "edges": [], "pageInfo": {"hasNextPage": False, "endCursor": None},
    }  # fmt: skip


@pytest.mark.parametrize(
    "changed",
    [
        {"to": "2026-10-31"},
        {"from": "2026-10-01", "to": "2026-11-01"},
        {"first": 0},
        {"first": 41},
        {"after": "no-cursor"},
    ],
    ids=["ends before it begins", "too long", "none", "too many", "no cursor"],
)
async def test_what_is_out_of_range_is_refused(review, changed):
    assert (await review(**changed)).codes == ["BAD_CRITERIA"]


async def test_a_review_is_recorded_like_any_read(review, asked, database, insider, supervisor, entries):
    await asked(*(an_ask(insider, child) for child in await strangers(database, 6)))

    await review()

    entry = (await entries())[-1]
    assert entry["caller"]["person"] == supervisor.person
    finding, *evidence = entry["records"]
    assert (finding["type"], finding["about"]) == ("AccessReviewFinding", [])
    assert {"person", "explanation", "entries"} <= set(finding["disclosed"])
    assert [(record["type"], record["id"]) for record in evidence] == [
        ("AccessReviewEntry", str(seq)) for seq in range(6)
    ]
