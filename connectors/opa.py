"""The policy engine of production: an OPA server beside the gateway, one request for a whole batch."""

import asyncio
from urllib.parse import urlsplit

from opa_client import AsyncOpaClient

from connectors.opa_connections import OpaConnections
from connectors.rule_set import ENTRYPOINT
from gateway.disclosure.question import Answer, Question
from gateway.errors import DecisionUnavailable

PACKAGE, _, RULE = ENTRYPOINT.rpartition("/")
REVISION = ("revision", "id")
"""Where the bundle keeps the name of its rules."""
LOOK = 0.2
"""Seconds between looks at the server."""


class OpaDecider:
    """A policy engine behind HTTP; the revision is the one its latest answer carried."""

    name = "opa"

    def __init__(self, url: str, *, timeout: float) -> None:
        """Keep where the server is; nothing is asked of it yet."""
        parts = urlsplit(url)
        self._host, self._port, self._tls = parts.hostname or "localhost", parts.port or 8181, parts.scheme == "https"
        self._timeout = timeout
        self._client: AsyncOpaClient | None = None
        self._revision = ""
        self._silent = False
        self._watching: asyncio.Task[None] | None = None

    @property
    def revision(self) -> str:
        """Return the revision the server holds; empty before its first answer.

        Raises:
            DecisionUnavailable: The server has fallen silent: what was decided before is not told either.
        """
        if self._silent:
            raise _unavailable("engine-silent")
        return self._revision

    async def decide(self, question: Question) -> Answer:
        """Answer a whole batch with one request, not repeated: a second try would outlast the time-out.

        Raises:
            DecisionUnavailable: The server failed, was late, or its answer is not complete.
        """
        document = await self._asked(question, PACKAGE, RULE)
        if not isinstance(document, dict) or "result" not in document:
            raise _unavailable("rule-undefined")
        answer = Answer.from_document(document["result"], question)
        self._revision = answer.revision
        self.watch()
        return answer

    async def travel(self, question: Question) -> None:
        """Take a question to a rule that answers at once, and drop the answer: the road alone, to be measured.

        Raises:
            DecisionUnavailable: The server failed or was late.
        """
        await self._asked(question, *REVISION)

    def watch(self) -> None:
        """Look after the server from now on; the first answer does so by itself."""
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch(), name="watch-opa")

    async def close(self) -> None:
        """Stop watching and close the connections."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
            self._watching = None
        if self._client is not None:
            await self._client.close_connection()
            self._client = None

    async def _asked(self, question: Question, package: str, rule: str) -> object:
        try:
            async with asyncio.timeout(self._timeout):
                return await self._connected().query_rule(question.as_input(), package, rule)
        except TimeoutError as error:
            raise _unavailable("engine-late") from error
        except (OSError, ValueError) as error:
            raise _unavailable("engine-failed") from error

    async def _watch(self) -> None:
        """Look after the server: remembered decisions hold only while it is there and its rules are the same."""
        while True:
            await asyncio.sleep(LOOK)
            await self.look()

    async def look(self) -> None:
        """Ask the server which revision it holds; afterwards `revision` says so."""
        revision = await self._held_revision()
        self._silent = revision is None
        self._revision = revision or self._revision

    async def _held_revision(self) -> str | None:
        try:
            async with asyncio.timeout(self._timeout):
                document = await self._connected().query_rule({}, *REVISION)
        except (TimeoutError, OSError, ValueError):
            return None
        held = document.get("result") if isinstance(document, dict) else None
        return held if isinstance(held, str) and held else None

    def _connected(self) -> AsyncOpaClient:
        if self._client is None:
            self._client = AsyncOpaClient(self._host, self._port, ssl=self._tls, retries=0)
            self._client._session = OpaConnections(self._host, self._port, tls=self._tls)
        return self._client


def _unavailable(reason: str) -> DecisionUnavailable:
    return DecisionUnavailable("No policy decision could be had in time; nothing is told.", reason=reason)
