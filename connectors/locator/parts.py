"""The locator of one gateway, put together from its settings: what answers, what builds, what follows, what asks."""

from collections.abc import Callable
from datetime import datetime

from connectors.locator.answering import LocatorAnswers
from connectors.locator.building import LocatorKeys, SetupBuilder
from connectors.locator.locating import Locator
from connectors.locator.peer_setups import FollowedSetups
from connectors.locator.psi import AVAILABLE
from connectors.peers import PeerCalls
from connectors.postgres.database import Database
from connectors.postgres.locator import LocateBudget, PeerSetupStore, PostgresLocator
from gateway.federation.registry import Registry
from gateway.federation.signed import Key
from gateway.ledger.master_key import MasterKey
from gateway.metrics.metrics import Metrics
from gateway.settings import Settings
from gateway.vocabulary import AuthorityCode


class LocatorParts:
    """Everything of the locator; nothing runs by itself before `start`."""

    def __init__(
        self,
        settings: Settings,
        *,
        database: Database,
        reading: Database,
        peers: PeerCalls,
        key: Callable[[], Key],
        master: MasterKey,
        registry: Callable[[], Registry | None],
        clock: Callable[[], datetime],
        metrics: Metrics,
    ) -> None:
        """Take what the parts work over; `reading` is the pool by which all children are read for a setup."""
        home = AuthorityCode(settings.authority)
        keys, budget = LocatorKeys(master), LocateBudget(database)
        self._interval = settings.locator_interval
        self._answers_peers = settings.peer_port is not None
        self.builder = SetupBuilder(
            PostgresLocator(reading), keys, clock=clock, debounce=settings.locator_debounce, metrics=metrics
        )
        self.setups = FollowedSetups(
            home=home, peers=peers, registry=registry, store=PeerSetupStore(reading), clock=clock, metrics=metrics
        )
        self.answers = LocatorAnswers(
            home=home,
            key=key,
            locator=PostgresLocator(database),
            keys=keys,
            budget=budget,
            clock=clock,
            person_limit=settings.locate_budget,
            authority_limit=settings.locate_authority_budget,
        )
        self.locator = Locator(
            home=home,
            peers=peers,
            setups=self.setups,
            registry=registry,
            budget=budget,
            person_limit=settings.locate_budget,
            clock=clock,
        )

    def start(self) -> None:
        """Begin to build, where peers are answered, and to follow what others publish."""
        if self._answers_peers:
            self.builder.start()
        self.setups.start(interval=self._interval)

    async def close(self) -> None:
        """Stop both."""
        await self.builder.close()
        await self.setups.close()


def keeps_locator(settings: Settings) -> bool:
    """Say whether a gateway with these settings has a locator: a registry, a key, an interval and the package."""
    return (
        AVAILABLE
        and settings.locator_interval > 0
        and settings.registry is not None
        and settings.assertion_key_file is not None
    )
