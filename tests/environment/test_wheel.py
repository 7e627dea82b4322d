"""The package as it is shipped: everything is in it, and it runs where nothing else of the project is."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = {
    "schema/directory.graphql",
    "policies/data.json",
    "policies/directory/decide.rego",
    "policies/golden/answers.json",
    "policies/schema/question.json",
    "connectors/postgres/migrations/0001_directory.sql",
    "connectors/feeds/authorities.csv",
    "gateway/pages/static/graphiql/graphiql.js",
    "gateway/pages/static/policies/page.html",
    "gateway/pages/static/ledger/page.html",
    "gateway/access_report/words/en.json",
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(  # noqa: S603 - our own project
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """What the wheel unpacks to, alone in a folder; the packages it needs are those of this environment."""
    folder = tmp_path_factory.mktemp("site-packages")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder)
    return folder


def run(installed, folder, *arguments):
    environment = {
        "PATH": os.environ["PATH"],  # noqa: TID251 - handed on, not read
        "PYTHONPATH": str(installed), "COLUMNS": "200", "NO_COLOR": "1", "GATEWAY_PORT": "0",
        "GATEWAY_DECISION_TIMEOUT": "20", "GATEWAY_REQUEST_TIMEOUT": "30",
    }  # fmt: skip
    command = [
        sys.executable,
        "-P",
        "-c",
        "import sys; from gateway.cli.main import main; sys.exit(main())",
        *arguments,
    ]
    return subprocess.run(  # noqa: S603 - our own command
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def test_everything_that_is_read_while_serving_is_in_the_wheel(wheel):
    held = set(zipfile.ZipFile(wheel).namelist())
    migrations = {
        f"connectors/postgres/migrations/{path.name}" for path in ROOT.glob("connectors/postgres/migrations/*.sql")
    }

    assert held >= SHIPPED | migrations
    assert not [name for name in held if name.startswith(("tests/", "benchmarks/", "docs/"))]


def test_the_demonstration_runs_from_the_wheel_in_an_empty_folder(installed, tmp_path):
    ended = run(installed, tmp_path, "demo", "--once")

    assert ended.returncode == 0, ended.stderr
    assert "Ayesha" in ended.stdout
    assert str(ROOT) not in ended.stdout + ended.stderr


def test_the_modules_of_the_wheel_are_those_that_run(installed, tmp_path):
    code = "import gateway, sys; sys.stdout.write(gateway.__file__)"
    ended = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-P", "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(installed)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert ended.stdout.startswith(str(installed))
