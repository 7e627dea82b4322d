"""An application on a real socket of this process, as `gateway serve` has it on one of its own."""

import asyncio
from contextlib import asynccontextmanager

from gateway.cli.serving import listening, serve_on


@asynccontextmanager
async def served_on_a_socket(app, *, tls=None, peers=None):
    """Serve for the length of the block; yields the address for callers."""
    up, leave = asyncio.Event(), asyncio.Event()
    addresses = []

    async def once_up(address):
        addresses.append(address)
        up.set()
        await leave.wait()
        return False

    with listening("127.0.0.1", 0) as callers:
        serving = asyncio.create_task(serve_on(callers, app, once_up=once_up, peers=peers, tls=tls))
        waiting = asyncio.create_task(up.wait())
        await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if serving.done():
            await serving
        try:
            yield addresses[0]
        finally:
            leave.set()
            await serving
