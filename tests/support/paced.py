"""A client that asks at a pace, whether or not answers come, with as little work as it can: a crowd does not wait."""

import asyncio
import time
from contextlib import asynccontextmanager
from itertools import cycle
from urllib.parse import urlsplit

import orjson

from tests.support.processes import NAME_OF, START_TIMEOUT, Asked, Load

CONNECTIONS = 200
"""Asks under way at once at most: as many ask from elsewhere; whoever would be one more does not ask."""


class PacedLoad(Load):
    """Asks for one child after the other so many times a second, over as many connections as it takes."""

    def __init__(self, asker, children, *, rate):
        super().__init__(asker, children)
        self.rate = rate
        self.seconds = 0.0
        """For how long it has asked."""
        self._delivered, self._refusals, self._cut_off = [], [], []
        headers = "".join(f"{name}: {value}\r\n" for name, value in asker.headers.items())
        self._head = f"POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{headers}"
        self._bodies = cycle(
            [
                (child, known, orjson.dumps({"query": NAME_OF, "variables": {"id": known}}))
                for child, known in ((str(child), asker.child_id(child)) for child in children)
            ]
        )

    # Kept apart as they come: to look for them among all that was asked takes too long while asking.
    @property
    def delivered(self):
        return self._delivered

    @property
    def refusals(self):
        return self._refusals

    @property
    def cut_off(self):
        return self._cut_off

    @asynccontextmanager
    async def on(self, address):
        """Keep asking for the length of the block, once the first answer is there.

        Until then the gateway does not know the document, and lets a few of one person wait for it to be read.
        """
        self._place = urlsplit(address)
        self._idle, self._asking = [], set()
        before = len(self._delivered)
        async with asyncio.timeout(START_TIMEOUT):
            while len(self._delivered) == before:
                await self._ask_once()
                await asyncio.sleep(0.01)
        pacing = asyncio.create_task(self._keep_pace())
        try:
            yield
        finally:
            for task in (pacing, *self._asking):
                task.cancel()
            ended = await asyncio.gather(pacing, *self._asking, return_exceptions=True)
            for _, writer in self._idle:
                writer.close()
        broken = [outcome for outcome in ended if isinstance(outcome, Exception)]
        assert broken == []

    async def _keep_pace(self):
        began, number = time.monotonic(), 0
        try:
            while True:
                # What was due while this process was kept from asking is not made up for: that would be a burst.
                number = max(number + 1, int((time.monotonic() - began - 0.1) * self.rate))
                await asyncio.sleep(max(0.0, began + number / self.rate - time.monotonic()))
                if len(self._asking) < CONNECTIONS:
                    task = asyncio.create_task(self._ask_once())
                    self._asking.add(task)
                    task.add_done_callback(self._asking.discard)
        finally:
            self.seconds += time.monotonic() - began

    async def _ask_once(self):
        try:
            reader, writer = await self._connection()
        except OSError:
            return  # nobody is there, so nothing was asked
        child, known, body = next(self._bodies)
        asked = Asked(f"{self.name}-{next(self._numbers)}", child, known)
        self.asked.append(asked)
        head = f"{self._head}x-request-id: {asked.request_id}\r\ncontent-length: {len(body)}\r\n\r\n"
        try:
            writer.write(head.encode() + body)
            told = (await reader.readuntil(b"\r\n\r\n")).lower()
            document = await reader.readexactly(int(told.split(b"content-length:")[1].split(b"\r\n")[0]))
        except (OSError, asyncio.IncompleteReadError):
            self._cut_off.append(asked)
            writer.close()
            return
        except asyncio.CancelledError:
            asked.given_up = True
            writer.close()
            raise
        asked.document = orjson.loads(document)
        asked.status = int(told.split(b" ", 2)[1])
        if asked.delivered:
            self._delivered.append(asked)
        else:
            self._refusals.append(asked.refusal)
        self._idle.append((reader, writer))

    async def _connection(self):
        """A connection that the gateway has not closed for being idle."""
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        return await asyncio.open_connection(self._place.hostname, self._place.port)
