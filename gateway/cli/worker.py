"""One of several worker processes of a gateway, on sockets that its parent has opened.

Started by `gateway.cli.workers` and by nobody else. The parent holds the other end of standard input: once that
closes, whoever it was that ended the parent, the worker finishes what is under way and ends.
"""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress

import typer

from gateway.cli.running import database_url, run
from gateway.settings import Settings

UP = b"up\n"
"""What a worker writes to its parent once it serves."""


def main(words: Sequence[str]) -> None:
    """Serve on the sockets with these numbers: for callers, and for peers if there is a second."""

    async def act(settings: Settings) -> None:
        # Imported here: a worker that cannot start says so before it has loaded everything.
        from gateway.app.application import application
        from gateway.cli.serve import caller_port
        from gateway.cli.serving import serve_on, settled

        bound, *peers = [socket.socket(fileno=int(word)) for word in words]
        port = caller_port(settings)
        lifeline = asyncio.create_task(_stop_without_parent(), name="lifeline")
        try:
            await serve_on(
                bound,
                application(settings, url=database_url(settings), port=port),
                once_up=settled(_up),
                tls=None if port is None else port.context,
                peers=peers[0] if peers else None,
            )
        finally:
            lifeline.cancel()

    run(act, serves=True)


async def _up(_address: str) -> bool:
    with suppress(OSError):  # a parent that is gone has closed the other end
        os.write(sys.stdout.fileno(), UP)
    return True


async def _stop_without_parent() -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(sys.stdin.fileno())
    signal.raise_signal(signal.SIGTERM)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except typer.Exit as ended:
        sys.exit(ended.exit_code)
