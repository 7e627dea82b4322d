"""Each pattern: from a caller's figures and the peers' to a finding with its sentence, or to none.

The sentences name no child, no surname and no place. They say what was counted, what it was held against and where the
threshold lies, and no more than that: what it means is for a person to find out.
"""

from collections.abc import Callable, Mapping

from gateway.reviewing.conduct import Conduct, Figure, Namesakes
from gateway.reviewing.finding import Finding
from gateway.reviewing.looks import Commonness
from gateway.reviewing.peers import Measure, Peers
from gateway.reviewing.spread import Spread, chance_of
from gateway.reviewing.thresholds import Thresholds
from gateway.vocabulary import ReviewPattern

PAST_DAYS_ENOUGH = 5
"""Days with looks in a caller's own past from which the past says something."""
PAST_LOOKS_ENOUGH = 20


class Judgement:
    """All that a pattern may read: the thresholds, the peers, and how common surnames and postcodes are."""

    def __init__(self, *, thresholds: Thresholds, peers: Peers, commonness: Commonness) -> None:
        """Take them."""
        self.thresholds = thresholds
        self.peers = peers
        self.commonness = commonness

    def above_peers(
        self, conduct: Conduct, pattern: ReviewPattern, measure: "FigureOf", *, least: int, what: str
    ) -> Finding | None:
        """Return a finding where a figure reaches the least that counts and exceeds what is usual among peers."""
        figure = measure(conduct)
        if figure.value < least:
            return None
        bar = self.peers.bar(conduct, _value_of(measure), deviations=self.thresholds.deviations)
        if figure.value <= bar.bound:
            return None
        return _finding(
            conduct,
            pattern,
            figure,
            f"{what.format(figure.value)}; {bar.usual} (threshold: more than {max(bar.bound, least - 1):.3g}).",
            threshold=max(bar.bound, least - 1),
        )


FigureOf = Callable[[Conduct], Figure]
_MEASURES: dict[FigureOf, Measure] = {}


def _value_of(measure: FigureOf) -> Measure:
    # One function for each figure, so that a group's spread is worked out once.
    return _MEASURES.setdefault(measure, lambda conduct: measure(conduct).value)


def same_surname(conduct: Conduct, judgement: Judgement) -> Finding | None:
    """Children of the caller's surname with whom the caller does not work: more than chance, or again and again."""
    share = judgement.commonness.share_of_surnames(conduct.surnames)
    return _namesakes(
        conduct,
        judgement,
        ReviewPattern.SAME_SURNAME,
        conduct.surname,
        share=share,
        whose="whose surname, or a carer's, is the caller's own",
        days=judgement.thresholds.surname_days,
    )


def same_address(conduct: Conduct, judgement: Judgement) -> Finding | None:
    """The caller's own family or home; or, more than chance has it, children in the caller's postcode."""
    if conduct.home.value:
        what = (
            f"Looked at {_children(conduct.home.value)} of whom the caller is or was on record as a carer, or whose "
            "home, a former home or a carer's home is the caller's own (threshold: one)."
        )
        return _finding(conduct, ReviewPattern.SAME_ADDRESS, conduct.home, what, threshold=1)
    share = judgement.commonness.share_of_postcodes(conduct.postcodes)
    return _namesakes(
        conduct,
        judgement,
        ReviewPattern.SAME_ADDRESS,
        conduct.postcode,
        share=share,
        whose="of the caller's own postcode",
        days=judgement.thresholds.surname_days,
    )


def no_relationship(conduct: Conduct, judgement: Judgement) -> Finding | None:
    """Children with whom neither caller nor agency works, worked before or begins to work soon after."""
    return judgement.above_peers(
        conduct,
        ReviewPattern.NO_RELATIONSHIP,
        _strangers,
        least=judgement.thresholds.strangers,
        what="Looked at {} children with whom neither the caller nor the agency works, worked before or worked soon "
        "after",
    )


def unusual_volume(conduct: Conduct, judgement: Judgement) -> Finding | None:
    """More children in one day than peers look at on their busiest, and than the caller ever did."""
    thresholds = judgement.thresholds
    finding = judgement.above_peers(
        conduct,
        ReviewPattern.UNUSUAL_VOLUME,
        _busiest_day,
        least=thresholds.day_children,
        what="Looked at {} children in one day",
    )
    past = conduct.past.day_children
    if finding is None or len(past) < PAST_DAYS_ENOUGH:
        return finding
    own = Spread(past)
    own_bound = max(own.middle + thresholds.deviations * own.deviation, past[-1])
    return finding if conduct.busiest_day.value > own_bound else None


def unusual_hours(conduct: Conduct, judgement: Judgement) -> Finding | None:
    """More looks at night and at weekends than peers have, and than the caller's own past foretells."""
    thresholds = judgement.thresholds
    finding = judgement.above_peers(
        conduct,
        ReviewPattern.UNUSUAL_HOURS,
        _odd_hours,
        least=thresholds.odd_hours,
        what=f"Looked {{}} times before {thresholds.day_begins}:00, from {thresholds.day_ends}:00 on or at a weekend",
    )
    past = conduct.past
    if finding is None or past.looks < PAST_LOOKS_ENOUGH:
        return finding
    foretold = conduct.looks * past.odd_hours / past.looks
    chance = thresholds.deviations * max(foretold, 1.0) ** 0.5
    return finding if conduct.odd_hours.value > foretold + chance else None


