"""What of an entry is known when its ask begins, and the commitment to it that other authorities are given.

The entry of who is asked is made first, so whoever asks commits beforehand: to what stands open in the entry later, so
that the commitment can be made again from the stored entry without any key, and under its salt, which nobody else has.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

from gateway.ledger.canonical import without_lone_surrogates
from gateway.ledger.sealing import decoded, encoded

PREFIX: Final = b"directory-gateway/asking-entry/1\n"
COMMITMENT: Final = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")
"""SHA-256 in base64url without padding; each hash has one such text."""

_WHOLE: Final = ("at", "gateway", "request_id")
# Neither standing nor rules: an ask that is decided again while it is under way may meet others.
_IN_PARTS: Final = {
    "access": ("grant", "origin", "purpose"),
    "caller": ("agency", "authority", "mediated_for", "person", "role"),
    "operation": ("hash",),
}


def commitment_to(document: Mapping[str, Any]) -> str:
    """Return the commitment to how an ask began, from what stands open in its entry."""
    begun: dict[str, Any] = {name: document[name] for name in _WHOLE}
    for name, parts in _IN_PARTS.items():
        whole = document[name]
        begun[name] = None if whole is None else {part: whole[part] for part in parts}
    stated = orjson.dumps(without_lone_surrogates(begun), option=orjson.OPT_SORT_KEYS)
    return encoded(hashlib.sha256(PREFIX + decoded(document["salt"]) + stated).digest())
