"""Surnames as they are compared: by letters alone, and a double-barrelled or many-worded one by its parts as well."""

import re
from functools import lru_cache
from typing import Final

from connectors.postgres.keys import name_key

SHORTEST: Final = 2
"""Letters that a key must have to be compared."""
_PARTS = re.compile(r"[\s\-]+")


@lru_cache(maxsize=20_000)
def keys_of_family_name(name: str) -> frozenset[str]:
    """Return the keys of a family name as a record states it: the whole, and each part of it."""
    return _long_enough(name, *_PARTS.split(name))


@lru_cache(maxsize=20_000)
def keys_of_full_name(name: str) -> frozenset[str]:
    """Return the keys of what may be the family name in a full name: all words but the first, and its last ones.

    Anna van der Berg may be Van der Berg or Berg; where given name and family name part nobody can say.
    """
    words = name.split()
    last = [" ".join(words[place:]) for place in range(1, len(words))] or words
    return _long_enough(*last, *(_PARTS.split(last[-1]) if last else ()))


def _long_enough(*names: str) -> frozenset[str]:
    return frozenset(key for key in map(name_key, names) if len(key) >= SHORTEST)
