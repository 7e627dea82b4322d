"""What a caller and an agency may ask in a minute, over all gateways of an authority."""

from datetime import timedelta

import pytest

from connectors.postgres.rates import PostgresSpending
from gateway.errors import BudgetExhausted, SourceUnavailable
from gateway.identity import Claims
from gateway.rates import Rates
from gateway.vocabulary import AuthorityCode, PersonId
from schema.reading import DocumentReader
from tests.support.builders import HOME, NOW
from tests.support.gateway import a_gateway, a_persona

ME = "{ me { role } }"


def claims_of(person="nurse", agency="a"):
    return Claims(
        person=PersonId(person), name="Made-up", role="health-practitioner", agency=agency,
        authority=AuthorityCode(HOME), mediated_for=None, token="t",
    )  # fmt: skip


def rates_over(spending, *, caller=10, agency=1_000, clock=lambda: NOW):
    return Rates(spending, caller_rate=caller, agency_rate=agency, clock=clock)


async def taken(rates, claims, times):
    """How many of so many asks were let through, and the reason of the last refusal."""
    count, reason = 0, None
    for _ in range(times):
        try:
            await rates.take(claims, 1)
            count += 1
        except BudgetExhausted as refused:
            reason = refused.reason
    return count, reason


async def test_a_caller_may_ask_up_to_the_budget_and_no_more(database):
    assert await taken(rates_over(PostgresSpending(database)), claims_of(), 15) == (10, "caller-rate")


async def test_gateways_of_one_authority_share_a_budget_and_together_never_exceed_it(database):
    processes = [rates_over(PostgresSpending(database), caller=100) for _ in range(3)]

    counts = [(await taken(processes[turn % 3], claims_of(), 1))[0] for turn in range(300)]

    # What one process has set aside and does not use is lost to the others, which ends with the minute.
    assert 80 <= sum(counts) <= 100


async def test_an_agency_has_a_budget_of_its_own_and_another_agency_another(database):
    rates = rates_over(PostgresSpending(database), caller=100, agency=10)

    first = [(await taken(rates, claims_of(f"nurse-{n}"), 3))[0] for n in range(5)]

    assert sum(first) == 10
    assert await taken(rates, claims_of("doctor", agency="b"), 3) == (3, None)


async def test_a_large_ask_is_charged_for_each_root_field_and_refused_whole(database):
    rates = rates_over(PostgresSpending(database))
    await rates.take(claims_of(), 8)

    with pytest.raises(BudgetExhausted):
        await rates.take(claims_of(), 3)

    await rates.take(claims_of(), 2)


async def test_the_next_minute_begins_afresh_and_what_went_before_is_forgotten(database):
    moments = [NOW]
    rates = rates_over(PostgresSpending(database), clock=lambda: moments[-1])
    await taken(rates, claims_of(), 15)

    moments.append(NOW + timedelta(minutes=2))

    assert await taken(rates, claims_of(), 15) == (10, "caller-rate")
    assert len(await database.fetch("SELECT DISTINCT period FROM spending")) == 1


async def test_without_the_shared_figures_a_gateway_keeps_to_the_budget_by_itself():
    class Silent:
        async def set_aside(self, budget, *, period, least, share):
            raise SourceUnavailable("The database did not answer.", reason="database:57014")

    assert await taken(rates_over(Silent()), claims_of(), 15) == (10, "caller-rate")


async def test_a_spent_budget_is_refused_at_every_gateway_says_when_to_ask_again_and_is_recorded(
    database, database_url, tmp_path
):
    nurse = await a_persona(database, "health-practitioner")

    async with (
        a_gateway(database_url, tmp_path, caller_rate=2) as one,
        a_gateway(database_url, tmp_path, caller_rate=2) as other,
    ):
        answers = [await client.ask(nurse, ME) for client in (one, other, one)]
        answers.append(await other.ask(nurse, ME, accept="application/json"))

    assert [answer.status for answer in answers] == [200, 200, 429, 429]
    assert answers[2].codes == ["BUDGET_EXHAUSTED"]
    assert 0 < int(answers[2].headers["retry-after"]) <= 60
    rows = await database.fetch("SELECT entry FROM ledger_entry WHERE outcome = 'refused'")
    assert all('"reason":"caller-rate"' in row["entry"] for row in rows)
    assert len(rows) == 2


async def test_each_alias_of_a_root_field_counts(database, database_url, tmp_path):
    nurse = await a_persona(database, "health-practitioner")

    async with a_gateway(database_url, tmp_path, caller_rate=2) as client:
        answer = await client.ask(nurse, "{ a: me { role } b: me { role } c: me { role } }")

    assert (answer.status, answer.codes) == (429, ["BUDGET_EXHAUSTED"])


async def test_nothing_new_is_read_for_a_caller_whose_budget_is_spent(database, database_url, tmp_path, monkeypatch):
    nurse = await a_persona(database, "health-practitioner")
    judged, read = DocumentReader.judged, []

    def noted(reader, operation, **paced):
        read.append(operation.text)
        return judged(reader, operation, **paced)

    monkeypatch.setattr(DocumentReader, "judged", noted)
    async with a_gateway(database_url, tmp_path, caller_rate=1) as client:
        asked = [ME, "{ me { role name } }", "{ me { name role } }", ME]
        answers = [await client.ask(nurse, query) for query in asked]

    assert [answer.status for answer in answers] == [200, 429, 429, 429]
    assert read == asked[:2]
    rows = await database.fetch("SELECT entry FROM ledger_entry WHERE outcome = 'refused'")
    assert len(rows) == 3


async def test_who_asked_for_more_at_once_than_is_left_may_still_ask_for_less(database):
    rates = rates_over(PostgresSpending(database), caller=2, clock=lambda: NOW)
    with pytest.raises(BudgetExhausted):
        await rates.take(claims_of(), 3)

    rates.hold(claims_of())
    await rates.take(claims_of(), 2)


async def test_who_has_nothing_left_is_held_whatever_they_asked_for_last(database):
    rates = rates_over(PostgresSpending(database), caller=2, clock=lambda: NOW)
    await rates.take(claims_of(), 2)
    with pytest.raises(BudgetExhausted):
        await rates.take(claims_of(), 2)

    with pytest.raises(BudgetExhausted):
        rates.hold(claims_of())


async def test_who_was_refused_is_held_until_the_minute_ends_and_nobody_else_is(database):
    moments = [NOW]
    rates = rates_over(PostgresSpending(database), caller=1, clock=lambda: moments[-1])
    rates.hold(claims_of())
    await taken(rates, claims_of(), 2)

    with pytest.raises(BudgetExhausted) as held:
        rates.hold(claims_of())
    rates.hold(claims_of("doctor"))
    moments.append(NOW + timedelta(minutes=1))
    rates.hold(claims_of())

    assert (held.value.reason, 0 < held.value.retry_after <= 60) == ("caller-rate", True)
