"""Cells of the national registers: text to value, or a refusal with its reason."""

import re
from datetime import date, datetime

from connectors.feeds.outcome import RowRefused

_POSTCODE = re.compile(r"([A-Z]{1,2}[0-9][0-9A-Z]?|GIR)([0-9][A-Z]{2})")


def read_date(text: str, form: str, *, field: str) -> date | None:
    """Return the day a cell names in the form of its register, None where the cell is empty.

    Raises:
        RowRefused: It names no day.
    """
    if not text:
        return None
    try:
        return datetime.strptime(text, form).date()  # noqa: DTZ007 - a local day, not an instant
    except ValueError:
        raise RowRefused("date-format", field=field) from None


def read_postcode(text: str) -> str | None:
    """Return a postcode in upper case with one space, as it is stored; None where the text is not one."""
    match = _POSTCODE.fullmatch("".join(text.split()).upper())
    return f"{match[1]} {match[2]}" if match else None
