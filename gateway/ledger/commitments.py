"""Commitments to values: the ledger can prove later what was told without holding it now.

A commitment is BLAKE2b over the value's JSON under an opening, and the opening is BLAKE2b under the gateway's key and
the entry's salt over type, id and field. Without the opening nobody can try values out; the same value looks different
in every entry; and one opening can be handed to an outsider without those of other fields.
"""

import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import date, datetime
from hashlib import blake2b
from itertools import count
from typing import Any, Final
from uuid import UUID

import orjson

from gateway.ledger.sealing import SealingKey

SALT_BYTES: Final = 16
KEY_BYTES: Final = 32
DIGEST_BYTES: Final = 24
"""192 bits: whoever holds the key still cannot find two values under one commitment."""
TEXT_LENGTH: Final = DIGEST_BYTES // 3 * 4
_SIMPLE: Final = frozenset({type(None), str, bool, int, date, datetime, UUID})
_PLAIN: Final = (str, int)


class Commitments:
    """Makes and checks commitments under one key."""

    def __init__(self, key: bytes) -> None:
        """Take the key.

        Raises:
            ValueError: It has not 32 bytes.
        """
        self.tag = SealingKey.of(key).tag
        """What the key is known by in entries and among the ledger's keys."""
        # Brought to another, under a name, so that the same secret may serve another use.
        self._key = blake2b(key, digest_size=KEY_BYTES, person=b"ledger-value-1").digest()

    @staticmethod
    def new_salt() -> bytes:
        """Return a salt for one entry."""
        return secrets.token_bytes(SALT_BYTES)

    def commit(self, salt: bytes, record_type: str, record_id: str, values: Mapping[str, bytes]) -> dict[str, str]:
        """Return the commitment of each field of one record, in base64url without padding; values are JSON bytes."""
        record = self._opener(salt, record_type, record_id)
        digests = []
        for field, value in values.items():
            opener = record.copy()
            opener.update(field.encode())
            digests.append(blake2b(value, key=opener.digest(), digest_size=DIGEST_BYTES).digest())
        # A digest is 32 characters exactly, so all are encoded at once and cut apart.
        text = urlsafe_b64encode(b"".join(digests)).decode("ascii")
        return {field: text[at : at + TEXT_LENGTH] for field, at in zip(values, count(0, TEXT_LENGTH), strict=False)}

    def opening(self, salt: bytes, record_type: str, record_id: str, field: str) -> bytes:
        """Return what proves the value of one field to whoever holds the commitment."""
        opener = self._opener(salt, record_type, record_id)
        opener.update(field.encode())
        return opener.digest()

    def check(
        self, commitment: str, *, salt: bytes, record_type: str, record_id: str, field: str, value: bytes
    ) -> bool:
        """Whether the commitment was made to this value."""
        return opens(commitment, self.opening(salt, record_type, record_id, field), value)

    def _opener(self, salt: bytes, record_type: str, record_id: str) -> blake2b:
        # No type, id or field name holds a zero byte, so no two different places make the same message.
        return blake2b(f"{record_type}\0{record_id}\0".encode(), digest_size=KEY_BYTES, key=self._key, salt=salt)


def value_bytes(value: Any) -> bytes:
    """Return the bytes of a value that a commitment is made to: its JSON as it was told, the keys of objects sorted."""
    if type(value) in _SIMPLE or isinstance(value, _PLAIN):
        return orjson.dumps(value)
    # A structure first becomes plain JSON: only then are its keys sorted as whoever disputes it would sort them.
    return orjson.dumps(orjson.loads(orjson.dumps(value)), option=orjson.OPT_SORT_KEYS)


def opens(commitment: str, opening: bytes, value: bytes) -> bool:
    """Whether an opening shows that a commitment was made to this value (its JSON bytes)."""
    made = blake2b(value, key=opening, digest_size=DIGEST_BYTES).digest()
    return hmac.compare_digest(commitment, urlsafe_b64encode(made).decode("ascii"))
