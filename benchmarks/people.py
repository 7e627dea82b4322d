"""The made-up authority that is asked about, kept in a folder so that a second run begins at once.

Children are generated as `gateway data generate` makes them. Two things are added for measuring: callers of the
directory team, and crowded birthdays, since a search that finds twenty children is rare among 200,000.
"""

import asyncio
import sys
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import asyncpg

from connectors.postgres.keys import name_key
from connectors.postgres.migration import migrate
from connectors.postgres.server import embedded_server
from connectors.synthetic.claim import Plan
from connectors.synthetic.generate import generate

AUTHORITY = "E08000009"
CALLERS = 100
CROWDS = 40
CROWD_SIZES = range(4, 21)
"""How many children share a family name and a birthday, at least and at most."""

# Whom the directory team is told everything about. Children in the authority's own care are left out: one carer stands
# for the corporate parent of all of them, and reading the facts of that carer is measured nowhere here.
_ORDINARY = """
    c.standing = 'live' AND c.id = c.identity_id AND c.date_of_birth > current_date - interval '17 years'
    AND NOT EXISTS (SELECT FROM shield s WHERE s.identity_id = c.identity_id)
    AND NOT EXISTS (SELECT FROM involvement i WHERE i.child_id = c.id AND i.sensitive)
    AND NOT EXISTS (SELECT FROM child_carer l WHERE l.child_id = c.id AND l.relationship = 'CORPORATE_PARENT')"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A family name and a date of birth that several children share."""

    family_name: str
    born: date


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Where the people are, and whom to ask about."""

    url: str
    agency: str
    callers: tuple[str, ...]
    children: tuple[UUID, ...]
    searches: tuple[Search, ...]


def people(folder: Path, *, children: int, sample: int) -> People:
    """Return the people under a folder, generated unless they are there."""
    url = embedded_server(folder)
    return asyncio.run(_people(url, children=children, sample=sample))


async def _people(url: str, *, children: int, sample: int) -> People:
    await migrate(url)
    await _generated(url, children)
    connection = await asyncpg.connect(url)
    try:
        agency = await _callers(connection)
        searches = await _crowds(connection)
        # Children with as much to tell as performance figures elsewhere assume: services, carers and settings.
        rows = await connection.fetch(
            f"SELECT c.id FROM child c WHERE {_ORDINARY} AND 2 <= (SELECT count(*) FROM involvement i "  # noqa: S608 - fixed text
            "WHERE i.child_id = c.id) ORDER BY md5(c.id::text) LIMIT $1",
            sample,
        )
    finally:
        await connection.close()
    return People(
        url=url,
        agency=agency,
        callers=tuple(_caller(number) for number in range(CALLERS)),
        children=tuple(UUID(int=row["id"].int) for row in rows),
        searches=tuple(searches),
    )


async def _generated(url: str, children: int) -> None:
    """Generate the children unless they are there; a load that was interrupted goes on."""
    connection = await asyncpg.connect(url)
    try:
        held = await connection.fetchrow("SELECT accepted, loaded_at FROM feed_load WHERE feed = 'generated'")
    finally:
        await connection.close()
    if held is not None and held["accepted"] == children:
        return
    started, done = time.monotonic(), 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        sys.stderr.write(f"\rchildren in the database: {done:,} of {children:,} ({time.monotonic() - started:.0f} s) ")

    as_of = datetime.now(UTC).date() if held is None else held["loaded_at"].date()
    await generate(url, Plan(authority=AUTHORITY, children=children, seed=1, as_of=as_of), on_progress=advance)
    sys.stderr.write("\n")


def _caller(number: int) -> str:
    return f"benchmark-{number:03d}"


async def _callers(connection: asyncpg.Connection) -> str:
    """Register people of the directory team, and return their agency."""
    agency = await connection.fetchval(
        "SELECT id FROM agency WHERE authority = $1 AND NOT sensitive AND suspended_at IS NULL "
        "ORDER BY kind <> 'authority', accredited_until DESC, id LIMIT 1",
        AUTHORITY,
    )
    await connection.execute("UPDATE agency SET accredited_until = current_date + 365 WHERE id = $1", agency)
    await connection.executemany(
        "INSERT INTO registration (person, role, name, agency, training_valid_until, check_issued_on) "
        "VALUES ($1, 'directory-team', $1, $2, current_date + 365, current_date - 10) "
        "ON CONFLICT (person, role) DO UPDATE SET agency = excluded.agency, "
        "training_valid_until = excluded.training_valid_until, check_issued_on = excluded.check_issued_on",
        [(_caller(number), agency) for number in range(CALLERS)],
    )
    return str(agency)


async def _crowds(connection: asyncpg.Connection) -> list[Search]:
    """Give children of the commonest family names one birthday each name, in groups of 4 to 20."""
    names = await connection.fetch(
        f"SELECT family_name FROM child c WHERE {_ORDINARY} GROUP BY 1 HAVING count(*) >= 20 "  # noqa: S608 - fixed text
        "ORDER BY count(*) DESC, family_name LIMIT $1",
        CROWDS,
    )
    searches = []
    for number, row in enumerate(names):
        born = date(2013, 1, 6).replace(month=1 + number % 12, day=1 + number % 28)
        size = CROWD_SIZES[number * 7 % len(CROWD_SIZES)]
        chosen = await connection.fetch(
            f"SELECT c.id FROM child c WHERE {_ORDINARY} AND c.family_name = $1 ORDER BY c.id LIMIT $2",  # noqa: S608
            row["family_name"],
            size,
        )
        ids = [one["id"] for one in chosen]
        await connection.execute("UPDATE child SET date_of_birth = $2 WHERE id = ANY($1)", ids, born)
        await connection.execute(
            "UPDATE child_search_key SET date_of_birth = $2 WHERE child_id = ANY($1) AND date_of_birth <> $2", ids, born
        )
        # Whoever was born on that day under that name by chance and is not ordinary would be told differently.
        others = await connection.fetchval(
            f"SELECT count(*) FROM child_search_key k JOIN child c ON c.id = k.child_id WHERE k.family_key = $1 "  # noqa: S608
            f"AND k.date_of_birth = $2 AND (k.former OR NOT ({_ORDINARY}))",
            name_key(row["family_name"]),
            born,
        )
        if not others:
            searches.append(Search(family_name=row["family_name"], born=born))
    return searches
