"""A finding: one pattern in one caller's asks, explained in one sentence with its evidence."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from gateway.reviewing.looks import Look, Reviewed
from gateway.vocabulary import ReviewPattern


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a person should look at.

    `measured` passed `threshold`, in the unit that the explanation names: it is above it, at least it where it is a
    count that has to be reached. `entry_count` says how many entries there are where not all are shown.
    """

    caller: Reviewed
    pattern: ReviewPattern
    explanation: str
    measured: float
    threshold: float
    entry_count: int
    shown: Sequence[Look]

    @property
    def weight(self) -> float:
        """Return how far past its threshold it is, for putting the plainest first."""
        return self.measured / self.threshold if self.threshold else self.measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Local days, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """Return how many days it has."""
        return (self.last - self.first).days + 1


def reference(period: Period, finding: Finding) -> str:
    """Return what names a finding: the same for the same caller, pattern and period, whenever it is asked for."""
    named = "\n".join((period.first.isoformat(), period.last.isoformat(), finding.pattern, finding.caller.person))
    return hashlib.blake2b(named.encode("utf-8", "surrogatepass"), digest_size=10, person=b"review-finding").hexdigest()
