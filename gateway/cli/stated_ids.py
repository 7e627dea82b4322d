"""Ids on the command line: the directory's own, which operators have, or those that a person is told."""

from uuid import UUID

import typer

from gateway.known_ids import KnownIds
from gateway.vocabulary import RecordType


def known_id(text: str, record_type: RecordType, ids: KnownIds) -> str:
    """Return the id by which the person in whose name is asked knows a record.

    Raises:
        typer.BadParameter: The text is no id of such a record.
    """
    try:
        return ids.told(record_type, UUID(text))
    except ValueError:
        if ids.meant_as(record_type, text) is None:
            raise typer.BadParameter(f"{text!r} is no id of a {record_type.value}") from None
        return text
