"""What somebody who keeps to the protocol and is curious could infer, on each side, and from what is stolen."""

import random
from collections import Counter
from math import sqrt

import pytest

from connectors.locator import psi
from connectors.locator.keys import ELEMENTS
from connectors.locator.psi import Blinded, Holder, Setup, Unusable, bucket, build, new_key
from gateway.settings import Settings

CHILDREN = 1_000
VALID_NHS_NUMBERS = 10**9 * 10 // 11
"""Ten digits, less those whose check digit would be 10."""


@pytest.fixture(scope="module")
def numbers():
    return random.Random(7).sample(range(10**9), 2 * CHILDREN)  # noqa: S311


@pytest.fixture(scope="module")
def key():
    return new_key()


@pytest.fixture(scope="module")
def words(numbers):
    return [f"nhs:{number:010}" for number in numbers[:CHILDREN]]


@pytest.fixture(scope="module")
def content(key, words):
    return build(key, words)


def test_two_asks_for_one_child_are_as_unlike_as_asks_for_two():
    """The answering side sees points; 300 asks for one word and 300 for others give it nothing to sort them by."""
    rounds = 300
    of_one = [Blinded(["nhs:9434765919"]).points for _ in range(rounds)]
    of_many = [Blinded([f"nhs:{number:010}"]).points for number in range(rounds)]

    assert len({point for points in of_one for point in points}) == rounds * ELEMENTS, "no point ever comes again"
    assert {len(points) for points in of_one + of_many} == {ELEMENTS}
    # Bits of the first point: 256 of a coordinate, each as often set for the one child as for many, and half the time.
    shares = [[_bits_set(points[0]) for points in asks] for asks in (of_one, of_many)]
    for sample in shares:
        mean = sum(sample) / rounds
        assert abs(mean - 128) < 4.5 * 8 / sqrt(rounds), "256 fair bits have a deviation of 8"
    apart = sum(shares[0]) / rounds - sum(shares[1]) / rounds
    assert abs(apart) < 4.5 * 8 * sqrt(2 / rounds)


def test_a_point_that_fills_an_ask_is_as_a_point_that_asks():
    rounds = 300
    asks = [Blinded(["nhs:9434765919"]).points for _ in range(rounds)]
    first, last = ([_bits_set(points[place]) for points in asks] for place in (0, ELEMENTS - 1))

    assert abs(sum(first) - sum(last)) / rounds < 4.5 * 8 * sqrt(2 / rounds)
    assert Counter(len(point) for points in asks for point in points) == {psi.POINT_BYTES: rounds * ELEMENTS}


def test_asks_with_many_words_and_with_one_have_the_same_form():
    assert len(Blinded(["nhs:1"]).points) == len(Blinded([f"nhs:{n}" for n in range(ELEMENTS)]).points)


def test_a_dictionary_finds_as_much_as_the_budget_has_room_for(key, content, words, numbers):
    """A member that asks for made-up numbers, all day: 500 asks of 9, against an authority of 100,000 children."""
    budget = Settings.model_fields["locate_authority_budget"].default
    guesses = budget * ELEMENTS
    expected = guesses * 100_000 / VALID_NHS_NUMBERS
    print(f"{guesses} guesses a day at an authority of 100,000 children find {expected:.2f} of them")  # noqa: T201
    assert expected < 1

    # Where the dictionary is good - half of it is held - each guess is one answer and no more.
    holder, setup = Holder(key), Setup(content)
    dictionary = [f"nhs:{number:010}" for number in random.Random(3).sample(numbers, 10 * ELEMENTS)]  # noqa: S311
    found = 0
    for start in range(0, len(dictionary), ELEMENTS):
        asked = dictionary[start : start + ELEMENTS]
        blinded = Blinded(asked)
        found += len(blinded.found(setup, holder.raised(blinded.points)))
    assert found == len(set(dictionary) & set(words))


def test_a_stolen_setup_gives_nothing_to_who_has_not_its_key(content, words):
    """All 1,000 words that are in the set are tried on it, under a key of the thief's own and in the clear."""
    setup = Setup(content)
    thief = Holder(new_key())
    found = 0
    for start in range(0, len(words), ELEMENTS):
        asked = words[start : start + ELEMENTS]
        blinded = Blinded(asked)
        found += len(blinded.found(setup, thief.raised(blinded.points)[: len(asked)]))
        found += len(blinded.found(setup, blinded.points[: len(asked)]))
    print(f"{len(words)} words that are in the set, tried without its key: {found} found")  # noqa: T201

    assert found == 0


def test_a_setup_tells_a_power_of_two_and_not_the_number_of_children(key):
    few, more = (build(key, [f"nhs:{number}" for number in range(count)]) for count in (3, 1_000))

    assert [bucket(count) for count in (0, 3, 1_024, 1_025, 100_000)] == [1_024, 1_024, 1_024, 2_048, 131_072]
    # The coding of random values varies by some bytes; 997 words more would take 3 KB more.
    assert abs(len(few) - len(more)) < 100


def test_what_fills_a_setup_stays_so_that_two_setups_do_not_tell_it_from_children(key, words):
    """Were it new each time, all that two setups share would be the children."""
    assert build(key, words[:10]) == build(key, list(reversed(words[:10])))


def test_false_positives_are_as_rare_as_stated(key, content):
    """A million would be needed to see one; ten thousand show that they are not a hundred times more frequent."""
    holder, setup = Holder(key), Setup(content)
    found = 0
    for start in range(0, 9_000, ELEMENTS):
        blinded = Blinded([f"upn:{number}" for number in range(start, start + ELEMENTS)])
        found += len(blinded.found(setup, holder.raised(blinded.points)))

    assert found == 0


@pytest.mark.parametrize("junk", [b"", b"junk", b"\x12\x00", b"\x12\x0a\x08\x17\x10\x80\x80\x80\x80\x10\x1a\x01\x00"])
def test_what_is_no_setup_is_refused_or_finds_nothing(junk, key):
    try:
        setup = Setup(junk)
    except Unusable:
        return
    blinded = Blinded(["nhs:1"])
    assert blinded.found(setup, Holder(key).raised(blinded.points)[:1]) == frozenset()


def test_a_setup_that_would_hold_whatever_is_looked_for_is_refused(content):
    forged = Setup(content).parsed
    forged.gcs.hash_range //= 1_000

    with pytest.raises(Unusable):
        Setup(forged.SerializeToString())


@pytest.mark.parametrize("point", [b"", b"\x02" + b"\xff" * 32, b"\x05" * 33])
def test_what_is_no_point_is_refused_on_both_sides(point, key, content):
    with pytest.raises(Unusable):
        Holder(key).raised([point])
    with pytest.raises(Unusable):
        Blinded(["nhs:1"]).found(Setup(content), [point])


def _bits_set(point):
    return int.from_bytes(point[1:], "big").bit_count()
