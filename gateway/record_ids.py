"""The form of the ids that are told: each names its record's type, so that `node` knows where to look.

The id of a record of another authority begins with that authority's code, and none of this gateway's own does.
"""

import re
from typing import Final
from uuid import UUID, uuid5

from gateway.vocabulary import AuthorityCode, RecordType

PREFIXES: Final = {
    RecordType.CHILD: "chd",
    RecordType.CARER: "car",
    RecordType.SETTING: "set",
    RecordType.PRACTITIONER: "prc",
    RecordType.INVOLVEMENT: "inv",
    RecordType.AGENCY: "agy",
    RecordType.RESPONSIBILITY_TRANSFER: "trf",
    RecordType.BROKERED_CONTACT: "brk",
    RecordType.QUEUE_ENTRY: "que",
}
_TYPES: Final = {prefix: record_type for record_type, prefix in PREFIXES.items()}

PUBLIC: Final = frozenset({RecordType.SETTING, RecordType.AGENCY})
"""Types whose records are public bodies, with the same id for everybody; all others are about people."""

_OF_A_PERSON: Final = r"(?:chd|car|prc|inv)-[0-9a-f]{32}"
_OF_A_BODY: Final = r"(?:set|agy)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_HERE: Final = re.compile(f"{_OF_A_PERSON}|(?:trf|brk|que)-[0-9a-f]{{32}}|{_OF_A_BODY}")
_FOREIGN: Final = re.compile(f"(?P<authority>[A-Z][0-9]{{8}})\\.(?P<there>{_OF_A_PERSON}|{_OF_A_BODY})")
_ELSEWHERE: Final = UUID("6f0f6e0e-6a7f-5d0c-9c59-0b0a6c1d7e52")
"""Under which the ledger's keys of children elsewhere are named."""


class ForeignId(UUID):
    """The id of a record that another authority told: its own text, and a UUID made of it for the ledger's keys.

    Two are equal only if they are one object: the same record told twice is known by what was told at each place.
    """

    authority: AuthorityCode
    type: RecordType
    there: str
    """The id by which that authority knows the record when this one asks."""

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
        """Return the authority and the id there; callers are told another."""
        return f"{self.authority}.{self.there}"


def written(record_type: RecordType, content: bytes) -> str:
    """Return the id with this content."""
    return f"{PREFIXES[record_type]}-{UUID(bytes=content) if record_type in PUBLIC else content.hex()}"


def read(text: str) -> tuple[RecordType, bytes] | None:
    """Return the type and content of an id, or None for a text of another form."""
    if not _HERE.fullmatch(text):
        return None
    return _TYPES[text[:3]], bytes.fromhex(text[4:].replace("-", ""))


def read_foreign(text: str) -> tuple[AuthorityCode, RecordType, bytes] | None:
    """Return authority, type and content of the id of a record of another authority, or None for another form."""
    match = _FOREIGN.fullmatch(text)
    content = None if match is None else read(match["there"])
    return None if match is None or content is None else (AuthorityCode(match["authority"]), *content)


def foreign_id(text: str) -> ForeignId | None:
    """Return the id of a record of another authority as it stands here, or None for a text of another form."""
    found = read_foreign(text)
    return None if found is None else ForeignId(found[0], found[1], written(*found[1:]))


def told_there(authority: AuthorityCode, record_type: RecordType, there: object) -> ForeignId | None:
    """Return the id of a record as another authority told it, or None for a text that is no id of that type."""
    content = read(there) if isinstance(there, str) else None
    if content is None or content[0] is not record_type:
        return None
    return ForeignId(authority, record_type, written(*content))


def noted(record_id: UUID | str | int) -> str:
    """Return an id as the ledger holds it."""
    return record_id.text if isinstance(record_id, ForeignId) else str(record_id)
