"""Where the ledger's master key comes from, and how it is changed."""

import asyncio
import shlex
import sys

import pytest
from typer.testing import CliRunner

from connectors.ledger_secret import ledger_master_key
from connectors.postgres.ledger_keys import SealingKeys
from gateway.cli.main import app
from gateway.ledger.master_key import MasterKey, NotWrappedByThis, new_key
from gateway.ledger.sealing import KeyName
from gateway.settings import Settings, SettingsError
from tests.ledger.entries import AYESHA, BEN
from tests.support.gateway import a_gateway

OLD, NEW = b"o" * 32, b"n" * 40
NAMES = [KeyName(AYESHA, 2025), KeyName(AYESHA, 2026), KeyName(BEN, 2026)]


def printing(content):
    return shlex.join([sys.executable, "-c", f"import sys; sys.stdout.buffer.write({content!r})"])


def same(one, other):
    """Whether two master keys are one: what the first wraps is the other's."""
    return other.wrapped(one.wrap(NAMES[0], new_key()))


def test_the_master_key_is_read_from_a_file_or_from_what_a_command_prints(tmp_path):
    file = tmp_path / "master.key"
    file.write_bytes(OLD)

    from_file = ledger_master_key(Settings(ledger_key_file=file))
    from_command = ledger_master_key(Settings(ledger_key_command=printing(OLD)))

    assert same(from_file, from_command)
    assert same(from_file, MasterKey(OLD))
    assert not same(from_file, MasterKey(NEW))


@pytest.mark.parametrize(
    "settings",
    [
        {"env": "production"},
        {"ledger_key_command": printing(b"short")},
        {"ledger_key_command": "false"},
        {"ledger_key_command": "no-such-command-anywhere"},
        {"ledger_key_command": "'unbalanced"},
        {"ledger_key_file": "no-such-file"},
        {"ledger_key_file": __file__, "ledger_key_command": printing(OLD)},
    ],
    ids=["none in production", "too short", "failed", "not there", "unreadable words", "no file", "both"],
)
def test_a_master_key_that_cannot_be_had_stops_the_start_and_is_not_shown(settings):
    with pytest.raises(SettingsError) as refused:
        ledger_master_key(Settings(**settings))

    assert "GATEWAY_LEDGER_KEY" in str(refused.value)
    assert "short" not in str(refused.value).replace("shorter", "")


@pytest.fixture
async def keys(database):
    """Keys in a ledger, wrapped with the old master key."""
    return await SealingKeys(MasterKey(OLD)).to_seal(database, NAMES)


@pytest.fixture
def rewrap(database_url, tmp_path, monkeypatch):
    for name, content in (("old.key", OLD), ("new.key", NEW), ("other.key", b"x" * 32), ("short.key", b"x")):
        (tmp_path / name).write_bytes(content)
    monkeypatch.setenv("GATEWAY_ENV", "development")
    monkeypatch.setenv("GATEWAY_DATABASE_URL", database_url)
    monkeypatch.setenv("GATEWAY_LEDGER_KEY_FILE", str(tmp_path / "new.key"))

    async def rewrap(name):
        words = ["ledger", "rewrap", "--from", str(tmp_path / name)]
        return await asyncio.to_thread(CliRunner().invoke, app, words)

    return rewrap


async def test_all_keys_are_the_same_under_the_new_master_key_and_gone_under_the_old(rewrap, database, keys):
    done, again = await rewrap("old.key"), await rewrap("old.key")

    assert (done.exit_code, again.exit_code) == (0, 0)
    assert "Wrapped 3 keys" in done.stderr
    assert "Wrapped 0 keys" in again.stderr
    assert await SealingKeys(MasterKey(NEW)).to_seal(database, NAMES) == keys
    with pytest.raises(NotWrappedByThis):
        await SealingKeys(MasterKey(OLD)).to_seal(database, NAMES)


@pytest.mark.parametrize("name", ["other.key", "short.key"])
async def test_a_wrong_old_key_changes_nothing(rewrap, database, keys, name):
    refused = await rewrap(name)

    assert refused.exit_code == 2
    assert await SealingKeys(MasterKey(OLD)).to_seal(database, NAMES) == keys


async def test_a_destroyed_key_stays_destroyed(rewrap, database, keys):
    await database.execute(
        "UPDATE ledger_key SET wrapped = NULL, child_id = NULL, destroyed_at = now() WHERE child_id = $1", BEN
    )

    assert (await rewrap("old.key")).exit_code == 0
    assert await database.fetch("SELECT FROM ledger_key WHERE wrapped IS NULL AND child_id IS NULL")


async def test_a_gateway_with_another_master_key_does_not_start(database_url, tmp_path, keys, database):
    await SealingKeys(MasterKey(OLD)).commitments(database)
    (tmp_path / "other.key").write_bytes(NEW)

    with pytest.raises(SettingsError, match="another master key"):
        async with a_gateway(database_url, tmp_path, ledger_key_file=tmp_path / "other.key"):
            pass
