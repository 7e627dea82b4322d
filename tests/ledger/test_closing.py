"""A ledger whose name was closed: who may, what it says, what signs afterwards, and that all of it verifies."""

import asyncio

import pytest
from typer.testing import CliRunner

from connectors.checkpoint_keys import write_key
from connectors.development_keys import development_ledger_key
from connectors.postgres.checkpoints import CheckpointReader
from connectors.postgres.ledger import PostgresLedgerStore
from connectors.postgres.ledger_keys import SealingKeys
from gateway.cli.main import app
from gateway.ledger.canonical import prepare
from gateway.ledger.checkpoint import Checkpoint, read_checkpoint
from gateway.ledger.closing import Closing, number_of, numbered_origin, read_closing, vouched_for
from gateway.ledger.master_key import MasterKey
from gateway.ledger.notes import KeyKind, MalformedNote, SigningKey
from gateway.ledger.tree import TreeDamaged
from tests.ledger.entries import an_entry
from tests.support.builders import HOME
from tests.support.ledger import opening_reader
from tests.support.ledger_tree import ORIGIN, Signing, a_log_key

OLD, NEW, OTHER = a_log_key(), SigningKey.new(f"{ORIGIN}/2", KeyKind.LOG), SigningKey.new(f"{ORIGIN}/2", KeyKind.LOG)
BY = ("--by", "a.lund", "--by", "r.osei")
ORDER = (*BY, "--reason", "Put back from a backup", "--yes")
SIZE = 5


def closing_of(key=OLD, successor=NEW, size=SIZE):
    checkpoint = Checkpoint(origin=key.verifier.name, size=size, root=b"r" * 32)
    return Closing(checkpoint=checkpoint, closed=(key.verifier,), successor=successor.verifier, signed_to=9)


@pytest.fixture
async def ledger(database_url, tmp_path, monkeypatch):
    """What runs a command on a ledger of five entries signed by the old key; the new key's file is at hand."""
    for name, key in {"old": OLD, "new": NEW}.items():
        write_key(tmp_path / f"{name}.key", key)
    for name, value in {
        "ENV": "development", "DATABASE_URL": database_url, "DATA_DIR": tmp_path,
        "LEDGER_SIGNING_KEY_FILES": tmp_path / "old.key",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"GATEWAY_{name}", str(value))
    keys = SealingKeys(MasterKey(development_ledger_key(tmp_path).read_bytes()))
    store = PostgresLedgerStore(database_url, keys=keys, timeout=20)
    await store.append([prepare(an_entry(request_id=f"request-{number}")) for number in range(SIZE)])
    await store.close()

    async def command(*words):
        return await asyncio.to_thread(CliRunner().invoke, app, ["ledger", *map(str, words)])

    return command


@pytest.fixture
async def signing(database_url):
    """Signs by keys of this ledger, each time with a memory of its own."""
    used = []

    async def sign(*keys):
        used.append(Signing(database_url, *keys))
        await used[-1].sign()

    yield sign
    for one in used:
        await one.store.close()


async def test_a_closed_ledger_says_who_closed_it_and_goes_on_under_the_new_key(ledger, database, tmp_path):
    closed = await ledger("close", "--with", tmp_path / "new.key", *ORDER)

    assert closed.exit_code == 0, closed.output
    closing = read_closing(closed.stdout)
    assert (closing.checkpoint.origin, closing.checkpoint.size, closing.signed_to) == (ORIGIN, SIZE, None)
    reader = opening_reader(database, tmp_path)
    (entry,) = await reader.opened([await reader.entry(SIZE)])
    assert (entry.document["caller"]["person"], entry.ask["reason"]) == ("a.lund", "Put back from a backup")
    assert "r.osei" in entry.ask["variables"]
    newest, note = read_checkpoint((await CheckpointReader(database).newest()).note)
    assert (newest.origin, newest.size, len(note.signed_by(NEW.verifier))) == (f"{ORIGIN}/2", SIZE + 1, 1)


@pytest.mark.parametrize("by", [(), BY[:2], (*BY[:2], "--by", "A.Lund"), (*BY, "--by", "c.third")])
async def test_nobody_closes_a_ledger_alone(ledger, tmp_path, by):
    closed = await ledger("close", "--with", tmp_path / "new.key", *by, "--reason", "Put back", "--yes")

    assert closed.exit_code == 2


