"""Asks turned away at a full door before they become requests: it has to cost a part of what an answer costs.

Where turning away costs as much as answering, a crowd keeps a gateway from answering anybody.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from gateway.door import Door
from gateway.errors import Overloaded
from gateway.http_negotiation import accepted
from gateway.http_requests import GRAPHQL_JSON, PLAIN_JSON, REQUEST_ID_FORM, new_request_id, refusal, response_of
from gateway.http_rim import SAID, STRICT_TRANSPORT
from gateway.metrics.metrics import Metrics

GRAPH: Final = b"/graphql"
_ID: Final = "00000000-0000-4000-8000-000000000000"
"""Stands in a reply made beforehand where the id of a request belongs."""


class TurningAway:
    """What turns asks away for a door, and counts them as it does every request."""

    def __init__(self, metrics: Metrics) -> None:
        """Take where they are counted; as long as there is no door nobody is turned away."""
        self._metrics = metrics
        self.door: Door | None = None

    def reply_to(
        self, method: bytes, address: bytes, headers: Sequence[tuple[bytes, bytes]], *, secure: bool
    ) -> tuple[bytes, bytes] | None:
        """Return status line and rest of the reply to an ask that is turned away; None where that is not decided here.

        `headers` have their names in small letters.
        """
        if self.door is None or not self.door.full or method != b"POST" or address != GRAPH:
            return None
        media_type = _accepted(tuple([value for name, value in headers if name == b"accept"]))
        if media_type is None:
            return None
        told = self.door.turn_away()
        self._metrics.request_begun()
        self._metrics.request_ended(door="caller", route=GRAPH.decode(), outcome=told.code, seconds=0.0)
        before, after = _made(told.message, media_type, secure)
        return STATUS_LINE[503], before + _request_id(headers) + after


def response_bytes(response: Response, *, secure: bool = False) -> bytes:
    """Return headers and body of a response as they go over a connection, with what every response says."""
    headers = MutableHeaders(raw=response.raw_headers)
    said = SAID | {"strict-transport-security": STRICT_TRANSPORT} if secure else SAID
    for name, text in said.items():
        headers.setdefault(name, text)
    return b"".join([*[b"%s: %s\r\n" % header for header in headers.raw], b"\r\n", bytes(response.body)])


@lru_cache(maxsize=64)
def _accepted(headers: tuple[bytes, ...]) -> str | None:
    return accepted([header.decode("latin-1") for header in headers], (GRAPHQL_JSON, PLAIN_JSON))


@lru_cache(maxsize=8)
def _made(message: str, media_type: str, secure: bool) -> tuple[bytes, bytes]:
    reply = refusal(Overloaded(message, retry_after=1))
    response = response_of(reply, _ID, status=503, media_type=media_type)
    before, _, after = response_bytes(response, secure=secure).partition(_ID.encode())
    return before, after


def _request_id(headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    for name, value in headers:
        if name == b"x-request-id":
            given = value.decode("latin-1")
            return value if REQUEST_ID_FORM.fullmatch(given) else new_request_id().encode()
    return new_request_id().encode()
