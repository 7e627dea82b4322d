"""`gateway` and its commands: to name them imports none of them."""

import subprocess
import sys

import pytest

from gateway.cli.later import Later
from tests.support.commands import every_command
from tests.support.processes import PROJECT, environment_of

COSTLY = (
    "connectors",
    "schema",
    "resolvers",
    "gateway.app",
    "asyncpg",
    "strawberry",
    "cryptography",
    "regopy",
    "gateway.settings",
)
LATER = [
    (" ".join((*words, name)), command)
    for words, family in every_command()
    for name, command in getattr(family, "commands", {}).items()
    if isinstance(command, Later)
]


@pytest.mark.parametrize("words", [[], ["ledger"], ["policy"], ["federation"], ["data"]], ids=" ".join)
def test_help_names_every_command_without_importing_one(words):
    script = (
        "import sys; from gateway.cli.main import app\n"
        f"try: app({[*words, '--help']!r})\n"
        "finally: print(*sorted(sys.modules), file=sys.stderr)"
    )

    said = subprocess.run(  # noqa: S603 - the words are ours
        [sys.executable, "-c", script], cwd=PROJECT, env=environment_of(), capture_output=True, text=True, check=True
    )

    imported = said.stderr.split()
    assert "gateway.cli.main" in imported
    assert [name for name in imported if name in COSTLY] == []


@pytest.mark.parametrize("command", [command for _, command in LATER], ids=[name for name, _ in LATER])
def test_what_a_family_says_of_a_command_is_its_own_first_sentence(command):
    assert command.help == " ".join(command.real.help.partition("\n\n")[0].split())


def test_every_command_shows_how_it_is_called():
    without_example = [
        " ".join(words)
        for words, command in every_command()
        if not hasattr(command, "commands") and f"{' '.join(words[:2])} " not in f"{command.epilog} "
    ]

    assert without_example == []
