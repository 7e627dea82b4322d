"""Links to records of other authorities, as rows that are undone and never changed otherwise."""

# ruff: noqa: S608 - every part of the text is written in this package; what callers write travels as arguments

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from connectors.postgres.database import Database
from connectors.postgres.directory import LOCAL_TIME
from connectors.postgres.facts import CHILD_KIN, CHILD_SHIELD
from connectors.postgres.sharing import shared
from gateway.federation.links import FoundLink, Link, LinkState
from gateway.vocabulary import AuthorityCode, ChildId, MatchGrade, PersonId

_IN_FORCE = "confirmed_at IS NOT NULL AND undone_at IS NULL"
_STATE = f"CASE WHEN {_IN_FORCE} THEN 'in force' WHEN undone_at IS NULL THEN 'waiting' ELSE 'undone' END"
_TWINS = """(
    SELECT twin.id FROM child c JOIN child twin ON twin.identity_id = c.identity_id WHERE c.id = $1)"""
"""The rows that are one child with $1: a link on any of them is a link of the child's."""

# One row for each record elsewhere: a link in force comes before one that was undone, that before one that waits.
_OF = f"""
SELECT c.id AS child_id, link.authority, link.there, link.state
FROM child c CROSS JOIN {CHILD_KIN}
LEFT JOIN LATERAL (
    SELECT DISTINCT ON (held.authority, held.there) held.authority, held.there, {_STATE} AS state
    FROM child_link_elsewhere held WHERE held.child_id = ANY(kin.twins)
    ORDER BY held.authority, held.there, ({_IN_FORCE}) DESC, undone_at IS NOT NULL DESC) link ON true
WHERE c.id = ANY($1::uuid[]) AND {CHILD_SHIELD} = 'none'
ORDER BY link.authority, link.there"""

_PROTECTED = f"""
SELECT DISTINCT held.authority, held.there, c.id AS child_id
FROM unnest($1::text[], $3::text[]) AS told (authority, there)
JOIN child_link_elsewhere held ON held.authority = told.authority AND held.there = told.there AND {_IN_FORCE}
JOIN child c ON c.id = held.child_id CROSS JOIN {CHILD_KIN}
WHERE {CHILD_SHIELD} <> 'none'"""

# What a person has undone stays undone; of what waits for a person only an identifier makes more at once.
_KEEP = f"""
INSERT INTO child_link_elsewhere (
    child_id, id, authority, there, grade, reasons, made_at, made_by, confirmed_at, confirmed_by)
SELECT c.id, $2, $3, $4, $5, $6, $7::timestamptz, $8::text, CASE WHEN $9 THEN $7 END, CASE WHEN $9 THEN $8 END
FROM child c WHERE c.id = $1 AND NOT EXISTS (
    SELECT FROM child_link_elsewhere held
    WHERE held.child_id IN {_TWINS} AND held.authority = $3 AND held.there = $4
      AND NOT ($9 AND confirmed_at IS NULL AND undone_at IS NULL))
ON CONFLICT DO NOTHING"""

_CONFIRM = f"""
UPDATE child_link_elsewhere SET confirmed_at = $4, confirmed_by = $5
WHERE (child_id, id) IN (
    SELECT child_id, id FROM child_link_elsewhere
    WHERE child_id IN {_TWINS} AND authority = $2 AND there = $3 AND confirmed_at IS NULL AND undone_at IS NULL
    LIMIT 1)"""
_SAY = """
INSERT INTO child_link_elsewhere (
    child_id, id, authority, there, grade, reasons, made_at, made_by, confirmed_at, confirmed_by)
SELECT c.id, $2, $3, $4, $5, '{}', $6::timestamptz, $7::text, $6, $7 FROM child c WHERE c.id = $1"""
_IS_IN_FORCE = f"""
SELECT FROM child_link_elsewhere
WHERE child_id IN {_TWINS} AND authority = $2 AND there = $3 AND {_IN_FORCE}"""
_UNDO = f"""
UPDATE child_link_elsewhere SET undone_at = $4, undone_by = $5
WHERE child_id IN {_TWINS} AND authority = $2 AND there = $3 AND undone_at IS NULL"""

