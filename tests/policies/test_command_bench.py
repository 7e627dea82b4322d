"""`gateway policy matrix | explain | diff | replay | bench | new-rule`, as an author or a pipeline types them."""

import asyncio
import csv
import io
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from connectors.opa_command import find_opa
from connectors.postgres.ledger import PostgresLedgerStore
from connectors.rule_set import RuleSet
from gateway.cli.policy import policy_app
from gateway.ledger.canonical import prepare
from gateway.ledger.entry import PolicyNote
from tests.ledger.entries import a_caller, a_record, an_entry
from tests.support.ledger import sealing_keys
from tests.support.postgres import fresh_database

COMMANDS = ["matrix", "explain", "diff", "replay", "bench", "new-rule", "test", "lint", "golden", "revision", "bundle"]
POLICIES = Path(__file__).resolve().parents[2] / "policies"
GIVEN = '"Carer": ["name", "relationship", "origin"],', '"Carer": ["name", "relationship", "contact", "origin"],'
NARROW = "--role", "voluntary-practitioner", "--type", "Carer", "--class", "plain", "--engine", "embedded"
NEW_RULE = (
    *("--subject", "leaving_england", "--title", "Of a child abroad no telephone is told", "--code", "child-abroad"),
    *("--law", "Children Act 2004, section 12", "--url", "https://www.legislation.gov.uk/ukpga/2004/31/section/12"),
    *("--type", "Carer", "--field", "telephone,email"),
    *("--when", "standing=left-england"),
)
PLAIN_CHILD = tuple(
    sorted(
        {
            **{"shield": "none", "sensitive": False, "consent": "none-needed", "involved": False, "conflict": False},
            **{"home": "same-authority", "standing": "live", "self": False},
        }.items()
    )
)


@pytest.fixture
def copied(tmp_path):
    return Path(shutil.copytree(POLICIES, tmp_path / "our-rules"))


@pytest.fixture
def generous(copied):
    book = copied / "data.json"
    assert GIVEN[0] in book.read_text()
    book.write_text(book.read_text().replace(*GIVEN, 1))
    return copied


def type_in(*words, env=None):
    return CliRunner().invoke(policy_app, [str(word) for word in words], env=env)


def test_every_command_has_help_with_an_example():
    names = set(get_command(policy_app).commands)

    assert set(COMMANDS) <= names
    assert [name for name in names if f"gateway policy {name}" not in type_in(name, "--help").output] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_prints_json_if_asked(command):
    assert "--json" in type_in(command, "--help").output


def test_a_matrix_of_one_class_has_the_roles_in_its_columns():
    said = type_in("matrix", "--type", "Child", "--class", "shielded", "--field", "address", "--engine", "embedded")

    assert said.exit_code == 0, said.output
    assert "Child — Shielded (shielded)" in said.output
    assert "voluntary-practitioner" in said.output
    assert "classes of records are: gateway policy matrix --classes" in said.output
    assert "withheld: the value is not told, and the answer says so" in said.output


def test_a_matrix_is_written_as_csv_and_as_json():
    asked = "matrix", *NARROW, "--field", "telephone"

    as_csv, as_json = type_in(*asked, "--format", "csv"), type_in(*asked, "--json")

    (line,) = csv.DictReader(io.StringIO(as_csv.stdout))
    (cell,) = json.loads(as_json.stdout)["cells"]
    assert (line["effect"], line["tell"]) == (cell["effect"], cell["tell"]) == ("withhold", "NOT_FOR_ROLE")


def test_a_matrix_is_written_to_a_file(tmp_path):
    said = type_in("matrix", *NARROW, "--format", "html", "-o", tmp_path / "matrix.html")

    assert said.exit_code == 0, said.output
    assert (tmp_path / "matrix.html").read_text().startswith("<!doctype html>")


def test_an_unknown_name_exits_with_2_and_lists_near_ones():
    said = type_in("matrix", "--role", "social-worke")

    assert (said.exit_code, "perhaps social-worker" in said.output) == (2, True)


