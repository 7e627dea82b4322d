"""The looks of a period on PostgreSQL: one stream of index rows in the order of callers, and set-at-a-time what ties
each look to the directory. Names and addresses are compared here and go no further: out of here come yes and no.
"""

import asyncio
from collections.abc import AsyncGenerator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from connectors.postgres.database import Connection, Database
from connectors.postgres.ledger import OpeningLedgerReader
from connectors.postgres.looks_sql import (
    CALLER_HOMES,
    CALLER_NAMES,
    CALLERS,
    CHILDREN,
    FIRST_ENTRIES,
    FOLLOWED,
    LOOKS,
    RANGE,
    TIES,
)
from connectors.postgres.nearness import Home, home_of, nearness
from connectors.postgres.surnames import keys_of_family_name, keys_of_full_name
from gateway.ledger.sealing import encoded
from gateway.ledger.stored import StoredEntry
from gateway.reviewing.finding import Period
from gateway.reviewing.looks import Commonness, Look, Reviewed, Stretch, Touch
from gateway.reviewing.thresholds import LOCAL_TIME, Thresholds
from gateway.vocabulary import AuthorityCode, PersonId

CHUNK: Final = 4_000
"""Rows after which the callers read so far are worked through: what is in memory at a time, and one caller more."""

NAMING: Final = tuple(
    [f"Child.{name}" for name in ("id", "givenName", "familyName", "dateOfBirth", "gender", "withheld")]
    + [f"Candidate.{name}" for name in ("child", "grade", "reasons")]
)
"""Fields that only tell candidates of a search apart: whoever is told no more has not looked into a record."""

Row = Mapping[str, Any]


