"""Every rule of the domain is carried out by a rule with its law and its cases, or held by a named place."""

import json
import re
from pathlib import Path

import pytest

from connectors.opa_command import COMMAND_TIMEOUT, run
from connectors.policy_questions import read_cases
from gateway.cli.policy_coverage import PACKAGED_TABLE, as_markdown, carried, served_by
from gateway.workbench.annotations import read_annotations
from tests.support.tools import opa_command

PROJECT = Path(__file__).resolve().parents[2]
POLICIES = PROJECT / "policies"
LETTERS = {"D": 9, "A": 6, "S": 4, "H": 6, "V": 4, "P": 2, "L": 6, "T": 3, "X": 6, "I": 4, "M": 2}
ALL = [f"{letter}{number}" for letter, last in LETTERS.items() for number in range(1, last + 1)]
ROWS = carried(POLICIES)


def test_the_table_lists_every_rule_of_the_domain_once():
    assert [row.code for row in ROWS] == ALL


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.code)
def test_a_rule_of_the_domain_is_proven_by_cases_or_held_elsewhere(row):
    proven = row.rules and row.cases

    assert proven or row.held_by


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.code)
def test_the_places_that_hold_a_rule_exist(row):
    assert [place for place in row.held_by if not (PROJECT / place).exists()] == []


def test_a_case_names_the_rules_of_the_domain_that_it_proves():
    unknown = {case.name: case.why for case in read_cases(POLICIES) if not set(served_by(case)) <= set(ALL)}

    assert unknown == {}


def test_the_documents_show_the_table_as_it_is():
    assert PACKAGED_TABLE.read_text(encoding="utf-8") == as_markdown(ROWS)


def test_every_rule_that_others_use_cites_the_domain_and_the_law(rules):
    bare = [
        f"{rule.file}: {rule.text.splitlines()[0]}"
        for rule in read_annotations(rules.modules).rules
        if rule.name == "refusals" and not _complete(rule.metadata or {})
    ]

    assert bare == []


def _complete(metadata):
    cited = [resource for resource in metadata.get("related_resources", ()) if resource.get("description")]
    return bool(metadata.get("title") and metadata.get("description") and metadata["custom"]["domain"] and cited)


def test_every_reason_of_a_rule_is_in_the_book(rules):
    written = {
        reason
        for source in rules.modules.values()
        for reason in re.findall(r'^(?:_)?refusals\[key\]\["([^"]+)"\]', source, re.MULTILINE)
    }

    assert written - {reason["code"] for reason in rules.data["reasons"]} == set()


def test_every_code_told_has_its_sentence(rules):
    tells = {reason["tell"] for reason in rules.data["reasons"] if reason.get("tell")}
    remedies = {reason["remedy"] for reason in rules.data["reasons"] if reason.get("remedy")}

    assert (tells, remedies) == (set(rules.data["tells"]), set(rules.data["remedies"]))


def test_every_mutation_of_the_graph_is_an_action_with_purposes_and_a_role(rules):
    actions = set(rules.data["fields"]["Action"]["actions"])
    open_to_a_role = {action for role in rules.data["roles"].values() for action in role["may"]}

    assert actions == set(rules.data["action_rules"]["purposes"]) == open_to_a_role


def test_the_tests_reach_every_line_of_the_rules():
    said = run(
        [
            opa_command(),
            "test",
            f"--timeout={COMMAND_TIMEOUT:.0f}s",
            "--coverage",
            "--format=json",
            *[str(POLICIES / name) for name in ("directory", "data.json")],
            f"cases:{POLICIES / 'cases'}",
        ]
    )

    report = json.loads(said.stdout)
    missed = {file: found["not_covered"] for file, found in report["files"].items() if found.get("not_covered")}
    assert (missed, report["coverage"]) == ({}, 100)
