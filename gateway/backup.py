"""A backup of directory and ledger: a dump, and beside it the manifest that says what the dump holds and is signed.

The manifest is written last, so a dump without one is not finished. Keys are in neither: a backup without the ledger's
master key is a backup of a ledger that nobody can open.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson

from gateway.ledger.checkpoint import Checkpoint, read_checkpoint
from gateway.ledger.notes import MalformedNote, Note, Signature, SigningKey, VerifierKey, signature_of

FORMAT: Final = "directory-gateway-backup/1"
DUMP_SUFFIX: Final = ".dump"
MANIFEST_SUFFIX: Final = ".json"


class BackupDamaged(Exception):
    """The backup is not what was written, or not by whom it should be; the message says how, in one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSize:
    """How much a table held: its rows, and about how many bytes they took."""

    rows: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupManifest:
    """What a backup holds, all of it seen at one moment.

    `at` is that moment; `server` the PostgreSQL release it was taken from; `entries` the number of the ledger's
    entries, archived ones included; `checkpoint` the newest one, or None; `digest` the SHA-256
    of the dump and `length` its bytes.
    """

    authority: str
    at: datetime
    server: int
    migrations: tuple[str, ...]
    tables: Mapping[str, TableSize]
    entries: int
    checkpoint: str | None
    length: int
    digest: bytes
    signatures: tuple[Signature, ...] = ()

    @property
    def name(self) -> str:
        """Return the name of its files, without their endings; names sort as the moments do."""
        return f"directory-{self.authority}-{self.at.astimezone(UTC):%Y%m%dT%H%M%SZ}"

    @property
    def rows(self) -> int:
        """Return how many rows all tables have together."""
        return sum(table.rows for table in self.tables.values())

    @property
    def newest(self) -> Checkpoint | None:
        """Return the newest checkpoint, or None.

        Raises:
            BackupDamaged: It cannot be read.
        """
        if self.checkpoint is None:
            return None
        try:
            return read_checkpoint(self.checkpoint)[0]
        except MalformedNote:
            raise BackupDamaged("The manifest's checkpoint cannot be read.") from None

    def signed(self, keys: Sequence[SigningKey]) -> "BackupManifest":
        """Return the manifest with the signature of each key."""
        return replace(self, signatures=tuple(key.sign(self._text) for key in keys))

    def signer(self, keys: Sequence[VerifierKey]) -> VerifierKey:
        """Return the first of the keys that signed the manifest.

        Raises:
            BackupDamaged: None of them did.
        """
        note = Note(text=self._text, signatures=self.signatures)
        for key in keys:
            if note.signed_by(key):
                return key
        raise BackupDamaged(
            "The manifest is signed by none of the ledger's keys: it was changed, or is of another authority."
        )

    def as_document(self) -> bytes:
        """Return the manifest as it is written."""
        document = self._document() | {"signatures": [signature.line for signature in self.signatures]}
        return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)

    @classmethod
    def parse(cls, document: bytes) -> "BackupManifest":
        """Read a manifest.

        Raises:
            BackupDamaged: It is none, or of a form that this release does not know.
        """
        try:
            read = orjson.loads(document)
            if read["format"] != FORMAT:
                raise BackupDamaged("The manifest is of a form that this release does not know.")
            return cls(
                authority=str(read["authority"]),
                at=datetime.fromisoformat(read["at"]),
                server=int(read["server"]),
                migrations=tuple(map(str, read["migrations"])),
                tables={
                    str(name): TableSize(rows=int(size["rows"]), bytes=int(size["bytes"]))
                    for name, size in read["tables"].items()
                },
                entries=int(read["entries"]),
                checkpoint=None if read["checkpoint"] is None else str(read["checkpoint"]),
                length=int(read["length"]),
                digest=bytes.fromhex(read["sha256"]),
                signatures=tuple(map(signature_of, read["signatures"])),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            raise BackupDamaged("The manifest cannot be read.") from None

    def _document(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "authority": self.authority,
            "at": self.at.isoformat(),
            "server": self.server,
            "migrations": list(self.migrations),
            "tables": {name: {"rows": size.rows, "bytes": size.bytes} for name, size in self.tables.items()},
            "entries": self.entries,
            "checkpoint": self.checkpoint,
            "dump": f"{self.name}{DUMP_SUFFIX}",
            "length": self.length,
            "sha256": self.digest.hex(),
        }

    @property
    def _text(self) -> str:
        # No checkpoint begins so: a signature under one is never one under the other.
        canonical = orjson.dumps(self._document(), option=orjson.OPT_SORT_KEYS)
        return f"{FORMAT}\n{hashlib.sha256(canonical).hexdigest()}\n"


def read_backup(path: Path, keys: Sequence[VerifierKey]) -> BackupManifest:
    """Return the manifest in a file, once a key is found to have signed it and the dump beside it is the one it names.

    Raises:
        BackupDamaged: One of them is not as it was written.
    """
    try:
        manifest = BackupManifest.parse(path.read_bytes())
    except OSError:
        raise BackupDamaged(f"{path.name} cannot be read.") from None
    manifest.signer(keys)
    dump = dump_of(path, manifest)
    try:
        with dump.open("rb") as stream:
            length = dump.stat().st_size
            if length != manifest.length:
                raise BackupDamaged(
                    f"{dump.name} has {length:,} bytes and should have {manifest.length:,}: it is not whole."
                )
            if hashlib.file_digest(stream, "sha256").digest() != manifest.digest:
                raise BackupDamaged(f"{dump.name} is not the file that its manifest names: it was changed.")
    except OSError:
        raise BackupDamaged(f"{dump.name} cannot be read.") from None
    return manifest


def dump_of(path: Path, manifest: BackupManifest) -> Path:
    """Return where the dump of a manifest is: beside it."""
    return path.with_name(f"{manifest.name}{DUMP_SUFFIX}")
