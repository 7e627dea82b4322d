"""The master key: it wraps the keys that seal, and the secret behind the commitments."""

import hashlib
import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.ledger.sealing import KeyName, SealingKey

MASTER_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_MARK_BYTES: Final = 4


class NotWrappedByThis(ValueError):
    """The key was wrapped by another master key, for another child or year, or was changed."""


class MasterKey:
    """Wraps and unwraps sealing keys; it never leaves the process, and nothing else is made from it."""

    def __init__(self, secret: bytes) -> None:
        """Take the secret.

        Raises:
            ValueError: It is shorter than 32 bytes.
        """
        if len(secret) < MASTER_BYTES:
            raise ValueError(f"the ledger's master key has at least {MASTER_BYTES} bytes")
        wrapping = hashlib.blake2b(secret, digest_size=MASTER_BYTES, person=b"ledger-wrap-1").digest()
        self._wrapping = AESGCM(wrapping)
        # Says which master key wrapped a key, so that a wrong one is called wrong and not damage.
        self._mark = hashlib.blake2b(wrapping, digest_size=_MARK_BYTES, person=b"ledger-mark-1").digest()

    def wrap(self, name: KeyName, key: SealingKey) -> bytes:
        """Return a sealing key as it may be stored: mark, nonce, AES-256-GCM bound to child and year."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return self._mark + nonce + self._wrapping.encrypt(nonce, key.secret, _bound_to(name))

    def wrapped(self, wrapped: bytes) -> bool:
        """Whether this master key wrapped it, as far as its mark says."""
        return wrapped[:_MARK_BYTES] == self._mark

    def unwrap(self, name: KeyName, wrapped: bytes) -> SealingKey:
        """Return a stored sealing key.

        Raises:
            NotWrappedByThis: Another master key wrapped it, or it is not the key of this child and year.
        """
        rest = wrapped[_MARK_BYTES:]
        if not self.wrapped(wrapped):
            raise NotWrappedByThis("another master key wrapped this sealing key")
        try:
            secret = self._wrapping.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], _bound_to(name))
        except (InvalidTag, ValueError) as error:
            raise NotWrappedByThis("the sealing key was changed or moved") from error
        return SealingKey.of(secret)


def new_key() -> SealingKey:
    """Return a sealing key nobody has had before."""
    return SealingKey.of(secrets.token_bytes(MASTER_BYTES))


def _bound_to(name: KeyName) -> bytes:
    return name.child.bytes + name.year.to_bytes(2, "big")
