"""Backing up, putting back and rehearsing over a real PostgreSQL with its own programs."""

import asyncio
import socket
from contextlib import asynccontextmanager
from dataclasses import replace

import asyncpg
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from typer.testing import CliRunner

from connectors.postgres.backup import back_up, put_back, seen
from connectors.postgres.checkpoints import CheckpointReader, WitnessedLedgers
from connectors.postgres.database import Database
from connectors.postgres.dump import DumpFailed
from gateway.backup import BackupManifest, dump_of
from gateway.cli.main import app
from gateway.ledger.notes import KeyKind, SigningKey
from gateway.ledger.witness import Witness, ask_text
from tests.support.builders import HOME, NOW, a_child
from tests.support.ledger_tree import Administrator
from tests.support.partitions import keys_of, sign, write_entries
from tests.support.postgres import fresh_database
from tests.support.processes import free_port

WRITTEN = 300


@pytest.fixture
async def command(database, database_url, tmp_path, monkeypatch):
    """A child and 300 signed entries; returns what runs a command on this database or another."""
    monkeypatch.setenv("GATEWAY_ENV", "development")
    monkeypatch.setenv("GATEWAY_AUTHORITY", HOME)
    monkeypatch.setenv("GATEWAY_DATA_DIR", str(tmp_path / "data"))
    await a_child(database, given_name="Ayesha")
    await write_entries(database_url, tmp_path / "data", WRITTEN)
    await sign(database_url, tmp_path / "data")

    async def run(*words, on=database_url):
        monkeypatch.setenv("GATEWAY_DATABASE_URL", on)
        return await asyncio.to_thread(CliRunner().invoke, app, ["backup", *map(str, words)])

    return run


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder


@pytest.fixture
async def backup(command, folder):
    """The path of a manifest."""
    taken = await command("take", "-o", folder)
    assert taken.exit_code == 0, taken.output
    [path] = folder.glob("*.json")
    return path


@pytest.fixture
async def empty(postgres):
    """The URL of a database with nothing in it."""
    async with fresh_database(postgres, template="template1") as url:
        yield url


async def rows_of(url):
    """How many rows each table has; empty of an empty database."""
    connection = await asyncpg.connect(url)
    try:
        names = await connection.fetch(
            "SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        return {
            row["name"]: await connection.fetchval(f'SELECT count(*) FROM "{row["name"]}"')  # noqa: S608
            for row in names
        }
    finally:
        await connection.close()


@asynccontextmanager
async def a_witness(url, key, *, log):
    """A witness that answers over HTTP; its URL."""
    held = WitnessedLedgers(url, timeout=20)
    witness = Witness(key, logs=[log], held=held, clock=lambda: NOW)

    async def add(request):
        reply = await witness.add_checkpoint(await request.body())
        return Response(reply.body, status_code=reply.status, media_type=reply.media_type)

    listener = socket.create_server(("127.0.0.1", 0))
    routes = [Route("/add-checkpoint", add, methods=["POST"])]
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield witness, f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
        await held.close()


async def test_what_was_backed_up_is_put_back_whole_and_its_ledger_verifies(command, backup, database_url, empty):
    put = await command("restore", backup, on=empty)

    assert put.exit_code == 0, put.output
    assert "Ledger: 300 entries verified, nothing found." in put.stdout
    before = await rows_of(database_url)
    assert before["child"] == 1
    assert await rows_of(empty) == before


async def test_what_was_put_back_takes_entries_and_refuses_to_change_them(command, backup, tmp_path, empty):
    await command("restore", backup, on=empty)

    assert await write_entries(empty, tmp_path / "data", 1) == WRITTEN
    await sign(empty, tmp_path / "data")

    connection = await asyncpg.connect(empty)
    try:
        with pytest.raises(asyncpg.PostgresError, match="append-only"):
            await connection.execute("DELETE FROM ledger_entry")
        rights = "SELECT has_table_privilege('directory_ledger_writer', 'ledger_entry', $1)"
        assert [await connection.fetchval(rights, right) for right in ("INSERT", "UPDATE")] == [True, False]
    finally:
        await connection.close()


