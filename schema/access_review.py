"""What in callers' asks a person should look at, the evidence, and what reviewers found."""

from datetime import date, datetime
from typing import Any

import strawberry
from strawberry.types import Info

from gateway.vocabulary import RecordType, ReviewOutcome, ReviewPattern, ReviewState
from resolvers.reviewing import cases_of_findings, entries_of_findings
from schema.changing import KEY, payload, stated
from schema.levels import level
from schema.page_info import PageInfo
from schema.sizes import Size
from schema.told import record_type, resolved, told
from schema.withheld import Withheld


@record_type(RecordType.ACCESS_REVIEW_ENTRY, "One entry of the ledger, as evidence.", entity=False)
class AccessReviewEntry:
    """An entry that shows a finding."""

    id: strawberry.ID = told("The entry's number in the ledger.")
    at: datetime | None = told("When.")
    purpose: str | None = told("For which purpose of access.")
    outcome: str | None = told("`answered`, or the code of the error.")
    searches: int | None = told("Searches that it was charged.")
    children: list[str] | None = told(
        "Children it looked into; each reference stands for one child, and leads to none."
    )
    shielded_children: int | None = told("How many of them were shielded.")
    after_entries: list[int] | None = told(
        "Entries by which colleagues of the same agency looked at the same children shortly before."
    )
    withheld: list[Withheld] = told("Selected fields that are not told.")


@strawberry.federation.type(description="What one reviewer found; a case keeps all of them, in order.")
class RecordedReviewOutcome:
    """One outcome in a case's history."""

    outcome: ReviewOutcome = told("What was found.")
    patterns: list[ReviewPattern] = told("Which patterns were looked at.")
    reason: str = told("Why, in the reviewer's words.")
    recorded_by: str = told("Who recorded it.")
    recorded_at: datetime = told("When.")
    independent: bool = told("Whether the reviewer is of another authority than the caller.")
    clears: bool = told("Whether it cleared the case, under the rules of that moment.")


@record_type(RecordType.ACCESS_REVIEW_CASE, "What reviewers found about one caller and one period.", entity=False)
class AccessReviewCase:
    """A case."""

    id: strawberry.ID = told("The case's id.")
    person: str | None = told("Whose asks it is about, as the person's token names them.")
    first_day: date | None = told("First day of the period.")
    last_day: date | None = told("Last day of the period.")
    state: ReviewState | None = told("Where the case stands; what was recorded last counts.")
    outcomes: list[RecordedReviewOutcome] | None = told("What was found, oldest first.")
    withheld: list[Withheld] = told("Selected fields that are not told.")


@record_type(
    RecordType.ACCESS_REVIEW_FINDING,
    "A pattern in one caller's asks that a person should look at. It proves nothing.",
    entity=False,
)
class AccessReviewFinding:
    """A finding."""

    id: strawberry.ID = told("The same for the same caller, pattern and period, whenever it is asked for.")
    pattern: ReviewPattern | None = told("Which pattern.")
    person: str | None = told("Whose asks, as the person's token names them.")
    role: str | None = told("The role of most of these asks.")
    agency: str | None = told("The agency of most of these asks.")
    explanation: str | None = told("What was counted, what it was held against and where the threshold lies.")
    measured: float | None = told("The figure that passed the threshold.")
    threshold: float | None = told("The threshold it passed.")
    entry_count: int | None = told("How many entries make the figure.")
    withheld: list[Withheld] = told("Selected fields that are not told.")

    @resolved(
        description="The entries that make the figure, oldest first, at most 20.",
        graphql_type=list[AccessReviewEntry] | None,
        size=Size(assumed=20),
    )
    def entries(self, info: Info) -> Any:
        """Load the evidence."""
        return level(info, self, "entries", entries_of_findings)

    @resolved(
        description="What reviewers found about this caller in a period that touches this one; the latest case.",
        graphql_type=AccessReviewCase | None,
    )
    def case(self, info: Info) -> Any:
        """Load the case."""
        return level(info, self, "case", cases_of_findings)


@strawberry.federation.type(description="One finding and its place in the list.")
class AccessReviewEdge:
    """An edge of the connection."""

    cursor: str = told("Where this finding stands; give it as `after` to go on from here.")
    node: AccessReviewFinding = told("The finding.")


@strawberry.federation.type(
    description="Findings of a period: callers with the most patterns first, the plainest finding of each first."
)
class AccessReviewConnection:
    """A page of findings."""

    edges: list[AccessReviewEdge] = told("The findings.")
    page_info: PageInfo = told("Whether the list goes on.")
    callers: int | None = told("How many callers asked anything in the period; null where you may not review them.")
    entries: int | None = told("How many entries they made.")


@strawberry.input(description="What a review found.")
class RecordReviewOutcomeInput:
    """An outcome to be recorded."""

    idempotency_key: str = stated(KEY)
    person: strawberry.ID = stated("Whose asks were looked at, as the person's token names them.")
    first_day: date = stated("First day of the period that was looked at.")
    last_day: date = stated("Last day of the period.")
    patterns: list[ReviewPattern] = stated("Which patterns were looked at.")
    outcome: ReviewOutcome = stated("What was found.")
    reason: str = stated("Why, in up to 500 characters; about the person's use of the directory, not about a child.")
    case: strawberry.ID | None = stated("The case to add to; absent: a new case is opened.", default=None)


RecordReviewOutcomePayload = payload(
    "recordReviewOutcome", AccessReviewCase, "case", "The case; null where nothing was recorded."
)
