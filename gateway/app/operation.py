"""What an operator asks of a running gateway: whether it is well, what it counts, and to read things again."""

from collections.abc import Callable
from datetime import datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.app.running import Gateway
from gateway.caller_tls import CallerPort
from gateway.documents import DocumentsUnreadable, TrustedDocuments
from gateway.errors import AuditUnavailable, DecisionUnavailable, SourceUnavailable
from gateway.health import Health
from gateway.metrics.sampling import Looked, Sampler
from gateway.reloading import Reloading
from gateway.settings import Settings, SettingsError


async def healthz(_request: Request) -> Response:
    """Say that the process is alive."""
    return JSONResponse({"status": "alive"})


async def readyz(request: Request) -> Response:
    """Say whether every part that is needed is well, and name those that are not."""
    standing = await request.app.state.health.look()
    return JSONResponse(standing.document(), status_code=200 if standing.ready else 503)


def health_of(gateway: Gateway) -> Health:
    """Return what looks at each part of a gateway."""
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


def documents_of(settings: Settings) -> TrustedDocuments:
    """Return the trusted documents.

    Raises:
        SettingsError: A manifest cannot be used.
    """
    try:
        return TrustedDocuments(settings.document_manifests, required=settings.documents_required)
    except DocumentsUnreadable as error:
        raise SettingsError(f"GATEWAY_DOCUMENTS: {error}") from None


def reloading_of(gateway: Gateway, port: CallerPort | None, documents: TrustedDocuments) -> Reloading:
    """Return what reads rules, keys, registry, documents and certificates again."""
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


def sampler_of(gateway: Gateway, health: Health, clock: Callable[[], datetime]) -> Sampler:
    """Return what looks at the parts from time to time, for the metrics."""

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