async def test_a_backup_is_of_one_moment_while_others_write(command, database, database_url, folder, tmp_path, empty):
    async with seen(database_url, authority=HOME) as now:
        await a_child(database, given_name="Ben")
        await write_entries(database_url, tmp_path / "data", 5)
        path = await back_up(
            now, database_url, folder=folder, programs=None, keys=keys_of(tmp_path / "data"), advance=lambda _: None
        )

    put = await command("restore", path, on=empty)

    assert put.exit_code == 0, put.output
    assert {name: rows for name, rows in (await rows_of(empty)).items() if name in ("child", "ledger_entry_0")} == {
        "child": 1,
        "ledger_entry_0": WRITTEN,
    }


async def test_nothing_is_put_back_over_what_is_there(command, backup, database_url):
    before = await rows_of(database_url)

    put = await command("restore", backup)

    assert put.exit_code == 4
    assert "not empty" in put.stderr
    assert await rows_of(database_url) == before


def cut(dump):
    dump.write_bytes(dump.read_bytes()[:-1_000])


def change_a_byte(dump):
    content = bytearray(dump.read_bytes())
    content[len(content) // 2] ^= 1
    dump.write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [(cut, "it is not whole"), (change_a_byte, "it was changed"), (lambda dump: dump.unlink(), "cannot be read")],
)
async def test_a_dump_that_is_not_the_one_written_is_refused(command, backup, empty, spoil, sentence):
    [dump] = backup.parent.glob("*.dump")
    spoil(dump)

    put = await command("restore", backup, on=empty)

    assert put.exit_code == 5
    assert sentence in " ".join(put.stderr.split())
    assert await rows_of(empty) == {}


@pytest.mark.parametrize(("old", "new"), [(b'"entries": 300', b'"entries": 299'), (b'"format"', b'"farmat"')])
async def test_a_manifest_that_was_changed_is_refused(command, backup, empty, old, new):
    assert old in backup.read_bytes()
    backup.write_bytes(backup.read_bytes().replace(old, new))

    assert (await command("restore", backup, on=empty)).exit_code == 5
    assert await rows_of(empty) == {}


async def test_a_manifest_that_another_key_signed_is_refused(command, backup, empty):
    other = SigningKey.new(f"directory-gateway/{HOME}", KeyKind.LOG)
    backup.write_bytes(BackupManifest.parse(backup.read_bytes()).signed([other]).as_document())

    assert (await command("restore", backup, on=empty)).exit_code == 5


async def test_a_backup_that_breaks_off_half_way_leaves_the_database_empty(backup, empty):
    manifest = BackupManifest.parse(backup.read_bytes())
    cut(dump_of(backup, manifest))

    with pytest.raises(DumpFailed):
        await put_back(backup, manifest, empty, programs=None, advance=lambda _: None)

    assert await rows_of(empty) == {}


async def test_a_backup_of_a_newer_release_is_refused(command, backup, empty, tmp_path):
    manifest = BackupManifest.parse(backup.read_bytes())
    newer = replace(manifest, migrations=(*manifest.migrations, "9999_later"))
    backup.write_bytes(newer.signed(keys_of(tmp_path / "data")).as_document())

    put = await command("restore", backup, on=empty)

    assert put.exit_code == 4
    assert "9999_later" in put.stderr


async def test_fewer_rows_than_the_manifest_says_are_told(command, backup, empty, tmp_path):
    manifest = BackupManifest.parse(backup.read_bytes())
    tables = {**manifest.tables, "child": replace(manifest.tables["child"], rows=2)}
    backup.write_bytes(replace(manifest, tables=tables).signed(keys_of(tmp_path / "data")).as_document())

    put = await command("restore", backup, on=empty)

    assert put.exit_code == 6
    assert "The table child has 1 rows, and had 2." in put.stdout


async def test_what_a_kept_checkpoint_covers_beyond_the_backup_is_lost(
    command, backup, database, database_url, tmp_path, empty
):
    await write_entries(database_url, tmp_path / "data", 7)
    await sign(database_url, tmp_path / "data")
    kept = tmp_path / "kept.txt"
    kept.write_text((await CheckpointReader(database).newest()).note)

    put = await command("restore", backup, "--checkpoint", kept, on=empty)

    assert put.exit_code == 7
    assert "Lost: 7 entries, from 300 on: kept.txt covers 307." in put.stdout


