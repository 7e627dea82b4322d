"""What the operators' pages tell somebody to type, to set and to look for is there."""

import re
import shlex

import pytest
from typer.main import get_command

from gateway.cli.main import app
from gateway.settings import Settings
from tests.support.commands import imported
from tests.support.processes import PROJECT

DOCS = PROJECT / "docs"
RUNBOOK = sorted((DOCS / "runbook").glob("*.md"))
PAGES = [
    *RUNBOOK,
    PROJECT / "README.md",
    *(
        DOCS / f"{name}.md"
        for name in ("operation", "backup", "upgrading", "federation", "ledger", "limits-and-faults")
    ),
]
SOURCES = [
    path.read_text() for folder in ("gateway", "connectors", "schema") for path in (PROJECT / folder).rglob("*.py")
]
LOGGERS = {name for text in SOURCES for name in re.findall(r'getLogger\("([\w.]+)"\)', text)}


def commands_in(text):
    """Every `gateway …` of a page, in a sentence or on a line of its own, without what is only an example's rest."""
    written = re.findall(r"`(?:[A-Z_]+=\S+ )*(gateway [^`]+)`", text)
    written += re.findall(
        r"^(?:\$ )?(gateway .+)$", "\n".join(re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S)), re.M
    )
    return written


def words_of(command):
    return [word for word in shlex.split(command.split("|")[0].split(">")[0].split("#")[0]) if word != "…"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_of_a_page_exists_with_its_options(page):
    unknown = []
    for command in commands_in(page.read_text()):
        found, words = get_command(app), words_of(command)[1:]
        while words and words[0] in getattr(found, "commands", {}):
            found = imported(found.commands[words.pop(0)])
        options = {option for parameter in found.params for option in parameter.opts} | {"--help"}
        is_named = not hasattr(found, "commands") or not words or words[0].startswith("-")
        if not is_named or not {word.split("=")[0] for word in words if word.startswith("-")} <= options:
            unknown.append(command)

    assert unknown == []


@pytest.mark.parametrize("page", RUNBOOK, ids=lambda page: page.stem)
def test_every_command_of_the_runbook_can_be_typed_as_it_stands(page):
    """A tired reader types what stands there: nothing that a command cannot do without is left to be found out."""
    lacking = []
    for command in commands_in(page.read_text()):
        found, words = get_command(app), words_of(command)[1:]
        while words and words[0] in getattr(found, "commands", {}):
            found = imported(found.commands[words.pop(0)])
        arguments = [one for one in found.params if one.required and one.param_type_name == "argument"]
        given = [word for word in words if not word.startswith("-")]
        options = [one for one in found.params if one.required and one.param_type_name == "option"]
        if len(given) < len(arguments) or not all(set(one.opts) & set(words) for one in options):
            lacking.append(command)

    assert lacking == []


@pytest.mark.parametrize("page", sorted({*PAGES, *DOCS.glob("*.md")}), ids=lambda page: page.stem)
def test_every_setting_of_a_page_exists(page):
    named = set(re.findall(r"GATEWAY_[A-Z0-9_]*[A-Z0-9]", page.read_text()))

    assert named <= {f"GATEWAY_{name.upper()}" for name in Settings.model_fields}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_logger_that_a_page_looks_for_speaks(page):
    named = set(re.findall(r"[Ll]og lines of `(gateway[\w.]*)`", page.read_text()))

    assert named <= LOGGERS
