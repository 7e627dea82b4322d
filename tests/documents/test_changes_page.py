"""The page of changes names every mutation and every code of its own, and no other."""

import re
from pathlib import Path

from connectors.rule_set import RuleSet
from schema.directory import DIRECTORY

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "changes.md").read_text()


def test_every_mutation_is_on_the_page():
    named = set(re.findall(r"`([a-z]+[A-Z][A-Za-z]*)`", PAGE))

    assert set(DIRECTORY._schema.mutation_type.fields) <= named


def test_the_codes_on_the_page_are_those_of_the_code():
    sources = "".join(path.read_text() for path in (ROOT / "resolvers").glob("*.py"))
    made = set(re.findall(r'UserError\(\s*code="([A-Z_]+)"', sources))

    table = PAGE.partition("| code | what it means |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", table, flags=re.MULTILINE)) == made


def test_the_codes_of_policy_that_the_page_names_are_the_books():
    tells = set(RuleSet.read(ROOT / "policies").data["tells"])

    assert {"NOT_FOR_ROLE", "SECOND_PERSON_NEEDED"} <= tells
