"""The embedded engine hands back the memory that a question takes, whatever else of C++ the process has loaded."""

import subprocess
import sys

import pytest

from tests.support.processes import PROJECT, environment_of

# A process of its own: which library is loaded first is decided once for a process.
SCRIPT = """
import asyncio, ctypes, sys
from contextlib import suppress

import psutil

if sys.argv[1] == "before":
    with suppress(OSError):  # a system that has no such runtime
        ctypes.CDLL("libstdc++.so.6")

from connectors.embedded_engine import EmbeddedDecider
from connectors.golden import read_golden
from gateway.settings import PACKAGED_POLICIES

def resident():
    return psutil.Process().memory_info().rss >> 20

async def asked():
    decider = EmbeddedDecider(PACKAGED_POLICIES, timeout=60)
    question = read_golden(PACKAGED_POLICIES)[1][0][0]
    await decider.decide(question)
    before = resident()
    for _ in range(4):
        await decider.decide(question)
    print(resident() - before)
    await decider.close()

asyncio.run(asked())
"""


@pytest.mark.parametrize("runtime", ["before", "with it"])
def test_questions_leave_no_memory_behind_wherever_the_runtime_of_cxx_came_from(runtime):
    said = subprocess.run(  # noqa: S603 - the words are ours
        [sys.executable, "-c", SCRIPT, runtime],
        cwd=PROJECT,
        env=environment_of(),
        capture_output=True,
        text=True,
        check=True,
    )

    # MB; of memory that went to another allocator than it came from, ten a question were lost.
    assert int(said.stdout) < 12
