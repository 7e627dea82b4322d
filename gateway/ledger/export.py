"""The ledger as JSON lines: one entry a line, its canonical bytes untouched, in the order of their numbers.

The first line says which entries follow, and holds a checkpoint that covers them with the hashes of the tree on both
sides of them, so that any stretch verifies by itself.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import orjson

from gateway.ledger.checkpoint import hash_of, hash_text
from gateway.ledger.stored import StoredEntry

_ENTRY: Final = b',"entry":'
_HEADER: Final = b'{"export":'
EXPORT_VERSION: Final = 1


class MalformedExport(ValueError):
    """A line is not one that `line_of` or `header_line` writes; the message names the line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportHeader:
    """Entries from `first` to before `end`, and the tree to their left and right up to the checkpoint's `size`."""

    first: int
    end: int
    size: int
    left: tuple[bytes, ...]
    right: tuple[bytes, ...]
    checkpoint: str


def header_line(header: ExportHeader) -> bytes:
    """Return the first line of an export, with its end."""
    document = {
        "export": EXPORT_VERSION,
        "first": header.first,
        "end": header.end,
        "size": header.size,
        "left": [hash_text(found) for found in header.left],
        "right": [hash_text(found) for found in header.right],
        "checkpoint": header.checkpoint,
    }
    return orjson.dumps(document) + b"\n"


def read_header(line: bytes) -> ExportHeader | None:
    """Read the first line of an export; None if it is an entry's, as in exports of entries that nobody has signed.

    Raises:
        MalformedExport: It begins as a header and is none.
    """
    if not line.startswith(_HEADER):
        return None
    try:
        document = orjson.loads(line)
        header = ExportHeader(
            first=document["first"],
            end=document["end"],
            size=document["size"],
            left=tuple(hash_of(text) for text in document["left"]),
            right=tuple(hash_of(text) for text in document["right"]),
            checkpoint=document["checkpoint"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise MalformedExport("line 1 is not the header of an export") from error
    numbers = (header.first, header.end, header.size)
    in_order = all(type(number) is int for number in numbers) and 0 <= header.first <= header.end <= header.size
    if document["export"] != EXPORT_VERSION or not in_order or not isinstance(header.checkpoint, str):
        raise MalformedExport("line 1 is not the header of an export of this version")
    return header


def line_of(stored: StoredEntry) -> bytes:
    """Return the line of one entry, with its end."""
    return b'{"seq":%d,"leaf_hash":"%b"%b%b}\n' % (
        stored.seq,
        stored.leaf_hash.hex().encode(),
        _ENTRY,
        stored.entry,
    )


def read_export(lines: Iterable[bytes], *, first_line: int = 1) -> Iterator[StoredEntry]:
    """Read lines back with the bytes of each entry as they stand there; a header is passed over.

    Raises:
        MalformedExport: A line cannot be read.
    """
    for number, line in enumerate(lines, start=first_line):
        if number == 1 and line.startswith(_HEADER):
            continue
        try:
            head, entry = line.removesuffix(b"\n").removesuffix(b"}").split(_ENTRY, 1)
            described = orjson.loads(head + b"}")
            seq, digest = described["seq"], bytes.fromhex(described["leaf_hash"])
        except (ValueError, KeyError, TypeError) as error:
            raise MalformedExport(f"line {number} is not a line of an export") from error
        if not isinstance(seq, int):
            raise MalformedExport(f"line {number} has no sequence number")
        yield StoredEntry(seq=seq, entry=entry, leaf_hash=digest)
