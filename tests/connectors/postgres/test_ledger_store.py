"""The ledger on a real PostgreSQL: durable before told, gapless whoever is killed, silent when it cannot write."""

import asyncio
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from connectors.postgres import ledger
from connectors.postgres.ledger import SEQUENCER_LOCK, OpeningLedgerReader, PostgresLedgerStore
from connectors.postgres.ledger_numbers import NextNumber
from connectors.postgres.migration import migrate
from connectors.postgres.server import EmbeddedServer
from gateway.errors import AuditUnavailable
from gateway.ledger.canonical import leaf_hash, prepare
from gateway.ledger.reading import check_sequence
from gateway.ledger.writer import AHEAD, LedgerWriter
from tests.ledger.entries import AYESHA, BEN, NOON, a_caller, a_masked_involvement, a_record, an_entry, keys_for
from tests.support.ledger import sealing_keys
from tests.support.postgres import server_folder

PROJECT = Path(__file__).parents[3]


@asynccontextmanager
async def a_writer(url, *, timeout=20.0):  # noqa: ASYNC109 - the writer's, not this call's
    keys = sealing_keys()
    following = NextNumber()
    store, ahead = [PostgresLedgerStore(url, keys=keys, timeout=timeout, next_number=following) for _ in range(2)]
    writer = LedgerWriter(store, ahead=ahead, timeout=timeout)
    writer.start()
    try:
        yield writer
    finally:
        await writer.close()
        await store.close()
        await ahead.close()


@pytest.fixture
async def writer(database_url):
    async with a_writer(database_url) as writer:
        yield writer


@pytest.fixture
async def reader(database):
    return OpeningLedgerReader(database, sealing_keys())


