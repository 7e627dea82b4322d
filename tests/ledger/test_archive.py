"""Archiving old partitions: what leaves the database stands in files that verify, and nothing is lost on the way."""

import asyncio
import gzip
import hashlib
import sys
from datetime import timedelta
from itertools import chain
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from connectors.postgres.checkpoints import CheckpointReader
from connectors.postgres.ledger import PostgresLedgerReader
from connectors.postgres.ledger_archive import LedgerPartitions
from gateway.cli.main import app
from gateway.errors import SourceFailed
from gateway.ledger.archive import (
    ArchiveDamaged,
    Manifest,
    archived_entries,
    checked_entries,
    entries_file,
    manifests_in,
)
from gateway.ledger.checkpoint import read_checkpoint
from gateway.ledger.merkle import verify_inclusion
from gateway.ledger.reading import check_sequence
from gateway.ledger.tree import inclusion_proof
from tests.ledger.entries import AYESHA, NOON
from tests.support.ledger import opening_reader
from tests.support.ledger_tree import Administrator
from tests.support.partitions import SIZE, keys_of, sign, small_partitions, write_entries

PROJECT = Path(__file__).parents[2]
WRITTEN = 2 * SIZE + 40


@pytest.fixture
async def ledger(database, database_url, tmp_path, monkeypatch):
    """Two full partitions and a third with 40 entries, signed; returns what runs a command."""
    monkeypatch.setenv("GATEWAY_ENV", "development")
    monkeypatch.setenv("GATEWAY_DATABASE_URL", database_url)
    monkeypatch.setenv("GATEWAY_DATA_DIR", str(tmp_path))
    await small_partitions(database)
    await write_entries(database_url, tmp_path, WRITTEN)
    await sign(database_url, tmp_path)

    async def command(*words):
        return await asyncio.to_thread(CliRunner().invoke, app, ["ledger", *map(str, words)])

    return command


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "archive"
    folder.mkdir()
    return folder


@pytest.fixture
def keys(tmp_path):
    return [key.verifier for key in keys_of(tmp_path)]


@pytest.fixture
async def administrator(database_url):
    administrator = await Administrator.of(database_url)
    yield administrator
    await administrator.leave()


async def in_the_database(database):
    """Every row of entries and index."""
    entries = await database.fetch("SELECT * FROM ledger_entry ORDER BY seq")
    children = await database.fetch("SELECT * FROM ledger_child ORDER BY seq, tag")
    return [tuple(row) for row in entries], [tuple(row) for row in children]


def archived_in(folder, keys):
    """Every entry of every archive in a folder, each held to what was signed."""
    return list(chain.from_iterable(checked_entries(path, found, keys) for path, found in manifests_in(folder)))


async def one_sequence(database, folder, keys):
    """Assert that archives and database together are the whole ledger."""
    there = [entry async for entry in PostgresLedgerReader(database).entries()]
    entries = archived_in(folder, keys) + there
    assert check_sequence(entries) == ()
    return len(entries)


async def test_an_archived_partition_leaves_the_database_and_stands_in_a_file(ledger, database, folder, keys):
    before = [entry async for entry in PostgresLedgerReader(database).entries(to_seq=SIZE - 1)]

    done = await ledger("archive", "--before", SIZE, "-o", folder)

    assert (done.exit_code, done.stdout) == (0, "archived: entries 0 to 255 in ledger-000000000000-000000000255\n")
    assert archived_in(folder, keys) == before
    entries, children = await in_the_database(database)
    assert [row[0] for row in entries] == list(range(SIZE, WRITTEN))
    assert {row[1] for row in children} == set(range(SIZE, WRITTEN))
    assert {path.name for path in folder.iterdir()} == {
        "ledger-000000000000-000000000255.jsonl.gz",
        "ledger-000000000000-000000000255.json",
    }


async def test_archives_and_database_together_are_one_sequence(ledger, database, folder, keys):
    await ledger("archive", "--before", WRITTEN, "-o", folder)

    assert await one_sequence(database, folder, keys) == WRITTEN
    assert [found.first for found in await LedgerPartitions(database).archived()] == [0, SIZE]


async def test_writing_and_signing_go_on_after_all_that_was_full_is_archived(
    ledger, database, database_url, folder, tmp_path, keys
):
    await ledger("archive", "--before", WRITTEN, "-o", folder)

    first = await write_entries(database_url, tmp_path, SIZE)
    await sign(database_url, tmp_path)

    assert first == WRITTEN
    assert (await CheckpointReader(database).newest()).size == WRITTEN + SIZE
    assert await one_sequence(database, folder, keys) == WRITTEN + SIZE


