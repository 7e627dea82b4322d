"""What is read of the rules' metadata is what OPA reads, and every reason has a rule that gives it."""

import json
import subprocess

import pytest

from gateway.settings import PACKAGED_POLICIES
from gateway.workbench.annotations import Citation, read_annotations
from gateway.workbench.metadata import read_metadata
from tests.support.tools import opa_command


def test_metadata_is_read_as_opa_reads_it(annotations, rules):
    said = subprocess.run(  # noqa: S603 - the arguments are ours
        [opa_command(), "inspect", "-a", "--format", "json", str(PACKAGED_POLICIES / "directory")],
        capture_output=True,
        text=True,
        check=True,
    )
    read = {
        (place["location"]["file"].rpartition("/")[2], place["location"]["row"]): _without_defaults(place)
        for place in json.loads(said.stdout)["annotations"]
        if not place["location"]["file"].endswith("_test.rego")
    }

    ours = {
        (rule.file.rpartition("/")[2], rule.line): {
            name: value for name, value in rule.metadata.items() if name != "scope"
        }
        for rule in annotations.rules
        if rule.metadata
    }

    assert ours.items() <= read.items()
    assert len(ours) > 20
    assert len(read) == len(ours) + len(rules.modules), "the rest are packages, one a file"


def _without_defaults(place):
    said = {name: value for name, value in place["annotations"].items() if name != "scope"}
    if "related_resources" in said:
        said["related_resources"] = [
            {name: value for name, value in one.items() if value} for one in said["related_resources"]
        ]
    return said


def test_every_reason_of_the_book_has_a_rule_that_gives_it(annotations, book):
    lost = [reason.code for reason in book.reasons if not annotations.origins(reason.code)]

    assert lost == []


def test_the_facts_of_a_rule_are_those_it_reads_and_those_its_conditions_read(annotations):
    (origin,) = annotations.origins("shield-active")

    assert {"class.shield", "caller.role", "class.involved"} <= set(origin.facts)
    assert "class.consent" not in origin.facts
    assert "shielding" in origin.book


@pytest.mark.parametrize(
    ("comments", "read"),
    [
        (["# title: A", "# entrypoint: true"], {"title": "A", "entrypoint": True}),
        (
            ["# description: |", "#   One", "#   two: three", "# title: A"],
            {"description": "One\ntwo: three\n", "title": "A"},
        ),
        (["# custom:", "#   domain: [H3, V1]"], {"custom": {"domain": ["H3", "V1"]}}),
        (
            ["# related_resources:", "# - description: Act, section 1", "#   ref: https://a.invalid/1", "# - ref: b"],
            {"related_resources": [{"description": "Act, section 1", "ref": "https://a.invalid/1"}, {"ref": "b"}]},
        ),
        (['# title: "A: b"'], {"title": "A: b"}),
    ],
)
def test_the_forms_of_metadata_that_rules_use_are_read(comments, read):
    assert read_metadata(comments) == read


def test_a_rules_own_law_comes_before_its_documents():
    annotations = read_annotations(
        {
            "a.rego": """package directory.a

# METADATA
# scope: document
# description: All of them.
# related_resources:
# - ref: https://a.invalid/document
refusals[key]["one-thing"] := x if { x := input.caller.role }

# METADATA
# description: This one.
# related_resources:
# - ref: https://a.invalid/rule
refusals[key]["other-thing"] := x if { x := input.caller.role }
"""
        }
    )

    (one,), (other,) = annotations.origins("one-thing"), annotations.origins("other-thing")
    assert one.annotation.citations == (Citation(text="https://a.invalid/document", url="https://a.invalid/document"),)
    assert other.annotation.citations == (Citation(text="https://a.invalid/rule", url="https://a.invalid/rule"),)
    assert other.annotation.description == "This one."


@pytest.mark.parametrize(
    ("rule", "unread"),
    [
        ("x if input.access.now > 1", {"agency", "authority", "grant"}),
        ("x if input.caller.agency == data.a[input.caller.authority]", {"grant", "now"}),
        ('x if input.caller.role == "now"', {"agency", "authority", "grant", "now"}),
        ("x := input.access", set()),
        ("x := input", set()),
        ("x := input.caller[name]", set()),
    ],
)
def test_a_fact_counts_as_unread_only_if_no_rule_can_read_it(rule, unread):
    assert read_annotations({"a.rego": f"package a\n\n{rule}\n"}).unread() == unread