@pytest.mark.parametrize(("expected", "code"), [("withhold", 0), ("disclose", 4)])
def test_explain_holds_a_pipeline_to_an_expectation(expected, code):
    said = type_in(
        *("explain", "--role", "education-practitioner", "--type", "Child", "--field", "address"),
        *("--set", "shield=active", "--expect", expected),
    )

    assert said.exit_code == code, said.output
    assert "It applies because shield is active; it would not if it were none or associated." in said.output
    assert "Rule: directory/shielding.rego:" in said.output


def test_explain_shows_that_a_missing_attribute_tells_nothing():
    said = type_in(
        *("explain", "--role", "gp", "--type", "Child", "--field", "address", "--without", "shield", "--json"),
    )

    assert json.loads(said.stdout)["reasons"] == ["class-incomplete"]


def test_rules_that_tell_more_exit_with_11_and_say_so_first(generous):
    said = type_in("diff", "in-force", generous, *NARROW)

    assert said.exit_code == 11, said.output
    assert said.output.startswith("TELLS MORE: 6 decisions")
    assert "Carer.telephone" in said.output
    assert "classes of records are: gateway policy matrix --classes" in said.output


def test_rules_that_tell_less_exit_with_10(generous):
    said = type_in("diff", generous, "in-force", *NARROW, "--json")

    assert said.exit_code == 10, said.output
    assert json.loads(said.stdout)["counts"]["tells-less"] == 6


def test_equal_rules_exit_with_0(copied):
    assert type_in("diff", "in-force", copied, *NARROW).exit_code == 0


def test_rules_are_compared_with_those_of_a_revision_of_git(generous, monkeypatch):
    top = generous.parent
    git = ["git", "-C", str(top), "-c", "user.name=Author", "-c", "user.email=author@rules.invalid"]
    for words in (["init", "-q"], ["add", "our-rules"], ["commit", "-qm", "Our rules"]):
        subprocess.run([*git, *words], check=True)  # noqa: S603 - the arguments are ours
    book = generous / "data.json"
    book.write_text(book.read_text().replace(*reversed(GIVEN), 1))
    monkeypatch.chdir(top)

    said = type_in("diff", "HEAD:our-rules", "our-rules", *NARROW, "--json")
    unknown = type_in("diff", "HEAD:their-rules", "our-rules", *NARROW)

    assert json.loads(said.stdout)["counts"]["tells-less"] == 6
    assert (unknown.exit_code, "has no folder their-rules" in unknown.output) == (1, True)


def test_outside_git_a_revision_is_refused_in_one_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    said = type_in("diff", "HEAD")

    assert (said.exit_code, "not in a git repository" in said.output) == (1, True)


@pytest.fixture
def ledger(postgres):
    """A function that types a command against a ledger with one entry."""

    def run(revision, telephone, *words):
        record = a_record(record_class=PLAIN_CHILD, disclosed={"givenName": "c", "address": "c"}, withheld={})
        if not telephone:
            record = a_record(record_class=PLAIN_CHILD)
        entry = an_entry(
            caller=a_caller(standing="current"), policy=PolicyNote(revision=revision, engine="opa"), records=(record,)
        )

        async def typed():
            async with fresh_database(postgres) as url:
                appender = PostgresLedgerStore(url, keys=sealing_keys(), timeout=10)
                await appender.append([prepare(entry)])
                await appender.close()
                return await asyncio.to_thread(
                    type_in,
                    *words,
                    "--engine",
                    "embedded",
                    env={"GATEWAY_ENV": "development", "GATEWAY_DATABASE_URL": url},
                )

        return typed()

    return run


async def test_a_ledger_that_the_rules_in_force_repeat_exits_with_0(ledger):
    said = await ledger(RuleSet.read(POLICIES).revision, True, "replay")

    assert said.exit_code == 0, said.output
    assert "2 decisions of fields asked again" in said.output


async def test_a_decision_that_the_rules_in_force_do_not_repeat_is_an_alarm(ledger):
    said = await ledger(RuleSet.read(POLICIES).revision, False, "replay")

    assert (said.exit_code, "ALARM" in said.output) == (12, True), said.output


