"""What callers and agencies have spent of a minute's budget, over all gateways on one database."""

from connectors.postgres.database import Database
from gateway.rates import Budget

_SET_ASIDE = """
INSERT INTO spending AS held (kind, spender, period, spent, set_aside)
SELECT $1, $2, $3, first, first FROM (SELECT greatest($5::integer, $4::integer / $6::integer) AS first) AS share
WHERE $5 <= $4
ON CONFLICT (kind, spender, period) DO UPDATE SET
    set_aside = greatest($5, ($4 - held.spent) / $6), spent = held.spent + greatest($5, ($4 - held.spent) / $6)
WHERE $4 - held.spent >= $5
RETURNING set_aside
"""
_FORGET = "DELETE FROM spending WHERE period < $1"


class PostgresSpending:
    """The table `spending`; satisfies `gateway.rates.Spending`."""

    def __init__(self, database: Database) -> None:
        """Read and write in `database`."""
        self._database = database
        self._period = 0

    async def set_aside(self, budget: Budget, *, period: int, least: int, share: int) -> int:
        """Spend at least `least` of what is left in a period, or a share of it; 0 if too little is left."""
        if period > self._period:
            self._period = period
            await self._database.execute(_FORGET, period - 1)
        row = await self._database.fetchrow(_SET_ASIDE, budget.kind, budget.spender, period, budget.limit, least, share)
        return 0 if row is None else int(row["set_aside"])
