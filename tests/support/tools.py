"""Programs that tests need and PyPI does not bring: where one is missing a test is skipped here and fails in CI."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest


def opa_command():
    """Return the path of OPA, as `go install` leaves it."""
    return _found("opa", path=_go_programs()) or do_without("opa")


def chromium_command():
    """Return the path of Chromium."""
    return _found("chromium", "chromium-browser", "google-chrome") or do_without("chromium")


def chromedriver_command():
    """Return the path of the driver that belongs to Chromium."""
    return _found("chromedriver") or do_without("chromedriver")


def npm_packages(tool):
    """Return the path of Node, and the folder of one of our tools with its packages installed."""
    folder = Path(__file__).parents[2] / "tools" / tool
    if not (folder / "node_modules" / ".package-lock.json").exists():
        do_without(f"What tools/{tool} needs of npm")
    return _found("node") or do_without("node"), folder


def _found(*names, path=None):
    places = [None, path] if path else [None]
    return next((found for name in names for place in places if (found := shutil.which(name, path=place))), None)


@cache
def _go_programs():
    if go := shutil.which("go"):
        answer = subprocess.run([go, "env", "GOPATH"], capture_output=True, text=True, check=True)  # noqa: S603 - no input
        return str(Path(answer.stdout.strip()) / "bin")
    return str(Path.home() / "go" / "bin")


def do_without(name):
    """Skip the test that needs something the machine lacks; in CI it fails."""
    if os.environ.get("CI"):  # noqa: TID251 - the tests' own switch, not a setting of the gateway
        pytest.fail(f"{name} is missing; in CI nothing is skipped.", pytrace=False)
    pytest.skip(f"{name} is missing; .ci/run installs what can be installed.")
