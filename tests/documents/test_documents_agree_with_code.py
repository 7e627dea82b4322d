"""What the documents say is what the code does."""

import re
from pathlib import Path

import pytest

from connectors.rule_set import RuleSet
from gateway import errors
from gateway.cli.config import settings_document
from gateway.cli.policy_codes import codes_document
from gateway.metrics.metrics import Metrics
from gateway.settings import Settings
from schema.directory import printed

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def error_codes():
    return sorted({kind.code for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "code")})


@pytest.mark.parametrize("code", error_codes())
def test_every_error_code_is_explained_in_the_readme(code):
    assert f"| `{code}` |" in README


def test_the_readme_explains_no_error_code_that_does_not_exist():
    explained = re.findall(r"^\| `([A-Z_]+)` \| \d", README, flags=re.MULTILINE)

    assert sorted(explained) == error_codes()


def test_the_settings_page_is_the_one_the_settings_make():
    assert (ROOT / "docs" / "settings.md").read_text() == settings_document()


def test_the_readme_names_no_setting_that_does_not_exist():
    known = {f"GATEWAY_{name.upper()}" for name in Settings.model_fields}

    assert set(re.findall(r"GATEWAY_[A-Z_]+[A-Z]", README)) <= known


def test_the_page_of_metrics_has_those_that_there_are():
    listed = re.findall(r"`(gateway_[a-z_]+)`", (ROOT / "docs" / "metrics.md").read_text())

    assert {name.removesuffix("_total") for name in listed} == {one.name for one in Metrics().registry.collect()}


def test_the_page_of_codes_is_the_one_the_rules_make():
    assert (ROOT / "docs" / "codes.md").read_text() == codes_document(RuleSet.read(ROOT / "policies"))


def test_the_printed_schema_in_the_repository_is_the_one_served():
    assert (ROOT / "schema" / "directory.graphql").read_text() == printed()


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_every_link_of_the_readme_leads_somewhere(link):
    assert (ROOT / link).exists()
