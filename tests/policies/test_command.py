"""`gateway policy`, as an author types it."""

import json
import shutil
import tarfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connectors.rule_set import RuleSet
from gateway.cli.policy import policy_app
from tests.support.tools import opa_command

POLICIES = Path(__file__).resolve().parents[2] / "policies"


@pytest.fixture
def copied(tmp_path):
    return Path(shutil.copytree(POLICIES, tmp_path / "policies"))


def type_in(*words):
    return CliRunner().invoke(policy_app, [str(word) for word in words])


def test_a_broken_rule_is_named_with_expected_and_got(copied):
    for path in (copied / "directory").glob("*_test.rego"):
        path.unlink()
    book = copied / "data.json"
    book.write_text(book.read_text().replace('"withheld", "name"]', '"withheld", "name", "telephone"]'))

    said = type_in("test", "--policies", copied, "--only", "of-a-shielded-childs-carer")

    assert said.exit_code == 1
    assert "of-a-shielded-childs-carer-only-the-name-is-told" in said.output
    assert "telephone: effect: expected withhold, got disclose, by role-permits" in said.output


def test_trying_no_case_is_not_success():
    assert type_in("test", "--only", "no case is called this").exit_code == 1


def test_lint_names_file_line_and_remedy(copied):
    (copied / "directory" / "odd.rego").write_text("package directory.odd\n\nodd := upper(input.caller.role)\n")

    said = type_in("lint", "--policies", copied)

    assert said.exit_code == 1
    assert "directory/odd.rego:3 calls upper: use only" in said.output


def test_the_packaged_rules_have_no_findings():
    assert type_in("lint").exit_code == 0


def test_the_packaged_golden_answers_are_those_of_the_packaged_rules():
    said = type_in("golden")

    assert said.exit_code == 0, said.output


def test_golden_answers_of_other_rules_are_out_of_date(copied):
    book = copied / "data.json"
    book.write_text(book.read_text().replace("Your budget of searches is spent.", "No searches are left."))

    said = type_in("golden", "--policies", copied)

    assert (said.exit_code, "out of date" in said.output or "other rules" in said.output) == (2, True)


def test_writing_golden_answers_brings_them_up_to_date(copied):
    opa_command()  # golden answers are OPA's
    book = copied / "data.json"
    book.write_text(book.read_text().replace("Your budget of searches is spent.", "No searches are left."))

    said = type_in("golden", "--write", "--policies", copied)

    assert said.exit_code == 0, said.output
    assert json.loads((copied / "golden" / "answers.json").read_text())["revision"] == RuleSet.read(copied).revision


def test_a_bundle_carries_the_revision(tmp_path):
    target = tmp_path / "rules.tar.gz"

    type_in("bundle", "-o", target)

    with tarfile.open(target) as archive:
        manifest = json.loads(archive.extractfile(".manifest").read())
        data = json.loads(archive.extractfile("data.json").read())
    assert manifest["revision"] == data["revision"]["id"] == type_in("revision").output.strip()


def test_a_folder_without_rules_is_explained_in_one_line(tmp_path):
    said = type_in("revision", "--policies", tmp_path)

    assert (said.exit_code, "holds no rules" in said.output) == (1, True)
