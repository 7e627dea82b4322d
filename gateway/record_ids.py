"""The ids partners see: opaque, and naming the record's type so that `node` knows where to look."""

from uuid import UUID

from gateway.vocabulary import RecordType

_PREFIXES = {
    RecordType.CHILD: "chd",
    RecordType.CARER: "car",
    RecordType.SETTING: "set",
    RecordType.PRACTITIONER: "prc",
    RecordType.INVOLVEMENT: "inv",
    RecordType.AGENCY: "agy",
}
_TYPES = {prefix: record_type for record_type, prefix in _PREFIXES.items()}


def encode(record_type: RecordType, record_id: UUID | str | int) -> str:
    """Return the id partners see; authorities, callers and log entries go by their own codes."""
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
