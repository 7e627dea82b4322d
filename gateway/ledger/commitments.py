"""Commitments to values: the ledger can prove later what was told without holding it now.

A commitment is BLAKE2b over the value's JSON under an opening, and the opening is BLAKE2b under the gateway's key and
the entry's salt over type, id and field. Without the opening nobody can try values out; the same value looks different
in every entry; and one opening can be handed to an outsider without those of other fields.
"""

import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from hashlib import blake2b
from itertools import islice
from typing import Any, Final, NamedTuple
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
_FIRST: Final = b"[\n  "
_NEXT: Final = b",\n  "
_LAST: Final = b"\n]"
_DEEPER: Final = b"\n    "


class ToCommit(NamedTuple):
    """What is to be committed to of one record: names of fields, and for each the JSON bytes of its value."""

    type: str
    id: str
    fields: Sequence[bytes]
    values: Sequence[bytes]


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
        fields = tuple([field.encode() for field in values])
        (texts,) = self.commit_each(salt, [ToCommit(record_type, record_id, fields, tuple(values.values()))])
        return dict(zip(values, texts, strict=True))

    def commit_each(self, salt: bytes, records: Sequence[ToCommit]) -> list[list[str]]:
        """Return for each record of an entry the commitments of its fields, in their order."""
        digests = []
        opener = self._opener(salt)
        for record_type, record_id, fields, values in records:
            of_record = opener.copy()
            of_record.update(_place(record_type, record_id))
            for field, value in zip(fields, values, strict=True):
                of_field = of_record.copy()
                of_field.update(field)
                digests.append(blake2b(value, key=of_field.digest(), digest_size=DIGEST_BYTES).digest())
        # A digest is 32 characters exactly, so those of a whole entry are encoded at once and cut apart.
        text = urlsafe_b64encode(b"".join(digests)).decode("ascii")
        cut = iter([text[at : at + TEXT_LENGTH] for at in range(0, len(text), TEXT_LENGTH)])
        return [list(islice(cut, len(record.fields))) for record in records]

    def opening(self, salt: bytes, record_type: str, record_id: str, field: str) -> bytes:
        """Return what proves the value of one field to whoever holds the commitment."""
        opener = self._opener(salt)
        opener.update(_place(record_type, record_id))
        opener.update(field.encode())
        return opener.digest()

    def check(
        self, commitment: str, *, salt: bytes, record_type: str, record_id: str, field: str, value: bytes
    ) -> bool:
        """Whether the commitment was made to this value."""
        return opens(commitment, self.opening(salt, record_type, record_id, field), value)

    def _opener(self, salt: bytes) -> blake2b:
        return blake2b(digest_size=KEY_BYTES, key=self._key, salt=salt)


def _place(record_type: str, record_id: str) -> bytes:
    # No type, id or field name holds a zero byte, so no two different places make the same message.
    return f"{record_type}\0{record_id}\0".encode()


def value_bytes(value: Any) -> bytes:
    """Return the bytes of a value that a commitment is made to: its JSON as it was told, the keys of objects sorted."""
    if type(value) in _SIMPLE or isinstance(value, _PLAIN):
        return orjson.dumps(value)
    # A structure first becomes plain JSON: only then are its keys sorted as whoever disputes it would sort them.
    return orjson.dumps(orjson.loads(orjson.dumps(value)), option=orjson.OPT_SORT_KEYS)


def values_bytes(values: Sequence[Any]) -> Sequence[bytes]:
    """Return the bytes of each value, as `value_bytes` makes them."""
    lines = orjson.dumps(values, option=orjson.OPT_INDENT_2)
    # Each value stands on a line of its own, since JSON writes no text over two; what is in a structure stands deeper.
    if not values or _DEEPER in lines:
        return [value_bytes(value) for value in values]
    return lines[len(_FIRST) : -len(_LAST)].split(_NEXT)


def opens(commitment: str, opening: bytes, value: bytes) -> bool:
    """Whether an opening shows that a commitment was made to this value (its JSON bytes)."""
    made = blake2b(value, key=opening, digest_size=DIGEST_BYTES).digest()
    return hmac.compare_digest(commitment, urlsafe_b64encode(made).decode("ascii"))