async def test_what_other_rules_decided_is_no_alarm(ledger):
    said = await ledger("another", False, "replay")

    assert said.exit_code == 0, said.output
    assert "1 decided otherwise now" in said.output


async def test_asks_of_before_the_day_are_left_out(ledger):
    said = await ledger(RuleSet.read(POLICIES).revision, False, "replay", "--since", "2026-11-23")

    assert (said.exit_code, "0 asks since 2026-11-23" in said.output) == (0, True), said.output


async def test_other_rules_are_tried_on_asks_that_were_made(ledger, copied):
    book = copied / "data.json"
    role = '"health-practitioner": {'
    before, _, after = book.read_text().partition(role)
    book.write_text(before + role + after.replace('"birth", "address"', '"birth"', 1))

    said = await ledger("any", True, "diff", "in-force", copied, "--replay", "--json")

    assert said.exit_code == 10, said.output
    (change,) = json.loads(said.stdout)["changes"]
    assert (change["field"], change["kind"], change["old"]["effect"]) == ("address", "tells-less", "disclose")


def test_a_new_rule_comes_with_three_cases_that_hold(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    said = type_in("new-rule", *NEW_RULE)
    tried = type_in("test", "--policies", "our-rules", "--only", "child-abroad")

    assert said.exit_code == 0, said.output
    assert "gateway policy lint --policies our-rules" in said.output
    assert (tried.exit_code, "3 of 3 cases hold" in tried.output) == (0, True), tried.output


def test_a_new_rule_as_written_has_no_findings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    type_in("new-rule", *NEW_RULE)

    assert type_in("lint", "--policies", "our-rules").exit_code == 0, type_in("lint", "--policies", "our-rules").output


def test_a_new_rule_refuses_what_it_says_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    type_in("new-rule", *NEW_RULE)

    said = type_in("diff", "in-force", "our-rules", "--role", "gp", "--type", "Carer", "--engine", "embedded", "--json")

    changes = json.loads(said.stdout)["changes"]
    assert {(change["class"], change["field"], change["kind"]) for change in changes} == {
        ("left-england", "telephone", "tells-less"),
        ("left-england", "email", "tells-less"),
    }


def test_a_second_rule_of_the_same_name_is_not_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    type_in("new-rule", *NEW_RULE)
    before = {path: path.read_bytes() for path in Path("our-rules").rglob("*") if path.is_file()}

    again = type_in("new-rule", *NEW_RULE)
    renamed = type_in("new-rule", *NEW_RULE, "--code", "other-code")

    assert (again.exit_code, renamed.exit_code) == (1, 1)
    assert "nothing is overwritten" in renamed.output
    assert {path: path.read_bytes() for path in Path("our-rules").rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("flag", "value", "said"),
    [
        ("--when", "standing=live", "is live in a plain record"),
        ("--effect", "disclose", "rules only refuse"),
        ("--effect", "mask", "needs an obligation"),
        ("--code", "shield-active", "the reason shield-active exists"),
        ("--field", "telefone", "perhaps telephone"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_and_nothing_is_written(tmp_path, monkeypatch, flag, value, said):
    monkeypatch.chdir(tmp_path)

    refused = type_in("new-rule", *NEW_RULE, flag, value)

    assert refused.exit_code in (1, 2)
    assert said in " ".join(refused.output.split())
    assert not Path("our-rules").exists()


def test_bench_prints_measured_and_target():
    said = type_in("bench", "--times", "3", "--json")

    figures = json.loads(said.stdout)
    assert said.exit_code == 0
    assert {"one cold decision", "a batch of 600 decisions", "one memoised decision"} <= {
        one["what"] for one in figures
    }
    assert all(0 < one["median_seconds"] <= one["p95_seconds"] for one in figures)
    assert [one["target_seconds"] for one in figures if one["engine"] == "memory"] == [20e-6]
    travelled = [one for one in figures if one["road_seconds"]]
    assert {one["engine"] for one in travelled} == ({"opa"} if find_opa() else set())
    assert all(one["times_the_road"] == one["median_seconds"] / one["road_seconds"] for one in travelled)