@dataclass(slots=True)
class _Chunk:
    """The rows of some callers, whole, in the order of callers and time."""

    rows: list[Row] = field(default_factory=list)

    def takes(self, row: Row) -> bool:
        """Return whether a row still belongs to this chunk."""
        return len(self.rows) < CHUNK or row["person"] == self.rows[-1]["person"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Child:
    """What of a child is compared with callers; `homes` leaves out where a shielded child lives now."""

    surnames: frozenset[str]
    carers: frozenset[object]
    homes: Sequence[Home]

    @property
    def postcodes(self) -> frozenset[str]:
        return frozenset(home.postcode for home in self.homes if home.postcode)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What is known of a chunk's callers and children."""

    surnames: Mapping[str, frozenset[str]]
    homes: Mapping[str, Sequence[Home]]
    carers: Mapping[str, frozenset[object]]
    children: Mapping[bytes, _Child]
    ties: Mapping[tuple[str, str, bytes, date], Row]
    followed: Mapping[tuple[int, bytes], int]


class PostgresLooks:
    """Reads looks; satisfies `gateway.reviewing.reviewing.LooksReader`."""

    def __init__(self, database: Database, ledger: OpeningLedgerReader, *, within: float) -> None:
        """Take the pool, the ledger with its keys, and the seconds that one review may take."""
        self._database = database
        self._ledger = ledger
        self._within = within
        # One review at a time, so that however many are asked for, other asks find connections.
        self._turn = asyncio.Semaphore(1)

    async def callers(self, authority: AuthorityCode, period: Period) -> int:
        """Return how many callers of an authority asked anything in a period."""
        async with self._database.transaction(within=self._within) as connection:
            ends = _instant(period.last + timedelta(days=1))
            number: int = await connection.fetchval(CALLERS, authority, _instant(period.first), ends)
            return number

    async def stretches(
        self, authority: AuthorityCode, period: Period, *, thresholds: Thresholds, commonness: Commonness
    ) -> AsyncGenerator[Stretch, None]:
        """Stream what each caller of an authority did; see the port."""
        begins, ends = _instant(period.first), _instant(period.last + timedelta(days=1))
        async with self._turn, self._database.transaction(within=self._within) as connection:
            # One plan for one review: a plan for any period at all would not know how much of the ledger this is.
            await connection.execute("SET LOCAL plan_cache_mode = force_custom_plan; SET TRANSACTION READ ONLY")
            lowest, highest = await connection.fetchrow(RANGE, begins - thresholds.past, ends)
            if lowest is None:
                return
            reading = _Reading(connection, self._ledger, authority, begins=begins, lowest=lowest, thresholds=thresholds)
            chunk = _Chunk()
            rows = connection.cursor(
                LOOKS, authority, begins - thresholds.past, ends, lowest, highest, list(NAMING), prefetch=CHUNK
            )
            async for row in rows:
                if not chunk.takes(row):
                    for stretch in await reading.stretches_of(chunk, commonness):
                        yield stretch
                    chunk = _Chunk()
                chunk.rows.append(row)
            for stretch in await reading.stretches_of(chunk, commonness):
                yield stretch


class _Reading:
    """One review under way over one connection."""

    def __init__(
        self,
        connection: Connection,
        ledger: OpeningLedgerReader,
        authority: AuthorityCode,
        *,
        begins: datetime,
        lowest: int,
        thresholds: Thresholds,
    ) -> None:
        self._connection = connection
        self._ledger = ledger
        self._authority = authority
        self._begins = begins
        self._lowest = lowest
        self._thresholds = thresholds

    async def stretches_of(self, chunk: _Chunk, commonness: Commonness) -> list[Stretch]:
        """Return the stretches of a chunk's callers who asked anything in the period itself."""
        of_callers: dict[str, list[Row]] = {}
        for row in chunk.rows:
            of_callers.setdefault(row["person"], []).append(row)
        present = {person: rows for person, rows in of_callers.items() if rows[-1]["at"] >= self._begins}
        known = await self._known([row for rows in present.values() for row in rows if row["at"] >= self._begins])
        return [self._stretch(person, rows, known, commonness) for person, rows in present.items()]

    def _stretch(self, person: str, rows: Sequence[Row], known: _Known, commonness: Commonness) -> Stretch:
        now = [row for row in rows if row["at"] >= self._begins]
        looks = [self._look(same, known) for same in _by_entry(now)]
        strangers = {row["tag"]: known.children.get(row["tag"]) for row in now if row["tag"] and _not_own(row, known)}
        for child in strangers.values():
            if child is not None:
                commonness.add(child.surnames, child.postcodes)
        role, agency = _most_frequent((row["role"] or "", row["agency"] or "") for row in now)
        return Stretch(
            caller=Reviewed(person=PersonId(person), role=role, agency=agency, authority=self._authority),
            looks=looks,
            past=[_past_look(same) for same in _by_entry(row for row in rows if row["at"] < self._begins)],
            surnames=known.surnames.get(person, frozenset()),
            postcodes=frozenset(home.postcode for home in known.homes.get(person, ()) if home.postcode),
        )

    def _look(self, rows: Sequence[Row], known: _Known) -> Look:
        first = rows[0]
        return Look(
            seq=first["seq"],
            at=first["at"],
            purpose=first["purpose"],
            code=first["code"],
            searches=first["searches"],
            touches=tuple(_touch(row, known) for row in rows if row["tag"] is not None),
        )

    async def _known(self, rows: Sequence[Row]) -> _Known:
        persons = list(dict.fromkeys(row["person"] for row in rows))
        touching = [row for row in rows if row["tag"] is not None]
        children = await self._children({row["tag"] for row in touching})
        ties = await self._ties(touching)
        homes, carers = await self._homes(persons)
        not_own = [row for row in touching if _is_not_own(ties.get(_tie(row)))]
        return _Known(
            surnames=await self._surnames(persons, rows),
            homes=homes,
            carers=carers,
            children=children,
            ties=ties,
            followed=await self._followed(not_own),
        )

    async def _surnames(self, persons: Sequence[str], rows: Sequence[Row]) -> Mapping[str, frozenset[str]]:
        """Return the keys of each caller's surname: as the register has it, and as the caller's token said it.

        Of each caller the first entry of the chunk is opened; what was erased meanwhile says nothing.
        """
        named: dict[str, frozenset[str]] = {}
        for row in await self._connection.fetch(CALLER_NAMES, persons):
            named[row["person"]] = named.get(row["person"], frozenset()) | keys_of_full_name(row["name"])
        first: dict[str, int] = {}
        for row in rows:
            first.setdefault(row["person"], row["seq"])
        stored = await self._connection.fetch(FIRST_ENTRIES, list(first.values()))
        opened = await self._ledger.opened([_stored(row) for row in stored])
        for entry in opened:
            name = None if entry.ask is None else entry.ask["caller"]
            if name is not None:
                person = entry.document["caller"]["person"]
                named[person] = named.get(person, frozenset()) | keys_of_full_name(name)
        return named

    async def _homes(
        self, persons: Sequence[str]
    ) -> tuple[Mapping[str, Sequence[Home]], Mapping[str, frozenset[object]]]:
        homes: dict[str, list[Home]] = {}
        carers: dict[str, frozenset[object]] = {}
        for row in await self._connection.fetch(CALLER_HOMES, persons):
            homes.setdefault(row["person"], []).append(home_of(*row["home"]))
            carers[row["person"]] = carers.get(row["person"], frozenset()) | {row["carer"]}
        return homes, carers

    async def _children(self, tags: Collection[bytes]) -> Mapping[bytes, _Child]:
        rows = await self._connection.fetch(CHILDREN, list(tags))
        return {
            row["tag"]: _Child(
                surnames=frozenset[str]().union(
                    *map(keys_of_family_name, row["family_names"]), *map(keys_of_full_name, row["carer_names"])
                ),
                carers=frozenset(row["carers"]),
                homes=[home_of(*home) for home in row["homes"]],
            )
            for row in rows
        }

    async def _ties(self, rows: Sequence[Row]) -> Mapping[tuple[str, str, bytes, date], Row]:
        wanted = list(dict.fromkeys(_tie(row) for row in rows))
        persons, agencies, tags, days = _columns(wanted, 4)
        found = await self._connection.fetch(
            TIES,
            persons,
            agencies,
            tags,
            days,
            self._thresholds.relationship_before_days,
            self._thresholds.relationship_after_days,
        )
        return {wanted[row["number"] - 1]: row for row in found}

    async def _followed(self, rows: Sequence[Row]) -> Mapping[tuple[int, bytes], int]:
        places = [(row["seq"], row["tag"], row["at"], row["person"], row["agency"]) for row in rows if row["agency"]]
        window = timedelta(minutes=self._thresholds.followed_minutes)
        found = await self._connection.fetch(FOLLOWED, *_columns(places, 5), window, self._lowest, list(NAMING))
        return {(row["seq"], row["tag"]): row["before"] for row in found}


def _stored(row: Row) -> StoredEntry:
    return StoredEntry(seq=row["seq"], entry=row["entry"].encode(), leaf_hash=row["leaf_hash"])


def _touch(row: Row, known: _Known) -> Touch:
    person, tie, child = row["person"], known.ties.get(_tie(row)), known.children.get(row["tag"])
    return Touch(
        child=encoded(row["tag"]),
        own=None if tie is None else tie["own"],
        agency=None if tie is None else tie["agency"],
        shielded=tie is not None and tie["shielded"],
        surname=child is not None and not child.surnames.isdisjoint(known.surnames.get(person, ())),
        near=None
        if child is None
        else nearness(
            own=known.homes.get(person, ()),
            carer=not child.carers.isdisjoint(known.carers.get(person, ())),
            homes=child.homes,
        ),
        after=known.followed.get((row["seq"], row["tag"])),
    )


def _past_look(rows: Sequence[Row]) -> Look:
    touches = tuple(Touch(child=encoded(row["tag"])) for row in rows if row["tag"] is not None)
    return Look(seq=rows[0]["seq"], at=rows[0]["at"], touches=touches)


def _by_entry(rows: Iterable[Row]) -> Iterable[list[Row]]:
    same: list[Row] = []
    for row in rows:
        if same and same[-1]["seq"] != row["seq"]:
            yield same
            same = []
        same.append(row)
    if same:
        yield same


def _tie(row: Row) -> tuple[str, str, bytes, date]:
    return row["person"], row["agency"] or "", row["tag"], row["at"].astimezone(LOCAL_TIME).date()


def _not_own(row: Row, known: _Known) -> bool:
    return _is_not_own(known.ties.get(_tie(row)))


def _is_not_own(tie: Row | None) -> bool:
    return tie is not None and not tie["own"]


def _most_frequent(pairs: Iterable[tuple[str, str]]) -> tuple[str, str]:
    counted: dict[tuple[str, str], int] = {}
    for pair in pairs:
        counted[pair] = counted.get(pair, 0) + 1
    return max(counted, key=lambda pair: (counted[pair], pair))


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [[row[place] for row in rows] for place in range(width)]


def _instant(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=LOCAL_TIME)