@pytest.fixture
async def other(database_url):
    """A connection that belongs to somebody else."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close(timeout=60)


async def record_all(writer, names, **changes):
    return await asyncio.gather(*(writer.record(an_entry(request_id=name, **changes)) for name in names))


async def whole(reader):
    """Assert that sequence and index are whole, and return request ids by number."""
    entries = [entry async for entry in reader.indexed_entries()]
    assert check_sequence(entries) == ()
    return {entry.stored.seq: entry.index.request_id for entry in entries}


async def until(condition):
    async with asyncio.timeout(60):
        while not await condition():  # noqa: ASYNC110 - what is waited for happens in another process
            await asyncio.sleep(0.01)


async def test_whoever_is_told_can_find_the_entry_from_another_connection(writer, other):
    seq = await writer.record(an_entry(request_id="the one"))

    assert await other.fetchval("SELECT request_id FROM ledger_entry WHERE seq = $1", seq) == "the one"


async def test_the_first_entry_has_number_0_and_numbers_follow_each_other(writer, reader):
    assert await record_all(writer, ["a", "b", "c"]) == [0, 1, 2]
    assert await writer.record(an_entry(request_id="d")) == 3

    assert await whole(reader) == {0: "a", 1: "b", 2: "c", 3: "d"}
    assert await reader.head() == 3


@pytest.mark.parametrize("setting", ["synchronous_commit = off", "default_transaction_isolation = serializable"])
async def test_a_database_with_weaker_defaults_changes_nothing(database_url, reader, other, setting):
    name = await other.fetchval("SELECT current_database()")
    await other.execute(f"ALTER DATABASE {name} SET {setting}")
    await other.execute("""
        CREATE TABLE commits (durable text);
        GRANT INSERT ON commits TO PUBLIC;
        CREATE FUNCTION note_commit() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN INSERT INTO commits VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$;
        CREATE TRIGGER note_commit AFTER INSERT ON ledger_entry FOR EACH STATEMENT EXECUTE FUNCTION note_commit();
    """)

    async with a_writer(database_url) as one, a_writer(database_url) as two:
        for _ in range(5):
            await asyncio.gather(record_all(one, ["a", "b"]), record_all(two, ["c", "d"]))

    assert len(await whole(reader)) == 20
    assert {row["durable"] for row in await other.fetch("SELECT durable FROM commits")} == {"on"}


async def test_three_gateways_on_one_database_leave_no_gap_and_no_double_while_one_is_cut_off(
    database_url, reader, other
):
    told, cut_off = {}, 0
    waiting = """
        FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    """

    async def ask(writer, asker):
        nonlocal cut_off
        for number in range(8):
            name = f"{asker}-{number}"
            try:
                told[await writer.record(an_entry(request_id=name))] = name
            except AuditUnavailable:
                cut_off += 1

    async def cut():
        for _ in range(5):
            # While the turn is held here, whoever waits for it is in the middle of its statement.
            await other.execute("SELECT pg_advisory_lock($1)", SEQUENCER_LOCK)
            await until(lambda: other.fetchval(f"SELECT count(*) > 0 {waiting}"))
            await other.execute(f"SELECT pg_terminate_backend(pid) {waiting}")
            await other.execute("SELECT pg_advisory_unlock($1)", SEQUENCER_LOCK)
            await asyncio.sleep(0.02)

    async with a_writer(database_url) as one, a_writer(database_url) as two, a_writer(database_url) as three:
        asks = [asyncio.create_task(ask(writer, f"{writer_at}-{asker}"))
                for writer_at, writer in enumerate((one, two, three)) for asker in range(2 * AHEAD)]  # fmt: skip
        cutting = asyncio.create_task(cut())
        await asyncio.sleep(0.05)
        asks[0].cancel()
        asks[7].cancel()
        await asyncio.gather(*asks, return_exceptions=True)
        cutting.cancel()

    recorded = await whole(reader)
    assert cut_off > 0
    assert len(told) + cut_off >= (3 * 2 * AHEAD - 2) * 8
    assert told.items() <= recorded.items()
    assert len(set(recorded.values())) == len(recorded)


async def test_a_killed_gateway_leaves_every_entry_it_told_of_and_the_next_goes_on(database_url, reader, writer):
    gateway = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.connectors.postgres.writing_process", database_url, "killed",
        cwd=PROJECT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    lines = [await gateway.stdout.readline() for _ in range(40)]
    survivors = await record_all(writer, [f"survivor-{number}" for number in range(10)])

    gateway.kill()
    lines += (await gateway.stdout.read()).splitlines(keepends=True)
    await gateway.wait()
    last = await writer.record(an_entry(request_id="last"))

    told = {int(seq): name for seq, name in (line.decode().split() for line in lines if line.endswith(b"\n"))}
    recorded = await whole(reader)
    assert told.items() <= recorded.items()
    assert set(survivors) <= recorded.keys()
    assert recorded[last] == "last"
    assert len(set(recorded.values())) == len(recorded)


@pytest.mark.parametrize(
    "lock",
    ["LOCK TABLE ledger_entry IN EXCLUSIVE MODE", f"SELECT pg_advisory_xact_lock({SEQUENCER_LOCK})"],
    ids=["table", "sequencer"],
)
async def test_a_lock_that_somebody_keeps_ends_in_an_error_in_time_and_then_in_recovery(
    database_url, reader, other, lock
):
    async with a_writer(database_url, timeout=1.0) as writer:
        await writer.record(an_entry(request_id="before"))
        async with other.transaction():
            await other.execute(lock)
            started = time.monotonic()
            with pytest.raises(AuditUnavailable):
                await writer.record(an_entry(request_id="locked out"))
            waited = time.monotonic() - started

        async def recovered():
            try:
                return await writer.record(an_entry(request_id="after")) > 0
            except AuditUnavailable:
                return False

        await until(recovered)

    assert waited < 15.0, "its patience of a second, on a busy machine"
    assert list((await whole(reader)).values()) == ["before", "after"]


async def test_a_gateway_that_is_cut_off_while_it_waits_for_its_turn_appends_nothing_afterwards(
    database_url, reader, other
):
    waiting = """
        SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    """

    async def nobody_waits():
        return not await other.fetchval(waiting)

    async with a_writer(database_url, timeout=60) as gone, other.transaction():
        await other.execute(f"SELECT pg_advisory_xact_lock({SEQUENCER_LOCK})")
        left = asyncio.create_task(gone.record(an_entry(request_id="gone")))
        await until(lambda: other.fetchval(waiting))

        gone._store._drop()

        with pytest.raises(AuditUnavailable):
            await left
        async with asyncio.timeout(30):  # its own patience is longer
            await until(nobody_waits)

    async with a_writer(database_url) as writer:
        await writer.record(an_entry(request_id="here"))
    assert list((await whole(reader)).values()) == ["here"]


async def test_a_crowd_that_is_sent_ahead_waits_for_its_turn_and_is_numbered_after_those_before_it(
    database_url, reader, other
):
    waiting = """
        SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    """
    names = [f"ahead-{number}" for number in range(AHEAD)]

    async def wait(connections):
        return await other.fetchval(waiting) == connections

    async with a_writer(database_url, timeout=60) as writer:
        async with other.transaction():
            await other.execute(f"SELECT pg_advisory_xact_lock({SEQUENCER_LOCK})")
            first = asyncio.create_task(writer.record(an_entry(request_id="first")))
            await until(lambda: wait(1))
            crowd = asyncio.create_task(record_all(writer, names))
            await until(lambda: wait(2))
        numbers = [await first, *await crowd]

    assert sorted(numbers) == list(range(AHEAD + 1))
    assert set((await whole(reader)).values()) == {"first", *names}


async def test_a_hash_that_was_sent_is_kept_under_the_number_it_was_made_for_and_made_anew_under_another(other):
    prepared, sent = prepare(an_entry()), b"a hash of 32 bytes, made by hand"
    columns = ledger._columns([prepared.closed(keys_for(prepared))])

    for expected in (0, 7, None):
        await other.fetchval(ledger._APPEND, *columns, expected, [sent])

    kept = await other.fetch("SELECT entry, leaf_hash FROM ledger_entry ORDER BY seq")
    assert [row["leaf_hash"] for row in kept] == [sent, *(leaf_hash(row["entry"].encode()) for row in kept[1:])]


async def test_gateways_that_take_turns_hash_by_the_number_that_is_given(database_url, reader):
    async with a_writer(database_url) as one, a_writer(database_url) as two:
        for number in range(12):
            await one.record(an_entry(request_id=f"one-{number}"))
            if number % 4 == 3:
                await two.record(an_entry(request_id=f"two-{number}"))

    assert len(await whole(reader)) == 15


async def test_a_connection_that_was_not_used_for_long_is_opened_afresh_before_an_entry_is_sent(
    database_url, other, monkeypatch
):
    here = """
        SELECT array_agg(pid ORDER BY pid) FROM pg_stat_activity
        WHERE application_name = 'directory-gateway-ledger' AND datname = current_database()
    """
    store = PostgresLedgerStore(database_url, keys=sealing_keys(), timeout=20)
    await store.connect()
    first = await other.fetchval(here)
    await store.connect()
    still = await other.fetchval(here)
    monkeypatch.setattr(ledger, "UNUSED_LIMIT", -1)
    await store.connect()

    async def alone():
        return len(await other.fetchval(here)) == 1

    await until(alone)
    assert (still == first, await other.fetchval(here) == first) == (True, False)
    await store.close()


async def test_a_gateway_that_hangs_with_the_sequencer_in_hand_is_passed_over(database_url, reader):
    hanging = PostgresLedgerStore(database_url, keys=sealing_keys(), timeout=0.3)
    connection = await hanging._connected()
    await connection.execute(f"BEGIN; SELECT pg_advisory_xact_lock({SEQUENCER_LOCK})")

    async with a_writer(database_url) as writer:
        assert await writer.record(an_entry()) == 0

    await hanging.close()
    await whole(reader)


async def test_a_server_that_goes_and_comes_back_costs_errors_and_no_entry():
    with server_folder() as folder:
        server = EmbeddedServer(folder)
        server.start()
        try:
            await migrate(server.url)
            async with a_writer(server.url) as writer:
                await writer.record(an_entry(request_id="before"))
                await asyncio.to_thread(server.stop, mode="immediate")
                with pytest.raises(AuditUnavailable):
                    await writer.record(an_entry(request_id="lost"))

                await asyncio.to_thread(server.start)

                assert await writer.record(an_entry(request_id="after")) == 1
        finally:
            server.leave()


async def test_a_connection_that_is_cut_while_idle_costs_no_answer(writer, other):
    await writer.record(an_entry())
    named = "application_name = 'directory-gateway-ledger' AND datname = current_database()"
    await other.execute(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {named}")  # noqa: S608
    await asyncio.sleep(0.05)  # the driver hears of it in its own time

    assert await writer.record(an_entry()) == 1


async def test_a_database_that_is_not_there_is_an_error_of_ours():
    async with a_writer("postgresql://nobody@127.0.0.1:1/nothing", timeout=1) as writer:
        with pytest.raises(AuditUnavailable) as refused:
            await writer.record(an_entry())

    assert refused.value.reason.startswith("ledger:")
    assert "127.0.0.1" not in refused.value.message


async def test_a_wrong_index_row_costs_its_group_and_nothing_after_it(writer, reader, other):
    await other.execute("ALTER TABLE ledger_entry ADD CHECK (request_id <> 'poison')")

    with pytest.raises(AuditUnavailable):
        await writer.record(an_entry(request_id="poison"))

    assert await writer.record(an_entry(request_id="after")) == 0
    await whole(reader)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entry SET entry = '{}'",
        "UPDATE ledger_entry SET person = 'nobody' WHERE false",
        "DELETE FROM ledger_entry",
        "TRUNCATE ledger_entry CASCADE",
    ],
)
async def test_nobody_changes_an_entry_while_the_triggers_are_on(writer, other, statement):
    await writer.record(an_entry())

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await other.execute(statement)


async def test_whatever_a_caller_claims_can_be_recorded(writer, reader):
    odd = f"\x00{chr(0xD800)}'; DROP TABLE ledger_entry; --\U0001f600" + "x" * 9_000
    await writer.record(
        an_entry(request_id=odd, caller=a_caller(person=odd, role=odd, agency=odd, authority=odd, name=odd))
    )

    assert len(await whole(reader)) == 1


async def test_an_entry_that_touches_no_child_and_names_no_caller_is_recorded(writer, reader):
    await writer.record(an_entry(caller=None, policy=None, records=(), sources=()))

    assert len(await whole(reader)) == 1


async def test_entries_about_a_child_come_newest_first_and_a_page_at_a_time(writer, reader):
    about_ayesha = await record_all(writer, "abcde")
    await record_all(writer, "x", records=(a_record(BEN),))

    page = await reader.entries_about([AYESHA], first=2)
    rest = await reader.entries_about([AYESHA], first=10, before_seq=page[-1].stored.seq)

    assert [entry.stored.seq for entry in [*page, *rest]] == about_ayesha[::-1]


async def test_an_entry_that_touches_two_records_of_one_child_comes_once(writer, reader):
    await record_all(writer, "ab", records=(a_record(AYESHA), a_record(BEN), a_masked_involvement()))

    assert [entry.stored.seq for entry in await reader.entries_about([AYESHA, BEN], first=10)] == [1, 0]


async def test_the_newest_entries_can_be_had_for_one_person(writer, reader):
    await record_all(writer, "ab")
    await record_all(writer, "c", caller=a_caller(person="practitioner-8"))

    assert [entry.seq for entry in await reader.latest(first=2)] == [2, 1]
    assert [entry.seq for entry in await reader.latest(first=5, person="practitioner-7")] == [1, 0]


async def test_entries_stream_in_order_within_the_stretch_that_was_asked_for(writer, reader):
    await record_all(writer, "abcdef")

    assert [entry.seq async for entry in reader.entries()] == [0, 1, 2, 3, 4, 5]
    assert [entry.seq async for entry in reader.entries(after_seq=1, limit=2)] == [2, 3]
    assert [entry.seq async for entry in reader.entries(after_seq=1, to_seq=4)] == [2, 3, 4]


async def test_streams_are_whole_across_batches(writer, reader, monkeypatch):
    monkeypatch.setattr("connectors.postgres.ledger.BATCH", 2)
    await record_all(writer, "abcde")

    assert len(await whole(reader)) == 5
    assert [entry.seq async for entry in reader.entries(limit=3)] == [0, 1, 2]


async def test_searches_are_counted_by_person_and_from_an_instant_on(writer, reader):
    entry = an_entry(searches=2)
    for changes in ({}, {"at": NOON - timedelta(days=2)}, {"caller": a_caller(person="practitioner-8")}):
        await writer.record(replace(entry, **changes))

    assert await reader.searches_since("practitioner-7", NOON - timedelta(days=1)) == 2
    assert await reader.searches_since("practitioner-7", NOON) == 2
    assert await reader.searches_since("practitioner-7", NOON - timedelta(days=3)) == 4
    assert await reader.searches_since("practitioner-9", NOON - timedelta(days=3)) == 0


async def test_an_empty_ledger_has_no_head_and_no_entry(reader):
    assert await reader.head() is None
    assert await reader.entry(0) is None


async def test_a_ledger_that_cannot_be_read_is_an_error_of_ours(reader, other):
    await other.execute("DROP TABLE ledger_child, ledger_entry")

    with pytest.raises(AuditUnavailable):
        await reader.head()
