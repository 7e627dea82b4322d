"""A peer that fails is asked less, and is found again when it is back."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.federation.restraint import Breaker, Bulkhead, Circuit, RetryBudget


def opened(*, at=0.0, failures=3):
    breaker = Breaker(failures=failures, rest=1.0, longest_rest=4.0)
    for _ in range(failures):
        assert breaker.admits(at)
        breaker.failed(at)
    return breaker


def test_a_breaker_opens_after_so_many_failures_in_a_row():
    breaker = opened(at=10.0)

    assert not breaker.admits(10.9)


def test_an_answer_in_between_keeps_it_closed():
    breaker = Breaker(failures=2)
    for _ in range(10):
        breaker.failed(0.0)
        breaker.succeeded()

    assert breaker.admits(0.0)


def test_after_its_rest_one_call_finds_out_and_the_others_wait():
    breaker = opened()

    assert [breaker.admits(1.0) for _ in range(3)] == [True, False, False]


def test_an_answer_to_the_one_call_closes_it():
    breaker = opened()
    breaker.admits(1.0)
    breaker.succeeded()

    assert breaker.state is Circuit.CLOSED


def test_each_failed_probe_doubles_the_rest_up_to_a_limit():
    breaker = opened()
    now, rests = 0.0, []
    for _ in range(5):
        began = now
        while not breaker.admits(now):
            now += 0.25
        rests.append(now - began)
        breaker.failed(now)

    assert rests == [1.0, 2.0, 4.0, 4.0, 4.0]


def test_a_probe_that_was_given_up_does_not_block_the_next():
    breaker = opened()
    breaker.admits(1.0)
    breaker.abandoned(1.0)

    assert breaker.admits(1.0)


def test_failures_that_come_late_do_not_lengthen_the_rest():
    breaker = opened()
    breaker.failed(0.9)

    assert breaker.admits(1.0)


@given(st.lists(st.booleans(), max_size=300))
def test_retries_stay_within_a_tenth_of_the_calls_and_the_reserve(failing):
    budget, retries = RetryBudget(share=0.1, reserve=3, most=20), 0
    for failed in failing:
        budget.earned()
        retries += failed and budget.spend()

    assert retries <= 3 + 0.1 * len(failing) + 1e-6


def test_a_long_quiet_time_does_not_save_up_a_storm():
    budget = RetryBudget(most=20)
    for _ in range(10_000):
        budget.earned()

    assert sum(budget.spend() for _ in range(100)) == 20


def test_a_bulkhead_lets_so_many_through_and_no_more():
    bulkhead = Bulkhead(2)

    assert [bulkhead.enter() for _ in range(3)] == [True, True, False]
    bulkhead.leave()
    assert bulkhead.enter()
