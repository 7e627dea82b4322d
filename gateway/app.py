"""The composition root: puts the parts together; the only module that may import everything."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from connectors.checkpoint_keys import witness_addresses
from connectors.development_keys import development_jwks
from connectors.issuer_keys import IssuerKeys
from connectors.ledger_proof import LedgerProof, proving
from connectors.ledger_seal import latest_seal
from connectors.ledger_secret import ledger_master_key
from connectors.locator.parts import LocatorParts, keeps_locator
from connectors.peers import PeerCalls
from connectors.policy_engine import policy_engine
from connectors.postgres.changes import PostgresChanges
from connectors.postgres.database import Database
from connectors.postgres.directory import PostgresDirectory
from connectors.postgres.federation import RegistryReleases, UsedAssertions
from connectors.postgres.grants import PostgresGrants
from connectors.postgres.ledger import OpeningLedgerReader, PostgresLedgerReader, PostgresLedgerStore
from connectors.postgres.ledger_keys import SealingKeys
from connectors.postgres.ledger_search import PostgresLedgerSearch
from connectors.postgres.links_elsewhere import PostgresLinks
from connectors.postgres.rates import PostgresSpending
from connectors.postgres.register import PostgresRegister
from connectors.postgres.review_cases import PostgresReviewCases
from connectors.postgres.reviewing import PostgresLooks
from connectors.postgres.transfers import PostgresTransfers
from connectors.postgres.withholdings import PostgresWithholdings
from connectors.registry import FollowedRegistry
from connectors.rule_set import RuleSet
from connectors.rule_trial import RuleTrials
from connectors.transfer_parts import TransferParts
from gateway.access_report.report import Seal
from gateway.access_report.words import Words, WordsUnreadable
from gateway.answering import Answering
from gateway.disclosure.redaction import Freshness
from gateway.documents import DocumentsUnreadable, TrustedDocuments
from gateway.door import Door
from gateway.errors import AuditUnavailable, DecisionUnavailable, SourceUnavailable
from gateway.federation.asking import Peers
from gateway.federation.assertion import AssertionChecker
from gateway.federation.tls import CallerPort, OwnCertificate, PeerPort, assertion_key
from gateway.health import Health
from gateway.http_protocol import ConnectionLimits
from gateway.http_requests import Named, client_gone
from gateway.http_rim import Rim, hosts_of, told_in_json
from gateway.http_tracing import Traced
from gateway.ledger.master_key import MasterKey, NotWrappedByThis
from gateway.ledger.writer import LedgerWriter
from gateway.ledger_requests import LedgerRequests, ledger_routes
from gateway.metrics.http import Counted, metrics_application
from gateway.metrics.metrics import Metrics
from gateway.metrics.sampling import Looked, Sampler
from gateway.pages.access_log import AccessLogEndpoint, access_log_routes
from gateway.pages.graphiql import PagePersona, graphiql_routes
from gateway.pages.ledger import LedgerEndpoint, ledger_page_routes
from gateway.pages.ledger_proofs import LedgerProofs
from gateway.pages.ledger_views import LedgerViews
from gateway.pages.policies import PolicyEndpoint, policies_routes
from gateway.pages.policy_views import PolicyViews
from gateway.ports import Decider
from gateway.rates import Rates
from gateway.reloading import Reloading
from gateway.reviewing.desk import ReviewDesk
from gateway.reviewing.thresholds import Thresholds
from gateway.settings import Settings, SettingsError
from gateway.tokens import TokenReader
from gateway.vocabulary import AuthorityCode
from gateway.withholdings import WithholdingLimits
from resolvers.asking import Purposes
from schema.directory import DIRECTORY
from schema.execution import DirectoryGraph
from schema.http import GraphQLEndpoint
from schema.limits import Limits
from schema.locator_http import LocatorEndpoint
from schema.peer_http import PeerEndpoint
from schema.transfer_http import TransferEndpoint

Made = TypeVar("Made")
CHANGES_AT_ONCE = 4
"""Connections for changes: one that waits for its entry must keep nobody from reading."""

LOCATOR_CONNECTIONS = 3
LOCATOR_TIMEOUT = 30.0
"""Apart from those of asks: reading all children takes a while, and nobody need wait for it."""


def utc_now() -> datetime:
    """Return this moment, in UTC."""
    return datetime.now(UTC)


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
        # Begun before the writer, so that it ends after it: what was written last is signed as well.
        proof = await stack.enter_async_context(proving(settings, url=url, database=database, clock=clock))
        writer = ledger if ledger is not None else _ledger(settings, url, keys, proof, counting, stack)
        writer.start()
        stack.push_async_callback(writer.close)
        opener = OpeningLedgerReader(database, keys)
        registry = await _registry(settings, database, clock, stack)
        calls = _peer_calls(settings, registry, counting, clock, stack)
        locator = await _locator(settings, database, registry, calls, master, clock, stack)
        links = PostgresLinks(database, now=clock)
        transfers = _transfers(settings, database, registry, calls, clock, stack)
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
            words=_words(settings),
            purposes=purposes,
            search_budget=settings.search_budget,
            transfers=PostgresTransfers(database),
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
        )
        answering = Answering(
            home=AuthorityCode(settings.authority),
            graph=graph,
            register=PostgresRegister(database, now=clock),
            decider=chosen,
            purposes=purposes,
            changes=PostgresChanges(changing, now=clock),
            grants=PostgresGrants(database, now=clock),
            links=links,
            rates=Rates(
                PostgresSpending(database),
                caller_rate=settings.caller_rate,
                agency_rate=settings.agency_rate,
                clock=clock,
            ),
            door=_door(settings, settings.requests_at_once),
            ids=await _own(keys.record_ids(database)),
            ledger=writer,
            commitments=await _own(keys.commitments(database)),
            freshness=_freshness(settings),
            clock=clock,
            record_limit=settings.node_limit,
            request_timeout=settings.request_timeout,
            metrics=counting,
        )
        issuer = IssuerKeys(_jwks(settings))
        tokens = TokenReader(
            issuer=settings.token_issuer,
            audience=settings.token_audience,
            keys=issuer,
            clock=clock,
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
            peer_door=_door(settings, settings.peer_requests_at_once),
            metrics=counting,
        )


async def _trace(settings: Settings, stack: AsyncExitStack) -> None:
    if settings.traces_endpoint is None:
        return
    # Imported here: what sends traces takes a while to import, and most gateways send none.
    from connectors.traces import traced

    sending = traced(settings.traces_endpoint, share=settings.traces_share, authority=settings.authority)
    await stack.enter_async_context(sending)


def application(
    settings: Settings,
    *,
    url: str,
    personas: Sequence[PagePersona] = (),
    clock: Callable[[], datetime] = utc_now,
    decider: Decider | None = None,
    ledger: LedgerWriter | None = None,
    peers: Peers | None = None,
    port: CallerPort | None = None,
) -> Starlette:
    """Return the ASGI application; its parts start and stop with its lifespan."""
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with (
            running(
                settings, url=url, clock=clock, decider=decider, ledger=ledger, peers=peers, metrics=metrics
            ) as gateway,
            _sampler(gateway, health := _health(gateway), clock).running(),
        ):
            app.state.health = health
            documents = _documents(settings)
            app.state.reloading = _reloading(gateway, port, documents)
            app.state.gateway = gateway
            app.state.endpoint = GraphQLEndpoint(
                answering=gateway.answering,
                tokens=gateway.tokens,
                body_limit=settings.body_limit,
                body_timeout=settings.request_timeout,
                get_queries=settings.get_queries,
                address_limit=settings.address_limit,
                documents=documents,
            )
            app.state.policies = _policies(gateway)
            app.state.access_log = _access_log(gateway, clock)
            app.state.ledger_page = _ledger_page(gateway, clock)
            app.state.ledger = _ledger_requests(gateway)
            app.state.peer_side = _peer_side(gateway, clock)
            if gateway.locator is not None:
                gateway.locator.start()
            if gateway.transfers is not None:
                gateway.transfers.start(gateway.answering)
            yield

    routes: list[BaseRoute] = [
        Route("/graphql", _GraphQL()),
        Route("/healthz", _healthz),
        Route("/readyz", _readyz),
    ]
    routes += ledger_routes()
    shown = personas if settings.env == "development" else ()
    routes += [
        *policies_routes(personas=shown),
        *ledger_page_routes(personas=shown),
        *access_log_routes(personas=shown),
    ]
    if settings.env == "development":
        routes += graphiql_routes(personas=personas)
    app = Starlette(
        routes=routes,
        lifespan=lifespan,
        middleware=[
            Middleware(Named),
            Middleware(Counted, metrics=metrics, routes=routes),
            Middleware(Traced),
            Middleware(Rim, hosts=_hosts(settings)),
        ],
        exception_handlers={ClientDisconnect: client_gone, HTTPException: told_in_json},
    )
    app.state.metrics_side = metrics_application(metrics.registry)
    _limit_connections(app, settings, metrics)
    return app


def _limit_connections(app: Starlette, settings: Settings, metrics: Metrics) -> None:
    """State what whoever serves the application holds connections to, and where it counts those it refuses."""
    app.state.connection_limits = ConnectionLimits(
        address=settings.address_limit,
        headers=settings.header_limit,
        header_bytes=settings.header_bytes_limit,
        head_timeout=settings.head_timeout,
        taking_timeout=settings.taking_timeout,
        connections=settings.connection_limit,
    )
    app.state.connection_refused = metrics.connection_refused


class _GraphQL:
    """The graph's address: whatever the method, the endpoint says what is wrong with it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        endpoint: GraphQLEndpoint = request.app.state.endpoint
        response = await endpoint(request)
        await response(scope, receive, send)


