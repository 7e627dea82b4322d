"""Records by the directory's own ids in what tests ask: whoever sends it sends the ids that the asker knows them by."""

import re
from uuid import UUID

from gateway.known_ids import IdScope
from gateway.record_ids import PUBLIC
from gateway.vocabulary import RecordType

_NAMED = re.compile(r"id:([A-Za-z]+):([0-9a-f-]{36})")


def child_id(child):
    return named_id(RecordType.CHILD, child)


def carer_id(carer):
    return named_id(RecordType.CARER, carer)


def setting_id(setting):
    return named_id(RecordType.SETTING, setting)


def practitioner_id(practitioner):
    return named_id(RecordType.PRACTITIONER, practitioner)


def involvement_id(involvement):
    return named_id(RecordType.INVOLVEMENT, involvement)


def transfer_id(transfer):
    return named_id(RecordType.RESPONSIBILITY_TRANSFER, transfer)


def contact_id(contact):
    return named_id(RecordType.BROKERED_CONTACT, contact)


def named_id(record_type, record_id):
    """What stands for the id of a record until it is known who asks."""
    return f"id:{record_type}:{record_id}"


def scope_of(persona):
    """Among whom the ids that a persona is told are the same."""
    return IdScope(persona.authority, str(persona.agency))


def as_known(value, known):
    """The value with every record named in it by the id that those who ask know it by."""
    if isinstance(value, str):
        return _NAMED.sub(lambda found: known.told(RecordType(found[1]), UUID(found[2])), value)
    if isinstance(value, dict):
        return {name: as_known(part, known) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [as_known(part, known) for part in value]
    return value


def inner_ids(value):
    """The directory's own ids of the people named in a value, in each form: none of them is ever told."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return {text for part in value for text in inner_ids(part)}
    found = _NAMED.findall(value) if isinstance(value, str) else ()
    people = [UUID(one) for record_type, one in found if RecordType(record_type) not in PUBLIC]
    return {text for one in people for text in (str(one), one.hex)}
