"""What value was told in one field of one entry: shown to an outsider who has nothing but this document and a hash.

The document opens one sealed part (ids and commitments of the records in it) and one commitment of that part.
It opens nothing else: neither other parts, nor the key that other entries about the child are sealed under.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from gateway.ledger.canonical import leaf_hash
from gateway.ledger.commitments import Commitments, opens, value_bytes
from gateway.ledger.opening import OpenedEntry, key_of_part
from gateway.ledger.sealing import CannotOpen, KeyName, SealingKey, decoded, encoded, open_part

FORM: Final = "directory-disclosure-proof/1"


class NoSuchDisclosure(ValueError):
    """The entry has no such field told, or cannot be opened any more; the message says which."""


class AnotherValue(ValueError):
    """The field was told, with another value than this one."""


class NotShown(ValueError):
    """The document does not show what it says; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a proof shows, once it was checked: `leaf_hash` is what a checkpoint has to include."""

    seq: int
    at: str
    person: str | None
    type: str
    record_id: str
    field: str
    value: Any
    leaf_hash: bytes


def prove_value(
    opened: OpenedEntry,
    keys: Mapping[bytes, tuple[KeyName, SealingKey]],
    commitments: Commitments,
    *,
    field: tuple[str, str],
    value: Any,
    record_id: str | None = None,
) -> dict[str, Any]:
    """Return the document that shows that a value was told; `field` is type and name, `value` its JSON as it was told.

    Raises:
        NoSuchDisclosure: No such field was told in this entry, several records have it, or its key was destroyed.
        AnotherValue: It was told, and the value is another.
    """
    places = _places_of(opened, field, record_id)
    record_type, name = field
    opening = commitments.opening(decoded(opened.document["salt"]), record_type, places[0][1]["id"], name)
    # At several places of an answer a field of one record may say different things, such as what is withheld there.
    said = (place for place, words in places if opens(words["values"][name], opening, value_bytes(value)))
    place = next(said, None)
    if place is None:
        raise AnotherValue("The field was told, and not with this value.")
    key = key_of_part(opened.document, opened.document["records"][place]["part"], keys)
    if key is None:
        raise NoSuchDisclosure("The key of this part was destroyed.")
    return {
        "form": FORM,
        "entry": opened.stored.entry.decode(),
        "record": place,
        "part_key": encoded(key),
        "field": name,
        "opening": encoded(opening),
        "value": value,
    }


def check_proof(proof: Mapping[str, Any]) -> Shown:
    """Return what a document shows, checked with nothing but itself.

    Whether the entry is the ledger's is for an inclusion proof of `leaf_hash` to say.

    Raises:
        NotShown: It does not show what it says.
    """
    try:
        if proof["form"] != FORM:
            raise NotShown("the document has another form")
        entry = proof["entry"].encode()
        document = orjson.loads(entry)
        record = document["records"][proof["record"]]
        before = sum(other["part"] == record["part"] for other in document["records"][: proof["record"]])
        opened = open_part(decoded(proof["part_key"]), document["sealed"][record["part"]]["text"])
        words = orjson.loads(opened)[before]
        commitment = words["values"][proof["field"]]
        told = {*record.get("disclosed", ()), *record.get("masked", {})}
        fits = opens(commitment, decoded(proof["opening"]), value_bytes(proof["value"]))
    except NotShown:
        raise
    except CannotOpen as error:
        raise NotShown("the key does not open that part of the entry") from error
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise NotShown("the document is not whole") from error
    if proof["field"] not in told:
        raise NotShown("the entry does not say that the field was told")
    if not fits:
        raise NotShown("the value is not the one that was committed to")
    return Shown(
        seq=document["seq"],
        at=document["at"],
        person=(document["caller"] or {}).get("person"),
        type=record["type"],
        record_id=words["id"],
        field=proof["field"],
        value=proof["value"],
        leaf_hash=leaf_hash(entry),
    )


def _places_of(
    opened: OpenedEntry, field: tuple[str, str], record_id: str | None
) -> list[tuple[int, Mapping[str, Any]]]:
    """Return where in the entry the field of one record stands."""
    record_type, name = field
    of_type = [
        (place, words)
        for place, (record, words) in enumerate(zip(opened.document["records"], opened.records, strict=True))
        if record["type"] == record_type and name in {*record.get("disclosed", ()), *record.get("masked", {})}
    ]
    if of_type and all(words is None for _, words in of_type):
        raise NoSuchDisclosure("The keys of these records were destroyed; what was told can no longer be shown.")
    found = [
        (place, words)
        for place, words in of_type
        if words is not None and words["values"].get(name) and record_id in (None, words["id"])
    ]
    if not found:
        raise NoSuchDisclosure(f"No {record_type}.{name} was told in this entry, or not of this record.")
    ids = list(dict.fromkeys(words["id"] for _, words in found))
    if len(ids) > 1:
        raise NoSuchDisclosure(f"Several records told {record_type}.{name}; name one of them: {', '.join(ids)}.")
    return found