class PeerSide:
    """What answers other authorities' gateways: an application of its own, behind a TLS of its own."""

    def __init__(
        self,
        *,
        endpoint: PeerEndpoint,
        locating: LocatorEndpoint,
        transfers: TransferEndpoint,
        port: PeerPort,
        settings: Settings,
        metrics: Metrics,
    ) -> None:
        """Take what answers, the TLS in front of it, its limits, and where to count."""
        routes = [
            Route("/graphql", endpoint.graphql, methods=["POST"]),
            Route("/federation/ping", endpoint.ping, methods=["GET"]),
            Route("/federation/locate", locating.locate, methods=["POST"]),
            Route("/federation/transfer", transfers.take, methods=["POST"]),
            Route("/federation/locator", locating.statement, methods=["GET"]),
            Route("/federation/locator/{digest}", locating.setup, methods=["GET"]),
        ]
        self.app = Starlette(
            routes=routes,
            middleware=[
                Middleware(Named),
                Middleware(Counted, metrics=metrics, routes=routes, door="peer"),
                Middleware(Traced, door="peer"),
                Middleware(Rim),
            ],
            exception_handlers={ClientDisconnect: client_gone, HTTPException: told_in_json},
        )
        self.tls = port.context
        _limit_connections(self.app, settings, metrics)


