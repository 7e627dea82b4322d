"""Signing on a real PostgreSQL: the tree is kept and proved, one gateway signs at a time, and nobody signs a fork."""

import random
import signal
import sys
import time
from contextlib import asynccontextmanager

import asyncpg
import pytest

from connectors.postgres.checkpoints import CheckpointReader
from connectors.postgres.ledger_tree import TreeRows
from gateway.ledger.checkpoint import read_checkpoint, trusted
from gateway.ledger.checkpointing import Checkpointer
from gateway.ledger.merkle import EMPTY_ROOT, verify_consistency, verify_inclusion
from gateway.ledger.tree import TreeDamaged, consistency_proof, head_at, inclusion_proof
from tests.support.ledger_tree import Administrator, Signing, a_log_key, add_entries, leaves_in, root_of
from tests.support.processes import Running, environment_of, until

TAKEN_OVER = 30.0
"""Seconds from the death of whoever signs to the next signature. On an idle machine it takes fewer than three."""
TABLES = ("ledger_tile", "ledger_checkpoint", "ledger_cosignature", "ledger_witnessed")


@pytest.fixture(scope="module")
def key():
    return a_log_key()


@pytest.fixture
async def signing(database_url, key):
    signing = Signing(database_url, key)
    yield signing
    await signing.store.close()


@pytest.fixture
async def another(database_url, key):
    """A second gateway on the same database."""
    signing = Signing(database_url, key)
    yield signing
    await signing.store.close()


@pytest.fixture
def reader(database):
    return CheckpointReader(database)


@pytest.fixture
async def administrator(database_url):
    administrator = await Administrator.of(database_url)
    yield administrator
    await administrator.leave()


async def test_an_empty_ledger_is_signed(signing, reader, key):
    await signing.sign()

    checkpoint, note = read_checkpoint((await reader.newest()).note)
    assert (checkpoint.size, checkpoint.root) == (0, EMPTY_ROOT)
    assert trusted(note, [key.verifier])


@pytest.mark.parametrize("size", [1, 255, 256, 257, 1025])
async def test_what_is_signed_is_the_root_over_all_entries(signing, reader, database, size):
    await add_entries(database, size)

    await signing.sign()

    newest = await reader.newest()
    assert (newest.size, newest.root) == (size, root_of(await leaves_in(database)))


async def test_tiles_are_kept_once_they_are_full(signing, database):
    for number in (255, 1, 300):
        await add_entries(database, number)
        await signing.sign()

    leaves = await leaves_in(database)
    rows = await database.fetch("SELECT * FROM ledger_tile ORDER BY level, index")
    assert [(row["level"], row["index"]) for row in rows] == [(0, 0), (0, 1)]
    for row in rows:
        held = leaves[row["index"] * 256 : (row["index"] + 1) * 256]
        assert (row["hashes"], row["root"]) == (b"".join(held), root_of(held))


async def test_nothing_is_signed_twice(signing, database):
    await add_entries(database, 3)

    for _ in range(3):
        await signing.sign()

    assert len(await database.fetch("SELECT FROM ledger_checkpoint")) == 1


async def test_nothing_is_signed_before_the_interval_is_over(database, database_url, key):
    patient = Signing(database_url, key, interval=3600)
    for _ in range(3):
        await add_entries(database, 1)
        await patient.sign()

    sizes = [row["size"] for row in await database.fetch("SELECT size FROM ledger_checkpoint")]

    await patient.store.close()
    assert sizes == [1]


async def test_a_gateway_that_starts_goes_on_from_the_last_full_tile(signing, another, reader, database):
    await add_entries(database, 700)
    await signing.sign()
    await add_entries(database, 700)

    await another.sign()

    newest = await reader.newest()
    assert (newest.size, newest.root) == (1400, root_of(await leaves_in(database)))
    assert len(await database.fetch("SELECT FROM ledger_tile")) == 5


async def test_gateways_that_take_turns_sign_one_tree(signing, another, reader, database):
    sizes = []
    for signer in (signing, another) * 5:
        sizes.append(await add_entries(database, 100))
        await signer.sign()

    kept = await reader.checkpoints()
    leaves = await leaves_in(database)
    assert [(checkpoint.size, checkpoint.root) for checkpoint in kept] == [
        (size, root_of(leaves[:size])) for size in sizes
    ]


@pytest.fixture(scope="module")
async def large(postgres, key):
    """A signed ledger of more than one tile of the second level; with its leaves."""
    from connectors.postgres.database import Database
    from tests.support.postgres import fresh_database

    async with fresh_database(postgres) as url:
        database = await Database.open(url, pool_min=1, pool_max=2, timeout=30)
        size = await add_entries(database, 66_000)
        signing = Signing(url, key)
        await signing.sign()
        await signing.store.close()
        yield database, size, await leaves_in(database)
        await database.close()


class Counting(TreeRows):
    """Counts the rows that are read."""

    def __init__(self, database):
        super().__init__(self)
        self._database = database
        self.read = 0

    async def fetch(self, sql, *arguments):
        rows = await self._database.fetch(sql, *arguments)
        first, end = arguments if "string_agg" in sql else (0, len(rows))
        self.read += end - first
        return rows


