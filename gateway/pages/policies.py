"""The policy workbench at `/policies`: a page without a rule in it, and the views that it asks for.

Whoever asks for a view is identified, decided about and recorded as in any other ask.
The page is written by hand, without a build: `static/policies` is what the browser gets.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.answering import Answering
from gateway.asked import Operation
from gateway.errors import BadRequest
from gateway.http_requests import Refusal, json_body, reply_to, request_id_of, response_of, status_of
from gateway.identity import Access, Claims
from gateway.pages.graphiql import PagePersona
from gateway.pages.handmade import NO_SNIFFING, page_routes
from gateway.pages.policy_asks import ASKS, note_of, read_ask
from gateway.pages.policy_views import PolicyViews
from gateway.pages.trials import RULES_LIMIT
from gateway.reply import Problem, Reply
from gateway.tokens import TokenReader

WITHIN: Final = 120.0
"""Seconds that a view may take, waiting for its turn included."""
BODY_LIMIT: Final = 2 * RULES_LIMIT
"""Bytes of a request: rules in base64 or as a JSON string are longer than the rules."""


class PolicyEndpoint:
    """Takes one request for a view to one reply."""

    def __init__(self, *, answering: Answering, tokens: TokenReader, views: PolicyViews) -> None:
        """Take the road to an answer, the reader of tokens, and the views."""
        self._answering = answering
        self._tokens = tokens
        self._views = views

    async def __call__(self, request: Request) -> Response:
        """Answer a request for the view that its path names."""
        request_id = request_id_of(request)
        view = request.path_params["view"]
        try:
            ask = read_ask(view, await json_body(request, limit=BODY_LIMIT))
            proposal = None if ask.proposal is None else ask.proposal.proposal()
        except Refusal as refusal:
            reply = Reply(data=None, errors=(Problem(code=BadRequest.code, message=refusal.message),))
            return response_of(reply, request_id, status=refusal.status)
        operation = Operation(text=f"workbench: {view}", name=view, variables=note_of(ask))

        async def work() -> Mapping[str, Any]:
            return await self._views.show(ask, proposal)

        async def answer(claims: Claims, access: Access) -> Reply:
            return await self._answering.try_rules(
                claims, access, operation, request_id=request_id, work=work, within=WITHIN
            )

        reply = await reply_to(
            request,
            operation,
            request_id=request_id,
            tokens=self._tokens,
            answering=self._answering,
            answer=answer,
        )
        return response_of(reply, request_id, status=status_of(reply))


def policies_routes(*, personas: Sequence[PagePersona] = ()) -> list[BaseRoute]:
    """Return the routes of the page, of its files and of its views.

    The views are answered by `app.state.policies`, a `PolicyEndpoint`.
    With personas the page holds a token of the one that its address names: give them in development only.
    """

    async def view(request: Request) -> Response:
        if request.path_params["view"] not in ASKS:
            return PlainTextResponse("There is no such view.\n", status_code=404, headers=NO_SNIFFING)
        endpoint: PolicyEndpoint = request.app.state.policies
        return await endpoint(request)

    return [
        *page_routes("policies", personas=personas),
        Route("/policies/api/{view}", view, methods=["POST"]),
    ]
