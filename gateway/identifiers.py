"""The national identifiers of a child, checked as text: what fails its check is neither stored nor sought."""

import re
from enum import StrEnum

UPN_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
"""The alphabet of check letters: I, O and S are left out because they look like digits."""

_NHS_NUMBER = re.compile(r"[0-9]{10}")
_UPN = re.compile(rf"[{UPN_LETTERS}][0-9]{{11}}[0-9{UPN_LETTERS}]")
_SEPARATORS = re.compile(r"[\s-]")


class IdentifierFault(StrEnum):
    """Why an identifier is not accepted."""

    NHS_NUMBER_FORMAT = "nhs-number-format"
    NHS_NUMBER_CHECK = "nhs-number-check"
    UPN_FORMAT = "upn-format"
    UPN_CHECK = "upn-check"
    UPN_AUTHORITY = "upn-authority"


def compact(text: str) -> str:
    """Return an identifier as it is stored: upper case, without the spaces and hyphens people write."""
    return _SEPARATORS.sub("", text).upper()


def nhs_number_fault(text: str) -> IdentifierFault | None:
    """Return what is wrong with a compact NHS number, or None.

    Source: NHS Data Dictionary, "NHS Number": modulus 11 over ten digits.
    """
    if not _NHS_NUMBER.fullmatch(text):
        return IdentifierFault.NHS_NUMBER_FORMAT
    weighted = sum(weight * int(digit) for weight, digit in zip(range(10, 1, -1), text, strict=False))
    check = (11 - weighted % 11) % 11
    return None if check == int(text[9]) else IdentifierFault.NHS_NUMBER_CHECK


def upn_fault(text: str) -> IdentifierFault | None:
    """Return what is wrong with a compact unique pupil number, or None.

    The last character of a temporary number is a letter that counts as its place in `UPN_LETTERS`.

    Source: Department for Education, "Unique pupil numbers": check letter, and validation 1530 for the authority.
    """
    if not _UPN.fullmatch(text):
        return IdentifierFault.UPN_FORMAT
    if UPN_LETTERS[sum(place * _value(sign) for place, sign in enumerate(text[1:], 2)) % 23] != text[0]:
        return IdentifierFault.UPN_CHECK
    return None if _issued_by(int(text[1:4])) else IdentifierFault.UPN_AUTHORITY


def _value(sign: str) -> int:
    return int(sign) if sign.isdigit() else UPN_LETTERS.index(sign)


def _issued_by(authority: int) -> bool:
    """Return whether a number of this range has been given to an authority of England or Wales since 1999.

    Ranges and not a list: numbers outlive authorities, and new authorities get the next numbers.
    """
    return 1 <= authority <= 5 or 201 <= authority <= 999
