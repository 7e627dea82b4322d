"""Searching the ledger on PostgreSQL: by the index alone wherever entries are only counted or left out."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

import asyncpg

from connectors.postgres.ledger import PostgresLedgerReader, stored_entry
from gateway.ledger.canonical import IndexRow
from gateway.ledger.searching import Archived, Listed, Place, Signed, Sought, Unread
from gateway.ledger.stored import StoredEntry

LOCAL_TIME: Final = ZoneInfo("Europe/London")
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_INDEXED: Final = ", ".join(IndexRow._fields)
# `at`, `seq`, `authority`, `agency`, `role` and `outcome` are in one index, so that whoever only counts by them, or
# leaves out by them, reads no entry.
_HOUR: Final = f"date_part('hour', at AT TIME ZONE '{LOCAL_TIME.key}')::int"


class PostgresLedgerSearch(PostgresLedgerReader):
    """Searches the ledger through the pool."""

    async def found(self, sought: Sought, *, first: int, before: Place | None = None) -> Sequence[Listed]:
        """Return the newest of the entries sought, newest first; with `before`, those that stand after it."""
        arguments: list[object] = []
        conditions = _conditions(sought, arguments)
        if before is not None:
            conditions.append(f"(at, seq) < ({_place(arguments, before[0])}, {_place(arguments, before[1])})")
        limit = _place(arguments, first)
        # The numbers are found first, and only the entries that are told are then read.
        rows = await self._fetch(
            f"""
            SELECT seq, {_INDEXED} FROM ledger_entry WHERE seq = ANY (ARRAY (
                SELECT seq FROM ledger_entry WHERE {" AND ".join(conditions)} ORDER BY at DESC, seq DESC LIMIT {limit}))
            ORDER BY at DESC, seq DESC
            """,  # noqa: S608 - conditions are written in this file; values travel as arguments
            *arguments,
        )
        return [_listed(row) for row in rows]

    async def by_hour(self, sought: Sought) -> Mapping[str | None, Mapping[int, int]]:
        """Return how many entries there are by agency as claimed and hour of the day in Europe/London."""
        counted: dict[str | None, Counter[int]] = {}
        for since, until, offset in _stretches(sought.since, sought.until):
            arguments: list[object] = []
            part = replace(sought, since=since, until=until, unread=None)
            rows_of = _counted(sought, " AND ".join(_conditions(part, arguments)), arguments)
            rows = await self._fetch(
                f"SELECT agency, {_hours(offset)} % 24 AS hour, count(*) FROM ({rows_of}) AS counted GROUP BY 1, 2",  # noqa: S608
                *arguments,
            )
            for row in rows:
                counted.setdefault(row["agency"], Counter())[row["hour"]] += row["count"]
        return counted

    async def growth(self, since: datetime, until: datetime, *, by: Literal["hour", "day"]) -> Mapping[datetime, int]:
        """Return how many entries were asked from each beginning of an hour, or of a day in Europe/London, on.

        These are all entries, whoever may read them: checkpoints publish as much.
        """
        grown: Counter[datetime] = Counter()
        for begun, ended, offset in _stretches(since, until):
            unit = f"{_hours(offset)} / 24" if by == "day" else _hours(0)
            rows = await self._fetch(
                f"SELECT {unit} AS unit, count(*) FROM ledger_entry WHERE at >= $1 AND at < $2 GROUP BY 1",  # noqa: S608
                begun,
                ended,
            )
            for row in rows:
                local = EPOCH + timedelta(hours=row["unit"]) if by == "hour" else EPOCH + timedelta(days=row["unit"])
                grown[local if by == "hour" else local.replace(tzinfo=LOCAL_TIME).astimezone(UTC)] += row["count"]
        return grown

    async def numbered(self, numbers: Sequence[int]) -> Sequence[StoredEntry]:
        """Return those of the entries that are here, in the order of their numbers."""
        if not numbers:
            return ()
        rows = await self._fetch(
            "SELECT seq, entry, leaf_hash FROM ledger_entry WHERE seq = ANY ($1::bigint[]) ORDER BY seq", list(numbers)
        )
        return [stored_entry(row) for row in rows]

    async def listed(self, seq: int) -> Listed | None:
        """Return what the index says of one entry."""
        rows = await self._fetch(f"SELECT seq, {_INDEXED} FROM ledger_entry WHERE seq = $1", seq)  # noqa: S608
        return _listed(rows[0]) if rows else None

    async def next_seq(self) -> int:
        """Return the number that the next entry will have."""
        head = await self.head()
        return 0 if head is None else head + 1

    async def signed(self, *, first: int, before_id: int | None = None) -> Sequence[Signed]:
        """Return the newest checkpoints, newest first."""
        rows = await self._fetch(
            """
            SELECT id, size, root, at, ARRAY (
                SELECT DISTINCT witness FROM ledger_cosignature WHERE checkpoint_id = id ORDER BY 1) AS witnesses
            FROM ledger_checkpoint WHERE id < coalesce($1, 9223372036854775807) ORDER BY id DESC LIMIT $2
            """,
            before_id,
            first,
        )
        return [
            Signed(id=row["id"], size=row["size"], root=row["root"], at=row["at"], witnesses=tuple(row["witnesses"]))
            for row in rows
        ]

    async def archived(self) -> Sequence[Archived]:
        """Return what went to archive files, the oldest first."""
        rows = await self._fetch(
            "SELECT first_seq, end_seq, digest, archived_at FROM ledger_archive ORDER BY first_seq"
        )
        return [Archived(**dict(row)) for row in rows]


def _conditions(sought: Sought, arguments: list[object]) -> list[str]:
    conditions = [f"at >= {_place(arguments, sought.since)}", f"at < {_place(arguments, sought.until)}"]
    for column in ("authority", "person", "role", "agency", "purpose", "outcome", "request_id"):
        if (value := getattr(sought, column)) is not None:
            conditions.append(f"{column} = {_place(arguments, value)}")
    if sought.hour is not None:
        conditions.append(f"{_HOUR} = {_place(arguments, sought.hour)}::int")
    if sought.unread is not None:
        conditions.append(_read(sought.unread, arguments))
    if sought.children is not None:
        ids = _place(arguments, list(sought.children))
        touched = (
            f"SELECT touched.seq FROM ledger_key JOIN ledger_child AS touched USING (tag) WHERE child_id = ANY ({ids})"  # noqa: S608
        )
        conditions.append(f"seq = ANY (ARRAY ({touched}))")
    return conditions


def _read(unread: Unread, arguments: list[object]) -> str:
    """Return the SQL of what is for the reader after all."""
    roles, purposes = ([pair[place] for pair in unread.asked] for place in (0, 1))
    pairs = f"SELECT * FROM unnest({_place(arguments, roles)}::text[], {_place(arguments, purposes)}::text[])"  # noqa: S608
    others = f"coalesce(person <> {_place(arguments, unread.reader)}, true)"
    if unread.authority is not None:
        others += f" AND coalesce(authority = {_place(arguments, unread.authority)}, false)"
    return f"NOT ((coalesce(role, ''), coalesce(purpose, '')) IN ({pairs}) AND {others})"


def _counted(sought: Sought, conditions: str, arguments: list[object]) -> str:
    """Return the SQL of the entries counted; only of the few roles that ask for what is unread the rows are read."""
    rows = f"SELECT at, agency FROM ledger_entry WHERE {conditions}"  # noqa: S608 - written in this file
    if sought.unread is None:
        return rows
    roles = _place(arguments, sorted({role for role, _ in sought.unread.asked}))
    return (
        f"{rows} AND coalesce(role, '') <> ALL ({roles}::text[]) UNION ALL "
        f"{rows} AND role = ANY ({roles}::text[]) AND {_read(sought.unread, arguments)}"
    )


def _hours(offset: int) -> str:
    """Return the SQL of the hours since 1970, of a clock that many hours ahead of UTC."""
    # To ask PostgreSQL for the local time of each row takes most of the time of counting a year.
    return f"(floor(date_part('epoch', at) / 3600)::bigint + {offset})"


def _stretches(since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime, int]]:
    """Yield the parts of a span in which the clock in London is so many hours ahead of UTC; it changes on the hour."""
    begun = day = since.astimezone(UTC)
    until = until.astimezone(UTC)
    while day < until:
        following = min(day + timedelta(days=1), until)
        if _ahead(following) != _ahead(day):
            hours = (day.replace(minute=0, second=0, microsecond=0) + timedelta(hours=count) for count in range(1, 26))
            changed = next(hour for hour in hours if _ahead(hour) != _ahead(day))
            if changed < until:
                yield begun, changed, _ahead(begun)
                begun = changed
        day = following
    if begun < until:
        yield begun, until, _ahead(begun)


def _ahead(at: datetime) -> int:
    return int((at.astimezone(LOCAL_TIME).utcoffset() or timedelta()) / timedelta(hours=1))


def _place(arguments: list[object], value: object) -> str:
    arguments.append(value)
    return f"${len(arguments)}"


def _listed(row: asyncpg.Record) -> Listed:
    return Listed(seq=row["seq"], index=IndexRow(**{name: row[name] for name in IndexRow._fields}))
