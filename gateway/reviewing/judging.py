"""Judging a period: every caller's figures against the thresholds, the plainest finding first."""

from collections.abc import Collection, Sequence

from gateway.reviewing.conduct import Conduct
from gateway.reviewing.finding import Finding
from gateway.reviewing.looks import Commonness
from gateway.reviewing.patterns import PATTERNS, Judgement
from gateway.reviewing.peers import Peers
from gateway.reviewing.thresholds import Thresholds
from gateway.vocabulary import ReviewPattern


def judged(
    conducts: Sequence[Conduct],
    *,
    thresholds: Thresholds,
    commonness: Commonness,
    patterns: Collection[ReviewPattern] = tuple(ReviewPattern),
) -> list[Finding]:
    """Return the findings of these patterns, callers with the most patterns first, then the plainest finding first."""
    judgement = Judgement(thresholds=thresholds, peers=Peers(conducts, enough=thresholds.peers), commonness=commonness)
    findings = [
        finding
        for conduct in conducts
        for pattern, judge in PATTERNS.items()
        if pattern in patterns and (finding := judge(conduct, judgement)) is not None
    ]
    of_caller: dict[str, list[Finding]] = {}
    for finding in findings:
        of_caller.setdefault(finding.caller.person, []).append(finding)
    callers = sorted(
        of_caller.values(), key=lambda found: (-len(found), -max(one.weight for one in found), found[0].caller.person)
    )
    return [finding for found in callers for finding in sorted(found, key=lambda one: -one.weight)]
