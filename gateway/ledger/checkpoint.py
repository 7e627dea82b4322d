"""A checkpoint: the head of a ledger's tree, in the text form that its keys and witnesses sign.

Source: c2sp.org/tlog-checkpoint.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.ledger.merkle import EMPTY_ROOT, HASH_BYTES
from gateway.ledger.notes import MalformedNote, Note, SigningKey, VerifierKey

SIZE_LIMIT: Final = 2**63
"""No tree has as many leaves: entries are numbered by a bigint."""
NOTE_LIMIT: Final = 64_000
"""Characters of a note that are read at all."""

_TEXT = re.compile(r"([^\n]+)\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\n((?:[^\n]+\n)*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The tree of one ledger at one size."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """Return the text that is signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read the text of a note; lines after the third are signed as well, and mean nothing here.

        Raises:
            MalformedNote: It is no checkpoint.
        """
        found = _TEXT.fullmatch(text)
        if found is None or int(found[2]) >= SIZE_LIMIT:
            raise MalformedNote("a checkpoint is three lines: origin, size and root in base64")
        root = b64decode(found[3])
        if b64encode(root).decode() != found[3] or (found[2] == "0" and root != EMPTY_ROOT):
            raise MalformedNote("the root of a checkpoint is base64 of its hash")
        return cls(origin=found[1], size=int(found[2]), root=root)

    def signed(self, keys: Iterable[SigningKey]) -> Note:
        """Return the checkpoint as a note, signed by each key."""
        return Note(text=self.text, signatures=tuple(key.sign(self.text) for key in keys))


def read_checkpoint(note: str) -> tuple[Checkpoint, Note]:
    """Read a checkpoint with its signatures, none of which is checked.

    Raises:
        MalformedNote: It is none.
    """
    if len(note) > NOTE_LIMIT:
        raise MalformedNote(f"a checkpoint has at most {NOTE_LIMIT} characters")
    opened = Note.parse(note)
    return Checkpoint.parse(opened.text), opened


def origin_of(authority: str) -> str:
    """Return the origin line of an authority's ledger, which is also the name of its keys."""
    return f"directory-gateway/{authority}"


def witness_name_of(authority: str) -> str:
    """Return the name of the key that an authority's gateway cosigns with."""
    return f"{origin_of(authority)}/witness"


def trusted(note: Note, keys: Sequence[VerifierKey]) -> bool:
    """Whether one of the keys signed, and no line falsely claims to be one of theirs."""
    return any(note.signed_by(key) for key in keys) and not any(note.forged_for(key) for key in keys)


def hash_text(found: bytes) -> str:
    """Return a hash as it stands in proofs: base64."""
    return b64encode(found).decode()


def hash_of(text: str) -> bytes:
    """Read a hash of a proof.

    Raises:
        MalformedNote: It is none.
    """
    try:
        found = b64decode(text, validate=True)
    except ValueError:
        raise MalformedNote("a hash is base64 of 32 bytes") from None
    if len(found) != HASH_BYTES:
        raise MalformedNote("a hash is base64 of 32 bytes")
    return found
