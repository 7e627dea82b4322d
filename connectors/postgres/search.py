"""Search: which stored keys to look at, in branches that each start from an index (domain rule S1).

What a caller wrote travels as arguments only. The branches may bring too much; `matching` judges every row.
"""

# ruff: noqa: S608 - every part of the text is written in this package; what callers write travels as arguments

from collections.abc import Iterator, Sequence
from datetime import date

import asyncpg

from connectors.postgres.criteria import Asked, read_criteria
from connectors.postgres.database import Database
from connectors.postgres.keys import Pattern
from connectors.postgres.matching import Match, best, match
from gateway.ports import Criteria

_COLUMNS = """former, family_key, family_sound, given_key, given_first_key, given_sound, date_of_birth, gender,
    postcode_key"""

# The record that stands for an identity is one that is live and that was not joined to another. What a record holds
# does not count: that one of two has an NHS number would show to callers who may not see the number.
_SURVIVING = """survivor.id AS surviving, survivor.id <> c.id AS elsewhere"""
_SURVIVOR = """LATERAL (
    SELECT p.id FROM child p WHERE p.identity_id = c.identity_id
    ORDER BY p.standing <> 'live',
        EXISTS (SELECT FROM child_link made WHERE made.child_id = p.id AND made.unlinked_at IS NULL), p.id
    LIMIT 1) survivor"""

_BY_IDENTIFIER = f"""
WITH hit(child_id, identifier) AS (
    SELECT id, 'IDENTIFIER_EQUAL' FROM child WHERE nhs_number = $1
    UNION ALL SELECT id, 'IDENTIFIER_EQUAL' FROM child WHERE upn = $2
    UNION ALL SELECT child_id, 'IDENTIFIER_SUPERSEDED' FROM child_superseded_identifier
        WHERE system = 'nhs-number' AND value = $1
    UNION ALL SELECT child_id, 'IDENTIFIER_SUPERSEDED' FROM child_superseded_identifier
        WHERE system = 'upn' AND value = $2)
SELECT hit.identifier, false AS former, key.family_key, key.family_sound, key.given_key, key.given_first_key,
    key.given_sound, c.date_of_birth, c.gender, key.postcode_key, {_SURVIVING}
FROM hit JOIN child c ON c.id = hit.child_id CROSS JOIN {_SURVIVOR}
LEFT JOIN child_search_key key ON key.child_id = c.id AND NOT key.former"""


class Search:
    """Finds children by criteria; it brings grades and grounds, not yet records."""

    def __init__(self, database: Database) -> None:
        """Search in `database`."""
        self._database = database

    async def find(self, criteria: Criteria) -> Sequence[Match]:
        """Return the best match of each identity, in no particular order.

        Raises:
            BadCriteria: The criteria are below the minimum.
        """
        asked = read_criteria(criteria)
        rows: list[asyncpg.Record] = []
        if asked.by_identifier:
            rows += await self._database.fetch(_BY_IDENTIFIER, asked.nhs_number, asked.upn)
        if asked.by_name or asked.by_place:
            sql, arguments = _by_keys(asked)
            rows += await self._database.fetch(sql, *arguments)
        judged = (match(asked, row) for row in rows)
        return list(best(found for found in judged if found is not None).values())


class _Arguments(list[object]):
    """The arguments of a statement, each known by its place."""

    def place(self, value: object) -> str:
        self.append(value)
        return f"${len(self)}"


def _by_keys(asked: Asked) -> tuple[str, Sequence[object]]:
    """Return the statement for these criteria: its text depends on what is given, never on the values."""
    arguments = _Arguments()
    branches = "\n    UNION ".join(
        f"SELECT child_id, {_COLUMNS} FROM child_search_key WHERE {condition}"
        for condition in _conditions(asked, arguments)
    )
    sql = f"""
SELECT NULL AS identifier, hit.*, {_SURVIVING}
FROM ({branches}) hit JOIN child c ON c.id = hit.child_id CROSS JOIN {_SURVIVOR}"""
    return sql, arguments


def _conditions(asked: Asked, arguments: _Arguments) -> Iterator[str]:
    if asked.by_name and asked.family is not None:
        yield f"{_like('family_key', asked.family, arguments)} AND {_on(asked.born, arguments)}"
    if asked.by_both_names and asked.given is not None:
        if asked.family_sound and asked.given_sound:
            yield f"{_sounds(asked, arguments, 'family', 'given')} AND {_near(asked, arguments)}"
        if asked.given_sound:
            yield f"{_sounds(asked, arguments, 'given')} AND {_on(asked.born, arguments)}"
        else:
            yield f"{_like('given_key', asked.given, arguments)} AND {_on(asked.born, arguments)}"
    if asked.by_place and asked.postcode is not None:
        # A postcode with a wildcard is wide; with slips of the date as well it would be too wide.
        day = _near(asked, arguments) if asked.postcode.exact else _on(asked.born, arguments)
        yield f"{_like('postcode_key', asked.postcode, arguments)} AND {day}"


def _on(day: date | None, arguments: _Arguments) -> str:
    return f"date_of_birth = {arguments.place(day)}::date"


def _near(asked: Asked, arguments: _Arguments) -> str:
    return f"date_of_birth = ANY({arguments.place(asked.near)}::date[])"


def _sounds(asked: Asked, arguments: _Arguments, *names: str) -> str:
    sounds = {"family": asked.family_sound, "given": asked.given_sound}
    return " AND ".join(f"{name}_sound = {arguments.place(sounds[name])}" for name in names)


def _like(column: str, pattern: Pattern, arguments: _Arguments) -> str:
    if pattern.exact:
        return f"{column} = {arguments.place(pattern.key)}"
    low, high = arguments.place(pattern.low), arguments.place(pattern.high)
    wild = arguments.place(pattern.key.replace("*", "%"))  # keys hold letters and digits only: nothing to escape
    return f"{column} >= {low} AND {column} < {high} AND {column} LIKE {wild}"
