"""The network between two real gateways: it passes bytes on until it is cut, and again once it is healed."""

import asyncio
import socket
import struct
from contextlib import asynccontextmanager, suppress


class Relay:
    """Passes connections on to a port of this machine."""

    def __init__(self, port):
        self._port = port
        self._cut = asyncio.Event()
        self._busy = set()
        self.cut_off = 0
        """Answers that were cut off in the middle."""

    def cut(self):
        """From now on the next answer on each connection comes half, and nobody gets through any more."""
        self._cut.set()

    def heal(self):
        self._cut.clear()

    @asynccontextmanager
    async def listening(self, port):
        server = await asyncio.start_server(self._connected, "127.0.0.1", port)
        try:
            yield
        finally:
            server.close()
            for task in self._busy:
                task.cancel()
            await asyncio.gather(*self._busy, return_exceptions=True)
            await server.wait_closed()

    async def _connected(self, reader, writer):
        self._busy.add(asyncio.current_task())
        with suppress(OSError, asyncio.CancelledError):
            if not self._cut.is_set():
                await self._passed(reader, writer)
        self._busy.discard(asyncio.current_task())
        _reset(writer)

    async def _passed(self, reader, writer):
        there_reader, there = await asyncio.open_connection("127.0.0.1", self._port)
        asking = asyncio.create_task(_pump(reader, there))
        try:
            while data := await there_reader.read(65_536):
                if self._cut.is_set():
                    self.cut_off += 1
                    data = data[: len(data) // 2]
                writer.write(data)
                await writer.drain()
                if self._cut.is_set():
                    return
        finally:
            asking.cancel()
            _reset(there)


async def _pump(reader, writer):
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()


def _reset(writer):
    with suppress(OSError):
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()
