"""HTTP over mutual TLS with the gateways of one member: one exchange at a time, read up to a limit of bytes.

Whatever goes wrong is one exception with a reason. Nothing here waits for longer than who calls it does: the time is
the caller's, and a call that is cancelled leaves no socket behind.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import aiohttp

from connectors.peer_names import PeerNames

KEEP_ALIVE: Final = 90.0
"""Seconds an idle connection is kept: less than the other side keeps it, more than lies between looks at a member."""

_HEADERS: Final = 64
"""Header fields of a reply that are read, of at most 8 KB each."""


class NoAnswer(Exception):
    """A call came to nothing; `again` says whether another may come to more."""

    def __init__(self, reason: str, *, again: bool) -> None:
        """Keep why; the reason holds nothing that the other side has chosen."""
        super().__init__(reason)
        self.reason = reason
        self.again = again


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What came back; nobody has judged it yet."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class PeerWire:
    """The connections to one member, made in one TLS context and kept for the next call."""

    def __init__(self, context: ssl.SSLContext, *, names: PeerNames, connections: int) -> None:
        """Take the context that believes this member only, where hosts are found, and the most connections at once."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                ssl=context,
                limit=connections,
                keepalive_timeout=KEEP_ALIVE,
                resolver=names,
                use_dns_cache=False,  # they are kept by `names`
            ),
            connector_owner=True,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            auto_decompress=False,
            max_headers=_HEADERS,
        )

    async def exchange(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None, limit: int
    ) -> Heard:
        """Return what comes back, once all of it has come.

        Raises:
            NoAnswer: The connection failed, what came is no HTTP, or it has more than `limit` bytes.
        """
        sent = {"accept-encoding": "identity", **headers}
        try:
            async with self._session.request(method, url, data=body, headers=sent, allow_redirects=False) as reply:
                return Heard(status=reply.status, headers=reply.headers, content=await _read(reply, limit))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise NoAnswer(f"peer-connection:{type(error).__name__}", again=True) from error

    async def close(self) -> None:
        """Let all connections go."""
        await self._session.close()


async def _read(reply: aiohttp.ClientResponse, limit: int) -> bytes:
    if (reply.content_length or 0) > limit:
        raise NoAnswer("peer-reply-too-long", again=False)
    content = bytearray()
    async for chunk in reply.content.iter_any():
        content += chunk
        if len(content) > limit:
            raise NoAnswer("peer-reply-too-long", again=False)
    return bytes(content)