async def test_proofs_of_inclusion_come_from_few_rows_and_verify(large):
    database, size, leaves = large
    chance = random.Random(7)  # noqa: S311 - which entries, no secret
    for index in [0, 255, 256, 65_535, 65_536, size - 1, *(chance.randrange(size) for _ in range(20))]:
        source = Counting(database)

        proof = await inclusion_proof(source, index, size, held=size)

        assert verify_inclusion(index, size, leaves[index], proof, root_of(leaves))
        # At most a tile a level, and the partial ones: 66,000 entries end 208 after a tile, in the second of level 1.
        assert source.read <= 3 + 256 + 1


async def test_proofs_of_consistency_come_from_few_rows_and_verify(large):
    database, size, leaves = large
    chance = random.Random(7)  # noqa: S311 - which sizes, no secret
    root = root_of(leaves)
    for old in [1, 256, 65_536, 65_537, size - 1, *(chance.randrange(1, size) for _ in range(5))]:
        source = Counting(database)

        proof = await consistency_proof(source, old, size, held=size)

        assert verify_consistency(old, size, root_of(leaves[:old]), root, proof)
        assert source.read <= 4 + 2 * 256


async def test_a_head_is_read_at_any_size(large):
    database, size, leaves = large
    for at in (0, 1, 256, 1000, 65_536, 65_792, size):
        assert (await head_at(TreeRows(database), at, held=size)).root == root_of(leaves[:at])


async def test_entries_in_full_tiles_prove_without_their_rows(signing, database, administrator, reader):
    await add_entries(database, 600)
    await signing.sign()
    leaves = await leaves_in(database)
    await administrator.does("DELETE FROM ledger_entry WHERE seq < 512")

    proof = await inclusion_proof(reader, 7, 600, held=600)

    assert verify_inclusion(7, 600, leaves[7], proof, root_of(leaves))


async def test_a_missing_tile_is_named(signing, database, administrator, reader):
    await add_entries(database, 600)
    await signing.sign()
    await administrator.does("DELETE FROM ledger_tile WHERE index = 1")

    with pytest.raises(TreeDamaged, match="Tile 1 of level 0"):
        await inclusion_proof(reader, 300, 600, held=600)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("statement", ["UPDATE {} SET {column} = {column}", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
async def test_what_was_signed_is_only_ever_added_to(database_url, table, statement):
    connection = await asyncpg.connect(database_url)
    column = await connection.fetchval(
        "SELECT column_name FROM information_schema.columns WHERE table_name = $1 AND column_name <> 'id' LIMIT 1",
        table,
    )

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await connection.execute(statement.format(table, column=column))
    await connection.close(timeout=60)


async def test_whoever_signs_can_add_and_nothing_else(signing):
    await signing.sign()
    connection = signing.store._connection

    assert await connection.fetchval("SELECT current_user") == "directory_ledger_writer"
    for table in (*TABLES, "ledger_entry", "ledger_child"):
        for privilege, held in (("INSERT", True), ("SELECT", True), ("UPDATE", False), ("DELETE", False)):
            assert await connection.fetchval("SELECT has_table_privilege($1, $2)", table, privilege) is held, table
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("ALTER TABLE ledger_entry DISABLE TRIGGER ALL")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("SET session_replication_role = replica")


EDIT = "UPDATE ledger_entry SET entry = '{{}}', leaf_hash = sha256('\\x007b7d') WHERE seq = {}"
"""Another entry in an entry's place, with the hash that fits it."""


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("DELETE FROM ledger_entry WHERE seq >= 990", "1000 entries were signed, and only 990 are there"),
        ("DELETE FROM ledger_entry WHERE seq = 900", "not all there"),
        (EDIT.format(900), "first 1000 entries are not those"),
    ],
    ids=["cut", "deleted", "edited"],
)
@pytest.mark.parametrize("restarted", [False, True], ids=["running", "restarted"])
async def test_a_changed_tail_is_never_signed(
    signing, another, database, administrator, reader, statement, says, restarted
):
    await add_entries(database, 1000)
    await signing.sign()
    await administrator.does(statement)
    await database.execute("SELECT 1")

    with pytest.raises(TreeDamaged, match=says):
        await (another if restarted else signing).sign()

    assert (await reader.newest()).size == 1000


async def test_a_tail_cut_with_its_checkpoints_and_tiles_is_not_signed_by_who_remembers(
    signing, database, administrator
):
    await add_entries(database, 600)
    await signing.sign()
    await administrator.does("DELETE FROM ledger_checkpoint")
    await administrator.does("DELETE FROM ledger_tile")
    await administrator.does("DELETE FROM ledger_entry WHERE seq >= 100")

    with pytest.raises(TreeDamaged, match="knows a checkpoint of 600 entries"):
        await signing.sign()


