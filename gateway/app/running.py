"""The parts of one running gateway, started and stopped in order."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from typing import TypeVar

from connectors.issuer_keys import IssuerKeys
from connectors.ledger_proof import LedgerProof, proving
from connectors.ledger_secret import ledger_master_key
from connectors.locator.parts import LocatorParts
from connectors.peers import PeerCalls
from connectors.policy_engine import policy_engine
from connectors.postgres.brokering import PostgresBrokering
from connectors.postgres.changes import PostgresChanges
from connectors.postgres.database import Database
from connectors.postgres.directory import PostgresDirectory
from connectors.postgres.grants import PostgresGrants
from connectors.postgres.ledger import OpeningLedgerReader, PostgresLedgerStore
from connectors.postgres.ledger_keys import SealingKeys
from connectors.postgres.ledger_numbers import NextNumber
from connectors.postgres.links_elsewhere import PostgresLinks
from connectors.postgres.queues import PostgresQueues
from connectors.postgres.rates import PostgresSpending
from connectors.postgres.register import PostgresRegister
from connectors.postgres.review_cases import PostgresReviewCases
from connectors.postgres.reviewing import PostgresLooks
from connectors.postgres.secret_check import lost_secrets
from connectors.postgres.transfers import PostgresTransfers
from connectors.postgres.withholdings import PostgresWithholdings
from connectors.registry import FollowedRegistry
from connectors.rule_set import RuleSet
from connectors.transfer_parts import TransferParts
from gateway.admission import Admission
from gateway.answering import Answering
from gateway.app.chosen import door_of, freshness_of, jwks_of, words_of
from gateway.app.clock import utc_now
from gateway.app.federation import followed_registry, locator_parts, peer_calls, transfer_parts
from gateway.door import Door
from gateway.federation.asking import Peers
from gateway.ledger.master_key import NotWrappedByThis
from gateway.ledger.writer import LedgerWriter
from gateway.metrics.metrics import Metrics
from gateway.ports import Decider
from gateway.rates import Rates
from gateway.recording import Recording
from gateway.reviewing.desk import ReviewDesk
from gateway.reviewing.thresholds import Thresholds
from gateway.settings import Settings, SettingsError
from gateway.tokens import TokenReader
from gateway.vocabulary import AuthorityCode
from gateway.withholdings import WithholdingLimits
from resolvers.asking import Purposes
from schema.directory import DIRECTORY
from schema.execution import DirectoryGraph
from schema.limits import Limits

Made = TypeVar("Made")


CHANGES_AT_ONCE = 4
"""Connections for changes: one that waits for its entry must keep nobody from reading."""


class Gateway:
    """The parts of one running gateway."""

    def __init__(
        self,
        *,
        settings: Settings,
        answering: Answering,
        tokens: TokenReader,
        database: Database,
        ledger: LedgerWriter,
        proof: LedgerProof,
        opener: OpeningLedgerReader,
        decider: Decider,
        registry: FollowedRegistry | None = None,
        peers: PeerCalls | None = None,
        locator: LocatorParts | None = None,
        issuer: IssuerKeys,
        transfers: TransferParts | None = None,
        pools: Mapping[str, Database],
        peer_door: Door,
        metrics: Metrics,
    ) -> None:
        """Hold the parts; `running` makes them."""
        self.peer_door = peer_door
        self.issuer = issuer
        self.pools = pools
        self.metrics = metrics
        self.registry = registry
        self.locator = locator
        self.transfers = transfers
        self.peers = peers
        self.settings = settings
        self.answering = answering
        self.tokens = tokens
        self.database = database
        self.ledger = ledger
        self.proof = proof
        self.opener = opener
        self.decider = decider


@asynccontextmanager
async def running(
    settings: Settings,
    *,
    url: str,
    clock: Callable[[], datetime] = utc_now,
    decider: Decider | None = None,
    ledger: LedgerWriter | None = None,
    peers: Peers | None = None,
    metrics: Metrics | None = None,
) -> AsyncIterator[Gateway]:
    """Start every part of a gateway on a migrated database, and stop them in the opposite order.

    Raises:
        SettingsError: A key that production needs is not configured.
        SourceUnavailable: The database cannot be reached.
    """
    counting = metrics or Metrics()
    async with AsyncExitStack() as stack:
        await _trace(settings, stack)
        database = await Database.open(
            url,
            pool_min=settings.database_pool_min,
            pool_max=settings.database_pool_max,
            timeout=settings.database_timeout,
        )
        stack.push_async_callback(database.close)
        changing = await Database.open(url, pool_min=0, pool_max=CHANGES_AT_ONCE, timeout=settings.database_timeout)
        stack.push_async_callback(changing.close)
        chosen: Decider
        purposes: Purposes
        if decider is None:
            chosen = purposes = await policy_engine(settings, database, clock=clock, stack=stack)
        else:
            chosen, purposes = decider, RuleSet.read(settings.policies_dir)
        master = ledger_master_key(settings)
        keys = SealingKeys(master)
        await _refuse_lost_secret(database)
        # Begun before the writer, so that it ends after it: what was written last is signed as well.
        proof = await stack.enter_async_context(proving(settings, url=url, database=database, clock=clock))
        writer = ledger if ledger is not None else _ledger(settings, url, keys, proof, counting, stack)
        writer.start()
        stack.push_async_callback(writer.close)
        opener = OpeningLedgerReader(database, keys)
        registry = await followed_registry(settings, database, clock, stack)
        calls = peer_calls(settings, registry, counting, clock, stack)
        locator = await locator_parts(settings, database, registry, calls, master, counting, clock, stack)
        links = PostgresLinks(database, now=clock)
        transfers = transfer_parts(settings, database, registry, calls, clock, stack)
        graph = DirectoryGraph(
            schema=DIRECTORY,
            directory=PostgresDirectory(database, today=clock),
            ledger=opener,
            references=await _own(keys.references(database)),
            withholdings=PostgresWithholdings(database, now=clock),
            withholding_limits=WithholdingLimits(
                longest=timedelta(days=settings.withholding_days),
                provisional=timedelta(hours=settings.withholding_provisional_hours),
            ),
            words=words_of(settings),
            purposes=purposes,
            search_budget=settings.search_budget,
            transfers=PostgresTransfers(database),
            brokering=PostgresBrokering(database, now=clock),
            queues=PostgresQueues(database, now=clock),
            transferring=None if transfers is None else transfers.transferring,
            reviews=ReviewDesk(
                looks=PostgresLooks(database, OpeningLedgerReader(database, keys), within=settings.request_timeout),
                cases=PostgresReviewCases(database),
                thresholds=Thresholds.of(settings),
                days_limit=settings.review_days_limit,
            ),
            peers=calls if peers is None else peers,
            links=links,
            peer_timeout=settings.peer_timeout,
            locating=None if locator is None else locator.locator,
            limits=Limits.of(settings),
            documents_waiting=settings.documents_waiting,
        )
        stack.callback(graph.close)
        answering = Answering(
            home=AuthorityCode(settings.authority),
            graph=graph,
            admission=Admission(
                register=PostgresRegister(database, now=clock),
                decider=chosen,
                purposes=purposes,
                grants=PostgresGrants(database, now=clock),
                rates=Rates(
                    PostgresSpending(database),
                    caller_rate=settings.caller_rate,
                    agency_rate=settings.agency_rate,
                    clock=clock,
                ),
                metrics=counting,
            ),
            recording=Recording(
                home=AuthorityCode(settings.authority),
                ledger=writer,
                commitments=await _own(keys.commitments(database)),
                metrics=counting,
            ),
            changes=PostgresChanges(changing, now=clock),
            links=links,
            door=door_of(settings, settings.requests_at_once),
            ids=await _own(keys.record_ids(database)),
            freshness=freshness_of(settings),
            clock=clock,
            record_limit=settings.node_limit,
            request_timeout=settings.request_timeout,
        )
        issuer = IssuerKeys(jwks_of(settings))
        tokens = TokenReader(
            issuer=settings.token_issuer,
            audience=settings.token_audience,
            keys=issuer,
            clock=clock,
            binding_required=settings.token_binding_required,
        )
        yield Gateway(
            settings=settings,
            answering=answering,
            tokens=tokens,
            database=database,
            ledger=writer,
            proof=proof,
            opener=opener,
            decider=chosen,
            registry=registry,
            peers=calls,
            locator=locator,
            issuer=issuer,
            transfers=transfers,
            pools={"asks": database, "changes": changing},
            peer_door=door_of(settings, settings.peer_requests_at_once),
            metrics=counting,
        )


async def _trace(settings: Settings, stack: AsyncExitStack) -> None:
    if settings.traces_endpoint is None:
        return
    # Imported here: what sends traces takes a while to import, and most gateways send none.
    from connectors.traces import traced

    sending = traced(settings.traces_endpoint, share=settings.traces_share, authority=settings.authority)
    await stack.enter_async_context(sending)


def _ledger(
    settings: Settings,
    url: str,
    keys: SealingKeys,
    proof: LedgerProof,
    metrics: Metrics,
    stack: AsyncExitStack,
) -> LedgerWriter:
    following = NextNumber()
    store, ahead = [
        PostgresLedgerStore(url, keys=keys, timeout=settings.ledger_timeout, next_number=following) for _ in range(2)
    ]
    stack.push_async_callback(store.close)
    stack.push_async_callback(ahead.close)
    return LedgerWriter(
        store,
        ahead=ahead,
        timeout=settings.ledger_timeout,
        waiting_limit=settings.ledger_waiting_limit,
        hold=proof.quorum.hold,
        metrics=metrics,
    )


async def _refuse_lost_secret(database: Database) -> None:
    """Make no other secret in the place of one that is gone: nothing told could be shown, and all ids would change."""
    if await lost_secrets(database):
        raise SettingsError(
            "The secret behind the ledger's commitments is not among its keys: put its row of ledger_key back from a "
            "backup, or say that it is lost by `gateway ledger renew-secret`."
        )


async def _own(made: Awaitable[Made]) -> Made:
    """Return what is made from a key of this ledger."""
    try:
        return await made
    except NotWrappedByThis:
        raise SettingsError(
            "GATEWAY_LEDGER_KEY_FILE: another master key wrapped this ledger's keys; "
            "give that one, or run `gateway ledger rewrap`"
        ) from None
