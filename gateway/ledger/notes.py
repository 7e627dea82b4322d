"""Signed notes, the text form of C2SP: a text, a blank line, and a line for each signature.

Two kinds of Ed25519 keys sign here: a log's own, over the text, and a witness's, over the text and the moment.
Source: c2sp.org/signed-note and c2sp.org/tlog-cosignature.
"""

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SIGNATURE_LIMIT: Final = 64
"""Signature lines that are read of a note; the specification asks for at least 16."""

_PRIVATE: Final = "PRIVATE+KEY+"
_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
_KEY_BYTES: Final = 32


class MalformedNote(ValueError):
    """A note or a key cannot be read; the message says of which form it should be."""


class KeyKind(IntEnum):
    """What a key signs; the number is the signature type of the specification."""

    LOG = 1
    WITNESS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """A public key and its name."""

    name: str
    kind: KeyKind
    public: bytes

    @property
    def key_id(self) -> bytes:
        """Return the four bytes that stand before each signature of this key."""
        named = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return hashlib.sha256(named).digest()[:4]

    def __str__(self) -> str:
        """Return the key as `name+hash+key`, the form that others are given."""
        return f"{self.name}+{self.key_id.hex()}+{b64encode(bytes([self.kind]) + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Read a key of the form `name+hash+key`.

        Raises:
            MalformedNote: It is none, or its hash is of another key.
        """
        name, kind, public, stated = _parts(text.strip())
        key = cls(name=name, kind=kind, public=public)
        if key.key_id != stated:
            raise MalformedNote("the hash in the middle of the key is not that of its name and bytes")
        return key


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature line of a note, whoever made it."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def line(self) -> str:
        """Return the line without its end."""
        return f"— {self.name} {b64encode(self.key_id + self.signature).decode()}"

    @property
    def at(self) -> int | None:
        """Return when a witness signed, in seconds since 1970; None of a signature that holds no moment."""
        return int.from_bytes(self.signature[:8], "big") if len(self.signature) == 8 + 64 else None


class SigningKey:
    """A private key and its name."""

    def __init__(self, name: str, kind: KeyKind, seed: bytes) -> None:
        """Take the 32 bytes of the private key."""
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = VerifierKey(name=_named(name), kind=kind, public=self._key.public_key().public_bytes_raw())

    @classmethod
    def new(cls, name: str, kind: KeyKind) -> "SigningKey":
        """Make a key."""
        return cls(name, kind, Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def parse(cls, text: str) -> "SigningKey":
        """Read the line of a key file: `PRIVATE+KEY+name+hash+key`.

        Raises:
            MalformedNote: It is none, or its hash is of another key.
        """
        if not text.startswith(_PRIVATE):
            raise MalformedNote("a key file holds one line, PRIVATE+KEY+name+hash+key")
        name, kind, seed, stated = _parts(text.removeprefix(_PRIVATE).strip())
        key = cls(name, kind, seed)
        if key.verifier.key_id != stated:
            raise MalformedNote("the hash in the key file is not that of its key")
        return key

    @property
    def file_text(self) -> str:
        """Return the line of the key file, with its end."""
        kept = b64encode(bytes([self.verifier.kind]) + self._key.private_bytes_raw()).decode()
        return f"{_PRIVATE}{self.verifier.name}+{self.verifier.key_id.hex()}+{kept}\n"

    def sign(self, text: str) -> Signature:
        """Return a log's signature over the text of a note."""
        return self._signature(self._key.sign(text.encode()))

    def cosign(self, text: str, *, at: int) -> Signature:
        """Return a witness's signature over the text and the moment, in seconds since 1970."""
        return self._signature(at.to_bytes(8, "big") + self._key.sign(_cosigned(text, at)))

    def _signature(self, signature: bytes) -> Signature:
        return Signature(name=self.verifier.name, key_id=self.verifier.key_id, signature=signature)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A text with signatures that nobody has checked yet."""

    text: str
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, note: str) -> "Note":
        """Read a note.

        Raises:
            MalformedNote: It is none.
        """
        text, parted, lines = note.rpartition("\n\n")
        if not parted or not lines.endswith("\n") or any(letter < " " and letter != "\n" for letter in note):
            raise MalformedNote("a note is a text, an empty line and lines of signatures")
        signed = lines[:-1].split("\n")
        if len(signed) > SIGNATURE_LIMIT:
            raise MalformedNote(f"a note has at most {SIGNATURE_LIMIT} signatures")
        return cls(text=f"{text}\n", signatures=tuple(signature_of(line) for line in signed))

    def __str__(self) -> str:
        """Return the note as text."""
        return self.text + "\n" + "".join(f"{signature.line}\n" for signature in self.signatures)

    def with_signatures(self, signatures: Iterable[Signature]) -> "Note":
        """Return the note with more signatures."""
        return Note(text=self.text, signatures=(*self.signatures, *signatures))

    def signed_by(self, key: VerifierKey) -> tuple[Signature, ...]:
        """Return the signatures that this key made over the text."""
        return tuple(one for one in self.signatures if is_signed(self.text, one, key))

    def forged_for(self, key: VerifierKey) -> bool:
        """Whether a line claims to be this key's and is not."""
        return any(
            (one.name, one.key_id) == (key.name, key.key_id) and not is_signed(self.text, one, key)
            for one in self.signatures
        )


def signature_of(line: str) -> Signature:
    """Read one signature line, without its end.

    Raises:
        MalformedNote: It is none.
    """
    found = _LINE.fullmatch(line)
    decoded = b"" if found is None else _decoded(found[2])
    if found is None or len(decoded) <= 4:
        raise MalformedNote("a signature line is an em dash, the key's name, and base64 of its id and the signature")
    return Signature(name=found[1], key_id=decoded[:4], signature=decoded[4:])


def is_signed(text: str, signature: Signature, key: VerifierKey) -> bool:
    """Whether the key made the signature over the text; of a witness, also over the moment in the signature."""
    if (signature.name, signature.key_id) != (key.name, key.key_id):
        return False
    made, message = signature.signature, text.encode()
    if key.kind is KeyKind.WITNESS:
        if signature.at is None:
            return False
        made, message = made[8:], _cosigned(text, signature.at)
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(made, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _cosigned(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def _parts(text: str) -> tuple[str, KeyKind, bytes, bytes]:
    # The name holds no plus; the base64 of the key may.
    parts = text.split("+", 2)
    if len(parts) != 3 or not re.fullmatch(r"[0-9a-f]{8}", parts[1]):
        raise MalformedNote("a key is of the form name+hash+key")
    decoded = _decoded(parts[2])
    if len(decoded) != 1 + _KEY_BYTES or decoded[0] not in tuple(KeyKind):
        raise MalformedNote("a key is an Ed25519 key of a log (type 1) or of a witness (type 4)")
    return _named(parts[0]), KeyKind(decoded[0]), decoded[1:], bytes.fromhex(parts[1])


def _named(name: str) -> str:
    if not re.fullmatch(r"[^\s+\x00-\x1f]+", name):
        raise MalformedNote("the name of a key has no space and no plus")
    return name


def _decoded(text: str) -> bytes:
    try:
        decoded = b64decode(text, validate=True)
    except ValueError:
        raise MalformedNote("what should be base64 is none") from None
    # Base64 that ends in stray bits would be a second spelling of the same bytes.
    if b64encode(decoded).decode() != text:
        raise MalformedNote("what should be base64 is none")
    return decoded
