"""`gateway ledger` over a real database, and what a database administrator with triggers off leaves behind."""

import asyncio

import asyncpg
import orjson
import pytest
from typer.testing import CliRunner

from connectors.development_keys import development_ledger_key
from connectors.postgres.ledger import PostgresLedgerStore
from connectors.postgres.ledger_keys import SealingKeys
from gateway.cli.ledger import EXIT_CODES, ledger_app
from gateway.ledger.canonical import leaf_hash, prepare
from gateway.ledger.entry import AccessNote
from gateway.ledger.master_key import MasterKey
from gateway.ledger.reading import Damage
from tests.ledger.entries import AYESHA, BEN, a_caller, a_masked_involvement, a_record, an_entry


@pytest.fixture
async def ledger(database_url, tmp_path, monkeypatch):
    """Five entries, the fourth about Ben; returns what runs a command on them."""
    monkeypatch.setenv("GATEWAY_ENV", "development")
    monkeypatch.setenv("GATEWAY_DATABASE_URL", database_url)
    monkeypatch.setenv("GATEWAY_DATA_DIR", str(tmp_path / "data"))
    keys = SealingKeys(MasterKey(development_ledger_key(tmp_path / "data").read_bytes()))
    store = PostgresLedgerStore(database_url, keys=keys, timeout=5)
    entries = [
        an_entry(request_id=f"request-{number}", records=(a_record(), a_masked_involvement())) for number in "012"
    ]
    entries.append(an_entry(records=(a_record(BEN),), caller=a_caller(person="practitioner-8")))
    entries.append(an_entry(caller=None, access=AccessNote(purpose=None, reason="[red]\x1b[31mred\nline"), records=()))
    await store.append([prepare(entry) for entry in entries])
    await store.close()

    async def command(*arguments):
        return await asyncio.to_thread(CliRunner().invoke, ledger_app, [*map(str, arguments)])

    return command


@pytest.fixture
async def administrator(database_url):
    """A superuser with triggers off."""
    connection = await asyncpg.connect(database_url)
    await connection.execute("SET session_replication_role = replica")
    yield connection
    await connection.close(timeout=5)


async def test_show_prints_one_entry(ledger):
    shown = await ledger("show", 3)

    entry = orjson.loads(shown.stdout)
    assert entry["caller"]["person"] == "practitioner-8"
    assert entry["opened"]["ask"]["reason"] == "New referral"
    assert entry["opened"]["records"][0]["id"] == str(BEN)


async def test_show_says_that_there_is_no_such_entry(ledger):
    shown = await ledger("show", 99)

    assert (shown.exit_code, shown.stdout) == (4, "")
    assert "no entry 99" in shown.stderr


async def test_show_prints_a_damaged_entry_as_it_stands(ledger, administrator):
    await administrator.execute("UPDATE ledger_entry SET entry = '{broken' WHERE seq = 1")

    assert (await ledger("show", 1)).stdout == "{broken\n"


async def test_list_shows_the_newest_first(ledger):
    rows = (await ledger("list", "--limit", 2)).stdout

    assert "practitioner-8" in rows
    assert "practitioner-7" not in rows


async def test_list_shows_what_was_told_of_one_child(ledger):
    rows = (await ledger("list", "--child", BEN)).stdout

    assert "practitioner-8" in rows
    assert "practitioner-7" not in rows
    assert "Child.givenName" in rows


async def test_list_shows_the_asks_of_one_person(ledger):
    rows = (await ledger("list", "--person", "practitioner-7")).stdout

    assert rows.count("practitioner-7") == 3
    assert "practitioner-8" not in rows


async def test_what_a_caller_wrote_cannot_steer_the_terminal(ledger):
    rows = (await ledger("list", "--limit", 1)).stdout

    assert "[red]\ufffd[31mred\ufffdline" in rows


async def test_list_takes_a_child_or_a_person(ledger):
    assert (await ledger("list", "--child", AYESHA, "--person", "practitioner-7")).exit_code == 2


async def test_export_writes_a_line_an_entry_with_hashes_that_fit(ledger):
    lines = (await ledger("export")).stdout_bytes.splitlines()

    for seq, line in enumerate(lines):
        exported = orjson.loads(line)
        assert exported["seq"] == exported["entry"]["seq"] == seq
        canonical = orjson.dumps(exported["entry"], option=orjson.OPT_SORT_KEYS)
        assert leaf_hash(canonical).hex() == exported["leaf_hash"]
    assert len(lines) == 5


async def test_export_writes_the_stretch_that_was_asked_for(ledger):
    lines = (await ledger("export", "--from", 1, "--to", 2)).stdout_bytes.splitlines()

    assert [orjson.loads(line)["seq"] for line in lines] == [1, 2]


async def test_export_beyond_the_head_is_empty(ledger):
    assert (await ledger("export", "--from", 5)).stdout_bytes == b""


