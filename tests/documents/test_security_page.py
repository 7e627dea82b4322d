"""Every claim of the security review names a test that exists, and so does the page of limits and faults."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
REVIEW = (ROOT / "docs" / "security.md").read_text()
PAGES = REVIEW + (ROOT / "docs" / "limits-and-faults.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGES)))


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_test_that_a_page_names_exists(file, name):
    written = (ROOT / file).read_text()

    assert not name or re.search(rf"^(async )?def {name}\(", written, flags=re.MULTILINE)


def test_every_row_of_a_threat_names_a_test():
    rows = [line for line in REVIEW.splitlines() if line.count("|") == 4 and not line.startswith(("| threat", "|---"))]
    threats = [row for row in rows if "Trust" not in row]

    assert len(threats) > 30
    assert [row for row in threats if "`tests/" not in row] == []
