"""Connections to an OPA server, each for one question at a time, kept from question to question.

They stand in the OPA client in place of its HTTP session, which takes longer for a question than OPA for its answer.
"""

import asyncio
import ssl
from typing import Any, Final, cast
from urllib.parse import urlsplit

import orjson
from httptools import HttpParserError, HttpResponseParser

KEPT: Final = 16
"""Connections that are kept while nothing is asked."""
KEPT_SECONDS: Final = 15.0
"""How long they are: what stands between may forget one that is not used."""
LONGEST: Final = 32 << 20
"""Bytes of an answer: that to the widest question has a hundredth."""
OK: Final = 200


class OpaConnections:
    """What the OPA client says to an HTTP session, and no more; belongs to one event loop."""

    def __init__(self, host: str, port: int, *, tls: bool) -> None:
        """Keep where the server is; nothing is connected yet. With TLS the system's authorities vouch for it."""
        self._host, self._port = host, port
        self._tls = ssl.create_default_context() if tls else None
        self._kept: list[_Connection] = []
        self._heads: dict[str, bytes] = {}
        self.closed = False

    async def request(self, method: str, url: str, *, json: object) -> "Reply":
        """Send a document, and return what the server says of it.

        Raises:
            OSError: The server is not there, went away, or does not speak HTTP.
            ValueError: The document cannot be written as JSON.
        """
        asked = _written(json)
        head = self._heads.get(url) or self._heads.setdefault(url, _head(method, url))
        connection = await self._connection()
        try:
            return await connection.carry(b"%b%d\r\n\r\n%b" % (head, len(asked), asked))
        finally:
            self._keep(connection)

    async def close(self) -> None:
        """Close all connections."""
        self.closed = True
        while self._kept:
            self._kept.pop().leave()

    async def _connection(self) -> "_Connection":
        loop = asyncio.get_running_loop()
        while self._kept:
            connection = self._kept.pop()
            if connection.free and loop.time() - connection.since < KEPT_SECONDS:
                return connection
            connection.leave()
        _, made = await loop.create_connection(_Connection, self._host, self._port, ssl=self._tls)
        return made

    def _keep(self, connection: "_Connection") -> None:
        if connection.free and len(self._kept) < KEPT and not self.closed:
            connection.since = asyncio.get_running_loop().time()
            self._kept.append(connection)
        else:
            connection.leave()


class Reply:
    """What the server said, read to its end; satisfies what the OPA client asks of a response."""

    def __init__(self, status: int, body: bytes) -> None:
        """Take the status and the body as they came."""
        self.status = status
        self._body = body

    def raise_for_status(self) -> None:
        """Raise OSError for whatever is no answer, a redirection among it: nobody else decides."""
        if self.status != OK:
            raise OSError(f"the policy server said {self.status}")

    async def json(self) -> Any:
        """Return the body's document, or raise ValueError."""
        return orjson.loads(self._body)

    async def release(self) -> None:
        """Do nothing: the connection is free since the body's end."""


class _Connection(asyncio.Protocol):
    """One connection. Whatever does not come as it should ends it, for its bytes may belong to another answer."""

    def __init__(self) -> None:
        self.since = 0.0
        self._transport: asyncio.Transport | None = None
        self._parser: HttpResponseParser | None = None
        self._told: asyncio.Future[Reply] | None = None
        self._parts: list[bytes] = []
        self._length = 0

    @property
    def free(self) -> bool:
        return self._told is None and self._transport is not None and not self._transport.is_closing()

    async def carry(self, asked: bytes) -> Reply:
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError("the policy server closed the connection")
        self._told, self._parser = asyncio.get_running_loop().create_future(), HttpResponseParser(self)
        self._parts, self._length = [], 0
        self._transport.write(asked)
        reply = await self._told
        # Only here: of a question that was left, the answer is still to come, and no other may take it for its own.
        self._told = None
        return reply

    def leave(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._parser is None:
            self._end()
            return
        try:
            self._parser.feed_data(data)
        except HttpParserError:
            self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()

    def on_body(self, body: bytes) -> None:
        self._length += len(body)
        if self._length > LONGEST:
            self._end()
        else:
            self._parts.append(body)

    def on_message_complete(self) -> None:
        if self._parser is not None and self._parser.get_status_code() < OK:
            return  # word from what stands between that the answer is still to come
        parser, self._parser = self._parser, None
        if parser is None or self._told is None or self._told.done():
            self._end()
            return
        self._told.set_result(Reply(parser.get_status_code(), b"".join(self._parts)))
        if not parser.should_keep_alive():
            self.leave()

    def _end(self) -> None:
        if self._told is not None and not self._told.done():
            self._told.set_exception(ConnectionResetError("the policy server's answer did not come to its end"))
        self.leave()


def _written(document: object) -> bytes:
    try:
        return orjson.dumps(document)
    except orjson.JSONEncodeError as error:
        raise ValueError("the question cannot be written as JSON") from error


def _head(method: str, url: str) -> bytes:
    """Return the head of a question up to its length. An answer is not to be compressed: that takes OPA too long."""
    place = urlsplit(url)
    lines = (
        f"{method} {place.path} HTTP/1.1",
        f"Host: {place.netloc}",
        "Accept: application/json",
        "Accept-Encoding: identity",
        "Content-Type: application/json",
        "Content-Length: ",
    )
    return "\r\n".join(lines).encode("ascii")
