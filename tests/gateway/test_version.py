"""`gateway --version` names the release that is installed."""

import tomllib

from typer.testing import CliRunner

from gateway.cli.main import app
from tests.support.processes import PROJECT


def test_the_command_names_the_release_of_the_package():
    stated = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]

    result = CliRunner().invoke(app, ["--version"])

    assert (result.exit_code, result.stdout) == (0, f"directory-gateway {stated}\n")
