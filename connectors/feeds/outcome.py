"""What becomes of each row of a feed: nothing is dropped, and nothing personal is kept of what was refused."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from gateway.errors import SourceMalformed


class Outcome(StrEnum):
    """What became of a row (domain rule I2)."""

    ACCEPTED = "accepted"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"
    QUARANTINED = "quarantined"


class FeedUnreadable(SourceMalformed):
    """A whole file cannot be read; nothing of it is loaded. The message holds no content of the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a row, or a field of it, was not taken: a reason code and the name of the field, never its value."""

    reason: str
    field: str | None = None
    outcome: Outcome = Outcome.REJECTED


class RowRefused(Exception):
    """A row cannot be taken as it stands."""

    def __init__(self, reason: str, *, field: str | None = None, outcome: Outcome = Outcome.REJECTED) -> None:
        """Keep the refusal."""
        super().__init__(reason)
        self.refusal = Refusal(reason=reason, field=field, outcome=outcome)

    @classmethod
    def of(cls, refusal: Refusal) -> "RowRefused":
        """Return the error for a refusal."""
        return cls(refusal.reason, field=refusal.field, outcome=refusal.outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A refusal and where it stands: the line of a table, or the entry of a bundle, counted from 1.

    `whole_row` is false where only the field was left out and the rest of the row was taken.
    """

    row: int
    refusal: Refusal
    whole_row: bool


@dataclass(slots=True, kw_only=True)
class Tally:
    """The count that a load keeps while it goes."""

    counts: Counter[Outcome] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    def take(self, outcome: Outcome, rows: int = 1) -> None:
        """Count rows that were taken."""
        self.counts[outcome] += rows

    def refuse(self, row: int, refusal: Refusal) -> None:
        """Count a row that was refused."""
        self.counts[refusal.outcome] += 1
        self.findings.append(Finding(row=row, refusal=refusal, whole_row=True))

    def leave_out(self, row: int, refusals: Sequence[Refusal]) -> None:
        """Note fields that were left out of a row that was taken."""
        self.findings.extend(Finding(row=row, refusal=refusal, whole_row=False) for refusal in refusals)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReport:
    """What became of a file."""

    feed: str
    file_name: str
    counts: Counter[Outcome]
    findings: tuple[Finding, ...]
    seconds: float

    def reasons(self, *, whole_rows: bool) -> Counter[tuple[str, str]]:
        """Count the findings by (outcome, reason): of whole rows, or of fields left out of rows that were taken."""
        return Counter(
            (finding.refusal.outcome.value, finding.refusal.reason)
            for finding in self.findings
            if finding.whole_row is whole_rows
        )

    def as_document(self) -> dict[str, Any]:
        """Return the report for JSON."""
        return {
            "feed": self.feed,
            "file": self.file_name,
            "seconds": round(self.seconds, 3),
            **{outcome.value: self.counts[outcome] for outcome in Outcome},
            "reasons": {reason: count for (_, reason), count in sorted(self.reasons(whole_rows=True).items())},
            "findings": [
                {
                    "row": finding.row,
                    "outcome": finding.refusal.outcome.value if finding.whole_row else "field-left-out",
                    "reason": finding.refusal.reason,
                    "field": finding.refusal.field,
                }
                for finding in self.findings
            ],
        }
