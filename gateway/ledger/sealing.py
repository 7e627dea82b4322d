"""Sealing: the personal parts of an entry under keys that can be destroyed, so that erasing breaks no hash.

Each child has a key for each year. A part of an entry is sealed under a key of its own, made from the keys of all the
children it is about: once one of them is destroyed, the part is closed for good. What is about no child is sealed
under the key of nobody. The sealed form commits to its key, so that no second key can open it to other words.
"""

import hashlib
from binascii import a2b_base64, b2a_base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES: Final = 32
TAG_BYTES: Final = 16
NOBODY: Final = UUID(int=0)
"""Stands for a child in the name of the key that seals what is about no child."""
COMMITTING: Final = UUID(int=1)
"""Stands for a child in the name of the secret behind the commitments, which seals nothing; its year is 0."""

# Each part has a key of its own that seals nothing else, so the nonce need not change.
_NONCE: Final = bytes(12)
_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")


class KeyName(NamedTuple):
    """Whose key, and of which year (UTC) of asks."""

    child: UUID
    year: int


@dataclass(frozen=True, slots=True)
class SealingKey:
    """A key, and the tag it is known by in entries and index: it can be told from the key, and not the other way."""

    secret: bytes
    tag: bytes

    @classmethod
    def of(cls, secret: bytes) -> "SealingKey":
        """Return the key with its tag.

        Raises:
            ValueError: It has not 32 bytes.
        """
        if len(secret) != KEY_BYTES:
            raise ValueError(f"a sealing key has {KEY_BYTES} bytes")
        return cls(secret, hashlib.blake2b(key=secret, digest_size=TAG_BYTES, person=b"ledger-tag-1").digest())


class CannotOpen(ValueError):
    """The part was sealed under another key, or changed since; the message holds nothing of it."""


def part_key(keys: Sequence[SealingKey], *, salt: bytes, part: int) -> bytes:
    """Return the key of one part of one entry: the part's number, the entry's salt, the keys in the entry's order."""
    together = hashlib.blake2b(digest_size=KEY_BYTES, person=b"ledger-keys-1")
    for key in keys:
        together.update(key.secret)
    return hashlib.blake2b(
        part.to_bytes(4, "big"), key=together.digest(), salt=salt, digest_size=KEY_BYTES, person=b"ledger-part-1"
    ).digest()


def seal(key: bytes, plain: bytes) -> str:
    """Return the plain bytes sealed under a part's key: SHA-256 of the key, then AES-256-GCM, in base64url."""
    return encoded(hashlib.sha256(key).digest() + AESGCM(key).encrypt(_NONCE, plain, None))


def open_part(key: bytes, sealed: str) -> bytes:
    """Return the plain bytes of a part.

    Raises:
        CannotOpen: The key is not this part's, or the part was changed.
    """
    try:
        content = decoded(sealed)
        if content[:KEY_BYTES] != hashlib.sha256(key).digest():
            raise CannotOpen("the part was sealed under another key")
        return AESGCM(key).decrypt(_NONCE, content[KEY_BYTES:], None)
    except (ValueError, InvalidTag) as error:
        raise CannotOpen("the part cannot be opened") from error


def encoded(content: bytes) -> str:
    """Return bytes as they stand in an entry: base64url without padding."""
    # As `urlsafe_b64encode` does it, which takes twice as long: most of an entry is such text.
    return b2a_base64(content, newline=False).rstrip(b"=").replace(b"+", b"-").replace(b"/", b"_").decode("ascii")


def decoded(text: str) -> bytes:
    """Return the bytes of a text that `encoded` made.

    Raises:
        ValueError: It is no such text.
    """
    # As `urlsafe_b64decode` does it, which takes twice as long; a page of the access log decodes hundreds of texts.
    return a2b_base64(text.encode("ascii").translate(_URL_SAFE) + b"=" * (-len(text) % 4))
