"""Whole files that cannot be read: a clear error without their content, exit code 2, and nothing loaded."""

import json

import pytest
from typer.testing import CliRunner

from gateway.cli.data import data_app
from tests.feeds.patients import DATA, NUMBER, a_patient

SECRET = "Okoro"


@pytest.fixture
def run(database_url, monkeypatch):
    """Run `gateway data load …` against the test's own database."""
    monkeypatch.setenv("GATEWAY_ENV", "development")
    monkeypatch.setenv("GATEWAY_DATABASE_URL", database_url)
    return lambda *arguments: CliRunner().invoke(data_app, ["load", *map(str, arguments)])


CONTENTS = {
    "empty": (b"", "file-empty"),
    "blank": (b" \r\n", "file-empty"),
    "binary": (b"\x00\x01\x02PK", "file-binary"),
    "utf-16": (f"{SECRET},1".encode("utf-16"), "file-binary"),
    "prose": (f"Dear {SECRET}".encode(), None),
    "broken-json": (f'{{"family": "{SECRET}"'.encode(), None),
    "other-json": (json.dumps([SECRET]).encode(), None),
    "wrong-encoding": (f"{SECRET} \xe9".encode("latin-1"), None),
    "deep": (b"[" * 100_000, None),
}


@pytest.mark.parametrize("feed", ["ods", "gias", "pds"])
@pytest.mark.parametrize("kind", CONTENTS)
async def test_a_file_that_cannot_be_read_exits_with_two_and_echoes_nothing_of_it(
    run, database, tmp_path, in_thread, feed, kind
):
    content, reason = CONTENTS[kind]
    path = tmp_path / f"patient_{NUMBER}.dat"
    path.write_bytes(content)

    result = await in_thread(run, feed, path)

    assert result.exit_code == 2
    assert f"({reason or 'file-'}" in result.stderr
    assert "Nothing was loaded." in result.stderr
    assert SECRET not in result.output
    assert NUMBER not in result.output
    assert await database.fetch("SELECT * FROM feed_load") == []


async def test_a_file_that_is_not_there_exits_with_two(run, tmp_path, in_thread):
    result = await in_thread(run, "ods", tmp_path / "nowhere.csv")

    assert (result.exit_code, "file-missing" in result.stderr) == (2, True)


async def test_one_unreadable_file_keeps_all_others_out(run, database, tmp_path, in_thread):
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(a_patient()))
    bad.write_text("{")

    result = await in_thread(run, "pds", good, bad)

    assert (result.exit_code, "2. bad.json" in result.stderr) == (2, True)
    assert await database.fetch("SELECT * FROM child") == []


async def test_the_report_is_a_table_and_holds_no_name_or_number(run, database, tmp_path, in_thread):
    path = tmp_path / f"patient_{NUMBER}.json"
    path.write_text(json.dumps(a_patient(born="1990-01-01")))

    result = await in_thread(run, "pds", path)

    kept = await database.fetchrow("SELECT string_agg(t::text, ' ') AS text FROM feed_load AS t")
    assert result.exit_code == 0
    assert "not-a-child" in result.stdout
    assert NUMBER not in result.output + kept["text"]
    assert SECRET not in result.output


async def test_the_report_as_json_names_every_refused_row(run, in_thread):
    result = await in_thread(run, "ods", DATA / "ods" / "epraccur_sample.csv", "--json")

    (report,) = json.loads(result.stdout)["loads"]
    assert (report["accepted"], report["rejected"]) == (28, 10)
    assert report["reasons"] == {"not-a-gp-practice": 10}
    assert all(finding["outcome"] == "rejected" and finding["row"] > 0 for finding in report["findings"])


async def test_schools_and_their_links_are_loaded_by_one_command(run, database, in_thread):
    gias = DATA / "gias"

    result = await in_thread(
        run, "gias", gias / "edubasealldata_trafford.csv", "--links", gias / "links_edubasealldata_sample.csv"
    )

    assert result.exit_code == 0
    assert len(await database.fetch("SELECT * FROM setting_link")) == 299


async def test_adults_are_never_taken_for_children_in_production(run, monkeypatch, tmp_path, in_thread):
    monkeypatch.setenv("GATEWAY_ENV", "production")

    result = await in_thread(run, "pds", tmp_path / "any.json", "--include-adults")

    assert (result.exit_code, "not in production" in result.output) == (2, True)