async def test_an_archived_entry_is_still_proved_from_the_tiles_that_stay(ledger, database, folder, keys):
    await ledger("archive", "--before", WRITTEN, "-o", folder)

    reader = CheckpointReader(database)
    checkpoint, _ = read_checkpoint((await reader.newest()).note)
    for stored in archived_in(folder, keys)[:: SIZE // 2 - 1]:
        proof = await inclusion_proof(reader, stored.seq, checkpoint.size, held=checkpoint.size)
        assert verify_inclusion(stored.seq, checkpoint.size, stored.leaf_hash, proof, checkpoint.root)


async def test_the_partition_with_the_newest_entry_stays_even_when_it_is_full(
    database, database_url, tmp_path, folder, monkeypatch
):
    monkeypatch.setenv("GATEWAY_ENV", "development")
    monkeypatch.setenv("GATEWAY_DATABASE_URL", database_url)
    monkeypatch.setenv("GATEWAY_DATA_DIR", str(tmp_path))
    await small_partitions(database)
    await write_entries(database_url, tmp_path, SIZE)
    await sign(database_url, tmp_path)

    done = await asyncio.to_thread(CliRunner().invoke, app, ["ledger", "archive", "--before", "999", "-o", str(folder)])

    assert done.exit_code == 4
    assert await write_entries(database_url, tmp_path, 1) == SIZE


async def test_a_day_chooses_the_partitions_whose_last_entry_is_older(ledger, database_url, tmp_path, folder):
    await write_entries(database_url, tmp_path, SIZE, at=NOON + timedelta(days=40))
    await sign(database_url, tmp_path)

    too_early = await ledger("archive", "--before", f"{NOON:%Y-%m-%d}", "-o", folder)
    done = await ledger("archive", "--before", f"{NOON + timedelta(days=1):%Y-%m-%d}", "-o", folder)

    assert too_early.exit_code == 4
    assert done.stdout.count("archived:") == 2


async def test_what_is_only_to_be_kept_stays_in_the_database_and_goes_with_the_next_run(ledger, database, folder, keys):
    kept = await ledger("archive", "--before", SIZE, "-o", folder, "--keep")
    before = await in_the_database(database)

    done = await ledger("archive", "--before", SIZE, "-o", folder)

    assert kept.stdout.startswith("written: entries 0 to 255")
    assert len(before[0]) == WRITTEN
    assert done.exit_code == 0
    assert await one_sequence(database, folder, keys) == WRITTEN


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entry SET entry = replace(entry, 'health-practitioner', 'gp') WHERE seq = 7",
        "UPDATE ledger_entry SET entry = replace(entry, 'health-practitioner', 'gp'), "
        "leaf_hash = sha256('\\x00'::bytea || convert_to(replace(entry, 'health-practitioner', 'gp'), 'UTF8')) "
        "WHERE seq = 7",
        "DELETE FROM ledger_entry WHERE seq = 7",
        "UPDATE ledger_tile SET hashes = overlay(hashes PLACING '\\xffffffff'::bytea FROM 300) "
        "WHERE level = 0 AND index = 0",
        "DELETE FROM ledger_tile WHERE level = 0 AND index = 0",
    ],
    ids=["edit", "edit-with-its-hash", "deletion", "edited-tile", "deleted-tile"],
)
async def test_what_is_not_as_it_was_signed_is_not_let_go(ledger, database, administrator, folder, statement):
    await administrator.does(statement)
    before = await in_the_database(database)

    done = await ledger("archive", "--before", SIZE, "-o", folder)

    assert done.exit_code == 5
    assert await in_the_database(database) == before
    assert manifests_in(folder) == []


async def test_what_is_not_signed_yet_is_not_let_go(database, database_url, tmp_path, folder, ledger):
    await write_entries(database_url, tmp_path, SIZE)

    done = await ledger("archive", "--before", 3 * SIZE, "-o", folder)

    assert done.exit_code == 5
    assert "No checkpoint is signed yet over the entries to 767" in done.stderr
    assert [one.first for one in await LedgerPartitions(database).archived()] == [0, SIZE]


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 4], ids=["at-once", "written", "verified", "kept", "let-go"])
async def test_a_kill_between_any_two_steps_loses_nothing(
    ledger, database, database_url, tmp_path, folder, keys, steps
):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.ledger.archiving_process", database_url, str(tmp_path), str(folder),
        cwd=PROJECT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    for step in range(steps):
        assert await process.stdout.readline()
        if step < steps - 1:
            process.stdin.write(b"\n")
    process.kill()
    await process.wait()

    there = {entry.seq async for entry in PostgresLedgerReader(database).entries()}
    safe = {entry.seq for entry in archived_in(folder, keys)}
    again = await ledger("archive", "--before", SIZE, "-o", folder)

    assert there | safe == set(range(WRITTEN))
    assert again.exit_code == (4 if steps == 4 else 0)
    assert await one_sequence(database, folder, keys) == WRITTEN


