"""What a document selects of records elsewhere, read out of it for another gateway."""

from gateway.federation.wanted import LEADS_TO, PARTS, Wanted
from gateway.vocabulary import RecordType
from schema.selection import DocumentSelection


def wanted_below(selection: DocumentSelection, record_type: RecordType) -> Wanted:
    """Return what is selected at one place of a type, with all that is selected below it."""
    fields = selection.fields(record_type)
    active = selection.flag("active") if record_type is RecordType.INVOLVEMENT else None
    return Wanted(
        type=record_type,
        fields=fields,
        parts={name: selection.below(record_type, name).names() for name in fields & PARTS.keys()},
        below={
            name: wanted_below(selection.below(record_type, name), LEADS_TO[record_type, name])
            for name in fields
            if (record_type, name) in LEADS_TO
        },
        active=active,
    )
