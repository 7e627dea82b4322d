"""Ledgers in small partitions, filled and signed as a gateway in development does it."""

from connectors.checkpoint_keys import signing_keys
from connectors.development_keys import development_ledger_key
from connectors.postgres.checkpoints import PostgresCheckpoints
from connectors.postgres.ledger import PostgresLedgerStore
from connectors.postgres.ledger_keys import SealingKeys
from gateway.ledger.canonical import prepare
from gateway.ledger.checkpoint import origin_of
from gateway.ledger.checkpointing import Checkpointer
from gateway.ledger.master_key import MasterKey
from gateway.settings import Settings
from tests.ledger.entries import an_entry

SIZE = 256

_SMALL = """
CREATE OR REPLACE FUNCTION ledger_partition_size() RETURNS bigint LANGUAGE sql IMMUTABLE RETURN {size};
DROP TABLE ledger_entry_0, ledger_child_0;
SELECT ledger_partition(0)
"""


async def small_partitions(database, *, size=SIZE):
    """Give an empty ledger partitions of this many entries."""
    await database.execute(_SMALL.format(size=size))


async def write_entries(url, data_dir, number, **changes):
    """Append as many entries, as the gateway with this data folder does, and return the first one's number."""
    keys = SealingKeys(MasterKey(development_ledger_key(data_dir).read_bytes()))
    store = PostgresLedgerStore(url, keys=keys, timeout=10)
    firsts = []
    for begin in range(0, number, SIZE):
        group = [an_entry(request_id=f"request-{at}", **changes) for at in range(begin, min(number, begin + SIZE))]
        firsts.append(await store.append([prepare(entry) for entry in group]))
    await store.close()
    return firsts[0]


def keys_of(data_dir):
    """The keys that sign the checkpoints of the gateway with this data folder."""
    return signing_keys(Settings(data_dir=data_dir))


async def sign(url, data_dir):
    """Sign everything that is written, as a gateway does that was just started."""
    store = PostgresCheckpoints(url, timeout=5)
    checkpointer = Checkpointer(store, origin=origin_of(Settings().authority), keys=keys_of(data_dir), interval=0.0)
    while await checkpointer.take_turn(hurried=True):
        pass
    await store.close()