async def test_archiving_holds_up_nobody_who_writes(ledger, database, database_url, tmp_path, folder, keys):
    async def write():
        return [await write_entries(database_url, tmp_path, 1) for _ in range(100)]

    numbers, done = await asyncio.gather(write(), ledger("archive", "--before", WRITTEN, "-o", folder))

    assert done.exit_code == 0
    assert numbers == list(range(WRITTEN, WRITTEN + 100))
    assert await one_sequence(database, folder, keys) == WRITTEN + 100


async def test_a_partition_that_somebody_reads_is_let_go_once_they_have_done(ledger, database, folder):
    async with database.transaction(within=30) as reading:
        await reading.fetch("SELECT count(*) FROM ledger_entry")
        archiving = asyncio.create_task(ledger("archive", "--before", SIZE, "-o", folder))
        async with asyncio.timeout(120):
            while not manifests_in(folder):  # noqa: ASYNC110 - it appears in the file system
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.6)  # longer than it waits for the tables at once
        assert not archiving.done()

    assert (await archiving).exit_code == 0


async def test_attaching_brings_back_every_row_as_it_was(ledger, database, folder):
    before = await in_the_database(database)
    await ledger("archive", "--before", WRITTEN, "-o", folder)

    for path, _ in manifests_in(folder):
        assert (await ledger("attach", path)).exit_code == 0

    assert await in_the_database(database) == before
    assert [one.attached for one in await LedgerPartitions(database).archived()] == [True, True]


async def test_what_is_archived_shows_in_the_access_log_only_while_it_is_attached(ledger, database, tmp_path, folder):
    reader = opening_reader(database, tmp_path)
    await ledger("archive", "--before", WRITTEN, "-o", folder)
    while_away = await reader.entries_about([AYESHA], first=1_000)
    await ledger("attach", manifests_in(folder)[0][0])

    shown = await reader.entries_about([AYESHA], first=1_000)

    assert [opened.stored.seq for opened in while_away] == list(range(WRITTEN - 1, 2 * SIZE - 1, -1))
    assert [opened.stored.seq for opened in shown] == [
        *range(WRITTEN - 1, 2 * SIZE - 1, -1),
        *range(SIZE - 1, -1, -1),
    ]
    assert shown[-1].ask["reason"] == "New referral"


async def test_what_was_attached_cannot_be_changed_and_goes_back_with_the_next_run(ledger, database, folder, keys):
    await ledger("archive", "--before", SIZE, "-o", folder)
    await ledger("attach", manifests_in(folder)[0][0])

    with pytest.raises(SourceFailed):
        await database.execute("DELETE FROM ledger_entry_0")
    again = await ledger("archive", "--before", SIZE, "-o", folder)

    assert again.exit_code == 0
    assert await one_sequence(database, folder, keys) == WRITTEN


async def test_what_is_in_the_database_is_not_attached_again(ledger, database, folder):
    await ledger("archive", "--before", SIZE, "-o", folder, "--keep")
    before = await in_the_database(database)

    attached = await ledger("attach", manifests_in(folder)[0][0])

    assert attached.exit_code == 5
    assert await in_the_database(database) == before


