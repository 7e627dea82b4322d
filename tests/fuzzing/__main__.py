"""Fuzzing for as long as somebody likes: other examples in every round, seeds kept, failures tried again first.

    python -m tests.fuzzing [--minutes 20]
    python -m tests.fuzzing --minutes 5 -k http_bytes
    python -m tests.fuzzing --seed 1234567

A round runs every test of this folder under one seed. When the time is over the round under way is stopped, and so it
is by Ctrl-C. The file of seeds says how each round ended; one that failed is tried again before new ones are, until it
passes. What follows the options goes to pytest. Ends with 1 where a round failed, and with 130 where it was stopped.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from tests.properties.profile import ROUND

PROJECT = Path(__file__).parents[2]
SEEDS = PROJECT / ".hypothesis" / "fuzzing-seeds.txt"
PASSED, FAILED, STOPPED = "passed", "failed", "stopped"
GRACE = 60
"""Seconds a round has to end what it started, once it is told to stop."""


def say(line):
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Seeds:
    """How the round of each seed ended, a line each: when, seed, ending, seconds."""

    def __init__(self, file):
        self._file = file

    def failing(self):
        """The seeds that failed when they were last tried to the end, oldest first."""
        last = {}
        for line in self._file.read_text().splitlines() if self._file.exists() else []:
            _, seed, ending, _ = line.split()
            if ending != STOPPED:
                last[int(seed)] = ending
        return [seed for seed, ending in last.items() if ending == FAILED]

    def keep(self, seed, ending, *, seconds):
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("a") as file:
            file.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {seed} {ending} {seconds:.0f}s\n")


def one_round(seed, chosen, *, seconds):
    """Run all tests under a seed, and return how that ended, and whether somebody stopped it."""
    command = [
        sys.executable, "-m", "pytest", "-v", "--no-header", "tests/fuzzing",
        f"--hypothesis-profile={ROUND}", f"--hypothesis-seed={seed}", *chosen,
    ]  # fmt: skip
    # In a session of its own, so that Ctrl-C reaches this process alone, which stops the round once.
    with subprocess.Popen(command, cwd=PROJECT, start_new_session=True) as running:  # noqa: S603 - our own
        try:
            return FAILED if running.wait(seconds) else PASSED, False
        except subprocess.TimeoutExpired:
            _stop(running)
            return STOPPED, False
        except KeyboardInterrupt:
            _stop(running)
            return STOPPED, True


def _stop(running):
    running.send_signal(signal.SIGINT)
    try:
        running.wait(GRACE)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)


def rounds(options, chosen):
    """Run rounds until the time is over; return how each ended, and whether somebody stopped them."""
    seeds, until, endings = Seeds(options.seeds), time.monotonic() + options.minutes * 60, {}
    due = seeds.failing() if options.seed is None else [options.seed]
    while (left := until - time.monotonic()) > 0 and (due or options.seed is None):
        seed = due.pop(0) if due else random.SystemRandom().randrange(2**32)
        say(f"\nround {len(endings) + 1}: seed {seed}, {left / 60:.1f} minutes left")
        began = time.monotonic()
        endings[seed], interrupted = one_round(seed, chosen, seconds=left)
        seeds.keep(seed, endings[seed], seconds=time.monotonic() - began)
        if interrupted:
            return endings, True
    return endings, False


def main():
    """Fuzz, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--seed", type=int, help="try this one, and no other")
    parser.add_argument("--seeds", type=Path, default=SEEDS, help="the file of seeds")
    options, chosen = parser.parse_known_args()
    for number in (signal.SIGINT, signal.SIGTERM):  # the first may have been ignored by whoever started this
        signal.signal(number, signal.default_int_handler)
    endings, interrupted = rounds(options, chosen)
    told = ", ".join(f"{list(endings.values()).count(one)} {one}" for one in (PASSED, FAILED, STOPPED))
    say(f"\n{len(endings)} rounds: {told}")
    failing = [seed for seed, ending in endings.items() if ending == FAILED]
    for seed in failing:
        say(f"failed: python -m tests.fuzzing --seed {seed}")
    return 1 if failing else 130 if interrupted else 0


if __name__ == "__main__":
    sys.exit(main())
