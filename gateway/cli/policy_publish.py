"""`gateway policy publish` and `gateway policy opa`: the rules for an OPA server, and an OPA server over them."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated

import orjson
import typer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.bundle_publisher import BundlePublisher
from connectors.following_engine import Trust
from connectors.opa_command import find_opa
from connectors.opa_serving import ROOMY, serving_arguments
from connectors.policy_engine import TrustedRules
from connectors.postgres.database import Database
from connectors.postgres.rule_releases import RuleReleases
from connectors.rule_set import RuleSet
from gateway.cli.running import announce, database_url, run
from gateway.cli.serving import listening, serve_on
from gateway.settings import Settings, SettingsError

log = logging.getLogger("gateway.rules")

_STATUS_LIMIT = 1_000_000


def publish(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)] = 8182,
) -> None:
    """Serve the rules of GATEWAY_POLICIES_DIR as the bundle that OPA servers poll, and follow the folder.

    Rules are tried before they are published: they build, give the golden answers and, with GATEWAY_POLICIES_KEY_FILE,
    are signed and no older than any that were in force. Rules that fail leave those before in place.
    """

    async def act(settings: Settings) -> None:
        async def up(address: str) -> bool:
            announce(f"Serving the rules at {address}/bundle.tar.gz", settings)
            return True

        await serve_on(listening(host, port), rules_application(settings), once_up=up)

    run(act, serves=True)


def opa(
    address: Annotated[str, typer.Option("--addr", help="Where OPA listens.")] = "127.0.0.1:8181",
) -> None:
    """Start an OPA server over the rules of GATEWAY_POLICIES_DIR and keep it, until told to stop.

    Start the gateway with GATEWAY_OPA_URL=http://127.0.0.1:8181. The rules reach OPA as `gateway policy publish`
    serves them, on a port of the loopback interface. Exits with 1 if OPA cannot go on.
    """
    run(lambda settings: _served_by_opa(settings, address), serves=True)


def rules_application(settings: Settings) -> Starlette:
    """Return what serves the bundle to OPA servers and hears from them how they took it."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            publisher = BundlePublisher(
                settings.policies_dir,
                trust=await _trust(settings, stack),
                golden_required=settings.env == "production",
                signed=settings.policies_key_file is not None,
            )
            stack.push_async_callback(publisher.close)
            await publisher.start(interval=settings.policies_interval)
            app.state.publisher, app.state.heard = publisher, {}
            yield

    return Starlette(
        routes=[
            Route("/bundle.tar.gz", _bundle),
            Route("/status", _hear, methods=["POST"]),
            Route("/healthz", _health),
        ],
        lifespan=lifespan,
    )


async def _served_by_opa(settings: Settings, address: str) -> None:
    command = find_opa()
    if command is None:
        raise SettingsError("opa is not installed; without it leave GATEWAY_OPA_URL unset.")
    up = asyncio.Event()
    bound = listening("127.0.0.1", 0)
    rules_url = f"http://127.0.0.1:{bound.getsockname()[1]}"

    async def once_up(_address: str) -> bool:
        up.set()
        return True

    serving = asyncio.create_task(serve_on(bound, rules_application(settings), once_up=once_up))
    waiting = asyncio.create_task(up.wait())
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if serving.done():
        await serving
        return
    key = settings.policies_key_file
    arguments = serving_arguments(address=address, rules_url=rules_url, key_file=None if key is None else str(key))
    server = await asyncio.create_subprocess_exec(*ROOMY, command, *arguments)
    announce(f"Starting OPA at http://{address}, rules from {rules_url}", settings)
    ended = asyncio.create_task(server.wait())
    await asyncio.wait({serving, ended}, return_when=asyncio.FIRST_COMPLETED)
    if not serving.done():
        signal.raise_signal(signal.SIGTERM)
    elif server.returncode is None:
        server.terminate()
    await asyncio.gather(serving, ended)
    if server.returncode:
        announce(f"OPA ended with {server.returncode}.", settings)
        raise typer.Exit(1)


async def _trust(settings: Settings, stack: AsyncExitStack) -> Trust:
    if settings.policies_key_file is None:
        return _anything
    database = await Database.open(database_url(settings), pool_min=1, pool_max=2, timeout=settings.database_timeout)
    stack.push_async_callback(database.close)
    return TrustedRules(settings, RuleReleases(database), clock=lambda: datetime.now(UTC)).to_publish


async def _anything(_rules: RuleSet) -> None:
    """Without the policy owner's key nobody vouches for rules."""


async def _bundle(request: Request) -> Response:
    publisher: BundlePublisher = request.app.state.publisher
    tag, content = await asyncio.to_thread(publisher.bundle)
    headers = {"ETag": f'"{tag}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/gzip", headers=headers)


async def _hear(request: Request) -> Response:
    """Log what an OPA server says of its bundle, once for each change."""
    content = await request.body()
    if len(content) > _STATUS_LIMIT:
        return Response(status_code=413)
    try:
        document = orjson.loads(content)
        server, bundle = document["labels"]["id"], document["bundles"]["directory"]
    except (ValueError, KeyError, TypeError):
        return Response(status_code=204)
    said = (bundle.get("active_revision"), bundle.get("message"))
    if request.app.state.heard.get(server) != said:
        request.app.state.heard[server] = said
        revision, refusal = said
        if refusal:
            log.error("OPA %s keeps rules %s and refuses the bundle: %s", server, revision, refusal)
        else:
            log.info("OPA %s decides by rules %s", server, revision)
    return Response(status_code=204)


async def _health(request: Request) -> Response:
    publisher: BundlePublisher = request.app.state.publisher
    return JSONResponse({"status": "alive", "revision": publisher.revision})