_HISTORY = f"""
SELECT *, {_STATE} AS state FROM child_link_elsewhere
WHERE ($1::uuid IS NULL OR child_id IN {_TWINS}) ORDER BY made_at, id"""
_QUEUE = f"""
SELECT *, 'waiting' AS state FROM child_link_elsewhere held
WHERE held.confirmed_at IS NULL AND held.undone_at IS NULL AND NOT EXISTS (
    SELECT FROM child_link_elsewhere other
    WHERE other.child_id = held.child_id AND other.authority = held.authority AND other.there = held.there
      AND {_IN_FORCE})
ORDER BY held.made_at, held.id"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRow:
    """One row of the history."""

    child: ChildId
    authority: AuthorityCode
    there: str
    grade: MatchGrade
    reasons: tuple[str, ...]
    made_at: datetime
    made_by: str
    state: LinkState
    confirmed_at: datetime | None
    confirmed_by: str | None
    undone_at: datetime | None
    undone_by: str | None


class PostgresLinks:
    """Reads and writes links; satisfies `Links` and `LinkBook`."""

    def __init__(self, database: Database, *, now: Callable[[], datetime]) -> None:
        """Take the database; `now` returns this moment, aware."""
        self._database = database
        self._now = now

    @shared
    async def of(self, children: Sequence[ChildId]) -> Mapping[ChildId, Sequence[Link]]:
        """Return each child's links; a child under a shield, or near to one who is, is absent."""
        today = self._now().astimezone(LOCAL_TIME).date()
        found: defaultdict[ChildId, list[Link]] = defaultdict(list)
        for row in await self._database.fetch(_OF, children, today):
            links = found[row["child_id"]]
            if row["authority"] is not None:
                links.append(
                    Link(authority=row["authority"], there=row["there"], state=LinkState(row["state"])),
                )
        return found

    async def protected(
        self, there: Sequence[tuple[AuthorityCode, str]]
    ) -> Mapping[tuple[AuthorityCode, str], Sequence[ChildId]]:
        """Return the children here under a shield, or near to one who is, that links join to records elsewhere."""
        today = self._now().astimezone(LOCAL_TIME).date()
        codes, ids = [code for code, _ in there], [one for _, one in there]
        found: defaultdict[tuple[AuthorityCode, str], list[ChildId]] = defaultdict(list)
        for row in await self._database.fetch(_PROTECTED, codes, today, ids):
            found[row["authority"], row["there"]].append(row["child_id"])
        return found

    async def keep(self, found: Sequence[FoundLink], *, by: PersonId, at: datetime) -> None:
        """Write those of the links that nobody has made, found or undone before."""
        await self._database.executemany(
            _KEEP,
            [
                (
                    one.child,
                    one.id,
                    one.authority,
                    one.there,
                    one.grade.value,
                    [reason.value for reason in one.reasons],
                    at,
                    by,
                    one.certain,
                )
                for one in found
            ],
        )

    async def say(self, child: ChildId, authority: AuthorityCode, there: str, *, by: PersonId, at: datetime) -> bool:
        """Make a link, or confirm one that waits, on a person's word; return whether it was not in force already."""
        if await self._database.fetchrow(_IS_IN_FORCE, child, authority, there) is not None:
            return False
        if await self._database.execute(_CONFIRM, child, authority, there, at, by) != "UPDATE 0":
            return True
        tag = await self._database.execute(_SAY, child, uuid4(), authority, there, MatchGrade.CERTAIN.value, at, by)
        return tag != "INSERT 0 0"

    async def undo(self, child: ChildId, authority: AuthorityCode, there: str, *, by: PersonId, at: datetime) -> bool:
        """Undo a link, or refuse one that waits; return whether there was one."""
        return await self._database.execute(_UNDO, child, authority, there, at, by) != "UPDATE 0"

    async def history(self, child: UUID | None = None) -> Sequence[LinkRow]:
        """Return all links of a child, or of all children, oldest first."""
        return [_link_row(row) for row in await self._database.fetch(_HISTORY, child)]

    async def waiting(self) -> Sequence[LinkRow]:
        """Return the links that wait for a person, oldest first."""
        return [_link_row(row) for row in await self._database.fetch(_QUEUE)]


def _link_row(row: Mapping[str, object]) -> LinkRow:
    stated = dict(row) | {
        "child": row["child_id"],
        "grade": MatchGrade(str(row["grade"])),
        "reasons": tuple(row["reasons"]),  # type: ignore[arg-type]  # an array of texts
        "state": LinkState(str(row["state"])),
    }
    return LinkRow(**{name: stated[name] for name in LinkRow.__slots__})  # type: ignore[arg-type]  # as the table has them
