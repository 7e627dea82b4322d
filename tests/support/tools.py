"""Programs that tests need and PyPI does not bring: where one is missing a test is skipped here and fails in CI."""

import importlib
import os
import shutil
from pathlib import Path

import pytest

from connectors.opa_command import find_opa


def opa_command():
    """Return the path of OPA, as `go install` leaves it."""
    return find_opa() or do_without("opa")


def chromium_command():
    """Return the path of Chromium."""
    return _found("chromium", "chromium-browser", "google-chrome") or do_without("chromium")


def chromedriver_command():
    """Return the path of the driver that belongs to Chromium."""
    return _found("chromedriver") or do_without("chromedriver")


def pango():
    """See that the libraries are there with which WeasyPrint draws."""
    try:
        importlib.import_module("weasyprint")
    except OSError:
        do_without("Pango")


def faketime_library():
    """Return the path of the library that gives a process another time of day."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    return str(found[0]) if found else do_without("libfaketime")


def prometheus_commands():
    """Return the paths of Prometheus and of its tool that checks files."""
    return [_found(name) or do_without(name) for name in ("prometheus", "promtool")]


def npm_packages(tool):
    """Return the path of Node, and the folder of one of our tools with its packages installed."""
    folder = Path(__file__).parents[2] / "tools" / tool
    if not (folder / "node_modules" / ".package-lock.json").exists():
        do_without(f"What tools/{tool} needs of npm")
    return _found("node") or do_without("node"), folder


def _found(*names):
    return next((found for name in names if (found := shutil.which(name))), None)


def do_without(name):
    """Skip the test that needs something the machine lacks; in CI it fails."""
    if os.environ.get("CI"):  # noqa: TID251 - the tests' own switch, not a setting of the gateway
        pytest.fail(f"{name} is missing; in CI nothing is skipped.", pytrace=False)
    pytest.skip(f"{name} is missing; .ci/run installs what can be installed.")
