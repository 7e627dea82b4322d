"""The ledger as JSON lines: one entry a line, its canonical bytes untouched, in the order of their numbers."""

from collections.abc import Iterable, Iterator
from typing import Final

import orjson

from gateway.ledger.stored import StoredEntry

_ENTRY: Final = b',"entry":'


class MalformedExport(ValueError):
    """A line is not one that `line_of` writes; the message names the line."""


def line_of(stored: StoredEntry) -> bytes:
    """Return the line of one entry, with its end."""
    return b'{"seq":%d,"leaf_hash":"%b"%b%b}\n' % (
        stored.seq,
        stored.leaf_hash.hex().encode(),
        _ENTRY,
        stored.entry,
    )


def read_export(lines: Iterable[bytes]) -> Iterator[StoredEntry]:
    """Read lines back with the bytes of each entry as they stand there.

    Raises:
        MalformedExport: A line cannot be read.
    """
    for number, line in enumerate(lines, start=1):
        try:
            head, entry = line.removesuffix(b"\n").removesuffix(b"}").split(_ENTRY, 1)
            described = orjson.loads(head + b"}")
            seq, digest = described["seq"], bytes.fromhex(described["leaf_hash"])
        except (ValueError, KeyError, TypeError) as error:
            raise MalformedExport(f"line {number} is not a line of an export") from error
        if not isinstance(seq, int):
            raise MalformedExport(f"line {number} has no sequence number")
        yield StoredEntry(seq=seq, entry=entry, leaf_hash=digest)
