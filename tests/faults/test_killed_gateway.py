"""A gateway that is killed while it answers: what it told stands in the ledger, and the next one serves at once."""

import random
import sys
import time

from tests.faults.crowd import a_crowd, headers_of
from tests.support.processes import Load, a_served_gateway, is_ready, lost, recorded, until

ROUNDS = 5
SERVING_AGAIN = 10.0
"""Seconds from a kill to serving again. A promise of the service."""


async def test_a_gateway_killed_under_load_loses_no_entry_of_a_delivered_answer(
    database, database_url, nurse, tmp_path, capsys
):
    children = await a_crowd(database)
    chance = random.Random()  # noqa: S311 - when to kill, no secret
    rounds, load = [], Load(headers_of(nurse, tmp_path), children)
    killed_at = None

    for _ in range(ROUNDS):
        async with a_served_gateway(tmp_path, url=database_url) as gateway:
            await until(lambda: is_ready(gateway.address))
            away = None if killed_at is None else time.monotonic() - killed_at
            told_before, sent_before = len(load.delivered), len(load.asked)
            enough = told_before + chance.randint(50, 400)
            async with load.on(gateway.address):
                await until(lambda: _has_told(load, enough), within=60)  # noqa: B023 - as above
                gateway.kill()
                killed_at = time.monotonic()
            rounds.append((len(load.asked) - sent_before, len(load.delivered) - told_before, away))
    found = await recorded(database, tmp_path)

    missing = lost(load.delivered, found)
    with capsys.disabled():
        sys.stdout.write(_table(rounds, len(missing)))
    assert missing == []
    assert load.refusals == []
    assert load.cut_off  # each kill met asks under way
    assert all(away is None or away < SERVING_AGAIN for _, _, away in rounds)


async def _has_told(load, enough):
    return len(load.delivered) >= enough


def _table(rounds, missing):
    lines = [
        "",
        "kill -9 of the gateway under load",
        f"{'round':>5} {'sent':>6} {'delivered':>9} {'serving again':>14}",
    ]
    for number, (sent, delivered, away) in enumerate(rounds, start=1):
        lines.append(f"{number:>5} {sent:>6} {delivered:>9} {'-' if away is None else f'{away:.1f} s':>14}")
    return "\n".join([*lines, f"lost: {missing}", ""])
