"""What a value in a reply of another authority has to look like; what does not fit makes the reply malformed."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from functools import partial
from typing import Any, Final, TypeVar

from gateway.records import Address
from gateway.vocabulary import AddressStatus, ContactRole, Gender, RecordType, Relationship, Service, SettingKind

TEXT_LIMIT: Final = 200
LIST_LIMIT: Final = 100
"""Parts of one list in a reply; candidates have a limit of their own."""

CODE: Final = re.compile(r"[A-Z][A-Z_]{1,39}")
AUTHORITY: Final = re.compile(r"[A-Z][0-9]{8}")
_REFUSED_CATEGORIES: Final = frozenset({"Cc", "Cs", "Co", "Cn"})
_REFUSED: Final = frozenset("<>\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029")
"""What no name, address or telephone number has: marks of markup, and of writing direction."""

Parse = Callable[[Any], Any]
Enum = TypeVar("Enum", bound=StrEnum)


class ReplyMalformed(Exception):
    """A reply is not of the form that was asked for; the reason names the fault and holds nothing of the reply."""

    def __init__(self, fault: str) -> None:
        """Name the fault."""
        super().__init__(fault)
        self.reason = f"peer-malformed:{fault}"


def as_object(value: Any) -> Mapping[str, Any]:
    """Return an object's members."""
    if not isinstance(value, dict):
        raise ReplyMalformed("object")
    return value


def member(value: Mapping[str, Any], name: str) -> Any:
    """Return a member of an object, which has to be there even where it is null."""
    if name not in value:
        raise ReplyMalformed("left-out")
    return value[name]


def as_list(value: Any, most: int = LIST_LIMIT) -> Sequence[Any]:
    """Return the parts of a list of at most so many."""
    if not isinstance(value, list):
        raise ReplyMalformed("list")
    if len(value) > most:
        raise ReplyMalformed("list-too-long")
    return value


def as_text(value: Any) -> str:
    """Return a text of a length and of marks that a value of the directory may have."""
    if not isinstance(value, str) or not value or len(value) > TEXT_LIMIT:
        raise ReplyMalformed("text")
    if not _REFUSED.isdisjoint(value) or any(unicodedata.category(mark) in _REFUSED_CATEGORIES for mark in value):
        raise ReplyMalformed("text")
    return value


def as_flag(value: Any) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        raise ReplyMalformed("flag")
    return value


def as_day(value: Any) -> date:
    """Return a day, written as ISO 8601 has it."""
    if not isinstance(value, str) or len(value) != 10:
        raise ReplyMalformed("date")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ReplyMalformed("date") from None


def as_moment(value: Any) -> datetime:
    """Return a moment with its offset from UTC."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) and len(value) <= 40 else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ReplyMalformed("moment")
    return moment


def as_code(of: type[Enum], value: Any) -> Enum:
    """Return a code of a closed list."""
    try:
        return of(value) if isinstance(value, str) else _no_such()
    except ValueError:
        raise ReplyMalformed("code") from None


def _no_such() -> Any:
    raise ReplyMalformed("code")


def as_address(value: Any) -> Address:
    """Return an address."""
    value = as_object(value)
    lines = value.get("lines")
    postcode, uprn = value.get("postcode"), value.get("uprn")
    return Address(
        lines=() if lines is None else tuple(as_text(line) for line in as_list(lines, most=12)),
        postcode=None if postcode is None else as_text(postcode),
        uprn=None if uprn is None else as_text(uprn),
    )


_CONTACT_DETAILS: Final[Mapping[str, Parse]] = {"address": as_address, "telephone": as_text, "email": as_text}
VALUES: Final[Mapping[RecordType, Mapping[str, Parse]]] = {
    RecordType.CHILD: {
        "givenName": as_text,
        "familyName": as_text,
        "dateOfBirth": as_day,
        "gender": partial(as_code, Gender),
        "address": as_address,
        "addressStatus": partial(as_code, AddressStatus),
        "nhsNumber": as_text,
        "upn": as_text,
        "commonAssessmentCompleted": as_flag,
    },
    RecordType.CARER: {
        "name": as_text,
        "relationship": partial(as_code, Relationship),
        "hasParentalResponsibility": as_flag,
        **_CONTACT_DETAILS,
    },
    RecordType.SETTING: {
        "name": as_text,
        "kind": partial(as_code, SettingKind),
        "urn": as_text,
        "ukprn": as_text,
        "odsCode": as_text,
        "startedOn": as_day,
        **_CONTACT_DETAILS,
    },
    RecordType.PRACTITIONER: {"name": as_text, "role": as_text, "telephone": as_text, "email": as_text},
    RecordType.INVOLVEMENT: {
        "service": partial(as_code, Service),
        "startedOn": as_day,
        "endedOn": as_day,
        "active": as_flag,
        "isLeadProfessional": as_flag,
        "commonAssessmentCompleted": as_flag,
        "brokeredContact": as_text,
    },
    RecordType.AGENCY: {"name": as_text, "kind": as_text},
}
FORMER_NAME: Final[Mapping[str, Parse]] = {
    "givenName": as_text,
    "familyName": as_text,
    "usedFrom": as_day,
    "usedUntil": as_day,
}
CONTACT: Final[Mapping[str, Parse]] = {
    "role": partial(as_code, ContactRole),
    "name": as_text,
    "telephone": as_text,
    "email": as_text,
    "hours": as_text,
}
