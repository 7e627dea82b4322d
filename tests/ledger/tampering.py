"""What a database superuser with triggers off can make fit: entries, hashes, numbers, index, tiles; not signatures."""

import orjson

from connectors.postgres.ledger_tree import keep_tiles
from gateway.ledger.canonical import children_of, index_of, leaf_hash
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.tree import GrowingTiles
from tests.support.ledger_tree import ORIGIN, root_of

INDEX = ("at", "request_id", "person", "role", "agency", "authority", "purpose", "outcome", "searches")


class Tampering:
    """A superuser who knows how the ledger is made."""

    def __init__(self, administrator):
        self.does = administrator.does
        self.connection = administrator.connection

    async def documents(self):
        rows = await self.connection.fetch("SELECT entry FROM ledger_entry ORDER BY seq")
        return [orjson.loads(row["entry"]) for row in rows]

    async def replace_entries(self, documents):
        """Put these entries in the place of all, with numbers, hashes, index and tiles that fit."""
        for table in ("ledger_child", "ledger_entry", "ledger_tile"):
            await self.connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
        growing, tiles, leaves, rows, children = GrowingTiles(), [], [], [], []
        for seq, document in enumerate(documents):
            entry = orjson.dumps(document | {"seq": seq}, option=orjson.OPT_SORT_KEYS)
            leaves.append(leaf_hash(entry))
            tiles += growing.append(leaves[-1])
            index = index_of(document)
            rows.append((seq, entry.decode(), leaves[-1], *(getattr(index, name) for name in INDEX)))
            children += [(row.tag, seq, list(row.told), list(row.withheld)) for row in children_of(document)]
        await self.connection.copy_records_to_table(
            "ledger_entry", records=rows, columns=["seq", "entry", "leaf_hash", *INDEX]
        )
        await self.connection.copy_records_to_table(
            "ledger_child", records=children, columns=["tag", "seq", "told", "withheld"]
        )
        await keep_tiles(self.connection, tiles)
        return leaves

    async def sign_again(self, leaves, key):
        """Put checkpoints that a key makes in the place of all."""
        sizes = await self.connection.fetch("SELECT size FROM ledger_checkpoint ORDER BY id")
        await self.connection.execute("DELETE FROM ledger_cosignature")
        await self.connection.execute("DELETE FROM ledger_checkpoint")
        for row in sizes:
            await self.add_checkpoint(leaves[: row["size"]], key)

    async def add_checkpoint(self, leaves, key):
        checkpoint = Checkpoint(origin=ORIGIN, size=len(leaves), root=root_of(leaves))
        await self.connection.execute(
            "INSERT INTO ledger_checkpoint (size, root, note) VALUES ($1, $2, $3)",
            checkpoint.size,
            checkpoint.root,
            str(checkpoint.signed([key])),
        )
