"""Consent counts from the next read on, its withdrawal hides at once, and a conflict takes away (V1, V3, A5)."""

import pytest

from tests.changes.asking import a_key, ask_change
from tests.support.builders import (
    a_carer,
    a_child,
    a_consent,
    a_practitioner,
    a_sensitive_involvement,
    an_involvement,
)
from tests.support.gateway import a_persona
from tests.support.ids import child_id, involvement_id

WORK = "involvement { id service }"
WHO = """query Who($id: ID!) { child(by: { id: $id }) { givenName involvements { service practitioner { name } }
    withheld { field reason } } }"""


@pytest.fixture
async def child(database):
    return await a_child(database)


@pytest.fixture
async def post(database, nurse):
    return await a_practitioner(database, agency=nurse.agency, person=nurse.person)


@pytest.fixture
async def work(database, child, post):
    """A sensitive involvement of the nurse, with the child's consent."""
    work = await a_sensitive_involvement(database, child, practitioner_id=post)
    await a_consent(database, child, work)
    return work


@pytest.fixture
def change(client, nurse):
    async def change(action, by=None, **stated):
        return await ask_change(client, by or nurse, action, WORK, **stated)

    return change


@pytest.fixture
def read(client, child):
    async def read(persona):
        return await client.ask(persona, WHO, {"id": child_id(child)})

    return read


async def test_withdrawn_consent_hides_the_involvement_from_the_very_next_read(
    change, read, work, nurse, database, client
):
    other = await a_persona(database, "social-worker")
    before = [await read(other), await read(nurse)]

    withdrawn = await change("withdrawConsent", involvement=involvement_id(work))
    after = [await read(other), await read(nurse)]

    assert [len(answer.data["child"]["involvements"]) for answer in before] == [1, 1]
    assert withdrawn.refused == []
    assert withdrawn.payload["involvement"] is None
    assert [answer.data["child"]["involvements"] for answer in after] == [[], []]


async def test_consent_is_withdrawn_once_and_can_be_given_again_as_a_new_version(change, read, work, nurse, database):
    await change("withdrawConsent", involvement=involvement_id(work))

    again = await change("withdrawConsent", involvement=involvement_id(work))
    given = await change("recordConsent", involvement=involvement_id(work), consent={"basis": "CHILD_CONSENT"})

    assert again.refused == ["NOTHING_TO_WITHDRAW"]
    assert given.refused == []
    assert given.payload["involvement"]["service"] == "MENTAL_HEALTH"
    rows = await database.fetch("SELECT version, withdrawn_at IS NULL AS stands FROM involvement_consent ORDER BY 1")
    assert [tuple(row) for row in rows] == [(1, False), (2, True)]


async def test_a_withdrawal_sent_again_is_told_as_the_first_time(change, work):
    key = a_key()

    first = await change("withdrawConsent", key=key, involvement=involvement_id(work))
    second = await change("withdrawConsent", key=key, involvement=involvement_id(work))

    assert second.content == first.content


async def test_a_consent_sent_again_opens_nothing_that_was_closed_since(change, work, nurse, read):
    key, consent = a_key(), {"basis": "CHILD_CONSENT"}
    await change("recordConsent", key=key, involvement=involvement_id(work), consent=consent)
    await change("withdrawConsent", involvement=involvement_id(work))

    again = await change("recordConsent", key=key, involvement=involvement_id(work), consent=consent)

    assert (again.refused, again.payload["involvement"]) == ([], None)
    assert (await read(nurse)).data["child"]["involvements"] == []


async def test_an_ordinary_service_needs_no_consent(change, child, post, database):
    work = await an_involvement(database, child, practitioner_id=post)

    refused = await change("recordConsent", involvement=involvement_id(work), consent={"basis": "CHILD_CONSENT"})

    assert refused.refused == ["NO_CONSENT_NEEDED"]


async def test_a_child_withdraws_their_own_consent(change, child, work, database, read, nurse):
    own = await a_persona(
        database,
        "child",
        purpose="subject-access",
        subject_child=child,
        training_valid_until=None,
        check_issued_on=None,
    )

    assert (await change("withdrawConsent", by=own, involvement=involvement_id(work))).refused == []
    assert (await read(nurse)).data["child"]["involvements"] == []


async def test_a_carer_withdraws_only_where_the_child_was_judged_not_to_understand(change, child, work, database):
    carer = await a_carer(database, of=[child])
    own = await a_persona(
        database,
        "carer",
        purpose="subject-access",
        subject_carer=carer,
        training_valid_until=None,
        check_issued_on=None,
    )
    judged = {"basis": "CARER_CONSENT", "understanding": "INSUFFICIENT"}

    before = await change("withdrawConsent", by=own, involvement=involvement_id(work))
    await change("recordConsent", involvement=involvement_id(work), consent=judged)
    after = await change("withdrawConsent", by=own, involvement=involvement_id(work))

    assert before.refused in (["CONSENT_NEEDED"], ["NOT_FOUND"])
    assert after.refused == []


async def test_a_carer_does_not_judge_the_childs_understanding(change, child, work, database):
    carer = await a_carer(database, of=[child])
    own = await a_persona(
        database,
        "carer",
        purpose="subject-access",
        subject_carer=carer,
        training_valid_until=None,
        check_issued_on=None,
    )
    judged = {"basis": "CARER_CONSENT", "understanding": "INSUFFICIENT"}

    refused = await change("recordConsent", by=own, involvement=involvement_id(work), consent=judged)

    assert refused.refused in (["CONSENT_NEEDED"], ["NOT_FOUND"])
    assert len(await database.fetch("SELECT FROM involvement_consent")) == 1


async def test_a_child_gives_no_consent_of_another(change, child, work, database):
    own = await a_persona(
        database,
        "child",
        purpose="subject-access",
        subject_child=child,
        training_valid_until=None,
        check_issued_on=None,
    )

    refused = await change(
        "recordConsent", by=own, involvement=involvement_id(work), consent={"basis": "CARER_CONSENT"}
    )

    assert refused.refused == ["BASIS_NOT_YOURS"]


async def test_a_declared_conflict_takes_from_the_very_next_read(change, read, child, post, nurse, database):
    work = await an_involvement(database, child, practitioner_id=post)
    before = await read(nurse)

    declared = await change("declareConflict", involvement=involvement_id(work))
    after = await read(nurse)

    assert before.data["child"]["involvements"] is not None
    assert declared.refused == []
    assert declared.payload["involvement"]["service"] is None
    assert after.data["child"]["involvements"] is None
    assert {"field": "involvements", "reason": "CONFLICT"} in after.data["child"]["withheld"]


async def test_a_conflict_declared_twice_stands_once(change, child, post, database):
    work = await an_involvement(database, child, practitioner_id=post)

    await change("declareConflict", involvement=involvement_id(work))
    await change("declareConflict", involvement=involvement_id(work))

    assert len(await database.fetch("SELECT FROM conflict")) == 1