async def test_an_export_is_checked_without_a_database(ledger, tmp_path, monkeypatch):
    file = tmp_path / "ledger.jsonl"
    await ledger("export", "-o", file, "--from", 1)
    monkeypatch.setenv("GATEWAY_ENV", "development")
    monkeypatch.setenv("GATEWAY_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")

    checked = await ledger("check", file)

    assert (checked.exit_code, checked.stdout) == (0, "Nothing found.\n")
    assert {path.name for path in tmp_path.iterdir()} == {"data", "ledger.jsonl"}


@pytest.mark.parametrize(
    ("tamper", "damage"),
    [
        (lambda lines: [lines[0], lines[1].replace(b"practitioner-7", b"practitioner-9"), *lines[2:]],
         Damage.HASH_MISMATCH),
        (lambda lines: [*lines[:2], *lines[3:]], Damage.GAP),
        (lambda lines: [*lines[:2], *lines[1:]], Damage.DUPLICATE),
    ],
    ids=["edit", "deletion", "duplicate"],
)  # fmt: skip
async def test_a_tampered_export_is_found_out(ledger, tmp_path, tamper, damage):
    file = tmp_path / "ledger.jsonl"
    await ledger("export", "-o", file)
    file.write_bytes(b"".join(tamper(file.read_bytes().splitlines(keepends=True))))

    checked = await ledger("check", file)

    assert checked.exit_code == EXIT_CODES[damage]
    assert checked.stdout.startswith(damage)


async def test_a_file_that_is_no_export_is_refused(ledger, tmp_path):
    file = tmp_path / "ledger.jsonl"
    file.write_text("no export\n")

    assert (await ledger("check", file)).exit_code == 2


async def test_a_whole_ledger_checks_clean(ledger):
    checked = await ledger("check")

    assert (checked.exit_code, checked.stdout) == (0, "Nothing found.\n")


async def test_an_empty_ledger_checks_clean(database_url, tmp_path, monkeypatch):
    monkeypatch.setenv("GATEWAY_ENV", "development")
    monkeypatch.setenv("GATEWAY_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("GATEWAY_DATABASE_URL", database_url)

    assert (await asyncio.to_thread(CliRunner().invoke, ledger_app, ["check"])).exit_code == 0


@pytest.mark.parametrize(
    ("statement", "damage", "seq"),
    [
        ("UPDATE ledger_entry SET entry = replace(entry, 'health-practitioner', 'gp') WHERE seq = 1",
         Damage.HASH_MISMATCH, 1),
        ("UPDATE ledger_entry SET entry = '{}', leaf_hash = sha256('\\x007b7d') WHERE seq = 1", Damage.MISNUMBERED, 1),
        ("UPDATE ledger_entry SET entry = '{', leaf_hash = sha256('\\x007b') WHERE seq = 1", Damage.MALFORMED, 1),
        ("DELETE FROM ledger_entry WHERE seq = 2", Damage.GAP, 2),
        ("DELETE FROM ledger_entry WHERE seq = 0", Damage.GAP, 0),
        ("UPDATE ledger_entry SET seq = 9 WHERE seq = 4", Damage.GAP, 4),
        ("UPDATE ledger_entry SET person = 'somebody-else' WHERE seq = 1", Damage.INDEX_DISAGREES, 1),
        ("UPDATE ledger_entry SET at = at - interval '1 day' WHERE seq = 3", Damage.INDEX_DISAGREES, 3),
        ("DELETE FROM ledger_child WHERE seq = 3", Damage.INDEX_DISAGREES, 3),
        ("UPDATE ledger_child SET told = '{}' WHERE seq = 2", Damage.INDEX_DISAGREES, 2),
        ("INSERT INTO ledger_child SELECT tag, 3, told, withheld FROM ledger_child WHERE seq = 1",
         Damage.INDEX_DISAGREES, 3),
        ("DELETE FROM ledger_entry WHERE seq > 2", Damage.INDEX_DISAGREES, 3),
    ],
    ids=["edit", "emptied", "broken", "deletion", "first-deleted", "renumbered", "index-person", "index-time",
         "child-row-deleted", "child-row-edited", "child-row-added", "tail-cut-but-for-the-index"],
)  # fmt: skip
async def test_a_tampered_ledger_is_found_out(ledger, administrator, statement, damage, seq):
    assert int((await administrator.execute(statement)).rsplit(" ", 1)[-1]) > 0

    checked = await ledger("check")

    assert checked.exit_code == EXIT_CODES[damage]
    assert checked.stdout.startswith(f"{damage}: first at {seq},")


async def test_each_kind_of_damage_has_an_exit_code_of_its_own():
    assert EXIT_CODES.keys() == set(Damage)
    assert len(set(EXIT_CODES.values()) | {0, 1, 2, 3, 4}) == len(Damage) + 5


async def test_a_database_that_does_not_answer_is_said_so(ledger, monkeypatch):
    monkeypatch.setenv("GATEWAY_ENV", "development")
    monkeypatch.setenv("GATEWAY_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")

    checked = await ledger("check")

    assert (checked.exit_code, checked.stdout) == (3, "")
    assert "did not answer" in checked.stderr