def _peer_side(gateway: Gateway, clock: Callable[[], datetime]) -> PeerSide | None:
    settings, registry = gateway.settings, gateway.registry
    if settings.peer_port is None:
        return None
    if registry is None:
        raise SettingsError("GATEWAY_REGISTRY: must name the registry of members where GATEWAY_PEER_PORT is set")
    home = AuthorityCode(settings.authority)
    endpoint = PeerEndpoint(
        home=home,
        answering=gateway.answering,
        checker=AssertionChecker(home=home, seen=UsedAssertions(gateway.database), clock=clock),
        registry=registry.in_force,
        body_limit=settings.body_limit,
        clock=clock,
        leaf_of=PostgresLedgerReader(gateway.database).leaf,
        door=gateway.peer_door,
    )
    locating = LocatorEndpoint(
        peers=endpoint,
        answering=gateway.answering,
        locator=lambda: None if gateway.locator is None else gateway.locator.answers,
    )
    transfers = TransferEndpoint(
        peers=endpoint,
        answering=gateway.answering,
        exchange=None if gateway.transfers is None else gateway.transfers.exchange,
        clock=clock,
    )
    port = PeerPort(_own_certificate(settings), lambda: registry.latest)
    return PeerSide(
        endpoint=endpoint,
        locating=locating,
        transfers=transfers,
        port=port,
        settings=settings,
        metrics=gateway.metrics,
    )


