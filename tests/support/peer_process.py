"""A process that holds some members' faulty gateways: `python -m tests.support.peer_process`.

It reads one line of JSON from its standard input, says on which ports its members listen, and ends with its input. It
knows nothing of the gateway, so that it starts at once.
"""

import asyncio
import json
import ssl
import sys
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass

from tests.support.faulty_proxy import Fault, FaultyProxy

with suppress(ImportError):
    import uvloop

    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())


@dataclass
class Shown:
    """The certificate that a member shows."""

    certificate: str
    key: str

    def load(self, context: ssl.SSLContext):
        context.load_cert_chain(self.certificate, self.key)


async def hold(stated):
    async with AsyncExitStack() as stack:
        ports = []
        for folder, fault, delay in stated["members"]:
            own = Shown(f"{folder}/peer.pem", f"{folder}/peer.key.pem")
            proxy = FaultyProxy(own, Fault(fault), answer=stated["answer"].encode(), delay=delay)
            ports.append(await stack.enter_async_context(proxy.listening()))
        sys.stdout.write(json.dumps(ports) + "\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(hold(json.loads(sys.stdin.readline())))
