"""The ids partners see: opaque, and naming the record's type so that `node` knows where to look.

The id of a record of another authority begins with that authority's code, and none of this gateway's own does.
"""

import re
from typing import Final
from uuid import UUID, uuid5

from gateway.vocabulary import AuthorityCode, RecordType

_PREFIXES = {
    RecordType.CHILD: "chd",
    RecordType.CARER: "car",
    RecordType.SETTING: "set",
    RecordType.PRACTITIONER: "prc",
    RecordType.INVOLVEMENT: "inv",
    RecordType.AGENCY: "agy",
}
_TYPES = {prefix: record_type for record_type, prefix in _PREFIXES.items()}

_THERE: Final = re.compile(r"(?P<prefix>[a-z]{3})-[0-9A-Za-z-]{1,64}")
_FOREIGN: Final = re.compile(r"(?P<authority>[A-Z][0-9]{8})\.(?P<there>[a-z]{3}-[0-9A-Za-z-]{1,64})")
_ELSEWHERE: Final = UUID("6f0f6e0e-6a7f-5d0c-9c59-0b0a6c1d7e52")
"""Under which the ledger's keys of children elsewhere are named."""


class ForeignId(UUID):
    """The id of a record that another authority told: its own text, and a UUID made of it for the ledger's keys.

    Two are equal only if they are one object: the same record told twice is known by what was told at each place.
    """

    authority: AuthorityCode
    type: RecordType
    there: str
    """The id by which that authority knows the record."""

    def __init__(self, authority: AuthorityCode, record_type: RecordType, there: str) -> None:
        """Make the id of what an authority knows as `there`."""
        super().__init__(int=uuid5(_ELSEWHERE, f"{authority}.{there}").int)
        object.__setattr__(self, "authority", authority)
        object.__setattr__(self, "type", record_type)
        object.__setattr__(self, "there", there)

    def __eq__(self, other: object) -> bool:
        """Return whether it is the same occurrence."""
        return self is other

    def __hash__(self) -> int:
        """Return the hash of the occurrence."""
        return object.__hash__(self)

    @property
    def text(self) -> str:
        """Return what partners see."""
        return f"{self.authority}.{self.there}"


def encode(record_type: RecordType, record_id: UUID | str | int) -> str:
    """Return the id partners see; authorities, callers and log entries go by their own codes."""
    if isinstance(record_id, ForeignId):
        return record_id.text
    prefix = _PREFIXES.get(record_type)
    return str(record_id) if prefix is None else f"{prefix}-{record_id}"


def decode(text: str) -> tuple[RecordType, UUID] | None:
    """Return the type and id behind what a partner sent, or None for anything this gateway never gave out."""
    prefix, _, rest = text.partition("-")
    record_type = _TYPES.get(prefix)
    if record_type is None or len(rest) != 36:
        return None
    try:
        return record_type, UUID(rest)
    except ValueError:
        return None


def told_there(authority: AuthorityCode, record_type: RecordType, there: object) -> ForeignId | None:
    """Return the id of a record as another authority told it, or None for a text that is no id of that type."""
    match = _THERE.fullmatch(there) if isinstance(there, str) else None
    if match is None or _TYPES.get(match["prefix"]) is not record_type:
        return None
    return ForeignId(authority, record_type, match.string)


def decode_foreign(text: str) -> ForeignId | None:
    """Return the id of a record of another authority in what a partner sent, or None for anything else."""
    match = _FOREIGN.fullmatch(text)
    record_type = None if match is None else _TYPES.get(match["there"][:3])
    if match is None or record_type is None:
        return None
    return ForeignId(AuthorityCode(match["authority"]), record_type, match["there"])


def noted(record_id: UUID | str | int) -> str:
    """Return an id as the ledger holds it."""
    return record_id.text if isinstance(record_id, ForeignId) else str(record_id)
