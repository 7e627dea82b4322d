"""A process that serves keeps the garbage collector from going over what stays, which would hold up every ask."""

import os
import subprocess
import sys

import psutil
import pytest

from tests.support.processes import PROJECT, a_served_gateway, environment_of, runs

# A process of its own: what is taken out of the collector's rounds here would stay out of them for all later tests.
SCRIPT = """
import asyncio, gc, sys
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
print(sys.getswitchinterval())
"""


def test_what_stays_is_not_gone_over_again_what_was_given_up_is_not_kept_and_threads_take_short_turns():
    said = subprocess.run(  # noqa: S603 - the words are ours
        [sys.executable, "-c", SCRIPT], cwd=PROJECT, env=environment_of(), capture_output=True, text=True, check=True
    )

    assert said.stdout.splitlines() == ["given up", "http://here True", "False False", "0.0005"]


# Python reads it as it starts, in whatever process: each leaves its number once it has settled.
LEAVING_ITS_NUMBER = """
import gc, os, pathlib

freeze = gc.freeze

def freeze_and_say_so():
    freeze()
    pathlib.Path({folder!r}, str(os.getpid())).touch()

gc.freeze = freeze_and_say_so
"""


@pytest.mark.parametrize("workers", [None, 2])
async def test_whoever_serves_has_settled_before_it_is_said_that_the_graph_is_served(
    database_url, tmp_path, monkeypatch, workers
):
    settled = tmp_path / "settled"
    settled.mkdir()
    (tmp_path / "sitecustomize.py").write_text(LEAVING_ITS_NUMBER.format(folder=str(settled)))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)

    async with a_served_gateway(tmp_path / "data", url=database_url, workers=workers) as gateway:
        serving = [gateway.pid] if workers is None else workers_of(gateway)
        numbers = {int(path.name) for path in settled.iterdir()}

    assert len(serving) == (workers or 1)
    assert numbers >= set(serving)


def workers_of(gateway):
    return [child.pid for child in psutil.Process(gateway.pid).children() if runs(child, "gateway.cli.worker")]
