"""Entries as tests read them: opened, with ids and commitments where a record stands."""

from connectors.development_keys import development_ledger_key
from connectors.postgres.ledger import OpeningLedgerReader
from connectors.postgres.ledger_keys import SealingKeys
from gateway.ledger.master_key import MasterKey
from gateway.ledger.opening import tags_of


def sealing_keys():
    """The keys of a ledger that no gateway writes, as a process has them that was just started."""
    return SealingKeys(MasterKey(b"the master key of a test's ledger"))


def ledger_keys(data_dir):
    """The keys of a gateway in development, with the master key under its data folder."""
    return SealingKeys(MasterKey(development_ledger_key(data_dir).read_bytes()))


async def record_ids(database, data_dir):
    """The ids of the records of a gateway in development, with the key under its data folder."""
    return await ledger_keys(data_dir).record_ids(database)


def opening_reader(database, data_dir):
    """A reader of the ledger of a gateway in development, with the key under its data folder."""
    return OpeningLedgerReader(database, ledger_keys(data_dir))


def as_read(opened):
    """An entry's document with `ask`, and each record with its `id`, the children it is `about`, and `committed`."""
    children = [str(opened.children.get(tag)) for tag in tags_of(opened.document)]
    return dict(opened.document) | {
        "ask": opened.ask,
        "records": [
            record
            | {"about": [children[place] for place in record["about"]], "id": words["id"], "committed": words["values"]}
            for record, words in zip(opened.document["records"], opened.records, strict=True)
        ],
    }


async def entry_of(database, data_dir, request_id):
    """The one entry of a request to a gateway in development, opened."""
    (row,) = await database.fetch("SELECT seq FROM ledger_entry WHERE request_id = $1", request_id)
    reader = opening_reader(database, data_dir)
    (opened,) = await reader.opened([await reader.entry(row["seq"])])
    return as_read(opened)


async def latest_entry(database, data_dir):
    """The newest entry of a gateway in development, opened."""
    reader = opening_reader(database, data_dir)
    (opened,) = await reader.opened(await reader.latest(first=1))
    return as_read(opened)
