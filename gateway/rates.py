"""How much a caller and an agency may ask in a minute, whichever of an authority's gateways they ask.

A process sets aside a share of what is left of the minute, and hands it out without asking the database again.
The shares together never exceed the budget; they shrink with what is left, so that near its end each is asked for.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from gateway.errors import BudgetExhausted, SourceFailed
from gateway.identity import Claims

log = logging.getLogger("gateway.rates")

PERIOD: Final = 60
"""Seconds of a budget; periods begin on the minute."""

SHARE: Final = 8
"""A process sets aside this part of what is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What one spender may spend in a period."""

    kind: str
    spender: str
    limit: int
    sentence: str


class Spending(Protocol):
    """What has been spent in each period, by all of an authority's gateways."""

    async def set_aside(self, budget: Budget, *, period: int, least: int, share: int) -> int:
        """Spend at least `least` of what is left in a period, or a share of it, and return how much; 0 if too little.

        Raises:
            SourceUnavailable: The database did not answer.
        """
        ...


class Rates:
    """The budgets of one process's callers."""

    def __init__(
        self, spending: Spending, *, caller_rate: int, agency_rate: int, clock: Callable[[], datetime]
    ) -> None:
        """Take what is spent elsewhere, and the root fields that a caller and an agency may ask for in a minute."""
        self._spending = spending
        self._caller_rate = caller_rate
        self._agency_rate = agency_rate
        self._clock = clock
        self._period = 0
        self._left: dict[tuple[str, str], int] = {}
        self._refused: set[tuple[str, str]] = set()

    def hold(self, claims: Claims) -> None:
        """Return where neither the caller nor their agency was refused in this minute already; nothing is charged.

        Raises:
            BudgetExhausted: One of them was: what has to be worked out before an ask is charged is not worked out.
        """
        now = self._now()
        for budget in self._budgets(claims):
            if (budget.kind, budget.spender) in self._refused:
                raise _exhausted(budget, now)

    async def take(self, claims: Claims, amount: int) -> None:
        """Charge an ask to its caller and their agency.

        Raises:
            BudgetExhausted: One of them has spent the minute's budget; the error says when the next begins.
        """
        now, period = self._now(), self._period
        for budget in self._budgets(claims):
            if not await self._taken(budget, amount, period):
                if period == self._period and not await self._left_of(budget, period):
                    self._refused.add((budget.kind, budget.spender))
                raise _exhausted(budget, now)

    def _now(self) -> float:
        """Return the moment in seconds; with a new minute every budget begins afresh."""
        now = self._clock().timestamp()
        if self._period != int(now) // PERIOD:
            self._period, self._left, self._refused = int(now) // PERIOD, {}, set()
        return now

    def _budgets(self, claims: Claims) -> Iterator[Budget]:
        yield Budget(
            kind="caller",
            spender=claims.person,
            limit=self._caller_rate,
            sentence=f"You have asked for {self._caller_rate} root fields in this minute, the most allowed; wait for "
            "the next one.",
        )
        yield Budget(
            kind="agency",
            spender=f"{claims.authority}:{claims.agency}",
            limit=self._agency_rate,
            sentence=f"Your agency's callers have asked for {self._agency_rate} root fields in this minute, the most "
            "allowed; wait for the next one.",
        )

    async def _set_aside(self, budget: Budget, least: int, period: int) -> int:
        try:
            return await self._spending.set_aside(budget, period=period, least=least, share=SHARE)
        except SourceFailed as failed:
            # A budget keeps no record from anybody: without the others' figures this process keeps to it by itself.
            log.warning("budgets are not shared at the moment: %s", failed.reason)
            return budget.limit if (budget.kind, budget.spender) not in self._left else 0

    async def _left_of(self, budget: Budget, period: int) -> bool:
        """Return whether anything is left: who asked for more at once than there is may still ask for less."""
        if not await self._taken(budget, 1, period):
            return False
        if period == self._period:
            self._left[budget.kind, budget.spender] += 1
        return True

    async def _taken(self, budget: Budget, amount: int, period: int) -> bool:
        key = (budget.kind, budget.spender)
        missing = amount - self._left.get(key, 0)
        if missing > 0:
            more = await self._set_aside(budget, missing, period)
            if period != self._period:
                return more > 0  # a new minute has begun meanwhile: what was set aside was for this ask alone
            self._left[key] = self._left.get(key, 0) + more
        if self._left.get(key, 0) < amount:
            return False
        self._left[key] -= amount
        return True


def _exhausted(budget: Budget, now: float) -> BudgetExhausted:
    return BudgetExhausted(budget.sentence, reason=f"{budget.kind}-rate", retry_after=PERIOD - now % PERIOD)
