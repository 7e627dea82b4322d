"""The `opa` and `regal` commands, where they are installed: for policy authors and tests, never for serving."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from connectors.rule_set import ENTRYPOINT, RuleSet

COMMAND_TIMEOUT = 600.0
"""Seconds: all tests of the rules with coverage take half a minute, and several times that on a busy machine."""


class OpaFailed(Exception):
    """The command ran and said no; the message is its own, about rules and never about records."""


def find_opa() -> str | None:
    """Return the path of `opa`, or None where it is not installed."""
    return _find("opa")


def find_regal() -> str | None:
    """Return the path of `regal`, or None where it is not installed."""
    return _find("regal")


def run(command: Sequence[str], *, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command that an author would type, and return what it printed and its exit code."""
    return subprocess.run(  # noqa: S603 - the arguments are ours
        list(command), input=stdin, capture_output=True, text=True, timeout=COMMAND_TIMEOUT, check=False
    )


async def answers_of_opa(opa: str, rules: RuleSet, inputs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return OPA's answer document for each input, in order.

    Raises:
        OpaFailed: OPA rejects the rules, or leaves an answer undefined.
    """
    return await asyncio.to_thread(_answers, opa, rules, inputs)


def _answers(opa: str, rules: RuleSet, inputs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    query = f"[answer | some question in input; answer := data.{ENTRYPOINT.replace('/', '.')} with input as question]"
    with TemporaryDirectory() as folder:
        bundle = Path(folder) / "bundle.tar.gz"
        bundle.write_bytes(rules.bundle())
        said = run(
            [opa, "eval", "--format", "json", "--bundle", str(bundle), "--stdin-input", query],
            stdin=json.dumps(list(inputs)),
        )
    if said.returncode != 0:
        raise OpaFailed(said.stderr or said.stdout)
    answers: list[dict[str, Any]] = json.loads(said.stdout)["result"][0]["expressions"][0]["value"]
    if len(answers) != len(inputs):
        raise OpaFailed(f"{len(inputs) - len(answers)} of {len(inputs)} questions have no answer")
    return answers


def _find(name: str) -> str | None:
    found = shutil.which(name)
    go = shutil.which("go")
    if found or go is None:
        return found
    gopath = run([go, "env", "GOPATH"]).stdout.strip()
    return shutil.which(name, path=str(Path(gopath) / "bin"))