def _transfers(
    settings: Settings,
    database: Database,
    registry: FollowedRegistry | None,
    peers: PeerCalls | None,
    clock: Callable[[], datetime],
    stack: AsyncExitStack,
) -> TransferParts | None:
    if registry is None or peers is None or settings.assertion_key_file is None:
        return None
    transfers = TransferParts(
        settings,
        database=database,
        peers=peers,
        key=assertion_key(settings.assertion_key_file),
        registry=registry.in_force,
        clock=clock,
    )
    stack.push_async_callback(transfers.close)
    return transfers


def _door(settings: Settings, places: int) -> Door:
    return Door(places=places, waiting=settings.requests_waiting, patience=settings.requests_patience)


def _own_certificate(settings: Settings) -> OwnCertificate:
    if settings.peer_cert_file is None or settings.peer_key_file is None:
        raise SettingsError("GATEWAY_PEER_CERT_FILE and GATEWAY_PEER_KEY_FILE: must be set to speak to peers")
    return OwnCertificate(certificate=settings.peer_cert_file, key=settings.peer_key_file)


async def _registry(
    settings: Settings, database: Database, clock: Callable[[], datetime], stack: AsyncExitStack
) -> FollowedRegistry | None:
    if settings.registry is None:
        return None
    if settings.registry_keys_file is None:
        raise SettingsError("GATEWAY_REGISTRY_KEYS_FILE: must name the operator's public keys where a registry is set")
    followed = FollowedRegistry(
        settings.registry,
        operator_keys=settings.registry_keys_file,
        releases=RegistryReleases(database),
        clock=clock,
    )
    stack.push_async_callback(followed.close)
    await followed.start(interval=settings.registry_interval)
    return followed


def _peer_calls(
    settings: Settings,
    registry: FollowedRegistry | None,
    metrics: Metrics,
    clock: Callable[[], datetime],
    stack: AsyncExitStack,
) -> PeerCalls | None:
    """Return the way to other members, where there is a registry and a key to ask them with."""
    if registry is None or settings.assertion_key_file is None:
        return None
    calls = PeerCalls(
        home=AuthorityCode(settings.authority),
        key=assertion_key(settings.assertion_key_file),
        own=_own_certificate(settings),
        registry=registry.in_force,
        clock=clock,
        reply_limit=settings.peer_reply_limit,
        concurrency=settings.peer_concurrency,
        concurrency_in_all=settings.peers_concurrency,
        metrics=metrics,
    )
    stack.push_async_callback(calls.close)
    calls.start(greeting_interval=settings.peer_greeting_interval)
    return calls


async def _locator(
    settings: Settings,
    database: Database,
    registry: FollowedRegistry | None,
    peers: PeerCalls | None,
    master: MasterKey,
    clock: Callable[[], datetime],
    stack: AsyncExitStack,
) -> LocatorParts | None:
    if registry is None or peers is None or settings.assertion_key_file is None or not keeps_locator(settings):
        return None
    reading = await Database.open(database.url, pool_min=0, pool_max=LOCATOR_CONNECTIONS, timeout=LOCATOR_TIMEOUT)
    stack.push_async_callback(reading.close)
    locator = LocatorParts(
        settings,
        database=database,
        reading=reading,
        peers=peers,
        key=assertion_key(settings.assertion_key_file),
        master=master,
        registry=registry.in_force,
        clock=clock,
    )
    stack.push_async_callback(locator.close)
    return locator


