"""What a review through the graph is made with: the looks, the cases, the thresholds and how long a period may be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from gateway.records import AccessReviewCase
from gateway.reviewing.reviewing import LooksReader
from gateway.reviewing.thresholds import Thresholds
from gateway.vocabulary import AuthorityCode, PersonId


class CaseReader(Protocol):
    """Where cases are read; raises as the directory does."""

    async def latest(
        self, persons: Sequence[PersonId], authority: AuthorityCode, *, first_day: date, last_day: date
    ) -> Mapping[PersonId, AccessReviewCase]:
        """Return for each person the case opened last of those that touch a period; absent where there is none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewDesk:
    """The parts of a review."""

    looks: LooksReader
    cases: CaseReader
    thresholds: Thresholds
    days_limit: int