async def test_under_a_closed_name_nothing_is_signed_any_more(ledger, signing, tmp_path):
    await ledger("close", "--with", tmp_path / "new.key", *ORDER)

    with pytest.raises(TreeDamaged, match="signed by none of this gateway's keys"):
        await signing(OLD)
    await signing(NEW)


async def test_a_gateway_without_the_new_key_says_which_name_goes_on(signing, ledger, database_url):
    await signing(OLD)
    store = Signing(database_url, OLD).store
    async with store.turn() as turn:
        newest = await turn.newest()
        checkpoint = Checkpoint(origin=ORIGIN, size=SIZE, root=newest.root)
        closing = Closing(checkpoint=checkpoint, closed=(OLD.verifier,), successor=NEW.verifier)
        await turn.keep(checkpoint, closing.signed([OLD, NEW]), [])
    await store.close()

    with pytest.raises(TreeDamaged, match=f"goes on as {ORIGIN}/2"):
        await signing(OLD)


async def test_a_closing_that_broke_off_is_run_again_and_recorded_once(signing, ledger, database, tmp_path):
    await test_a_gateway_without_the_new_key_says_which_name_goes_on(signing, ledger, database.url)

    again = await ledger("close", "--with", tmp_path / "new.key", *ORDER)
    once_more = await ledger("close", "--with", tmp_path / "new.key", *ORDER)

    assert (again.exit_code, once_more.exit_code) == (0, 4), again.output
    assert await opening_reader(database, tmp_path).head() == SIZE


async def test_both_names_verify_by_either_key(ledger, signing, tmp_path, monkeypatch):
    await signing(OLD)
    kept = tmp_path / "kept.txt"
    kept.write_text((await ledger("checkpoint")).stdout)
    await ledger("close", "--with", tmp_path / "new.key", *ORDER)
    for file in ("old.key", "new.key"):
        monkeypatch.setenv("GATEWAY_LEDGER_SIGNING_KEY_FILES", str(tmp_path / file))

        verified = await ledger("verify", "--checkpoint", kept)

        assert (verified.exit_code, verified.stdout) == (0, "Nothing found.\n"), verified.output
    assert (await ledger("checkpoint", "--since", kept)).exit_code == 0


async def test_what_somebody_holds_has_to_cover_more_than_is_here(ledger, signing, tmp_path):
    await signing(OLD)
    (tmp_path / "kept.txt").write_text((await ledger("checkpoint")).stdout)

    closed = await ledger("close", "--with", tmp_path / "new.key", "--held", tmp_path / "kept.txt", *ORDER)

    assert closed.exit_code == 2
    assert "covers nothing beyond the 5 entries" in closed.output


def test_a_statement_counts_only_with_the_signatures_of_both_names():
    closing = closing_of()

    assert read_closing(str(closing.signed([OLD, NEW]))) == closing
    for keys in ([OLD], [NEW], [OLD, OTHER]):
        assert read_closing(str(closing.signed(keys))) is None
    assert read_closing(str(closing.checkpoint.signed([OLD]))) is None


def test_keys_are_tied_to_each_other_over_any_number_of_closings_and_to_no_others():
    third = SigningKey.new(f"{ORIGIN}/3", KeyKind.LOG)
    chain = [closing_of(), closing_of(NEW, third, 9)]

    for known in (OLD, NEW, third):
        assert {*vouched_for(chain, [known.verifier])} == {OLD.verifier, NEW.verifier, third.verifier}
    assert vouched_for(chain, [OTHER.verifier]) == (OTHER.verifier,)


def test_a_ledgers_names_are_its_authoritys_with_a_number():
    assert [numbered_origin(HOME, number) for number in (1, 2)] == [ORIGIN, f"{ORIGIN}/2"]
    assert [number_of(name, HOME) for name in (ORIGIN, f"{ORIGIN}/12")] == [1, 12]
    for name in (f"{ORIGIN}/1", f"{ORIGIN}/02", f"{ORIGIN}/x", f"{ORIGIN}2", "directory-gateway/E08000006"):
        with pytest.raises(MalformedNote):
            number_of(name, HOME)
