"""Every benchmark runs, over so little that its figures mean nothing: a stale one is found before it is needed."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from benchmarks.__main__ import BENCHMARKS

ROOT = Path(__file__).resolve().parents[2]
SMALL = {
    "ledger_verify": ["--entries", "500"],
    "ledger_page": ["--entries", "2000", "--rounds", "1"],
    "access_log": ["--entries", "2048", "--seconds", "0.1"],
    "overload": ["--children", "300", "--seconds", "0.5"],
    "soak": ["--children", "300", "--minutes", "0.02", "--rate", "20", "--unfilled"],
    "abuse": ["--children", "300", "--seconds", "0.1"],
    "locator": ["--children", "200", "--asks", "2"],
    "queues": ["--children", "3000"],
    "memory": ["--children", "300", "--seconds", "0.1", "--rounds", "1"],
    "rim": ["--seconds", "0.1", "--rounds", "1"],
}
TOO_LONG = {"graph", "ledger", "ledger_faults", "ledger_takeover", "review", "peers", "start"}
"""What these measure is run by tests of its own; `graph` serves and asks as `overload` does, and `ledger` makes the
entries of `ledger_verify`."""


def test_every_benchmark_is_run_or_left_out_for_a_reason():
    assert set(SMALL) | TOO_LONG == set(BENCHMARKS)


@pytest.fixture(scope="module")
def folder():
    """Where benchmarks keep what they fill; a server's socket allows no long path."""
    with tempfile.TemporaryDirectory(prefix="bench-") as path:
        yield path


@pytest.mark.parametrize("name", SMALL)
def test_a_benchmark_runs_to_its_end(name, folder):
    ended = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-m", "benchmarks", name, *SMALL[name]],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=300,
        env={**os.environ, "TMPDIR": folder},  # noqa: TID251 - handed on, not read
    )  # fmt: skip

    assert ended.returncode == 0, ended.stdout[-2_000:] + ended.stderr[-2_000:]
    assert BENCHMARKS[name] in ended.stdout
