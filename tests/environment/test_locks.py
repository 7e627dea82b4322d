"""The locked packages are those the project asks for, whole and without naming where they came from."""

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUNNING = PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["build"]
LOCKS = {
    "requirements.lock": RUNNING,
    "requirements-dev.lock": RUNNING + PROJECT["dependency-groups"]["dev"],
}


def text_of(lock):
    return (ROOT / lock).read_text(encoding="utf-8")


def versions_of(lock):
    """Return the one version of each package."""
    lines = [line.split(" ")[0] for line in text_of(lock).splitlines() if "==" in line and line[0].isalpha()]
    return dict(line.split("==") for line in lines)


@pytest.mark.parametrize(
    ("lock", "wanted"), [(lock, Requirement(wanted)) for lock, all_wanted in LOCKS.items() for wanted in all_wanted]
)
def test_every_package_asked_for_is_locked_at_a_version_that_will_do(lock, wanted):
    assert wanted.specifier.contains(versions_of(lock)[wanted.name])


def test_development_runs_on_the_versions_that_people_run():
    assert versions_of("requirements.lock").items() <= versions_of("requirements-dev.lock").items()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_a_hash(lock):
    packages = [block for block in text_of(lock).split("\n") if "==" in block and block[0].isalpha()]

    assert packages
    assert all(line.endswith("\\") for line in packages)


SUPPLY = "tools/supply/requirements.lock"
TOOLS = [path.relative_to(ROOT).as_posix() for path in sorted(ROOT.glob("tools/*/package-lock.json"))]


@pytest.mark.parametrize("file", [*LOCKS, SUPPLY, *TOOLS])
def test_no_lock_names_the_host_it_was_made_from(file):
    assert "registry" not in text_of(file)
    assert "--index-url" not in text_of(file)
