"""The parts that reach other members: the registry, calls, the locator and transfers."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime

from connectors.locator.parts import LocatorParts, keeps_locator
from connectors.peers import PeerCalls
from connectors.postgres.database import Database
from connectors.postgres.federation import RegistryReleases
from connectors.registry import FollowedRegistry
from connectors.transfer_parts import TransferParts
from gateway.federation.tls import OwnCertificate, OwnKey
from gateway.ledger.master_key import MasterKey
from gateway.metrics.metrics import Metrics
from gateway.settings import Settings, SettingsError
from gateway.vocabulary import AuthorityCode

LOCATOR_CONNECTIONS = 3


LOCATOR_TIMEOUT = 30.0
"""Apart from those of asks: reading all children takes a while, and nobody need wait for it."""


async def followed_registry(
    settings: Settings, database: Database, clock: Callable[[], datetime], stack: AsyncExitStack
) -> FollowedRegistry | None:
    """Return the registry of members, followed from now on; None where none is set.

    Raises:
        SettingsError: The operator's public keys are not named.
    """
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


def peer_calls(
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
        key=OwnKey(settings.assertion_key_file),
        own=own_certificate(settings),
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


def own_certificate(settings: Settings) -> OwnCertificate:
    """Return the certificate that this gateway shows to other members.

    Raises:
        SettingsError: It is not named.
    """
    if settings.peer_cert_file is None or settings.peer_key_file is None:
        raise SettingsError("GATEWAY_PEER_CERT_FILE and GATEWAY_PEER_KEY_FILE: must be set to speak to peers")
    return OwnCertificate(certificate=settings.peer_cert_file, key=settings.peer_key_file)


async def locator_parts(
    settings: Settings,
    database: Database,
    registry: FollowedRegistry | None,
    peers: PeerCalls | None,
    master: MasterKey,
    metrics: Metrics,
    clock: Callable[[], datetime],
    stack: AsyncExitStack,
) -> LocatorParts | None:
    """Return the locator of members, where this gateway keeps one."""
    if registry is None or peers is None or settings.assertion_key_file is None or not keeps_locator(settings):
        return None
    reading = await Database.open(database.url, pool_min=0, pool_max=LOCATOR_CONNECTIONS, timeout=LOCATOR_TIMEOUT)
    stack.push_async_callback(reading.close)
    locator = LocatorParts(
        settings,
        database=database,
        reading=reading,
        peers=peers,
        key=OwnKey(settings.assertion_key_file),
        master=master,
        registry=registry.in_force,
        clock=clock,
        metrics=metrics,
    )
    stack.push_async_callback(locator.close)
    return locator


def transfer_parts(
    settings: Settings,
    database: Database,
    registry: FollowedRegistry | None,
    peers: PeerCalls | None,
    clock: Callable[[], datetime],
    stack: AsyncExitStack,
) -> TransferParts | None:
    """Return what moves responsibility between members, where there are others to move it to."""
    if registry is None or peers is None or settings.assertion_key_file is None:
        return None
    transfers = TransferParts(
        settings,
        database=database,
        peers=peers,
        key=OwnKey(settings.assertion_key_file),
        registry=registry.in_force,
        clock=clock,
    )
    stack.push_async_callback(transfers.close)
    return transfers
