"""The bench is judgement over values: it reads no file, asks no server, and knows no connector."""

import ast
from pathlib import Path

import gateway.workbench

ALLOWED = ("gateway.disclosure.", "gateway.errors", "gateway.ports", "gateway.vocabulary", "gateway.workbench.")
WAITING_OR_READING = {"os", "pathlib", "subprocess", "socket", "httpx", "asyncpg", "connectors", "tempfile", "shutil"}


def imports():
    for path in Path(gateway.workbench.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                yield path.name, node.module
            elif isinstance(node, ast.Import):
                yield from ((path.name, alias.name) for alias in node.names)


def test_the_bench_imports_only_what_it_judges_with():
    found = list(imports())

    ours = [(file, name) for file, name in found if name.startswith(("gateway", "connectors", "schema", "resolvers"))]
    assert len(ours) > 20
    assert [one for one in ours if not one[1].startswith(ALLOWED)] == []
    assert [one for one in found if one[1].split(".")[0] in WAITING_OR_READING] == []