def shielded_records(conduct: Conduct, judgement: Judgement) -> Finding | None:
    """Shielded children with whom the caller does not work."""
    return judgement.above_peers(
        conduct,
        ReviewPattern.SHIELDED_RECORDS,
        _shielded,
        least=judgement.thresholds.shielded,
        what="Looked at {} shielded children with whom the caller does not work",
    )


def after_colleague(conduct: Conduct, judgement: Judgement) -> Finding | None:
    """Children looked at just after a colleague did, without working with them."""
    minutes = judgement.thresholds.followed_minutes
    return judgement.above_peers(
        conduct,
        ReviewPattern.AFTER_COLLEAGUE,
        _followed,
        least=judgement.thresholds.followed,
        what=f"Looked at {{}} children within {minutes} minutes of a colleague of the same agency, without working "
        "with them",
    )


def repeated_refusals(conduct: Conduct, judgement: Judgement) -> Finding | None:
    """Asks that were refused, one after another."""
    return judgement.above_peers(
        conduct,
        ReviewPattern.REPEATED_REFUSALS,
        _refusals,
        least=judgement.thresholds.refusals,
        what="Was refused {} times",
    )


def budget_exhausted(conduct: Conduct, judgement: Judgement) -> Finding | None:
    """Searches refused because the budget was spent (domain rule S4)."""
    figure, least = conduct.exhaustions, judgement.thresholds.exhaustions
    if figure.value < least:
        return None
    what = f"Searched {_times(figure.value)} after the budget of searches was spent (threshold: {_times(least)})."
    return _finding(conduct, ReviewPattern.BUDGET_EXHAUSTED, figure, what, threshold=least)


PATTERNS: Mapping[ReviewPattern, Callable[[Conduct, Judgement], Finding | None]] = {
    ReviewPattern.SAME_SURNAME: same_surname,
    ReviewPattern.SAME_ADDRESS: same_address,
    ReviewPattern.NO_RELATIONSHIP: no_relationship,
    ReviewPattern.UNUSUAL_VOLUME: unusual_volume,
    ReviewPattern.UNUSUAL_HOURS: unusual_hours,
    ReviewPattern.SHIELDED_RECORDS: shielded_records,
    ReviewPattern.AFTER_COLLEAGUE: after_colleague,
    ReviewPattern.REPEATED_REFUSALS: repeated_refusals,
    ReviewPattern.BUDGET_EXHAUSTED: budget_exhausted,
}


def _strangers(conduct: Conduct) -> Figure:
    return conduct.strangers


def _busiest_day(conduct: Conduct) -> Figure:
    return conduct.busiest_day


def _odd_hours(conduct: Conduct) -> Figure:
    return conduct.odd_hours


def _shielded(conduct: Conduct) -> Figure:
    return conduct.shielded


def _followed(conduct: Conduct) -> Figure:
    return conduct.followed


def _refusals(conduct: Conduct) -> Figure:
    return conduct.refusals


def _namesakes(
    conduct: Conduct,
    judgement: Judgement,
    pattern: ReviewPattern,
    found: Namesakes,
    *,
    share: float,
    whose: str,
    days: int,
) -> Finding | None:
    hits = found.hits
    if not hits.value:
        return None
    if found.days >= days:
        what = (
            f"Looked on {found.days} different days at one child {whose}, without working with the child "
            f"(threshold: {days} days)."
        )
        return _finding(conduct, pattern, hits, what, threshold=days, measured=found.days)
    # Twice asked, so each answer has half the chance: of all children not worked with, and of those whom the agency
    # does not work with either.
    chance = 2 * min(
        chance_of(hits.value, among=found.among, share=share),
        chance_of(found.stranger_hits, among=found.strangers, share=share),
    )
    if chance > judgement.thresholds.chance:
        return None
    what = (
        f"Looked at {_children(hits.value)} {whose}, without working with them; among {found.among} children not "
        f"worked with, chance brings that to {_share(chance)} callers "
        f"(threshold: {_share(judgement.thresholds.chance)})."
    )
    # Unlikelier is farther past: both are turned over, so that the greater figure is the one that passed.
    return _finding(
        conduct, pattern, hits, what, threshold=1 / judgement.thresholds.chance, measured=1 / max(chance, 1e-9)
    )


def _finding(
    conduct: Conduct,
    pattern: ReviewPattern,
    figure: Figure,
    explanation: str,
    *,
    threshold: float,
    measured: float | None = None,
) -> Finding:
    return Finding(
        caller=conduct.caller,
        pattern=pattern,
        explanation=explanation,
        measured=figure.value if measured is None else measured,
        threshold=threshold,
        entry_count=figure.entries,
        shown=figure.shown,
    )


def _children(count: int) -> str:
    return "one child" if count == 1 else f"{count} children"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _share(chance: float) -> str:
    return f"{chance * 1000:.2g} in 1,000"
