"""Cases about callers on PostgreSQL (domain rule L5): opened and added to, never changed."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import uuid4

from connectors.postgres.database import Database
from connectors.postgres.facts import Row
from gateway.changes import NewOutcome
from gateway.records import AccessReviewCase, RecordedOutcome
from gateway.vocabulary import AuthorityCode, PersonId, ReviewCaseId, ReviewOutcome, ReviewPattern

_CASE = "SELECT id, person, authority, first_day, last_day FROM review_case"
_HELD = f"{_CASE} WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE"
_LATEST = """
SELECT DISTINCT ON (person) id, person, authority, first_day, last_day FROM review_case
WHERE authority = $1 AND person = ANY ($2::text[]) AND first_day <= $4 AND last_day >= $3
ORDER BY person, opened_at DESC, id"""
_OUTCOMES = """
SELECT case_id, outcome, patterns, reason, recorded_by, recorded_at, independent, clears FROM review_outcome
WHERE case_id = ANY ($1::uuid[]) ORDER BY case_id, number"""
_OPEN = """
INSERT INTO review_case (id, person, authority, first_day, last_day, opened_at) VALUES ($1, $2, $3, $4, $5, $6)"""
_ADD = """
INSERT INTO review_outcome (case_id, number, outcome, patterns, reason, recorded_by, reviewer_authority, independent,
                            clears, recorded_at)
SELECT $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9 FROM review_outcome WHERE case_id = $1"""


class PostgresReviewCases:
    """Cases over a database or a transaction; satisfies `gateway.changes.ReviewCases`."""

    def __init__(self, database: Database) -> None:
        """Read and write over `database`."""
        self._database = database

    async def open(
        self, person: PersonId, *, authority: AuthorityCode, first_day: date, last_day: date, at: datetime
    ) -> ReviewCaseId:
        """Open a case and return its id."""
        case = ReviewCaseId(uuid4())
        await self._database.execute(_OPEN, case, person, authority, first_day, last_day, at)
        return case

    async def by_id(self, ids: Sequence[ReviewCaseId]) -> Sequence[AccessReviewCase]:
        """Return cases by id, and keep them from changing."""
        return await self._read(await self._database.fetch(_HELD, ids))

    async def latest(
        self, persons: Sequence[PersonId], authority: AuthorityCode, *, first_day: date, last_day: date
    ) -> Mapping[PersonId, AccessReviewCase]:
        """Return for each person the case opened last of those that touch a period; absent where there is none."""
        rows = await self._database.fetch(_LATEST, authority, persons, first_day, last_day)
        return {case.person: case for case in await self._read(rows)}

    async def add(self, case: ReviewCaseId, new: NewOutcome, *, at: datetime) -> None:
        """Add to a case's history."""
        await self._database.execute(
            _ADD,
            case,
            new.outcome.value,
            [pattern.value for pattern in new.patterns],
            new.reason,
            new.by,
            new.authority,
            new.independent,
            new.clears,
            at,
        )

    async def _read(self, rows: Sequence[Row]) -> Sequence[AccessReviewCase]:
        history: dict[object, list[RecordedOutcome]] = {row["id"]: [] for row in rows}
        for row in await self._database.fetch(_OUTCOMES, list(history)) if history else ():
            history[row["case_id"]].append(_outcome(row))
        return [
            AccessReviewCase(
                id=row["id"],
                authority=row["authority"],
                person=row["person"],
                first_day=row["first_day"],
                last_day=row["last_day"],
                outcomes=tuple(history[row["id"]]),
            )
            for row in rows
        ]


def _outcome(row: Row) -> RecordedOutcome:
    return RecordedOutcome(
        outcome=ReviewOutcome(row["outcome"]),
        patterns=tuple(ReviewPattern(pattern) for pattern in row["patterns"]),
        reason=row["reason"],
        recorded_by=row["recorded_by"],
        recorded_at=row["recorded_at"],
        independent=row["independent"],
        clears=row["clears"],
    )
