"""A process that serves keeps the garbage collector from going over what stays, which would hold up every ask."""

import subprocess
import sys

from tests.support.processes import PROJECT, environment_of

# A process of its own: what is taken out of the collector's rounds here would stay out of them for all later tests.
SCRIPT = """
import asyncio, gc
from gateway.cli.serving import settled

class Ring:
    def __init__(self):
        self.itself = self
    def __del__(self):
        print("given up")

async def up(address):
    print(address, len(gc.get_objects()) < gc.get_freeze_count())
    return False

Ring()
kept = {"kept": []}
print(asyncio.run(settled(up)("http://here")), any(one is kept for one in gc.get_objects()))
"""


def test_what_is_there_once_a_process_is_up_is_not_gone_over_again_and_what_was_given_up_is_not_kept():
    said = subprocess.run(  # noqa: S603 - the words are ours
        [sys.executable, "-c", SCRIPT], cwd=PROJECT, env=environment_of(), capture_output=True, text=True, check=True
    )

    assert said.stdout.splitlines() == ["given up", "http://here True", "False False"]
