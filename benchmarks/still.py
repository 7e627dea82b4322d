"""The gateway's rim with nothing behind it: every ask is answered at once, with the same reply."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from starlette.applications import Starlette

from connectors.issuer_keys import IssuerKeys
from gateway.app.application import application
from gateway.app.chosen import door_of, jwks_of
from gateway.app.clock import utc_now
from gateway.documents import TrustedDocuments
from gateway.reply import Reply
from gateway.settings import Settings
from gateway.tokens import TokenReader
from gateway.turns import Turns
from schema.http import GraphQLEndpoint

TOLD: Final = Reply(
    data={"child": {"involvements": [{"id": f"inv_{number:026}", "service": "x"} for number in range(20)]}}
)


class Still:
    """Answers everybody at once, with the same words."""

    def __init__(self, settings: Settings) -> None:
        """Take the settings, for the door."""
        self.door = door_of(settings, settings.requests_at_once)

    async def answer(self, *_asked: Any, **_named: Any) -> Reply:
        """Answer."""
        return TOLD


def still(settings: Settings) -> Starlette:
    """Return the gateway's application with nothing behind its rim."""
    app = application(settings, url="")

    @asynccontextmanager
    async def lifespan(started: Starlette) -> AsyncIterator[None]:
        answering: Any = Still(settings)
        started.state.endpoint = GraphQLEndpoint(
            answering=answering,
            tokens=TokenReader(
                issuer=settings.token_issuer,
                audience=settings.token_audience,
                keys=IssuerKeys(jwks_of(settings)),
                clock=utc_now,
            ),
            body_limit=settings.body_limit,
            body_timeout=settings.request_timeout,
            get_queries=settings.get_queries,
            address_limit=settings.address_limit,
            documents=TrustedDocuments(),
            refusals=Turns(rate=settings.refusal_rate),
        )
        yield

    app.router.lifespan_context = lifespan
    return app
