"""What one process expects the next entry's number to be: worth hashing by only where it was right before."""

from connectors.postgres.ledger_numbers import NextNumber


def test_nothing_is_expected_before_a_number_was_told_and_a_guess_was_right():
    following = NextNumber()

    first = following.sending(2)
    following.numbered(first, 40)
    second = following.sending(3)
    following.numbered(second, 42)
    third = following.sending(1)

    assert [first.expected, second.expected, third.expected] == [None, None, 45]


def test_a_group_sent_ahead_is_expected_behind_the_one_under_way():
    following = _sure_of(10)

    assert [following.sending(4).expected, following.sending(2).expected, following.sending(1).expected] == [10, 14, 16]


def test_after_another_gateway_came_between_nothing_is_expected_until_a_guess_was_right():
    following = _sure_of(10)

    one, ahead = following.sending(4), following.sending(2)
    following.numbered(one, 13)
    before = following.sending(1)
    following.numbered(ahead, 17)
    following.numbered(before, 19)
    after = following.sending(1)

    assert [one.expected, ahead.expected, before.expected, after.expected] == [10, 14, None, 20]


def test_two_groups_that_were_numbered_in_the_other_order_are_caught_up_with():
    following = _sure_of(10)

    one, ahead = following.sending(4), following.sending(2)
    following.numbered(ahead, 10)
    following.numbered(one, 12)
    guessed = following.sending(1)
    following.numbered(guessed, 16)

    assert [guessed.expected, following.sending(1).expected] == [None, 17]


def test_after_a_group_of_which_nobody_knows_what_became_nothing_is_expected():
    following = _sure_of(10)

    following.lost(following.sending(4))

    assert following.sending(1).expected is None


def _sure_of(number):
    following = NextNumber()
    for first in (number - 2, number - 1):
        following.numbered(following.sending(1), first)
    return following
