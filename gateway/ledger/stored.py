"""An entry as it lies in the ledger."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    """An entry as it is kept: its number, its canonical bytes and their hash."""

    seq: int
    entry: bytes
    leaf_hash: bytes
