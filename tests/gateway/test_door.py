"""Who is let in, who waits and who is turned away."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from gateway.door import Door, outside
from gateway.errors import Overloaded

SOON = 0.01
"""A patience that ends while a test waits for it."""
LATER = 30
"""A patience that does not."""


async def test_one_more_than_the_door_has_places_for_waits_until_somebody_leaves():
    door = Door(places=1, waiting=1, patience=LATER)
    order = []

    async def come(name):
        async with door.place():
            order.append(name)
            await asyncio.sleep(0)

    await asyncio.gather(come("first"), come("second"))

    assert order == ["first", "second"]
    assert (door.inside, door.waiting, door.turned_away) == (0, 0, 0)


async def test_one_more_than_may_wait_is_turned_away_at_once_and_told_when_to_ask_again():
    door = Door(places=1, waiting=0, patience=LATER)

    async with door.place():
        with pytest.raises(Overloaded) as refused:
            async with door.place():
                raise AssertionError

    assert refused.value.retry_after == 1
    assert (door.inside, door.turned_away) == (0, 1)


async def test_whoever_has_waited_too_long_is_turned_away_and_leaves_no_gap():
    door = Door(places=1, waiting=1, patience=SOON)

    async with door.place():
        with pytest.raises(Overloaded):
            async with door.place():
                raise AssertionError
    async with door.place():
        inside = door.inside

    assert (inside, door.inside, door.waiting, door.turned_away) == (1, 0, 0, 1)


async def test_whoever_gives_up_waiting_keeps_nobody_else_out():
    door = Door(places=1, waiting=2, patience=LATER)
    reached = []

    async def come(name):
        async with door.place():
            reached.append(name)

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(door.place())
        leaving, staying = asyncio.create_task(come("leaving")), asyncio.create_task(come("staying"))
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
    await staying

    assert reached == ["staying"]
    assert (door.inside, door.waiting) == (0, 0)


async def test_a_place_that_was_given_to_one_who_has_just_given_up_goes_to_the_next():
    door = Door(places=1, waiting=2, patience=LATER)
    reached = []

    async def come(name):
        async with door.place():
            reached.append(name)

    place = door.place()
    await place.__aenter__()
    leaving, staying = asyncio.create_task(come("leaving")), asyncio.create_task(come("staying"))
    await asyncio.sleep(0)
    await place.__aexit__(None, None, None)
    leaving.cancel()  # after the place was given, and before it was taken
    await asyncio.gather(leaving, return_exceptions=True)
    await staying

    assert reached == ["staying"]
    assert (door.inside, door.waiting) == (0, 0)


async def test_a_place_goes_to_nobody_who_gave_up_in_the_same_moment():
    door = Door(places=1, waiting=2, patience=LATER)
    reached = []

    async def come(name):
        async with door.place():
            reached.append(name)

    place = door.place()
    await place.__aenter__()
    leaving, staying = asyncio.create_task(come("leaving")), asyncio.create_task(come("staying"))
    await asyncio.sleep(0)
    leaving.cancel()
    await place.__aexit__(None, None, None)  # before the one who was cancelled has noticed
    await asyncio.gather(leaving, return_exceptions=True)
    await staying

    assert reached == ["staying"]
    assert (door.inside, door.waiting) == (0, 0)


async def test_one_who_waits_outside_keeps_nobody_out_and_comes_back_before_those_who_are_new():
    door = Door(places=1, waiting=5, patience=LATER)
    order, answered = [], asyncio.Event()

    async def abroad():
        async with door.place():
            async with outside():
                await answered.wait()
            order.append("back")

    async def local(name):
        async with door.place():
            order.append(name)
            if name == "first":
                answered.set()
                await asyncio.sleep(0)
                await asyncio.sleep(0)

    waiting = asyncio.create_task(abroad())
    await asyncio.sleep(0)
    await asyncio.gather(local("first"), local("second"))
    await waiting

    assert order == ["first", "back", "second"]
    assert door.inside == 0


async def test_two_waits_of_one_ask_at_the_same_time_give_up_one_place_and_take_one_again():
    door = Door(places=1, waiting=0, patience=LATER)

    async def wait():
        async with outside():
            await asyncio.sleep(0)

    async with door.place():
        await asyncio.gather(wait(), wait())
        inside = door.inside

    assert (inside, door.inside) == (1, 0)


async def test_one_who_gives_up_outside_leaves_no_gap():
    door = Door(places=1, waiting=5, patience=LATER)

    async def abroad():
        async with door.place(), outside():
            await asyncio.Event().wait()

    waiting = asyncio.create_task(abroad())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    async with door.place():
        inside = door.inside

    assert (inside, door.inside) == (1, 0)


async def test_a_wait_outside_of_what_came_in_by_no_door_is_only_a_wait():
    async with outside():
        pass
