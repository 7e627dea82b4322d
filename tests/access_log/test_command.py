"""`gateway ledger report`: paper for whoever has no login, asked in somebody's name and recorded."""

import subprocess

import pytest

from tests.support.ledger import latest_entry
from tests.support.processes import command_of


@pytest.fixture
def command(looking, database_url, tmp_path, monkeypatch):
    settings = {
        "GATEWAY_ENV": "development",
        "GATEWAY_DATABASE_URL": database_url,
        "GATEWAY_DATA_DIR": str(tmp_path),
        "GATEWAY_DECISION_TIMEOUT": "20",
        "GATEWAY_REQUEST_TIMEOUT": "60",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    async def run(*arguments):
        told = [*command_of("ledger", "report"), *map(str, arguments)]
        return subprocess.run(told, capture_output=True, text=True)  # noqa: ASYNC221, S603  # arguments of this file

    return run


async def test_an_auditor_writes_a_report_for_a_child_and_is_recorded(looking, command, tmp_path, database):
    await looking.look(looking.nurse)
    file = tmp_path / "report.html"

    said = await command(looking.child, "--by", looking.auditor.person, "--reason", "Asked by letter", "-o", str(file))

    entry = await latest_entry(database, tmp_path)
    assert said.returncode == 0, said.stderr
    assert "looked at your name, to help you directly." in file.read_text()
    assert (entry["caller"]["person"], entry["access"]["purpose"]) == (looking.auditor.person, "subject-access")
    assert entry["ask"]["reason"].startswith("Asked by letter (at the desk, by ")


@pytest.mark.parametrize(("who", "code"), [("nurse", 4), ("nobody", 2)])
async def test_who_may_not_ask_writes_nothing(looking, command, tmp_path, who, code):
    person = getattr(looking, who).person if who == "nurse" else who
    file = tmp_path / "report.html"

    said = await command(looking.child, "--by", person, "--reason", "Curious", "-o", str(file))

    assert said.returncode == code
    assert not file.exists()
