"""Worked queues on PostgreSQL (domain rule M1): who waits follows from the settings that are current."""

# ruff: noqa: S608 - every part of the text is written in this package; what callers write travels as arguments

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from connectors.postgres.database import Database
from connectors.postgres.directory import LOCAL_TIME
from connectors.postgres.facts import CHILD_KIN, CHILD_SHIELD, Row
from connectors.postgres.rows import readable
from gateway.queues import BORN, SOMEBODY, KeptEntry, NewQueueOutcome, Tally
from gateway.records import ChildFacts, WorkedOutcome
from gateway.vocabulary import (
    AuthorityCode,
    ChildId,
    PersonId,
    PractitionerId,
    Queue,
    QueueAction,
    QueueOutcome,
    QueueState,
    RecordStanding,
    SettingKind,
    Shield,
)

TEACHES: Final = (
    SettingKind.SCHOOL,
    SettingKind.SPECIAL_SCHOOL,
    SettingKind.ALTERNATIVE_PROVISION,
    SettingKind.COLLEGE,
)
_KINDS: Final = {Queue.MISSING_EDUCATION: TEACHES, Queue.WITHOUT_GP: (SettingKind.GP_PRACTICE,)}

# Nobody waits before the fact can be: no child is without a school before it is of compulsory school age.
_NOT_BEFORE: Final = {
    Queue.MISSING_EDUCATION: """make_date(extract(year FROM c.date_of_birth)::integer + 5,
        CASE WHEN extract(month FROM c.date_of_birth) <= 3 THEN 3
             WHEN extract(month FROM c.date_of_birth) <= 8 THEN 8 ELSE 12 END, 31)""",
    Queue.WITHOUT_GP: "c.date_of_birth",
}
_CURRENT: Final = """
    (held.ended_on IS NULL OR held.ended_on > $2) AND (held.started_on IS NULL OR held.started_on <= $2)"""
_HELD: Final = "child_setting held JOIN setting s ON s.id = held.setting_id AND s.kind = ANY($3::text[])"


def _gap(queue: Queue) -> str:
    """Return when the last setting of the kind ended, and since when the child waits; `kin.twins` are its rows."""
    return f"""LATERAL (
    SELECT max(held.ended_on) AS ended, GREATEST(max(held.ended_on), {_NOT_BEFORE[queue]}) AS since
    FROM {_HELD} WHERE held.child_id = ANY(kin.twins) AND held.ended_on <= $2) gap"""


_OF_AGE: Final = "c.authority = $1 AND c.standing = 'live' AND c.date_of_birth BETWEEN $4 AND $5"

# All who have a setting are read once: whatever the planner expects, nobody is looked for one by one.
_ALL_ALONE: Final = f"""
WITH placed AS MATERIALIZED (SELECT DISTINCT held.child_id FROM {_HELD} WHERE {_CURRENT}),
alone AS MATERIALIZED (
    SELECT c.id, c.identity_id, c.date_of_birth FROM child c LEFT JOIN placed ON placed.child_id = c.id
    WHERE {_OF_AGE} AND placed.child_id IS NULL)"""
_ONE_ALONE: Final = f"""
WITH alone AS MATERIALIZED (
    SELECT c.id, c.identity_id, c.date_of_birth FROM child c
    WHERE {_OF_AGE} AND c.identity_id = (SELECT asked.identity_id FROM child asked WHERE asked.id = $7))"""


def _waiting(queue: Queue, alone: str) -> str:
    """Return the common table of those who wait: $1 the authority, $2 today, $3 kinds, $4 and $5 births, $6 queue.

    The first look is at each row alone, and leaves few. A child of several rows waits once, where none of them has a
    setting.
    """
    return f"""{alone},
waiting AS MATERIALIZED (
    SELECT c.id, c.identity_id, c.date_of_birth, kin.twins, gap.since, last.*,
        $2::date - gap.since AS age_days,
        CASE WHEN last.reopens_on > $2 AND NOT COALESCE(gap.ended > last.recorded_on, false)
             THEN 'closed' ELSE 'open' END AS state
    FROM alone c
    JOIN {CHILD_KIN} ON true
    JOIN {_gap(queue)} ON true
    LEFT JOIN LATERAL (
        SELECT done.owner_id, done.action, done.outcome, done.reopens_on, done.recorded_by, done.recorded_at,
            done.recorded_on
        FROM queue_outcome done WHERE done.child_id = ANY(kin.twins) AND done.queue = $6
        ORDER BY done.number DESC LIMIT 1) last ON true
    WHERE NOT EXISTS (SELECT FROM {_HELD} WHERE held.child_id = ANY(kin.twins) AND {_CURRENT})
      AND NOT EXISTS (
        SELECT FROM child twin WHERE twin.identity_id = c.identity_id AND twin.id < c.id AND twin.authority = $1
            AND twin.standing = 'live' AND twin.date_of_birth BETWEEN $4 AND $5))"""


# A cursor that was given out stands where its child stands, waiting still or not.
def _page(queue: Queue) -> str:
    return f"""{_waiting(queue, _ALL_ALONE)}
SELECT * FROM waiting
WHERE state = $7 AND ($8::uuid[] IS NULL OR owner_id = ANY($8))
    AND ($9::uuid IS NULL OR (since, id) > (
        SELECT gap.since, c.id FROM child c JOIN {CHILD_KIN} ON true JOIN {_gap(queue)} ON true WHERE c.id = $9))
ORDER BY since, id LIMIT $10"""


def _of_child(queue: Queue) -> str:
    return f"""{_waiting(queue, _ONE_ALONE)}
SELECT * FROM waiting"""