async def test_what_a_witness_signed_beyond_the_backup_is_lost_and_one_that_is_silent_is_named(
    command, backup, database, database_url, tmp_path, postgres, empty, monkeypatch
):
    key = SigningKey.new("directory-gateway/E08000006/witness", KeyKind.WITNESS)
    away = SigningKey.new("directory-gateway/E08000007/witness", KeyKind.WITNESS)
    await write_entries(database_url, tmp_path / "data", 7)
    await sign(database_url, tmp_path / "data")
    newest = (await CheckpointReader(database).newest()).note
    [log] = keys_of(tmp_path / "data")

    async with fresh_database(postgres) as held, a_witness(held, key, log=log.verifier) as (witness, url):
        assert (await witness.add_checkpoint(ask_text(0, (), newest).encode())).status == 200
        silent = f"http://127.0.0.1:{free_port()} {away.verifier}"
        monkeypatch.setenv("GATEWAY_LEDGER_WITNESSES", f"{url} {key.verifier},{silent}")
        put = await command("restore", backup, on=empty)

    assert f"Lost: 7 entries, from 300 on: {key.verifier.name} covers 307." in put.stdout
    assert f"Witness {away.verifier.name}: The witness did not answer." in put.stdout
    assert put.exit_code == 25  # no checkpoint in it was cosigned, which is told before what is lost


async def test_an_entry_that_was_edited_before_the_backup_is_found_after_it(
    command, database_url, folder, tmp_path, empty
):
    administrator = await Administrator.of(database_url)
    await administrator.does("UPDATE ledger_entry SET entry = replace(entry, 'answered', 'refused!') WHERE seq = 17")
    await administrator.leave()
    taken = await command("take", "-o", folder)

    put = await command("restore", taken.stdout.strip(), on=empty)

    assert put.exit_code == 13
    assert "Entry 17" in put.stdout


async def test_a_rehearsal_counts_what_came_since_and_leaves_nothing_behind(
    command, backup, database, database_url, tmp_path
):
    await write_entries(database_url, tmp_path / "data", 7)
    await sign(database_url, tmp_path / "data")
    kept, place = tmp_path / "kept.txt", tmp_path / "place"
    kept.write_text((await CheckpointReader(database).newest()).note)
    place.mkdir()

    rehearsed = await command("rehearse", backup, "--folder", place, "--checkpoint", kept)

    assert rehearsed.exit_code == 0, rehearsed.output
    assert "Ledger: 300 entries verified, nothing found." in rehearsed.stdout
    assert "Lost: 7 entries, from 300 on: kept.txt covers 307." in rehearsed.stdout
    assert list(place.iterdir()) == []


async def test_without_the_master_key_of_its_time_what_is_sealed_is_said_not_to_open(
    command, backup, tmp_path, empty, monkeypatch
):
    other = tmp_path / "other.key"
    other.write_bytes(b"another key that wraps, of 32 bytes")
    monkeypatch.setenv("GATEWAY_LEDGER_KEY_FILE", str(other))

    put = await command("restore", backup, on=empty)

    assert put.exit_code == 28


async def test_only_its_owner_reads_a_backup(backup):
    [dump] = backup.parent.glob("*.dump")

    assert dump.stat().st_mode & 0o077 == 0


async def test_a_program_that_fails_leaves_no_file_and_is_not_given_the_password_for_all_to_see(
    command, database_url, folder, tmp_path, monkeypatch
):
    programs = tmp_path / "programs"
    programs.mkdir()
    seen_by = tmp_path / "seen"
    (programs / "pg_dump").write_text(f'#!/bin/sh\necho "$@" > {seen_by}\necho "$PGPASSWORD" >> {seen_by}\nexit 1\n')
    (programs / "pg_dump").chmod(0o755)
    monkeypatch.setenv("GATEWAY_POSTGRES_PROGRAMS", str(programs))

    taken = await command("take", "-o", folder, on=f"{database_url}&password=s3cret")

    assert taken.exit_code == 3
    assert list(folder.iterdir()) == []
    given, password = seen_by.read_text().splitlines()
    assert "s3cret" not in given
    assert password == "s3cret"


async def test_the_tables_of_the_database_are_all_in_the_manifest(backup, database_url):
    manifest = BackupManifest.parse(backup.read_bytes())
    database = await Database.open(database_url, pool_min=1, pool_max=1)
    try:
        rows = await database.fetch("SELECT count(*) AS n FROM pg_tables WHERE schemaname = 'public'")
    finally:
        await database.close()

    partitioned = 2  # ledger_entry and ledger_child hold nothing themselves
    assert len(manifest.tables) == rows[0]["n"] - partitioned
