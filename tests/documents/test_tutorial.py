"""The tutorial does what it says: its edits fit the rules, its commands run, and they print what it shows."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.support.tools import opa_command

ROOT = Path(__file__).resolve().parents[2]
TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text()
# What `gateway policy diff` does where rules differ: it tells a pipeline so.
EXPECTED_EXITS = {"policy diff": {10, 11}, "policy test": {0, 1}}


@dataclass(frozen=True)
class Command:
    words: list[str]
    shows: list[str]


@dataclass(frozen=True)
class Edit:
    file: str
    old: str
    new: str


def steps():
    for kind, rest, body in re.findall(
        r"^```(console|diff)(?: (\S+))?\n(.*?)^```$", TUTORIAL, re.MULTILINE | re.DOTALL
    ):
        if kind == "diff":
            lines = body.splitlines(keepends=True)
            yield Edit(
                file=rest,
                old="".join(line[1:] for line in lines if line[0] in "- "),
                new="".join(line[1:] for line in lines if line[0] in "+ "),
            )
        else:
            for typed in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
                command, *shows = typed.splitlines()
                yield Command(words=shlex.split(command), shows=shows)


def run(words, folder):
    places = [str(Path(sys.executable).parent), str(Path(opa_command()).parent), os.defpath]
    environment = {"PATH": os.pathsep.join(places), "HOME": str(folder), "COLUMNS": "200"}
    return subprocess.run(  # noqa: S603 - the tutorial's own commands
        words, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def test_every_command_of_the_tutorial_prints_what_it_shows(tmp_path):
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    ran = 0

    for step in steps():
        if isinstance(step, Edit):
            text = (tmp_path / step.file).read_text()
            assert text.count(step.old) == 1, f"{step.file} no longer holds once: {step.old}"
            (tmp_path / step.file).write_text(text.replace(step.old, step.new))
        else:
            said = run(step.words, tmp_path)
            ran += 1
            exits = EXPECTED_EXITS.get(" ".join(step.words[1:3]), {0})
            assert said.returncode in exits, f"{shlex.join(step.words)}: {said.stdout}{said.stderr}"
            _assert_shown(step, said.stdout + said.stderr)

    assert ran > 10


def _assert_shown(step, output):
    lines = iter(output.splitlines())
    for shown in step.shows:
        pattern = re.compile(".*".join(re.escape(part.strip()) for part in shown.split("…")))
        assert any(pattern.search(line) for line in lines), f"{shlex.join(step.words)}: not there: {shown}\n{output}"


def test_the_tutorial_takes_no_more_than_twenty_minutes_to_type():
    words = len(re.findall(r"\w+", TUTORIAL))

    assert words / 200 + 1 * sum(1 for _ in steps()) < 30, "200 words and one step a minute"
