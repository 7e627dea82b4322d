"""Archive files: one partition of the ledger, with what proves that it is that stretch of the signed tree.

Two files stand beside each other: an export of the partition, compressed with gzip, and a manifest in JSON.
The manifest is written last, so a file without one is not finished. Whoever holds both and the ledger's key needs
nothing else: the entries hash to `root`, and `proof` leads from there to the root of the signed checkpoint. The export
verifies by itself as well, as any export does.
"""

import gzip
import hashlib
import os
import zlib
from collections.abc import AsyncIterable, Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, Final

import orjson

from gateway.ledger.checkpoint import Checkpoint, hash_of, hash_text, read_checkpoint, trusted
from gateway.ledger.export import ExportHeader, MalformedExport, header_line, line_of, read_export
from gateway.ledger.merkle import Span, TreeHead, inclusion_spans, verify_inclusion
from gateway.ledger.notes import MalformedNote, VerifierKey
from gateway.ledger.reading import SequenceCheck
from gateway.ledger.stored import StoredEntry

FORMAT: Final = "directory-gateway-ledger-archive/1"
ENTRIES_SUFFIX: Final = ".jsonl.gz"
MANIFEST_SUFFIX: Final = ".json"
_COMPRESSION: Final = 1
"""Most of an entry is sealed: more effort takes three times as long and saves two per cent."""


class ArchiveDamaged(Exception):
    """The archive is not what it says it is, or not what was signed; the message says how, in one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What an archive holds: the entries from `first` to before `end`, and how they stand in the signed tree.

    `digest` is the SHA-256 of the file with the entries; `root` that of the tree over these entries alone;
    `checkpoint` a signed note; `proof` leads from `root` to the checkpoint's.
    """

    first: int
    end: int
    digest: bytes
    root: bytes
    checkpoint: str
    proof: tuple[bytes, ...]

    @property
    def size(self) -> int:
        """Return how many entries there are."""
        return self.end - self.first

    @property
    def name(self) -> str:
        """Return the name of its files, without their endings."""
        return name_of(self.first, self.end)

    def as_document(self) -> bytes:
        """Return the manifest as it is written."""
        document = {
            "format": FORMAT,
            "first": self.first,
            "end": self.end,
            "entries": f"{self.name}{ENTRIES_SUFFIX}",
            "sha256": self.digest.hex(),
            "root": hash_text(self.root),
            "proof": [hash_text(found) for found in self.proof],
            "checkpoint": self.checkpoint,
        }
        return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)

    @classmethod
    def parse(cls, document: bytes) -> "Manifest":
        """Read a manifest.

        Raises:
            ArchiveDamaged: It is none.
        """
        try:
            read = orjson.loads(document)
            found = cls(
                first=int(read["first"]),
                end=int(read["end"]),
                digest=bytes.fromhex(read["sha256"]),
                root=hash_of(read["root"]),
                checkpoint=str(read["checkpoint"]),
                proof=tuple(map(hash_of, read["proof"])),
            )
            if read["format"] != FORMAT or not _is_node(found.first, found.end):
                raise ValueError("not a partition of the ledger")
        except (ValueError, KeyError, TypeError, MalformedNote):
            raise ArchiveDamaged("The manifest cannot be read.") from None
        return found

    def signed(self, keys: Sequence[VerifierKey]) -> Checkpoint:
        """Return the checkpoint, once it is found that a key signed it and that it holds a stretch with this root.

        Raises:
            ArchiveDamaged: No key signed it, or the stretch is not in its tree.
        """
        try:
            checkpoint, note = read_checkpoint(self.checkpoint)
        except MalformedNote:
            raise ArchiveDamaged("The manifest's checkpoint cannot be read.") from None
        if not trusted(note, keys):
            raise ArchiveDamaged("The manifest's checkpoint is signed by none of the ledger's keys.")
        # Seen from the height of the partition, the partitions are themselves the leaves of an RFC 9162 tree.
        place, places = self.first // self.size, -(-checkpoint.size // self.size)
        if self.end > checkpoint.size or not verify_inclusion(place, places, self.root, self.proof, checkpoint.root):
            raise ArchiveDamaged("The manifest's proof does not lead to the checkpoint that was signed.")
        return checkpoint


def name_of(first: int, end: int) -> str:
    """Return the name of the files of a stretch, without their endings; names sort as the numbers do."""
    return f"ledger-{first:012d}-{end - 1:012d}"


def proof_spans(first: int, end: int, size: int) -> list[Span]:
    """Return what each hash of a manifest's proof is the root of, in the tree of this size.

    Raises:
        ValueError: The stretch is no partition, or not in that tree.
    """
    if not _is_node(first, end) or end > size:
        raise ValueError("a partition is a power of two entries, from a multiple of it on")
    return [span for span in inclusion_spans(first, size) if not (first <= span[0] and span[1] <= end)]


async def write_entries(
    file: Path,
    header: ExportHeader,
    entries: AsyncIterable[StoredEntry],
    *,
    advance: Callable[[], None] = lambda: None,
) -> None:
    """Write an export to a file that is whole on the disk when this returns."""
    with file.open("wb") as raw:
        # Neither name nor time: the same entries make the same file.
        with gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=_COMPRESSION, mtime=0) as stream:
            stream.write(header_line(header))
            async for stored in entries:
                stream.write(line_of(stored))
                advance()
        _to_the_disk(raw)