def _ledger_requests(gateway: Gateway) -> LedgerRequests:
    settings, proof = gateway.settings, gateway.proof
    read = RuleSet.read(settings.policies_dir)
    return LedgerRequests(
        proof.reader,
        authority=settings.authority,
        keys=proof.keys,
        witness=proof.witness,
        revision=lambda: str(getattr(gateway.decider, "rules", read).revision),
    )


def _policies(gateway: Gateway) -> PolicyEndpoint:
    folder, decider, in_force = gateway.settings.policies_dir, gateway.decider, _rules_in_force(gateway)
    views = PolicyViews(decider=decider, rules=in_force, trials=RuleTrials(rules=in_force, folder=folder))
    return PolicyEndpoint(answering=gateway.answering, tokens=gateway.tokens, views=views)


def _ledger_page(gateway: Gateway, clock: Callable[[], datetime]) -> LedgerEndpoint:
    database, proof = gateway.database, gateway.proof
    proofs = LedgerProofs(
        reader=proof.reader,
        keys=proof.keys,
        witnesses=[address.key for address in witness_addresses(gateway.settings)],
        troubles=lambda: proof.witnessing.troubles,
        fault=lambda: proof.checkpointer.fault,
    )
    views = LedgerViews(
        search=PostgresLedgerSearch(database),
        opener=gateway.opener,
        directory=PostgresDirectory(database, today=clock),
        proofs=proofs,
        rules=_rules_in_force(gateway),
        clock=clock,
    )
    return LedgerEndpoint(answering=gateway.answering, tokens=gateway.tokens, views=views)


def _rules_in_force(gateway: Gateway) -> Callable[[], RuleSet]:
    decider, read = gateway.decider, RuleSet.read(gateway.settings.policies_dir)

    def in_force() -> RuleSet:
        held = getattr(decider, "rules", read)  # an engine that follows its rules has them; one that is given has not
        return held if isinstance(held, RuleSet) else read

    return in_force


async def _healthz(_request: Request) -> Response:
    return JSONResponse({"status": "alive"})


async def _readyz(request: Request) -> Response:
    standing = await request.app.state.health.look()
    return JSONResponse(standing.document(), status_code=200 if standing.ready else 503)


def _health(gateway: Gateway) -> Health:
    proof, registry = gateway.proof, gateway.registry

    async def ledger() -> None:
        gateway.ledger.check()

    async def signing() -> None:
        if proof.checkpointer.fault is not None:
            raise AuditUnavailable("Nothing is signed any more.", reason="tree-damaged")

    async def witnesses() -> None:
        proof.quorum.hold()

    async def engine() -> None:
        if not gateway.decider.revision:
            raise DecisionUnavailable("The policy engine has given no answer yet.", reason="engine-not-started")

    async def issuer() -> None:
        await gateway.issuer.keys()

    async def members() -> None:
        if registry is not None and registry.in_force() is None:
            raise SourceUnavailable("No registry of members is in force.", reason="registry-missing")

    return Health(
        needed={
            "database": gateway.database.check,
            "ledger": ledger,
            "signing": signing,
            "witnesses": witnesses,
            "engine": engine,
            "issuer": issuer,
        },
        beside={} if registry is None else {"registry": members},
    )


def _documents(settings: Settings) -> TrustedDocuments:
    try:
        return TrustedDocuments(settings.document_manifests, required=settings.documents_required)
    except DocumentsUnreadable as error:
        raise SettingsError(f"GATEWAY_DOCUMENTS: {error}") from None


def _reloading(gateway: Gateway, port: CallerPort | None, documents: TrustedDocuments) -> Reloading:
    registry = gateway.registry

    async def rules() -> str:
        reload = getattr(gateway.decider, "reload", None)  # one that is an OPA server is followed by itself
        return "followed" if reload is None else str((await reload()).value)

    async def issuer() -> str:
        return "read" if await gateway.issuer.reload() else "refused"

    async def members() -> str:
        if registry is None:
            return "none"
        return "taken up" if await registry.reload() else "refused" if registry.complaint else "unchanged"

    async def manifests() -> str:
        try:
            documents.reload()
        except DocumentsUnreadable as error:
            raise SettingsError(f"GATEWAY_DOCUMENTS: {error}") from None
        return f"{len(documents)} known"

    parts = {"rules": rules, "issuer": issuer, "registry": members, "documents": manifests}
    return Reloading(parts if port is None else parts | {"certificate": port.reload})


