"""The ids by which callers know records: those told to one agency cannot be joined with another's (domain rule X6).

The directory's own id of a record about a person is told to nobody. What is told is that id, which is one block of
AES, enciphered under a key of its own for each scope and type of record. A block cipher permutes: within a scope each
record has one id and keeps it, and whatever else is sent, an id of another agency or one made up, stands for a
directory id that no record has. It is looked up and missed like any other, so nothing tells the two apart.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from gateway.record_ids import PREFIXES, PUBLIC, ForeignId, read, read_foreign, written
from gateway.vocabulary import AuthorityCode, RecordType

REMEMBERED: Final = 500
"""Scopes whose ciphers are kept at hand."""


@dataclass(frozen=True, slots=True)
class IdScope:
    """Among whom ids are the same: the callers of an agency, or another authority's gateway whoever it asks for."""

    authority: AuthorityCode
    agency: str | None

    def label(self) -> bytes:
        """Return what stands for the scope where keys are made; no two scopes have the same."""
        authority = self.authority.encode()
        agency = b"" if self.agency is None else b"\x01" + self.agency.encode()
        return len(authority).to_bytes(4, "big") + authority + agency


class _Block:
    """A permutation of 16 bytes."""

    def __init__(self, key: bytes) -> None:
        # An id is one block, and no block is ever chained to another: there is nothing for a mode to do.
        cipher = Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305
        self.encipher = cipher.encryptor().update
        self.decipher = cipher.decryptor().update


class KnownIds:
    """The ids by which those of one scope know records."""

    def __init__(self, scope: IdScope, key: bytes) -> None:
        """Take the scope and the key that its ciphers' keys are made from."""
        self.scope = scope
        self._key = key
        self._blocks: dict[str, _Block] = {}
        self._tellers: dict[RecordType, Callable[[Any], str]] = {}

    def told(self, record_type: RecordType, record_id: UUID | str | int) -> str:
        """Return the id to tell of a record; authorities, callers and log entries go by their own codes."""
        teller = self._tellers.get(record_type)
        if teller is None:
            teller = self._tellers[record_type] = self._teller(record_type)
        return teller(record_id)

    def meant(self, text: str) -> tuple[RecordType, UUID] | None:
        """Return the type and directory id behind what a caller sent, or None for a text of another form."""
        sent = read(text)
        if sent is None:
            return None
        record_type, content = sent
        here = content if record_type in PUBLIC else self._block(record_type.value).decipher(content)
        return record_type, UUID(bytes=here)

    def meant_as(self, record_type: RecordType, text: str) -> UUID | None:
        """Return the directory id behind what a caller sent; an id of another type or form is one nobody has."""
        meant = self.meant(text)
        return meant[1] if meant is not None and meant[0] is record_type else None

    def meant_elsewhere(self, text: str) -> ForeignId | None:
        """Return the id of a record of another authority behind what a caller sent, or None for another form."""
        sent = read_foreign(text)
        if sent is None:
            return None
        authority, record_type, content = sent
        there = content if record_type in PUBLIC else self._elsewhere(record_type).decipher(content)
        return ForeignId(authority, record_type, written(record_type, there))

    def _teller(self, record_type: RecordType) -> Callable[[Any], str]:
        prefix = PREFIXES.get(record_type)
        if prefix is None:
            return str
        if record_type in PUBLIC:
            return lambda record_id: record_id.text if isinstance(record_id, ForeignId) else f"{prefix}-{record_id}"
        start, encipher = f"{prefix}-", self._block(record_type.value).encipher

        def told(record_id: UUID) -> str:
            if isinstance(record_id, ForeignId):
                return self._told_elsewhere(record_id)
            return start + encipher(record_id.bytes).hex()

        return told

    def _told_elsewhere(self, record_id: ForeignId) -> str:
        there = read(record_id.there)
        assert there is not None  # noqa: S101  # only an id of this form is ever taken from another authority
        content = self._elsewhere(record_id.type).encipher(there[1])
        return f"{record_id.authority}.{written(record_id.type, content)}"

    def _elsewhere(self, record_type: RecordType) -> _Block:
        return self._block(f"{record_type.value} elsewhere")

    def _block(self, label: str) -> _Block:
        block = self._blocks.get(label)
        if block is None:
            key = hashlib.blake2b(label.encode(), key=self._key, digest_size=32, person=b"record-ids-type1")
            block = self._blocks[label] = _Block(key.digest())
        return block


class RecordIds:
    """The ids of one authority's records, as each scope knows them."""

    def __init__(self, secret: bytes) -> None:
        """Take the secret that every scope's key is made from: with it, ids of all scopes can be joined."""
        self._secret = hashlib.blake2b(secret, digest_size=64, person=b"record-ids-1").digest()
        self._known: OrderedDict[IdScope, KnownIds] = OrderedDict()

    def known_to(self, scope: IdScope) -> KnownIds:
        """Return the ids that those of a scope know."""
        known = self._known.get(scope)
        if known is None:
            key = hashlib.blake2b(scope.label(), key=self._secret, digest_size=32, person=b"record-ids-scope")
            known = self._known[scope] = KnownIds(scope, key.digest())
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(scope)
        return known
