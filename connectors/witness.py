"""Asking a witness over HTTP for its signature on a checkpoint."""

from collections.abc import Sequence
from functools import cached_property

import httpx

from gateway.errors import SourceMalformed, SourceUnavailable
from gateway.ledger.notes import MalformedNote, Signature, signature_of
from gateway.ledger.witnessing import WitnessAddress, WitnessRefused

ANSWER_LIMIT = 64_000
"""Characters of an answer that are read."""


class WitnessClient:
    """Asks witnesses over kept connections."""

    def __init__(self, *, timeout: float = 5.0) -> None:
        """Take the seconds that one request may take."""
        self._timeout = timeout

    @cached_property
    def _http(self) -> httpx.AsyncClient:
        # Made when the first witness is asked: to read all that this machine trusts takes a third of a start.
        return httpx.AsyncClient(timeout=self._timeout, follow_redirects=False)

    async def close(self) -> None:
        """Close the connections, if there are any."""
        if "_http" in self.__dict__:
            await self._http.aclose()

    async def ask(self, witness: WitnessAddress, body: str) -> Sequence[Signature]:
        """Send a request and return the signature lines of the answer; none of them is checked.

        Raises:
            WitnessRefused: The witness did not sign.
            SourceUnavailable: It did not answer in time, or could not be reached.
            SourceMalformed: Its answer could not be read.
        """
        try:
            response = await self._http.post(
                f"{witness.url.rstrip('/')}/add-checkpoint",
                content=body.encode(),
                headers={"content-type": "text/plain"},
            )
            text = response.text
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SourceUnavailable("The witness did not answer.", reason=type(error).__name__) from error
        if len(text) > ANSWER_LIMIT:
            raise SourceMalformed("The witness's answer is too long.", reason="witness:length")
        if response.status_code == 409 and text.strip().isascii() and text.strip().isdigit() and len(text) < 25:
            raise WitnessRefused(409, held=int(text))
        if response.status_code != 200:
            raise WitnessRefused(response.status_code)
        try:
            return [signature_of(line) for line in text.splitlines()]
        except MalformedNote as error:
            raise SourceMalformed("The witness's answer could not be read.", reason="witness:form") from error
