"""Fuzzing ends when its time is over, may be interrupted, and tries again what failed."""

import signal
import subprocess
import sys

from tests.fuzzing.__main__ import FAILED, PASSED, STOPPED, Seeds
from tests.support.processes import PROJECT, a_running, until

QUICK = ["-k", "test_a_manifest_of_documents"]
SLOW = ["-k", "test_a_bundle_of_rules"]


def fuzzing(folder, *options):
    return [sys.executable, "-m", "tests.fuzzing", "--seeds", str(folder / "seeds.txt"), *options]


def test_a_seed_that_failed_is_due_until_it_passes(tmp_path):
    seeds = Seeds(tmp_path / "kept" / "seeds.txt")
    for seed, ending in ((1, FAILED), (2, FAILED), (3, PASSED), (4, STOPPED), (2, PASSED), (1, STOPPED), (5, FAILED)):
        seeds.keep(seed, ending, seconds=1)

    assert Seeds(tmp_path / "kept" / "seeds.txt").failing() == [1, 5]


def test_a_seed_is_tried_by_itself_and_how_it_ended_is_kept(tmp_path):
    ended = subprocess.run(  # noqa: S603 - our own
        fuzzing(tmp_path, "--seed", "7", *QUICK), cwd=PROJECT, capture_output=True, text=True, check=False, timeout=240
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.endswith("1 rounds: 1 passed, 0 failed, 0 stopped\n")
    [kept] = (tmp_path / "seeds.txt").read_text().splitlines()
    assert kept.split()[1:3] == ["7", PASSED]


def test_the_round_under_way_is_stopped_when_the_time_is_over(tmp_path):
    ended = subprocess.run(  # noqa: S603 - our own
        fuzzing(tmp_path, "--minutes", "0.01", *SLOW), cwd=PROJECT, capture_output=True, text=True, check=False,
        timeout=240,
    )  # fmt: skip

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.endswith("1 rounds: 0 passed, 0 failed, 1 stopped\n")


async def test_whoever_interrupts_it_is_told_what_came_of_it_and_nothing_is_left_running(tmp_path):
    async with a_running(fuzzing(tmp_path, "--minutes", "20", *SLOW), folder=tmp_path / "output") as running:

        async def collected():
            return "collected" in running.printed

        await until(collected, within=120)
        running.send(signal.SIGINT)
        code = await running.ended(within=120)

        assert code == 130
        assert running.printed.endswith("1 rounds: 0 passed, 0 failed, 1 stopped\n")
        assert Seeds(tmp_path / "seeds.txt").failing() == []