async def test_a_history_rewritten_and_signed_with_the_stolen_key_is_not_continued_by_who_remembers(
    signing, another, database, administrator
):
    await add_entries(database, 600)
    await signing.sign()
    await administrator.does("DELETE FROM ledger_checkpoint")
    await administrator.does("DELETE FROM ledger_tile")
    await administrator.does(EDIT.format(590))
    await add_entries(database, 10)
    await another.sign()

    with pytest.raises(TreeDamaged, match="first 600 entries are not those"):
        await signing.sign()


async def test_a_cut_that_leaves_tiles_behind_is_not_signed_over(signing, another, database, administrator):
    await add_entries(database, 600)
    await signing.sign()
    await administrator.does("DELETE FROM ledger_checkpoint")

    with pytest.raises(TreeDamaged, match="no checkpoint covers"):
        await another.sign()


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE ledger_checkpoint SET note = 'no note'", "cannot be read"),
        ("UPDATE ledger_checkpoint SET note = replace(note, E'\\n3\\n', E'\\n4\\n')", "none of this gateway's keys"),
        ("UPDATE ledger_checkpoint SET size = 2", "not the one that was signed"),
        ("UPDATE ledger_checkpoint SET root = sha256('')", "not the one that was signed"),
    ],
    ids=["unreadable", "altered", "size", "root"],
)
async def test_a_checkpoint_that_was_tampered_with_is_not_built_on(
    signing, another, database, administrator, statement, says
):
    await add_entries(database, 3)
    await signing.sign()
    await administrator.does(statement)

    with pytest.raises(TreeDamaged, match=says):
        await another.sign()


async def test_another_key_alone_does_not_go_on(signing, database, database_url):
    await add_entries(database, 3)
    await signing.sign()
    stranger = Signing(database_url, a_log_key())

    with pytest.raises(TreeDamaged, match="none of this gateway's keys"):
        await stranger.sign()
    await stranger.store.close()


async def test_keys_rotate_with_an_overlap(signing, database, database_url, reader, key):
    new = a_log_key()
    both, alone = Signing(database_url, key, new), Signing(database_url, new)
    await add_entries(database, 3)

    await signing.sign()
    await both.sign()
    overlapping = await reader.newest()
    await add_entries(database, 1)
    await alone.sign()

    note = read_checkpoint(overlapping.note)[1]
    assert trusted(note, [key.verifier])
    assert trusted(note, [new.verifier])
    assert (await reader.newest()).size == 4
    for one in (both, alone):
        await one.store.close()


async def test_a_gateway_that_found_a_fault_says_so_and_signs_no_more(
    database, database_url, administrator, key, caplog
):
    signing = Signing(database_url, key)
    checkpointer = Checkpointer(signing.store, origin=signing.checkpointer._origin, keys=[key], interval=0.01)
    await add_entries(database, 3)
    await checkpointer.take_turn()
    await administrator.does("DELETE FROM ledger_entry WHERE seq = 2")

    checkpointer.start()
    await until(lambda: _has_fault(checkpointer))
    await add_entries(database, 1)
    await checkpointer.close()
    await signing.store.close()

    assert "only 2 are there" in checkpointer.fault
    assert "NOTHING IS SIGNED ANY MORE" in caplog.text
    assert len(await database.fetch("SELECT FROM ledger_checkpoint")) == 1


async def _has_fault(checkpointer):
    return checkpointer.fault is not None


async def test_what_was_written_last_is_signed_when_a_gateway_stops(database, database_url, key, reader):
    signing = Signing(database_url, key)
    checkpointer = Checkpointer(signing.store, origin=signing.checkpointer._origin, keys=[key], interval=3600)
    checkpointer.start()
    await until(lambda: _is_signed(reader, 0))
    await add_entries(database, 5)

    await checkpointer.close()
    await signing.store.close()

    assert (await reader.newest()).size == 5


async def _is_signed(reader, size):
    newest = await reader.newest()
    return newest is not None and newest.size >= size


async def test_one_gateway_has_the_turn_at_a_time(signing, another):
    async with signing.store.turn() as turn, another.store.turn() as other:
        assert turn is not None
        assert other is None


@asynccontextmanager
async def one_that_stands_still(url, folder):
    running = Running(
        [sys.executable, "-m", "tests.connectors.postgres.standing_still", url],
        folder=folder,
        environment=environment_of(),
    )
    try:

        async def has_the_turn():
            assert running.runs, running.complained
            return running.printed == "has the turn\n"

        await until(has_the_turn)
        yield running
    finally:
        running.kill()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
async def test_the_turn_of_a_dead_or_frozen_gateway_is_taken_over(database, database_url, key, reader, tmp_path, how):
    await add_entries(database, 5)
    signing = Signing(database_url, key)
    checkpointer = Checkpointer(signing.store, origin=signing.checkpointer._origin, keys=[key], interval=1.0)
    async with one_that_stands_still(database_url, tmp_path) as other:
        checkpointer.start()
        other.send(how)
        began = time.monotonic()

        await until(lambda: _is_signed(reader, 5))
        took = time.monotonic() - began

    await checkpointer.close()
    await signing.store.close()
    assert took < TAKEN_OVER
