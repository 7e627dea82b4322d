"""Two gateways as processes of their own, one the other's witness, over real HTTP."""

from contextlib import AsyncExitStack

import httpx
import pytest

from connectors.checkpoint_keys import write_key
from connectors.postgres.checkpoints import CheckpointReader
from gateway.ledger.checkpoint import origin_of, read_checkpoint, witness_name_of
from gateway.ledger.notes import KeyKind, SigningKey
from tests.support.clock import Clock
from tests.support.ledger_tree import Administrator, add_entries
from tests.support.postgres import fresh_database
from tests.support.processes import a_served_gateway, free_port, until

HOME, OTHER = "E08000009", "E08000006"


class Pair:
    """A gateway, and one that witnesses it; either can be stopped and started."""

    def __init__(self, url, witness_url, folder):
        self.keys = {
            "log": SigningKey.new(origin_of(HOME), KeyKind.LOG),
            "witness": SigningKey.new(witness_name_of(OTHER), KeyKind.WITNESS),
        }
        self.files = {name: folder / f"{name}.key" for name in self.keys}
        for name, key in self.keys.items():
            write_key(self.files[name], key)
        self._url, self._witness_url, self._folder = url, witness_url, folder
        self.port = free_port()

    def gateway(self, **settings):
        witness = f"http://127.0.0.1:{self.port}/ledger/witness {self.keys['witness'].verifier}"
        return a_served_gateway(
            self._folder / "home", url=self._url, authority=HOME, ledger_signing_key_files=self.files["log"],
            ledger_witnesses=witness, ledger_checkpoint_interval=0.2, **settings,
        )  # fmt: skip

    def witness(self, **settings):
        return a_served_gateway(
            self._folder / "other", url=self._witness_url, authority=OTHER, port=self.port,
            ledger_witness_key_file=self.files["witness"], ledger_witnessed_keys=self.keys["log"].verifier, **settings,
        )  # fmt: skip


@pytest.fixture
async def pair(postgres, database_url, tmp_path):
    async with fresh_database(postgres) as witness_url:
        yield Pair(database_url, witness_url, tmp_path)


async def cosigned(address, key, size):
    """Whether the newest checkpoint is of this size and the witness signed it."""
    async with httpx.AsyncClient(base_url=address, timeout=60) as http:
        answer = await http.get("/ledger/checkpoint")
    if answer.status_code != 200:
        return False
    checkpoint, note = read_checkpoint(answer.text)
    return checkpoint.size == size and bool(note.signed_by(key.verifier))


async def ready(address):
    async with httpx.AsyncClient(base_url=address, timeout=60) as http:
        return (await http.get("/readyz")).json()["checks"]


async def test_a_history_that_was_rewritten_while_a_gateway_was_down_is_found_by_its_witness(
    pair, database, database_url
):
    reader = CheckpointReader(database)
    async with pair.witness():
        size = await add_entries(database, 20)
        async with pair.gateway() as gateway:
            await until(lambda: cosigned(gateway.address, pair.keys["witness"], size))
        administrator = await Administrator.of(database_url)
        await administrator.does("DELETE FROM ledger_cosignature")
        await administrator.does("DELETE FROM ledger_checkpoint")
        await administrator.does("UPDATE ledger_entry SET entry = '{}', leaf_hash = sha256('\\x007b7d') WHERE seq = 7")
        await administrator.leave()
        await add_entries(database, 5)

        async with pair.gateway(ledger_witness_quorum=1) as gateway:
            await until(lambda: _complains(gateway, "What it cosigned before is not what the ledger begins with"))
            checks = await ready(gateway.address)

    newest = await reader.newest()
    assert newest.size == 25
    assert await reader.cosignatures(newest.id) == []
    assert checks["witnesses"] is False


async def test_a_tail_that_was_cut_while_a_gateway_was_down_is_found_by_its_witness(pair, database, database_url):
    async with pair.witness():
        size = await add_entries(database, 20)
        async with pair.gateway() as gateway:
            await until(lambda: cosigned(gateway.address, pair.keys["witness"], size))
        administrator = await Administrator.of(database_url)
        await administrator.does("DELETE FROM ledger_cosignature")
        await administrator.does("DELETE FROM ledger_checkpoint")
        await administrator.does("DELETE FROM ledger_entry WHERE seq >= 12")
        await administrator.leave()

        async with pair.gateway() as gateway:
            await until(lambda: _complains(gateway, "It cosigned 20 entries, and only 12 are here"))


async def _complains(gateway, sentence):
    return sentence in gateway.complained


async def test_with_a_quorum_a_gateway_is_ready_while_its_witness_signs_and_not_without(pair):
    async with AsyncExitStack() as stack:
        witness = await stack.enter_async_context(pair.witness())
        gateway = await stack.enter_async_context(pair.gateway(ledger_witness_quorum=1, ledger_witness_patience=3))

        await until(lambda: _witnessed(gateway, True))
        witness.kill()
        await until(lambda: _witnessed(gateway, False))
        await stack.enter_async_context(pair.witness())

        await until(lambda: _witnessed(gateway, True))


async def test_a_witness_counts_again_once_its_clock_is_right_however_far_it_was_off(pair, tmp_path):
    clock = Clock(tmp_path)
    async with (
        pair.witness(variables=clock.variables),
        pair.gateway(ledger_witness_quorum=1, ledger_witness_patience=3) as gateway,
    ):
        await until(lambda: _witnessed(gateway, True), within=60)
        for seconds in (86_400, -86_400):
            clock.off_by(seconds)
            await until(lambda: _witnessed(gateway, False), within=60)
            clock.off_by(0)
            await until(lambda: _witnessed(gateway, True), within=60)


async def _witnessed(gateway, expected):
    return (await ready(gateway.address))["witnesses"] is expected


async def test_each_checkpoint_of_two_gateways_on_one_database_is_cosigned_by_their_witness(pair, database):
    async with pair.witness(), pair.gateway() as one, pair.gateway() as two:
        for more in (0, 3, 300):
            size = await add_entries(database, more)
            for gateway in (one, two):
                await until(lambda g=gateway, size=size: cosigned(g.address, pair.keys["witness"], size))
        complaints = one.complained + two.complained

    assert "NOTHING IS SIGNED" not in complaints
    assert "cosigned" not in complaints
