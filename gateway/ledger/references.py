"""References to entries: what a child's readers know an entry by.

An entry's number counts everybody's asks: whoever saw two of them could tell how much was asked in between. A reference
is the number under a key of the gateway, bound to one child and to the scope of whoever reads: the same each time, of
no use for another child or to another agency, and without the key it says nothing.
"""

import hashlib
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from gateway.known_ids import IdScope
from gateway.ledger.sealing import decoded, encoded

_NUMBER_BYTES: Final = 8
REFERENCE_LENGTH: Final = 32
"""Characters: 16 bytes that vouch for it and the number, in base64url."""


class EntryReferences:
    """Makes and reads references under one key (AES-SIV, RFC 5297: the same number gives the same reference)."""

    def __init__(self, secret: bytes) -> None:
        """Take the secret that the key is made from."""
        self._cipher = AESSIV(hashlib.blake2b(secret, digest_size=64, person=b"ledger-refer-1").digest())

    def reference(self, child: UUID, seq: int, *, scope: IdScope) -> str:
        """Return the reference of an entry, for readers of this child's log in a scope."""
        return encoded(self._cipher.encrypt(seq.to_bytes(_NUMBER_BYTES, "big"), [child.bytes, scope.label()]))

    def number(self, child: UUID, reference: str, *, scope: IdScope) -> int | None:
        """Return the number of the entry, or None for what was never given out for this child in this scope."""
        if len(reference) != REFERENCE_LENGTH:
            return None
        try:
            number = int.from_bytes(self._cipher.decrypt(decoded(reference), [child.bytes, scope.label()]), "big")
        except (ValueError, InvalidTag):
            return None
        # Base64 has several forms of the same bytes; there is one reference.
        return number if reference == self.reference(child, number, scope=scope) else None
