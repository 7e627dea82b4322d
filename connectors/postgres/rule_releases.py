"""Which signed rule sets this authority's gateways have taken up."""

from datetime import datetime

from connectors.postgres.database import Database
from connectors.rule_signature import Release, RulesNotTrusted


class RuleReleases:
    """Remembers releases for all gateways on one database, across restarts."""

    def __init__(self, database: Database) -> None:
        """Take the pool."""
        self._database = database

    async def take_up(self, release: Release, *, at: datetime) -> None:
        """Remember that a release is in force.

        Raises:
            RulesNotTrusted: A newer one has been in force before.
            SourceUnavailable: The database did not answer.
        """
        await self.refuse_older(release)
        await self._database.execute(
            "INSERT INTO rule_release (digest, issued, taken_up_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            release.digest,
            release.issued,
            at,
        )

    async def refuse_older(self, release: Release) -> None:
        """Return if no newer release has been in force.

        Raises:
            RulesNotTrusted: One has.
            SourceUnavailable: The database did not answer.
        """
        newest = await self._database.fetchrow("SELECT max(issued) AS issued FROM rule_release")
        if newest is not None and newest["issued"] is not None and newest["issued"] > release.issued:
            raise RulesNotTrusted("a newer rule set has already been in force")
