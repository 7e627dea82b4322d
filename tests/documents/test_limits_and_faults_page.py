"""What the page of limits and faults says: every row has its test, and every setting its default."""

import re

import pytest

from gateway import errors
from gateway.settings import Settings
from tests.support.processes import PROJECT

PAGE = (PROJECT / "docs" / "limits-and-faults.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| ")]
LIMITS = [row for row in ROWS if len(row) == 5 and row[0] != "what"]
FAULTS = [row for row in ROWS if len(row) == 3 and row[0] != "fault"]
CODES = {kind.code for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "code")}


def test_the_page_has_both_tables():
    assert (len(LIMITS) > 30, len(FAULTS) > 25) == (True, True)


@pytest.mark.parametrize("row", [*LIMITS, *FAULTS], ids=lambda row: row[0])
def test_every_row_names_a_test(row):
    assert re.fullmatch(r"(`tests/[\w/]+\.py(::\w+)?`(, )?)+", row[-1])


@pytest.mark.parametrize("row", [row for row in LIMITS if row[1].startswith("`")], ids=lambda row: row[1])
def test_a_setting_has_the_default_that_the_page_says(row):
    default = Settings.model_fields[row[1].strip("`").removeprefix("GATEWAY_").lower()].default

    said = {True: "on", False: "off"}.get(default, default) if isinstance(default, bool) else default
    assert row[2].replace(",", "") == (f"{said:g}" if isinstance(said, int | float) else said)


@pytest.mark.parametrize("row", LIMITS, ids=lambda row: row[0])
def test_a_breach_has_a_code_that_there_is(row):
    assert set(re.findall(r"`([A-Z_]+)`", row[3])) <= CODES
