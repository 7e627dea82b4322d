"""Commitments to values: the ledger can prove later what was told without holding it now.

A commitment is BLAKE2b under the gateway's key and the entry's salt over type, id, field and the value's JSON.
Without the key nobody can try values out; with another salt the same value looks different in every entry.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from typing import Final

SALT_BYTES: Final = 16
KEY_BYTES: Final = 32
DIGEST_BYTES: Final = 24
"""192 bits: whoever holds the key still cannot find two values under one commitment."""


class Commitments:
    """Makes and checks commitments under one key."""

    def __init__(self, key: bytes) -> None:
        """Take the key.

        Raises:
            ValueError: It is shorter than 32 bytes.
        """
        if len(key) < KEY_BYTES:
            raise ValueError(f"the key of the commitments has at least {KEY_BYTES} bytes")
        # Keys of any length are brought to one, under a name, so that the same file may serve another use.
        self._key = hashlib.blake2b(key, digest_size=KEY_BYTES, person=b"ledger-value-1").digest()

    @staticmethod
    def new_salt() -> bytes:
        """Return a salt for one entry."""
        return secrets.token_bytes(SALT_BYTES)

    def commit(self, salt: bytes, record_type: str, record_id: str, field: str, value: bytes) -> str:
        """Return the commitment to a value, given as JSON bytes, in base64url without padding."""
        # No name or id holds a zero byte, so no two different values make the same message.
        message = b"%b\0%b\0%b\0%b" % (record_type.encode(), record_id.encode(), field.encode(), value)
        digest = hashlib.blake2b(message, digest_size=DIGEST_BYTES, key=self._key, salt=salt).digest()
        return urlsafe_b64encode(digest).decode("ascii")

    def check(
        self, commitment: str, *, salt: bytes, record_type: str, record_id: str, field: str, value: bytes
    ) -> bool:
        """Whether the commitment was made to this value."""
        return hmac.compare_digest(commitment, self.commit(salt, record_type, record_id, field, value))


def salt_text(salt: bytes) -> str:
    """Return a salt as it stands in an entry: base64url without padding."""
    return urlsafe_b64encode(salt).rstrip(b"=").decode("ascii")