# What tells entries apart for a caller is grouped by the same facts that decide on each of them.
def _tallies(queue: Queue) -> str:
    return f"""{_waiting(queue, _ALL_ALONE)},
told_apart AS (
    SELECT {CHILD_SHIELD} AS shield,
        COALESCE(c.owner_id = ANY($7::uuid[]), false) AS own, c.owner_id IS NOT NULL AS owned,
        EXISTS (SELECT FROM conflict declared WHERE declared.child_id = ANY(c.twins) AND declared.lifted_at IS NULL
            AND declared.practitioner_id = ANY($8::uuid[])) AS conflicted,
        extract(year FROM age($2::date, c.date_of_birth))::integer AS years
    FROM waiting c, LATERAL (SELECT c.twins AS twins) kin WHERE c.state = 'open')
SELECT shield, own, owned, conflicted, years, count(*) AS number FROM told_apart GROUP BY 1, 2, 3, 4, 5"""


_PAGES: Final = {queue: _page(queue) for queue in Queue}
_OF_CHILD: Final = {queue: _of_child(queue) for queue in Queue}
_TALLIES: Final = {queue: _tallies(queue) for queue in Queue}
_HISTORIES: Final = """
SELECT c.id AS wanted, done.action, done.outcome, done.reopens_on, done.recorded_by, done.recorded_at
FROM child c JOIN child twin ON twin.identity_id = c.identity_id
JOIN queue_outcome done ON done.child_id = twin.id AND done.queue = $2
WHERE c.id = ANY($1::uuid[]) ORDER BY done.number DESC"""
_RECORD: Final = """
INSERT INTO queue_outcome (child_id, queue, owner_id, action, outcome, reopens_on, recorded_by, recorded_at,
                           recorded_on)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"""


class PostgresQueues:
    """The queues over a database or a transaction; satisfies `gateway.queues.Queues`."""

    def __init__(self, database: Database, *, now: Callable[[], datetime]) -> None:
        """Read and write over `database`; `now` returns this moment, aware."""
        self._database = database
        self._now = now

    async def page(
        self,
        queue: Queue,
        *,
        home: AuthorityCode,
        state: QueueState,
        owners: Sequence[PractitionerId] | None,
        after: ChildId | None,
        size: int,
    ) -> Sequence[KeptEntry]:
        """Return so many entries behind a child's, the longest waiting first; of some owners, or of whomever."""
        rows = await self._database.fetch(_PAGES[queue], *self._about(queue, home), state.value, owners, after, size)
        with readable():
            return [_read_entry(queue, row) for row in rows]

    async def of_child(self, queue: Queue, child: ChildId, *, home: AuthorityCode) -> KeptEntry | None:
        """Return the entry of the child a record is of, or None."""
        row = await self._database.fetchrow(_OF_CHILD[queue], *self._about(queue, home), child)
        with readable():
            return None if row is None else _read_entry(queue, row)

    async def histories(self, queue: Queue, children: Sequence[ChildId]) -> Mapping[ChildId, Sequence[WorkedOutcome]]:
        """Return all that was done about each child in a queue, the latest first."""
        found: defaultdict[ChildId, list[WorkedOutcome]] = defaultdict(list)
        with readable():
            for row in await self._database.fetch(_HISTORIES, list(children), queue.value):
                found[row["wanted"]].append(_read_outcome(row))
        return dict(found)

    async def tallies(
        self,
        queue: Queue,
        *,
        home: AuthorityCode,
        own: frozenset[PractitionerId],
        posts: frozenset[PractitionerId],
    ) -> Sequence[Tally]:
        """Return how many wait, by what tells them apart for whoever has these posts."""
        rows = await self._database.fetch(_TALLIES[queue], *self._about(queue, home), list(own), list(posts))
        with readable():
            return [_read_tally(row, home=home, own=own, posts=posts) for row in rows]

    async def record(self, new: NewQueueOutcome, *, by: PersonId, at: datetime) -> None:
        """Add to the history of an entry."""
        await self._database.execute(
            _RECORD,
            new.child,
            new.queue.value,
            new.owner,
            new.action.value,
            new.outcome.value,
            new.reopens_on,
            by,
            at,
            _local_day(at),
        )

    def _about(self, queue: Queue, home: AuthorityCode) -> tuple[Any, ...]:
        today = _local_day(self._now())
        kinds = [kind.value for kind in _KINDS[queue]]
        return home, today, kinds, *BORN[queue](today), queue.value


def _local_day(moment: datetime) -> date:
    return moment.astimezone(LOCAL_TIME).date()


def _read_entry(queue: Queue, row: Row) -> KeptEntry:
    return KeptEntry(
        child=row["id"],
        queue=queue,
        state=QueueState(row["state"]),
        since=row["since"],
        age_days=row["age_days"],
        owner=row["owner_id"],
        last=None if row["owner_id"] is None else _read_outcome(row),
    )


def _read_outcome(row: Row) -> WorkedOutcome:
    return WorkedOutcome(
        action=QueueAction(row["action"]),
        outcome=QueueOutcome(row["outcome"]),
        reopens_on=row["reopens_on"],
        recorded_by=row["recorded_by"],
        recorded_at=row["recorded_at"],
    )


def _read_tally(
    row: Row, *, home: AuthorityCode, own: frozenset[PractitionerId], posts: frozenset[PractitionerId]
) -> Tally:
    facts = ChildFacts(
        shield=Shield(row["shield"]),
        standing=RecordStanding.LIVE,
        home=home,
        practitioners=frozenset(),
        carers=frozenset(),
        conflicted=posts if row["conflicted"] else frozenset(),
    )
    owner = min(own) if row["own"] else SOMEBODY if row["owned"] else None
    return Tally(facts=facts, owner=owner, years=row["years"], number=row["number"])
