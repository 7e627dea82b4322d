"""Which authorities to ask is found between whole gateways over TLS, and silence is never shown as nothing known."""

from datetime import date

import pytest

from gateway.errors import BadCriteria
from gateway.federation.locating import PointedBy
from gateway.vocabulary import SourceStatus
from tests.support.builders import a_child, a_former_name, a_superseded_identifier, an_authority
from tests.support.federation import THERE
from tests.support.ledger import entry_of

AYESHA = {"given_name": "Ayesha", "family_name": "O'Brien", "date_of_birth": date(2015, 3, 4)}


@pytest.fixture(scope="module")
async def held(federation):
    """What THERE holds, built once."""
    there = federation.database
    await an_authority(there, THERE)
    await a_child(there, authority=THERE, nhs_number="9434765919", upn="B801200005001", **AYESHA)
    renumbered = await a_child(there, authority=THERE, nhs_number="9000000009")
    await a_superseded_identifier(there, renumbered, value="9434765870")
    married = await a_child(there, given_name="Zara", family_name="Newly", date_of_birth=date(2014, 1, 2))
    await a_former_name(there, married, given_name="Zara", family_name="Formerly")
    await a_child(there, nhs_number="9000000025", standing="archived")
    await a_child(there, nhs_number="9000000033", standing="deceased")
    await a_child(there, nhs_number="9111231130", date_of_birth=date(2008, 11, 22))
    await federation.built()
    return federation


async def test_an_identifier_leads_to_who_holds_it(held):
    located = await held.locate(nhs_number="943 476 5919")

    assert (located.pointing, located.by) == ((THERE,), PointedBy.IDENTIFIER)
    [outcome] = located.outcomes
    assert (outcome.authority, outcome.status) == (THERE, SourceStatus.ANSWERED)
    assert outcome.as_of is not None


@pytest.mark.parametrize(
    "criteria",
    [{"upn": "B801200005001"}, {"nhs_number": "9434765870"}, AYESHA | {"nhs_number": "9434765919"}],
    ids=["a UPN", "a superseded number", "an identifier before the name"],
)
async def test_identifiers_lead_first(held, criteria):
    assert (await held.locate(**criteria)).by is PointedBy.IDENTIFIER


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"given_name": "Aisha Jane", "family_name": "Ó Bryan"},
        {"date_of_birth": date(2015, 4, 3)},
        {"date_of_birth": date(2015, 3, 5)},
        {"date_of_birth": date(2014, 3, 4)},
        {"given_name": "O'Brien", "family_name": "Ayesha"},
        {"nhs_number": "9999999999"},
    ],
    ids=["as written", "sounds alike", "day and month", "a day out", "a year out", "names swapped", "wrong number"],
)
async def test_a_name_and_date_lead_where_no_identifier_does(held, changed):
    located = await held.locate(**(AYESHA | changed))

    assert (located.pointing, located.by) == ((THERE,), PointedBy.NAME)


@pytest.mark.parametrize(
    "criteria",
    [
        {"nhs_number": "1234567890"},
        AYESHA | {"date_of_birth": date(2015, 3, 9)},
        AYESHA | {"given_name": "Thomas"},
        {"given_name": "Zara", "family_name": "Formerly", "date_of_birth": date(2014, 1, 2)},
        {"nhs_number": "9000000025"},
        {"nhs_number": "9000000033"},
        {"nhs_number": "9111231130"},
    ],
    ids=["unknown", "another day", "another name", "a former name", "archived", "deceased", "come of age"],
)
async def test_nothing_leads_to_who_is_not_in_the_set(held, criteria):
    located = await held.locate(**criteria)

    assert (located.pointing, located.by) == ((), None)
    assert [one.status for one in located.outcomes] == [SourceStatus.ANSWERED]


@pytest.mark.parametrize(
    "criteria",
    [
        {"family_name": "Khan", "date_of_birth": date(2015, 3, 4)},
        {"given_name": "Ay*", "family_name": "Khan", "date_of_birth": date(2015, 3, 4)},
        {"given_name": "Ayesha", "family_name": "Khan"},
    ],
)
async def test_what_makes_no_word_is_refused(held, criteria):
    with pytest.raises(BadCriteria):
        await held.locate(**criteria)


async def test_the_answering_ledger_holds_who_asked_and_why_and_not_of_whom(held):
    await held.locate(person="recorded", nhs_number="9434765919")
    entry = await entry_of(held.database, held.folder / "there", "located-recorded")

    assert entry["ask"]["operation"] == "locate"
    assert entry["caller"]["person"] == "E08000009:recorded"
    assert entry["ask"]["reason"] == "Seeing the child in A&E"
    assert "9434765919" not in str(entry)


async def test_a_member_without_a_setup_is_unavailable(held):
    kept = held.parts.setups._held.pop(THERE)
    try:
        located = await held.locate(nhs_number="9434765919")
    finally:
        held.parts.setups._held[THERE] = kept

    assert located.pointing == ()
    assert [(one.status, one.reason) for one in located.outcomes] == [(SourceStatus.UNAVAILABLE, "locator-no-setup")]


async def test_a_member_that_does_not_answer_in_time_is_named(held):
    located = await held.locate(nhs_number="9434765919", within=0.0005)

    assert located.pointing == ()
    assert [one.status for one in located.outcomes] == [SourceStatus.TIMED_OUT]
