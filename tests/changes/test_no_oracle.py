"""A refused change says nothing of whether there is what it was about: hidden and not there read the same."""

from datetime import timedelta
from uuid import uuid4

import pytest

from tests.changes.asking import ask_change
from tests.support.builders import (
    NOW,
    TODAY,
    a_child,
    a_consent,
    a_registration,
    a_sensitive_involvement,
    an_authority,
    an_involvement,
)
from tests.support.gateway import a_persona
from tests.support.ids import child_id, involvement_id

ON_CHILDREN = {
    "requestShield": ("child { id }", {}),
    "reviewShield": ("child { id }", {"review": "LIFT"}),
    "recordRefusal": ("child { id }", {"ground": "DETRIMENT", "reason": "To protect her", "reviewer": "reviewer-1"}),
}
ON_INVOLVEMENTS = {
    "endInvolvement": {},
    "declareLeadProfessional": {},
    "recordCommonAssessment": {},
    "withdrawConsent": {},
    "recordConsent": {"consent": {"basis": "CHILD_CONSENT"}},
    "declareConflict": {},
}


@pytest.fixture
async def worker(database):
    """Somebody who reaches no further than their own authority and is told of no sensitive service."""
    await a_registration(database, "reviewer-1", role="supervisor")
    return await a_persona(database, "voluntary-practitioner")


async def _elsewhere(database):
    return await a_child(database, authority=await an_authority(database, "E08000003"))


async def _archived(database):
    return await a_child(database, standing="archived")


async def _grown_up(database):
    return await a_child(database, date_of_birth=TODAY.replace(year=TODAY.year - 18))


@pytest.mark.parametrize("action", ON_CHILDREN)
@pytest.mark.parametrize("hidden", [_elsewhere, _archived, _grown_up])
async def test_a_hidden_child_is_refused_like_one_that_is_not_there(client, worker, database, action, hidden):
    told, stated = ON_CHILDREN[action]
    ids = [child_id(await hidden(database)), child_id(uuid4()), "chd-", involvement_id(uuid4())]

    answers = [await ask_change(client, worker, action, told, child=one, **stated) for one in ids]

    assert {answer.content for answer in answers} == {answers[0].content}
    assert answers[0].refused == ["NOT_FOUND"]


async def _sensitive(database):
    child = await a_child(database)
    work = await a_sensitive_involvement(database, child)
    await a_consent(database, child, work)
    return work


async def _withdrawn(database):
    child = await a_child(database)
    work = await a_sensitive_involvement(database, child)
    await a_consent(database, child, work, withdrawn_at=NOW - timedelta(days=1))
    return work


async def _of_a_hidden_child(database):
    return await an_involvement(database, await _archived(database))


@pytest.mark.parametrize("action", ON_INVOLVEMENTS)
@pytest.mark.parametrize("hidden", [_sensitive, _withdrawn, _of_a_hidden_child])
async def test_a_hidden_involvement_is_refused_like_one_that_is_not_there(client, worker, database, action, hidden):
    stated = ON_INVOLVEMENTS[action]
    ids = [involvement_id(await hidden(database)), involvement_id(uuid4()), "inv-", child_id(uuid4())]

    answers = [await ask_change(client, worker, action, "involvement { id }", involvement=one, **stated) for one in ids]

    assert {answer.content for answer in answers} == {answers[0].content}
    assert answers[0].refused == ["NOT_FOUND"]


async def test_a_shielded_child_is_refused_to_a_reviewer_of_another_role_as_any_child_is(client, worker, database):
    shielded, plain = await a_child(database), await a_child(database)
    await ask_change(client, worker, "requestShield", "child { id }", child=child_id(shielded))

    answers = [
        await ask_change(client, worker, "reviewShield", "child { id }", child=child_id(one), review="LIFT")
        for one in (shielded, plain)
    ]

    assert answers[0].content == answers[1].content
    assert answers[0].refused == ["NOT_FOR_ROLE"]
