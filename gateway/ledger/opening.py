"""Opening: what is sealed in an entry, as far as the keys are still there."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import orjson

from gateway.ledger.sealing import NOBODY, CannotOpen, KeyName, SealingKey, decoded, open_part, part_key
from gateway.ledger.stored import StoredEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedEntry:
    """An entry with what is sealed in it; what cannot be opened any more is None.

    `ask` holds the caller's name, case, operation, reason, text and variables; `records` for each of the document's
    records its id and the commitments of its values, unless only the ask was opened; `children` the child behind each
    tag whose key is still there.
    """

    stored: StoredEntry
    document: Mapping[str, Any]
    ask: Mapping[str, Any] | None
    records: Sequence[Mapping[str, Any] | None]
    children: Mapping[bytes, UUID]


def tags_of(document: Mapping[str, Any]) -> tuple[bytes, ...]:
    """Return the tags of the keys that an entry is sealed under, in the entry's order."""
    return tuple(decoded(tag) for tag in document["keys"])


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysSpokenOf:
    """What entries say of keys: those they are `sealed` under that no index names, and those that were `erased`.

    `committing` are the secrets that they committed under, each with the first entry that did.
    """

    sealed: frozenset[bytes] = frozenset()
    erased: frozenset[bytes] = frozenset()
    committing: Mapping[bytes, int] = field(default_factory=dict)

    def __or__(self, other: "KeysSpokenOf") -> "KeysSpokenOf":
        """Return what both say; the other's entries follow."""
        return KeysSpokenOf(
            sealed=self.sealed | other.sealed,
            erased=self.erased | other.erased,
            committing={**other.committing, **self.committing},
        )


NOTHING_SAID: Final = KeysSpokenOf()


def keys_spoken_of(documents: Iterable[Mapping[str, Any]]) -> KeysSpokenOf:
    """Return what entries say of keys; a damaged one says nothing."""
    sealed: set[str] = set()
    erased: set[str] = set()
    committing: dict[str, int] = {}
    for document in documents:
        try:
            children = {place for record in document["records"] for place in record["about"]}
            sealed.update(tag for place, tag in enumerate(document["keys"]) if place not in children)
            erased.update(document.get("erased", ()))
            if "committing" in document:
                committing.setdefault(document["committing"], document["seq"])
        except (KeyError, TypeError, AttributeError):
            continue
    named = {tag: committing[text] for text, tag in _decoded(committing)}
    return KeysSpokenOf(sealed=_tags(sealed), erased=_tags(erased), committing=named)


def _tags(texts: Iterable[str]) -> frozenset[bytes]:
    return frozenset(tag for _, tag in _decoded(texts))


def _decoded(texts: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    for text in texts:
        with suppress(ValueError, AttributeError):
            yield text, decoded(text)


def open_entry(
    stored: StoredEntry,
    keys: Mapping[bytes, tuple[KeyName, SealingKey]],
    *,
    document: Mapping[str, Any] | None = None,
    ask_only: bool = False,
) -> OpenedEntry:
    """Return an entry opened with the keys at hand, by their tags; `document` is the entry if it was read before.

    The records' parts are most of what is sealed: `ask_only` leaves them closed, and `records` empty.

    Raises:
        CannotOpen: A part was sealed under another key than the entry says, or changed since.
    """
    if document is None:
        document = orjson.loads(stored.entry)
    parts = [open_sealed(document, number, keys) for number in range(1 if ask_only else len(document["sealed"]))]
    return OpenedEntry(
        stored=stored,
        document=document,
        ask=parts[0],
        records=() if ask_only else tuple(_records(document, parts)),
        children={tag: keys[tag][0].child for tag in tags_of(document) if tag in keys and keys[tag][0].child != NOBODY},
    )


def open_sealed(document: Mapping[str, Any], number: int, keys: Mapping[bytes, tuple[KeyName, SealingKey]]) -> Any:
    """Return the words of one sealed part, or None if a key of it was destroyed; raises as `open_entry` does."""
    key = key_of_part(document, number, keys)
    return None if key is None else orjson.loads(open_part(key, document["sealed"][number]["text"]))


def key_of_part(
    document: Mapping[str, Any], number: int, keys: Mapping[bytes, tuple[KeyName, SealingKey]]
) -> bytes | None:
    """Return the key of one sealed part of one entry, or None if a key that it is made of was destroyed."""
    tags = tags_of(document)
    try:
        by = [keys[tags[place]][1] for place in document["sealed"][number]["by"]]
    except KeyError:
        return None
    except IndexError as error:
        raise CannotOpen("the part names a key that the entry does not have") from error
    return part_key(by, salt=decoded(document["salt"]), part=number)


def _records(document: Mapping[str, Any], parts: Sequence[Any]) -> list[Mapping[str, Any] | None]:
    seen = Counter[int]()
    opened: list[Mapping[str, Any] | None] = []
    for record in document["records"]:
        number = record["part"]
        part = parts[number]
        opened.append(None if part is None else part[seen[number]])
        seen[number] += 1
    return opened
