"""The portable subset: each form on which engines were seen to differ is found, with its line."""

from pathlib import Path

import pytest

from connectors.portable_rego import unportable

POLICIES = Path(__file__).resolve().parents[2] / "policies"
RULES = sorted(path for path in POLICIES.glob("directory/*.rego") if not path.name.endswith("_test.rego"))


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('late if time.parse_rfc3339_ns("2026-01-01T00:00:00Z") > 0', "calls time.parse_rfc3339_ns"),
        ("shout := upper(input.caller.role)", "calls upper"),
        ("where := opa . runtime ()", "calls opa.runtime"),
        ('where := opa["runtime"]()', "calls what brackets name"),
        ("keys := {key | some key, value in input.items}", "has `some key, value in`"),
        ("keys := [key | some key, value in input.items]", "has `some key, value in`"),
        ("keys := {key | some item in input.items; some key, _ in item}", "has `some key, value in`"),
        ("plain if { every x in input.xs { not input.hidden[x] } }", "negates inside `every`"),
        ('plain if { every x in {"a", "b"} { input.told[x]; not x == "b" } }', "negates inside `every`"),
        ("low if not level(input) == 1", "negates an expression with a call"),
        ("low if not data.told[level(input)].x", "negates an expression with a call"),
        ("low if not level(input.x)", "negates an expression with a call"),
        ('low if not input.x in {"a", "b"}', "negates a membership"),
        ('low if not "a" in input.x', "negates a membership"),
        ("low if not x in data.list", "negates a membership"),
        ("any := {x | some y; input.a[y] == x}", "declares a variable"),
        ('sets[key] contains "a" if some key in input.keys', "builds sets below a key"),
        ('other := answer with input as {"a": 1}', "replaces input or data"),
        ("told := {name: {1: outer} | some name in input.names}", "computes a value in the head"),
        ("told := {name: outer | some name in input.names}", "tells the outer outer"),
        ("told[key] := fields if { fields := {name | some name in input.items[key]} }", "uses the key key"),
        ("told[key] := {name | some name in named} if named := input.items[key]", "uses the key key"),
        ("hidden contains key if input.items[key].shield", "uses the key key"),
        (
            'hidden[key]["shield"] := item if { not input.known[kind]; some key, item in input.of[kind] }',
            "uses the key kind",
        ),
        ("told := {name | some names in input.named; some name in names[key]}", "uses the key key"),
        ("told if { some name in {name | some name in input.names}; input.of[kind] == name }", "uses the key kind"),
    ],
)
def test_a_form_on_which_engines_differ_is_found(line, problem):
    findings = unportable("x.rego", f"package x\n\nlevel(_) := 1\n\n{line}\n")

    assert [(finding.line, finding.problem.startswith(problem)) for finding in findings] == [(5, True)]


def test_a_call_is_found_though_its_parenthesis_stands_on_the_next_line():
    findings = unportable("x.rego", "package x\n\nwhere := opa.runtime # here\n()\n")

    assert [finding.problem for finding in findings] == ["calls opa.runtime"]


def test_words_in_comments_and_strings_are_not_rules():
    assert unportable("x.rego", 'package x\n\n# upper(x), not f(x) == 1\na := "lower(x)"\nb := `time.now_ns()`\n') == []


def test_functions_of_the_same_file_may_be_called():
    assert unportable("x.rego", "package x\n\na := b(1)\n\nb(x) := x if not c(x)\n\nc(x) if x == 2\n") == []


def test_a_negation_beside_every_is_no_finding():
    assert unportable("x.rego", "package x\n\na if {\n\tevery x in input.xs {\n\t\tx != 1\n\t}\n\tnot b\n}\n") == []


@pytest.mark.parametrize(
    "rule",
    [
        "told[key] := item if some key, item in input.items",
        "told[key] := item if {\n\tkey := input.key\n\titem := input.items[key]\n}",
        "told(key) := input.items[key]",
        "told if input.items[plain]",
        "told if input.items[question.key]",
        "told if every key in input.keys { input.items[key] }",
        "told := {key: item | some key in input.keys; item := [name | some name in input.items[key]]}",
        "told contains key if {\n\tboth := input.a | input.b\n\tsome key in both\n}",
    ],
)
def test_a_key_that_its_rule_declares_is_no_finding(rule):
    assert unportable("x.rego", f'package x\n\nimport data.question\n\nplain := "a"\n\n{rule}\n') == []


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.name)
def test_the_rules_stay_in_the_portable_subset(path):
    assert unportable(path.name, path.read_text(encoding="utf-8")) == []
