"""A database that was put back, or went on twice from one copy: its witness notices, and there is a way on."""

import asyncio
import socket
import uuid
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from typer.testing import CliRunner

from connectors.checkpoint_keys import write_key
from connectors.ledger_proof import proving
from connectors.postgres.checkpoints import WitnessedLedgers
from connectors.postgres.database import Database
from connectors.postgres.ledger import PostgresLedgerStore
from gateway.app.clock import utc_now
from gateway.cli.main import app
from gateway.ledger.canonical import prepare
from gateway.ledger.checkpoint import witness_name_of
from gateway.ledger.notes import KeyKind, SigningKey
from gateway.ledger.verification import EXIT_CODES, Trouble
from gateway.ledger.witness import Witness
from tests.ledger.entries import an_entry
from tests.support.gateway import settings_for
from tests.support.ledger import ledger_keys
from tests.support.ledger_tree import ORIGIN, a_log_key
from tests.support.postgres import fresh_database
from tests.support.processes import until

OLD, NEW = a_log_key(), SigningKey.new(f"{ORIGIN}/2", KeyKind.LOG)
WITNESS = SigningKey.new(witness_name_of("E08000006"), KeyKind.WITNESS)
ORDER = ("--by", "a.lund", "--by", "r.osei", "--reason", "Put back from a backup", "--yes")


@pytest.fixture
async def witness(postgres):
    """The address and the database of a witness that was given the keys of both names."""
    async with fresh_database(postgres) as url:
        held = WitnessedLedgers(url, timeout=20)
        witness = Witness(WITNESS, logs=[OLD.verifier, NEW.verifier], held=held, clock=utc_now)

        async def add_checkpoint(request):
            reply = await witness.add_checkpoint(await request.body())
            return Response(reply.body, reply.status, media_type=reply.media_type)

        async with served_here(
            Starlette(routes=[Route("/add-checkpoint", add_checkpoint, methods=["POST"])])
        ) as address:
            yield address, url
        await held.close()


@asynccontextmanager
async def served_here(served):
    """Serve an application on a free port and on this loop, where its connections are; yield its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(served, log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await serving


@pytest.fixture
def ledgers(witness, tmp_path, monkeypatch):
    return Ledgers(witness[0], tmp_path, monkeypatch)


class Ledgers:
    """Databases of one ledger, what signs each beside its witness, and what runs a command on each."""

    def __init__(self, address, folder, monkeypatch):
        self._witnesses, self._folder, self._monkeypatch = f"{address} {WITNESS.verifier}", folder, monkeypatch
        for name, key in {"old": OLD, "new": NEW}.items():
            write_key(folder / f"{name}.key", key)

    async def record(self, url, number):
        store = PostgresLedgerStore(url, keys=ledger_keys(self._folder), timeout=20)
        await store.append([prepare(an_entry(request_id=str(uuid.uuid4()))) for _ in range(number)])
        await store.close()

    @asynccontextmanager
    async def signing(self, url, key="old"):
        """Sign and show to the witness for the length of the block."""
        settings = settings_for(
            self._folder,
            ledger_signing_key_files=str(self._folder / f"{key}.key"),
            ledger_witnesses=self._witnesses,
            ledger_checkpoint_interval=0.05,
        )
        database = await Database.open(url, pool_min=1, pool_max=2, timeout=20)
        async with proving(settings, url=url, database=database, clock=utc_now) as proof:
            yield proof
        await database.close()

    async def cosigned(self, url, size, key="old"):
        """Sign until the witness has signed so many entries."""
        async with self.signing(url, key) as proof:

            async def signed():
                (one,) = (await proof.reader.newest_cosigned([str(WITNESS.verifier)])).values() or [None]
                return one is not None and one.size == size

            await until(signed)

    async def troubled(self, url):
        """Sign until the witness refuses; return what is said of it."""
        async with self.signing(url) as proof:

            async def refused():
                return bool(proof.witnessing.troubles)

            await until(refused)
            return proof.witnessing.troubles[WITNESS.verifier.name]

    async def command(self, url, *words, key="old"):
        for name, value in {
            "ENV": "development", "DATABASE_URL": url, "DATA_DIR": self._folder,
            "LEDGER_SIGNING_KEY_FILES": self._folder / f"{key}.key",
        }.items():  # fmt: skip
            self._monkeypatch.setenv(f"GATEWAY_{name}", str(value))
        return await asyncio.to_thread(CliRunner().invoke, app, ["ledger", *map(str, words)])


@pytest.fixture
async def copies(postgres, database_url, ledgers):
    """A database, and a copy of it that was made when the witness had signed 12 entries."""
    await ledgers.record(database_url, 12)
    await ledgers.cosigned(database_url, 12)
    async with fresh_database(postgres, template=urlsplit(database_url).path[1:]) as copy:
        yield database_url, copy


async def test_two_databases_from_one_copy_that_both_go_on_are_told_apart_by_their_witness(ledgers, copies, tmp_path):
    for url in copies:
        await ledgers.record(url, 5)
    await ledgers.cosigned(copies[0], 17)
    (tmp_path / "kept.txt").write_text((await ledgers.command(copies[0], "checkpoint")).stdout)

    trouble = await ledgers.troubled(copies[1])
    verified = await ledgers.command(copies[1], "verify", "--checkpoint", tmp_path / "kept.txt")

    assert trouble == "What it cosigned before is not what the ledger begins with."
    assert verified.exit_code == EXIT_CODES[Trouble.FORK], verified.output
    assert "two histories of the first 17 entries" in verified.stdout


async def test_a_ledger_that_lost_signed_entries_goes_on_under_another_name(ledgers, copies, witness, tmp_path):
    held = tmp_path / "held.txt"
    await ledgers.record(copies[0], 8)
    await ledgers.cosigned(copies[0], 20)
    held.write_text((await ledgers.command(witness[1], "witnessed", ORIGIN)).stdout)
    assert await ledgers.troubled(copies[1]) == "It cosigned 20 entries, and only 12 are here."

    closed = await ledgers.command(copies[1], "close", "--with", tmp_path / "new.key", "--held", held, *ORDER)
    await ledgers.cosigned(copies[1], 13, key="new")
    verified = await ledgers.command(copies[1], "verify", key="new")
    missed = await ledgers.command(copies[1], "verify", "--checkpoint", held, key="new")

    assert closed.exit_code == 0, closed.output
    assert (verified.exit_code, verified.stdout) == (0, "Nothing found.\n"), verified.output
    assert "Entries 12 to 19 of it were signed and are lost." in " ".join(verified.stderr.split())
    assert missed.exit_code == EXIT_CODES[Trouble.TAIL_CUT], missed.output
    assert (await ledgers.command(witness[1], "witnessed", ORIGIN)).stdout == held.read_text()