def edited(path, manifest):
    """An entry in the file is another, and the manifest's digest fits it."""
    file = entries_file(path, manifest)
    lines = gzip.decompress(file.read_bytes()).replace(b"health-practitioner", b"gp", 1)
    file.write_bytes(gzip.compress(lines))
    document = orjson.loads(path.read_bytes()) | {"sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    path.write_bytes(orjson.dumps(document))


def cut_short(path, manifest):
    """The file breaks off."""
    file = entries_file(path, manifest)
    file.write_bytes(file.read_bytes()[:-2_000])


def without_its_last_entry(path, manifest):
    """The file ends an entry early, and properly."""
    file = entries_file(path, manifest)
    lines = gzip.decompress(file.read_bytes()).splitlines(keepends=True)
    file.write_bytes(gzip.compress(b"".join(lines[:-1])))


def with_another_root(path, manifest):
    """The manifest says that other entries were signed."""
    document = orjson.loads(path.read_bytes()) | {"root": "A" * 43 + "="}
    path.write_bytes(orjson.dumps(document))


def signed_by_nobody(path, manifest):
    """The manifest's checkpoint has another size than was signed."""
    document = orjson.loads(path.read_bytes())
    document["checkpoint"] = document["checkpoint"].replace(f"\n{WRITTEN}\n", f"\n{WRITTEN + 1}\n")
    path.write_bytes(orjson.dumps(document))


@pytest.mark.parametrize("spoil", [edited, cut_short, without_its_last_entry, with_another_root, signed_by_nobody])
async def test_an_archive_that_is_not_what_was_signed_is_found_out_and_not_attached(
    ledger, database, folder, keys, spoil
):
    await ledger("archive", "--before", SIZE, "-o", folder)
    spoil(*manifests_in(folder)[0])
    before = await in_the_database(database)

    with pytest.raises(ArchiveDamaged):
        archived_in(folder, keys)
    attached = await ledger("attach", next(folder.glob("*.json")))

    assert attached.exit_code == 5
    assert await in_the_database(database) == before


async def test_an_archive_whose_key_is_not_known_is_not_accepted(ledger, folder, tmp_path):
    await ledger("archive", "--before", SIZE, "-o", folder)
    strangers = [key.verifier for key in keys_of(tmp_path / "elsewhere")]

    with pytest.raises(ArchiveDamaged, match="signed by none"):
        archived_in(folder, strangers)


async def test_a_manifest_says_again_what_it_read(ledger, folder):
    await ledger("archive", "--before", SIZE, "-o", folder)
    path, manifest = manifests_in(folder)[0]

    assert manifest.as_document() == path.read_bytes()
    assert Manifest.parse(path.read_bytes()) == manifest


async def test_the_same_entries_make_the_same_file(ledger, folder, tmp_path):
    other = tmp_path / "other"
    other.mkdir()

    await ledger("archive", "--before", SIZE, "-o", folder, "--keep")
    await ledger("archive", "--before", SIZE, "-o", other, "--keep")

    assert manifests_in(folder)[0][1] == manifests_in(other)[0][1]
    assert len(list(archived_entries(next(other.glob("*.gz"))))) == SIZE


async def verify_archive(folder, keys):
    """`gateway ledger verify` on the first archive's file, as an outsider runs it."""
    words = ["ledger", "verify", str(next(iter(sorted(folder.glob("*.gz"))))), "--key", str(keys[0])]
    return await asyncio.to_thread(CliRunner().invoke, app, words)


async def test_an_archive_verifies_by_itself_as_an_export_does(ledger, folder, keys, monkeypatch):
    await ledger("archive", "--before", WRITTEN, "-o", folder)
    monkeypatch.setenv("GATEWAY_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")

    verified = await verify_archive(folder, keys)

    assert (verified.exit_code, verified.stdout) == (0, "Nothing found.\n")


async def test_an_archive_that_was_edited_does_not_verify_by_itself(ledger, folder, keys):
    await ledger("archive", "--before", SIZE, "-o", folder)
    edited(*manifests_in(folder)[0])

    verified = await verify_archive(folder, keys)

    assert verified.exit_code == 13
    assert verified.stdout.startswith("hash-mismatch: Entry 0 ")


async def test_database_and_archives_verify_together(ledger, folder):
    await ledger("archive", "--before", WRITTEN, "-o", folder)

    verified = await ledger("verify", "--archive", folder)

    assert (verified.exit_code, verified.stdout) == (0, "Nothing found.\n")
    assert "Entries 256 to 511 are archived: looked for in the folder given." in verified.stderr


async def test_without_the_archives_the_database_still_verifies_by_the_hashes_that_stay(ledger, folder):
    await ledger("archive", "--before", WRITTEN, "-o", folder)

    verified = await ledger("verify")

    assert (verified.exit_code, verified.stdout) == (0, "Nothing found.\n")


def removed(path, manifest):
    """The archive is gone."""
    path.unlink()
    entries_file(path, manifest).unlink()


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (edited, "hash-mismatch: Entry 0 "),
        (cut_short, "gap: Entry "),
        (without_its_last_entry, "gap: Entry 255 "),
        (removed, "gap: Entry 0 "),
    ],
)
async def test_an_archive_that_is_not_what_it_was_is_found_by_verifying_it_with_the_database(
    ledger, folder, spoil, found
):
    await ledger("archive", "--before", WRITTEN, "-o", folder)
    spoil(*manifests_in(folder)[0])

    verified = await ledger("verify", "--archive", folder)

    assert verified.exit_code != 0
    assert verified.stdout.startswith(found)


async def test_a_deletion_that_pretends_to_be_an_archive_is_found_once_the_archives_are_asked_for(
    ledger, administrator, folder
):
    await administrator.connection.execute("DROP TABLE ledger_entry_0, ledger_child_0")
    await administrator.does(
        "INSERT INTO ledger_archive (first_seq, end_seq, root, digest, last_at) "
        "VALUES (0, 256, sha256('made up'), sha256('made up'), now())"
    )

    verified = await ledger("verify", "--archive", folder)

    assert verified.exit_code == 10
    assert verified.stdout.startswith("gap: Entry 0 is missing (256 are)")
