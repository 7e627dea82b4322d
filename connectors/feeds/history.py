"""What was before: former names and addresses, each kept once however often a feed repeats it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from connectors.feeds.patient import Home, Name, Period
from connectors.postgres.database import Connection

Known = Sequence[Period]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of history: the columns that say what, and the two that say when."""

    name: str
    what: tuple[str, ...]
    when: tuple[str, str]
    same: tuple[str, ...]
    """The columns by which two rows speak of the same thing."""


NAMES = Table(
    name="child_former_name",
    what=("given_name", "family_name"),
    when=("used_from", "used_until"),
    same=("given_name", "family_name"),
)
HOMES = Table(
    name="child_former_address",
    what=("address_lines", "postcode", "uprn"),
    when=("lived_from", "lived_until"),
    same=("address_lines", "postcode"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """Something that was so for a time; `values` in the order of `Table.what`."""

    table: Table
    values: tuple[object, ...]
    period: Period


def former_name(name: Name) -> Before:
    """Return a name as history."""
    return Before(table=NAMES, values=(name.given, name.family), period=name.period)


def former_home(home: Home) -> Before:
    """Return an address as history."""
    return Before(table=HOMES, values=(home.lines, home.postcode, home.uprn), period=home.period)


async def remember(
    connection: Connection,
    child: UUID,
    before: Before,
    *,
    source: str,
    asserted_at: datetime,
    only_if_new: bool = False,
) -> bool:
    """Keep what was before and say whether that is news; `only_if_new` leaves a known one's period alone."""
    table = before.table
    known = await _known_periods(connection, child, before)
    if only_if_new and known:
        return False
    match = next((period for period in known if _compatible(period, before.period)), None)
    if match is None:
        columns = ", ".join((*table.what, *table.when))
        places = ", ".join(f"${place}" for place in range(4, 6 + len(table.what)))
        await connection.execute(
            f"INSERT INTO {table.name} (child_id, source, asserted_at, confirmed_at, {columns}) "  # noqa: S608
            f"VALUES ($1, $2, $3, $3, {places})",
            child, source, asserted_at, *before.values, before.period.start, before.period.end,
        )  # fmt: skip
        return True
    merged = Period(start=before.period.start or match.start, end=before.period.end or match.end)
    if merged in known:
        return False
    await _replace_period(connection, child, before, match, merged)
    return True


async def _known_periods(connection: Connection, child: UUID, before: Before) -> Known:
    start, end = before.table.when
    rows = await connection.fetch(
        f"SELECT {start} AS start, {end} AS end FROM {before.table.name} "  # noqa: S608
        f"WHERE child_id = $1 AND {_same(before.table, 2)} ORDER BY {start} NULLS LAST, {end} NULLS LAST",
        child,
        *_identifying(before),
    )
    return [Period(start=row["start"], end=row["end"]) for row in rows]


async def _replace_period(connection: Connection, child: UUID, before: Before, old: Period, new: Period) -> None:
    start, end = before.table.when
    await connection.execute(
        f"UPDATE {before.table.name} SET {start} = $2, {end} = $3 "  # noqa: S608
        f"WHERE child_id = $1 AND {start} IS NOT DISTINCT FROM $4 AND {end} IS NOT DISTINCT FROM $5 "
        f"AND {_same(before.table, 6)}",
        child,
        new.start,
        new.end,
        old.start,
        old.end,
        *_identifying(before),
    )


def _same(table: Table, first: int) -> str:
    return " AND ".join(f"{column} IS NOT DISTINCT FROM ${place}" for place, column in enumerate(table.same, first))


def _identifying(before: Before) -> list[object]:
    return [
        value for column, value in zip(before.table.what, before.values, strict=True) if column in before.table.same
    ]


def _compatible(known: Period, stated: Period) -> bool:
    """Say whether two periods may be one: where both name a day, it is the same."""
    return all(
        one is None or other is None or one == other
        for one, other in ((known.start, stated.start), (known.end, stated.end))
    )


def until(day: date) -> Period:
    """Return the period of what ended on a day."""
    return Period(start=None, end=day)
