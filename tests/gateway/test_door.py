"""Who is let in, who waits and who is turned away."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from gateway.door import Door
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
    leave = asyncio.create_task(place.__aexit__(None, None, None))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.gather(leave, leaving, return_exceptions=True)
    await staying

    assert "staying" in reached
    assert (door.inside, door.waiting) == (0, 0)
