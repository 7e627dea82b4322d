"""Reviewing: reading a period's looks caller by caller, and what they come to."""

from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from gateway.reviewing.conduct import conduct_of
from gateway.reviewing.finding import Finding, Period
from gateway.reviewing.judging import judged
from gateway.reviewing.looks import Commonness, Stretch
from gateway.reviewing.thresholds import Thresholds
from gateway.vocabulary import AuthorityCode, ReviewPattern


class LooksReader(Protocol):
    """Where looks come from; raises `AuditUnavailable` or `SourceFailed` where ledger or directory do not answer."""

    def stretches(
        self, authority: AuthorityCode, period: Period, *, thresholds: Thresholds, commonness: Commonness
    ) -> AsyncGenerator[Stretch, None]:
        """Stream what each caller of an authority did, some callers at a time; `commonness` is added to on the way."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What a period comes to: the findings, and how many callers and looks they were found among."""

    findings: list[Finding]
    callers: int
    looks: int


async def review(
    reader: LooksReader,
    authority: AuthorityCode,
    period: Period,
    *,
    thresholds: Thresholds,
    patterns: Collection[ReviewPattern] = tuple(ReviewPattern),
) -> Review:
    """Return the findings about an authority's callers; of each caller only figures and some evidence are kept."""
    commonness = Commonness()
    # Closed here whatever happens: what streams holds a connection.
    async with aclosing(reader.stretches(authority, period, thresholds=thresholds, commonness=commonness)) as stretches:
        conducts = [conduct_of(stretch, thresholds) async for stretch in stretches]
    return Review(
        findings=judged(conducts, thresholds=thresholds, commonness=commonness, patterns=patterns),
        callers=len(conducts),
        looks=sum(conduct.looks for conduct in conducts),
    )
