"""A member's gateway as seen through a bad network: it passes calls on, hangs, resets, trickles, lies and floods.

It holds the member's own certificate, so that what goes wrong goes wrong inside an honest TLS connection.
"""

import asyncio
import socket
import ssl
import struct
from contextlib import asynccontextmanager, suppress
from enum import StrEnum


class Fault(StrEnum):
    """What the network does to a call."""

    NONE = "none"
    HANG = "hang"
    """The call is taken, and never answered."""
    HANG_BEFORE_TLS = "hang-before-tls"
    RESET = "reset"
    TRICKLE = "trickle"
    """The answer comes byte by byte, and never ends."""
    LIE_ABOUT_LENGTH = "lie-about-length"
    """The answer says that it is longer than it is."""
    SHORT_LENGTH = "short-length"
    """The answer says that it is shorter than it is."""
    BAD_CHUNKS = "bad-chunks"
    """The answer comes in chunks, the second of which has no length."""
    ENDLESS_HEAD = "endless-head"
    """One header field follows another."""
    REDIRECT = "redirect"
    """The answer is to be had elsewhere."""
    GARBAGE = "garbage"
    """What comes back is no HTTP."""
    NO_JSON = "no-json"
    FLOOD = "flood"
    """The answer has 100 MB."""
    CUT = "cut"
    """The answer is cut off in the middle."""
    REFUSE = "refuse"
    """A typed refusal."""
    FAIL = "fail"
    """A typed failure of the gateway itself."""


ANSWER = b'{"data":{"me":{"role":"peer"}}}'


class FaultyProxy:
    """Listens with a member's certificate; `fault` may be changed at any time."""

    def __init__(self, own, fault=Fault.NONE, *, answer=ANSWER, delay=0.0):
        self.fault = fault
        self.answer = answer
        self.delay = delay
        self.calls = 0
        self.connections = 0
        self.sent = 0
        self.asked = []
        self.assertions = []
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        own.load(self._context)

    @asynccontextmanager
    async def listening(self, port=0):
        listener = socket.create_server(("127.0.0.1", port))
        listener.setblocking(False)
        accepting = asyncio.create_task(self._accept(listener))
        self._busy = set()
        try:
            yield listener.getsockname()[1]
        finally:
            accepting.cancel()
            for task in self._busy:
                task.cancel()
            await asyncio.gather(accepting, *self._busy, return_exceptions=True)
            listener.close()

    @property
    def calls_under_way(self):
        return len(self._busy)

    def hang_up(self):
        """End all calls under way."""
        for task in self._busy:
            task.cancel()

    async def _accept(self, listener):
        while True:
            connection, _ = await asyncio.get_running_loop().sock_accept(listener)
            task = asyncio.create_task(self._serve(connection))
            self._busy.add(task)
            task.add_done_callback(self._busy.discard)

    async def _serve(self, connection):
        self.connections += 1
        if self.fault is Fault.HANG_BEFORE_TLS:
            with connection:
                await asyncio.sleep(3600)
        if self.fault is Fault.RESET:
            await asyncio.get_running_loop().sock_recv(connection, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
            return
        with suppress(OSError, asyncio.IncompleteReadError):
            reader, writer = await _streams(connection, self._context)
            try:
                while await self._call(reader, writer):
                    pass
            finally:
                writer.transport.abort()

    async def _call(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        self.calls += 1
        fields = {
            name.lower(): value.strip() for name, _, value in (one.partition(b":") for one in head.split(b"\r\n"))
        }
        length = int(fields.get(b"content-length", 0))
        self.assertions.append(fields.get(b"authorization", b"").removeprefix(b"Bearer ").decode())
        self.asked.append(await reader.readexactly(length))
        match self.fault:
            case Fault.HANG:
                await asyncio.sleep(3600)
            case Fault.TRICKLE:
                await self._send(writer, _head(10_000))
                while True:
                    await self._send(writer, b" ")
                    await asyncio.sleep(0.02)
            case Fault.FLOOD:
                await self._send(writer, _head(100_000_000))
                while self.sent < 100_000_000:
                    await self._send(writer, b"x" * 65_536)
            case Fault.ENDLESS_HEAD:
                await self._send(writer, b"HTTP/1.1 200 X\r\n")
                while True:
                    await self._send(writer, b"x-more: " + b"x" * 1_000 + b"\r\n")
                    await asyncio.sleep(0)  # else the loop would never hear that nobody reads
            case _:
                await asyncio.sleep(self.delay)
                await self._send(writer, self._answer())
        return self.fault is Fault.NONE

    def _answer(self):
        return {
            Fault.NONE: _reply(self.answer),
            Fault.LIE_ABOUT_LENGTH: _head(len(self.answer) + 100) + self.answer,
            Fault.SHORT_LENGTH: _head(len(self.answer) - 9) + self.answer,
            Fault.BAD_CHUNKS: _CHUNKED
            + b"5\r\n"
            + self.answer[:5]
            + b"\r\nzz\r\n"
            + self.answer[5:]
            + b"\r\n0\r\n\r\n",
            Fault.REDIRECT: b"HTTP/1.1 307 X\r\nlocation: https://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
            Fault.GARBAGE: b"\x00\xff\x16 garbage \r\n\r\n" * 10,
            Fault.NO_JSON: _reply(b"<html>It works!</html>"),
            Fault.CUT: _reply(self.answer)[:-9],
            Fault.REFUSE: _refusal(401, "UNAUTHENTICATED"),
            Fault.FAIL: _refusal(503, "AUDIT_UNAVAILABLE"),
        }[self.fault]

    async def _send(self, writer, data):
        self.sent += len(data)
        writer.write(data)
        await writer.drain()


async def _streams(connection, context):
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_accepted_socket(lambda: protocol, connection, ssl=context)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


_CHUNKED = b"HTTP/1.1 200 X\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"


def _head(length, status=200):
    # As if an entry had been made of the call: an answer without one counts as none.
    entry = f"ledger-entry: 7 {'ab' * 32}"
    return f"HTTP/1.1 {status} X\r\n{entry}\r\ncontent-length: {length}\r\n\r\n".encode()


def _reply(body, status=200):
    return _head(len(body), status) + body


def _refusal(status, code):
    return _reply(f'{{"errors":[{{"message":"m","extensions":{{"code":"{code}"}}}}]}}'.encode(), status)
