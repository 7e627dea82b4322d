"""Locate asks are bounded: a person's on both sides, and all of an authority's on the answering one."""

import pytest

from gateway.errors import BudgetExhausted
from gateway.vocabulary import SourceStatus
from tests.locator.conftest import NHS, a_federation
from tests.support.ledger import entry_of


async def outcomes_of(federation, *people):
    return [(await federation.locate(person=one, nhs_number=NHS)).outcomes[0] for one in people]


async def test_an_exhausted_budget_is_refused_named_and_recorded(postgres, tmp_path):
    async with a_federation(postgres, tmp_path, locate_budget=2, locate_authority_budget=5) as federation:
        await federation.built()
        of_one = await outcomes_of(federation, "ada", "ada", "ada")
        of_others = await outcomes_of(federation, "bola", "carys", "dilys")
        entries = [
            await entry_of(federation.database, tmp_path / "there", f"located-{who}") for who in ("bola", "dilys")
        ]

    answered, refused = SourceStatus.ANSWERED, SourceStatus.REFUSED
    assert [one.status for one in of_one] == [answered, answered, refused]
    assert of_one[2].reason == "peer-refused:BUDGET_EXHAUSTED"
    # Ada's third ask was one of the authority's five.
    assert [one.status for one in of_others] == [answered, answered, refused]
    assert entries[0]["outcome"]["status"] == "answered"
    assert entries[1]["outcome"] == {
        "codes": [{"code": "BUDGET_EXHAUSTED", "reason": "locate-authority"}],
        "status": "refused",
    }


async def test_the_asking_side_holds_its_own_people_to_their_budget(federation):
    locator = federation.parts.locator
    limit, locator._person_limit = locator._person_limit, 1
    try:
        await federation.locate(person="erin", nhs_number=NHS)
        with pytest.raises(BudgetExhausted):
            await federation.locate(person="erin", nhs_number=NHS)
    finally:
        locator._person_limit = limit
