"""What partners bring: the programs of our page for them as they stand there, and the composers."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.support.tools import npm_packages

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "clients.md"
SDL = ROOT / "schema" / "directory.graphql"
SUBGRAPH = "extend schema @link"


def blocks(document, language):
    """The blocks of a language in a document, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", document.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def partners_subgraph():
    """The subgraph that the page shows."""
    (found,) = (block for block in blocks(PAGE, "graphql") if block.startswith(SUBGRAPH))
    return found


def python_client(folder):
    """The command of the page's program in Python."""
    return _written(folder / "ask.py", blocks(PAGE, "python"), [sys.executable])


def javascript_client(folder):
    """The command of the page's program in JavaScript, where its packages are."""
    node, packages = npm_packages("composition")
    (folder / "node_modules").symlink_to(packages / "node_modules")
    return _written(folder / "ask.mjs", blocks(PAGE, "js"), [node])


def _written(file, programs, command):
    (program,) = programs
    file.write_text(program, encoding="utf-8")
    return [*command, file]


def tool(name, *arguments):
    """The command of one of our tools for composing."""
    node, packages = npm_packages("composition")
    return [node, packages / name, *arguments]


def run(command, *, typed="", **environment):
    """Run a program to its end."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}  # noqa: TID251 - handed on, not read
    return subprocess.run(  # noqa: S603 - programs of our own page and tools
        [str(word) for word in command],
        input=typed, env=inherited | environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