def _sampler(gateway: Gateway, health: Health, clock: Callable[[], datetime]) -> Sampler:
    async def signed_at() -> float | None:
        newest = await gateway.proof.reader.newest()
        return None if newest is None else clock().timestamp() - newest.age

    looked = Looked(
        waiting=lambda: gateway.ledger.waiting,
        pools=gateway.pools,
        doors={"caller": gateway.answering.door, "peer": gateway.peer_door},
        decider=gateway.decider,
        health=health,
        signed_at=signed_at,
        clock=clock,
        peers=(lambda: None) if gateway.peers is None else gateway.peers.look,
    )
    return Sampler(looked, gateway.metrics)


def _access_log(gateway: Gateway, clock: Callable[[], datetime]) -> AccessLogEndpoint:
    async def sealed() -> Seal | None:
        return await latest_seal(gateway.proof, gateway.opener, clock=clock)

    return AccessLogEndpoint(
        answering=gateway.answering,
        tokens=gateway.tokens,
        words=_words(gateway.settings),
        sealed=sealed,
        clock=clock,
        body_limit=gateway.settings.body_limit,
    )


def _words(settings: Settings) -> Words:
    try:
        return Words.read(settings.words_file)
    except WordsUnreadable as error:
        raise SettingsError(f"GATEWAY_WORDS_FILE: {error}") from None


async def _own(made: Awaitable[Made]) -> Made:
    """Return what is made from a key of this ledger."""
    try:
        return await made
    except NotWrappedByThis:
        raise SettingsError(
            "GATEWAY_LEDGER_KEY_FILE: another master key wrapped this ledger's keys; "
            "give that one, or run `gateway ledger rewrap`"
        ) from None


def _ledger(
    settings: Settings,
    url: str,
    keys: SealingKeys,
    proof: LedgerProof,
    metrics: Metrics,
    stack: AsyncExitStack,
) -> LedgerWriter:
    store = PostgresLedgerStore(url, keys=keys, timeout=settings.ledger_timeout)
    stack.push_async_callback(store.close)
    return LedgerWriter(
        store,
        timeout=settings.ledger_timeout,
        waiting_limit=settings.ledger_waiting_limit,
        hold=proof.quorum.hold,
        metrics=metrics,
    )


def _jwks(settings: Settings) -> str:
    if settings.token_jwks is not None:
        return settings.token_jwks
    if settings.env == "production":
        raise SettingsError("GATEWAY_TOKEN_JWKS: must name the issuer's key set in production")
    return str(development_jwks(settings.data_dir))


def _hosts(settings: Settings) -> frozenset[str] | None:
    return hosts_of(settings.allowed_hosts, development=settings.env == "development", host=settings.host)


def _freshness(settings: Settings) -> Callable[[datetime], Freshness]:
    names = timedelta(days=settings.freshness_name_days)
    address = timedelta(days=settings.freshness_address_days)
    identifiers = timedelta(days=settings.freshness_identifier_days)
    contact = timedelta(days=settings.freshness_contact_days)
    links = timedelta(days=settings.freshness_link_days)
    limits = {
        **dict.fromkeys(("givenName", "familyName", "dateOfBirth", "gender", "name"), names),
        **dict.fromkeys(("address", "addressStatus"), address),
        **dict.fromkeys(("nhsNumber", "upn", "urn", "ukprn", "odsCode"), identifiers),
        **dict.fromkeys(("telephone", "email"), contact),
    }
    return lambda at: Freshness(limits=limits, otherwise=links, at=at)


def packaged_sdl() -> Path:
    """Return where the printed SDL lies in the package."""
    return Path(__file__).resolve().parent.parent / "schema" / "directory.graphql"
