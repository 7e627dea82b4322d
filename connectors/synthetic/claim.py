"""Who may load what: one plan an authority, never a second beside the first, and removal of all of it or nothing."""

import csv
import hashlib
import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import asyncpg

from connectors.synthetic.numbers import id_range, marker
from connectors.synthetic.world import Authority

FEED = "generated"
"""The name in `feed_load` under which a load is kept, one row an authority."""
_AUTHORITIES = Path(__file__).resolve().parent.parent / "feeds" / "authorities.csv"
_ABOUT_A_CHILD = (
    "child_link",
    "conflict",
    "shield",
    "involvement_consent",
    "involvement",
    "child_setting",
    "child_carer",
    "child_search_key",
    "child_superseded_identifier",
    "child_former_address",
    "child_former_name",
)


_UNINDEXED = (
    ("registration", "subject_child"),
    ("registration", "subject_carer"),
    ("registration", "agency"),
    ("involvement", "agency_id"),
    ("child_link", "other_child_id"),
    ("conflict", "practitioner_id"),
)
"""References that nobody looks up, save the database for each row removed: they are indexed for that long."""


class GenerationRefused(Exception):
    """Nothing was changed; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to load; the same plan makes the same data."""

    authority: str
    children: int
    seed: int
    as_of: date

    @property
    def digest(self) -> bytes:
        """Return what tells this plan from another."""
        stated = [self.authority, self.children, self.seed, self.as_of.isoformat()]
        return hashlib.sha256(json.dumps(stated).encode()).digest()


async def known_authority(connection: asyncpg.Connection, code: str) -> Authority:
    """Return the authority's row, from the database or else from the packaged list.

    Raises:
        GenerationRefused: No such authority is known.
    """
    row = await connection.fetchrow("SELECT code, legacy_code, name FROM authority WHERE code = $1", code)
    if row is not None and row["legacy_code"] is not None:
        return Authority(*row)
    with _AUTHORITIES.open(encoding="utf-8", newline="") as file:
        for known in csv.DictReader(file):
            if known["code"] == code:
                return Authority(known["code"], known["legacy_code"], known["name"])
    raise GenerationRefused(f"{code} is no local authority that this release knows; give a code such as E08000009.")


async def make_way(connection: asyncpg.Connection, plan: Plan, *, replace_held: bool) -> None:
    """Let a load begin or go on, after removing what it replaces.

    Raises:
        GenerationRefused: Generated data is in the way, or records made since refer to it.
    """
    held = await connection.fetchrow(
        "SELECT accepted, file_sha256 FROM feed_load WHERE feed = $1 AND file_name = $2", FEED, plan.authority
    )
    if held is None:
        return
    if replace_held:
        await _remove(connection, plan.authority)
    elif held["accepted"]:
        raise GenerationRefused(
            f"{plan.authority} already holds {held['accepted']:,} generated children; add --replace to replace them."
        )
    elif held["file_sha256"] != plan.digest:
        raise GenerationRefused(
            f"{plan.authority} holds an unfinished load with other options; repeat it with those, or add --replace."
        )


async def _remove(connection: asyncpg.Connection, authority: str) -> None:
    """Remove everything generated for an authority in one transaction, and nothing else."""
    low, high = id_range(marker(FEED, authority))
    try:
        async with connection.transaction():
            for number, (table, column) in enumerate(_UNINDEXED):
                await connection.execute(f"CREATE INDEX removal_{number} ON {table} ({column})")
            for table in _ABOUT_A_CHILD:
                await connection.execute(f"DELETE FROM {table} WHERE child_id BETWEEN $1 AND $2", low, high)  # noqa: S608 - table names from this module
            for table in ("child", "carer", "setting"):
                await connection.execute(f"DELETE FROM {table} WHERE id BETWEEN $1 AND $2", low, high)  # noqa: S608 - as above
            for table in ("registration", "practitioner", "safeguarding_contact"):
                await connection.execute(f"DELETE FROM {table} WHERE agency BETWEEN $1 AND $2", low, high)  # noqa: S608 - as above
            await clear_contacts(connection, authority)
            await connection.execute("DELETE FROM agency WHERE id BETWEEN $1 AND $2", low, high)
            for number in range(len(_UNINDEXED)):
                await connection.execute(f"DROP INDEX removal_{number}")
            await connection.execute("DELETE FROM feed_load WHERE feed = $1 AND file_name = $2", FEED, authority)
    except asyncpg.ForeignKeyViolationError as error:
        raise GenerationRefused(
            f"Records made since refer to the generated ones ({error.table_name}); nothing was removed."
        ) from error


async def clear_contacts(connection: asyncpg.Connection, authority: str) -> None:
    """Remove an authority's made-up contacts, which all have an address under a name nobody owns."""
    await connection.execute(
        "DELETE FROM safeguarding_contact WHERE authority = $1 AND email LIKE '%.example'", authority
    )