def keep(folder: Path, manifest: Manifest, *, partial: Path) -> None:
    """Give a finished file of entries its name, and then write its manifest; all of it stands on the disk after."""
    partial.replace(folder / f"{manifest.name}{ENTRIES_SUFFIX}")
    path = folder / f"{manifest.name}{MANIFEST_SUFFIX}"
    beside = path.with_suffix(".json.partial")
    with beside.open("wb") as stream:
        stream.write(manifest.as_document())
        _to_the_disk(stream)
    beside.replace(path)
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)  # the names as well as what they name
    finally:
        os.close(handle)


def manifests_in(folder: Path) -> list[tuple[Path, Manifest]]:
    """Return the manifests in a folder with their paths, in the order of their entries.

    Raises:
        ArchiveDamaged: One cannot be read, or two hold the same entries.
    """
    found = sorted(
        ((path, read_manifest(path)) for path in folder.glob(f"ledger-*{MANIFEST_SUFFIX}")),
        key=lambda pair: pair[1].first,
    )
    for (_, before), (path, after) in pairwise(found):
        if after.first < before.end:
            raise ArchiveDamaged(f"{path.name} holds entries that another archive in the folder holds as well.")
    return found


def read_manifest(path: Path) -> Manifest:
    """Return the manifest of a file; raises as `Manifest.parse` does."""
    try:
        manifest = Manifest.parse(path.read_bytes())
    except (OSError, ArchiveDamaged):
        raise ArchiveDamaged(f"{path.name} cannot be read as the manifest of an archive.") from None
    if path.name != f"{manifest.name}{MANIFEST_SUFFIX}":
        raise ArchiveDamaged(f"{path.name} is not named for what it holds.")
    return manifest


def archived_entries(file: Path) -> Iterator[StoredEntry]:
    """Read the entries of an archive's file one by one; nothing of them is checked.

    Raises:
        ArchiveDamaged: The file breaks off or cannot be read.
    """
    try:
        with gzip.open(file, "rb") as stream:
            yield from read_export(stream)
    except (OSError, EOFError, zlib.error) as error:
        raise ArchiveDamaged(f"{file.name} cannot be read to its end.") from error
    except MalformedExport as error:
        raise ArchiveDamaged(f"In {file.name}, {error}.") from error


def entries_file(manifest_path: Path, manifest: Manifest) -> Path:
    """Return where the entries of a manifest are."""
    return manifest_path.with_name(f"{manifest.name}{ENTRIES_SUFFIX}")


def checked_entries(path: Path, manifest: Manifest, keys: Sequence[VerifierKey]) -> Iterator[StoredEntry]:
    """Read the entries of an archive, and find at the end that they are those that were signed.

    Raises:
        ArchiveDamaged: They are not; whoever used what came before has to let go of it.
    """
    manifest.signed(keys)
    file = entries_file(path, manifest)
    check = StretchCheck(manifest.first, manifest.end)
    for stored in archived_entries(file):
        check.take(stored)
        yield stored
    if check.root() != manifest.root:
        raise ArchiveDamaged(f"The entries in {file.name} are not those that were signed.")
    if digest_of(file) != manifest.digest:
        raise ArchiveDamaged(f"{file.name} is not the file that its manifest names.")


class StretchCheck:
    """Checks entries one after the other as one stretch of the ledger, and makes its tree."""

    def __init__(self, first: int, end: int) -> None:
        """Take the numbers of the first entry and of the one after the last."""
        self._sequence = SequenceCheck(first=first)
        self._end = end
        self._head = TreeHead()

    def take(self, stored: StoredEntry) -> None:
        """Take one more entry.

        Raises:
            ArchiveDamaged: It is not the next, or not whole.
        """
        self._sequence.take(stored)
        for finding in self._sequence.findings:
            raise ArchiveDamaged(f"Entry {finding.first_seq}: {finding.damage}.")
        if stored.seq >= self._end:
            raise ArchiveDamaged(f"Entry {stored.seq} does not belong to it.")
        self._head.append(stored.leaf_hash)

    def root(self) -> bytes:
        """Return the root over all of them.

        Raises:
            ArchiveDamaged: Some are missing at the end.
        """
        if self._sequence.last_seq + 1 != self._end:
            raise ArchiveDamaged(f"The entries from {self._sequence.last_seq + 1} to {self._end - 1} are missing.")
        return self._head.root


def digest_of(file: Path) -> bytes:
    """Return the SHA-256 of a file.

    Raises:
        ArchiveDamaged: It cannot be read.
    """
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").digest()
    except OSError:
        raise ArchiveDamaged(f"{file.name} cannot be read.") from None


def _is_node(first: int, end: int) -> bool:
    size = end - first
    return first >= 0 and size > 0 and size & (size - 1) == 0 and first % size == 0


def _to_the_disk(stream: BinaryIO) -> None:
    stream.flush()
    os.fsync(stream.fileno())
