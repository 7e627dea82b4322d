"""One server process for the benchmark of the graph: `python -m benchmarks.server KIND FOLDER URL`.

It takes a free port of the loopback interface, prints it, and serves until its standard input ends.
"""

import asyncio
import socket
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette

from benchmarks.people import AUTHORITY
from benchmarks.plain import plain
from benchmarks.still import still
from gateway import known_ids
from gateway.app.application import application
from gateway.cli.serving import protocol_of, settle
from gateway.http_protocol import LimitedProtocol
from gateway.settings import Settings

COMPARED = ("gateway", "plain", "tuned")
BARE = "bare"
"""The gateway behind uvicorn's own protocol, without limits on connections: what those cost is measured by it."""
UNSCOPED = "unscoped"
"""The gateway telling the directory's own ids to everybody: what ids of each agency's own cost is measured by it."""
GUARDED = "guarded"
"""The gateway with the door that it is shipped with; behind the others nobody is turned away."""
STILL = "still"
"""The gateway's rim with nothing behind it: what a request's way in and out costs is measured by it."""
OURS = ("gateway", BARE, GUARDED, UNSCOPED, STILL)

BUDGETS: Mapping[str, Any] = dict.fromkeys(("search_budget", "caller_rate", "agency_rate"), 1_000_000_000)
"""Budgets that measuring does not exhaust."""

_NO_DOOR: Mapping[str, Any] = {"requests_waiting": 10_000, "requests_patience": 60}


class _Unciphered:
    """Stands for the cipher of ids, and leaves them as they are."""

    def __init__(self, _key: bytes) -> None:
        """Take a key and forget it."""

    @staticmethod
    def encipher(content: bytes) -> bytes:
        """Return the same."""
        return content

    decipher = encipher


class _Server(uvicorn.Server):
    """A server that settles before it is asked, as `gateway serve` does."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Settle."""
        await super().startup(sockets)
        settle()


def settings_in(folder: Path, **changed: Any) -> Settings:
    """Return the gateway's settings: the defaults, but for budgets that measuring does not exhaust."""
    return Settings(  # type: ignore[call-arg]
        **BUDGETS, **changed, data_dir=folder, authority=AUTHORITY
    )


def _application(kind: str, folder: Path, url: str) -> Starlette:
    if kind == UNSCOPED:
        setattr(known_ids, "_Block", _Unciphered)  # noqa: B010  # of this process alone, and of no gateway that serves
    if kind == STILL:
        return still(settings_in(folder, **_NO_DOOR))
    if kind in OURS:
        return application(settings_in(folder, **({} if kind == GUARDED else _NO_DOOR)), url=url)
    return plain(url, tuned=kind == "tuned")


def main() -> None:
    """Serve."""
    kind, folder, url = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    bound = socket.create_server(("127.0.0.1", 0))
    app = _application(kind, folder, url)
    http = protocol_of(app, LimitedProtocol) if kind in OURS and kind != BARE else "httptools"
    config = uvicorn.Config(app, loop="uvloop", http=http, log_level="warning", access_log=False)
    server = _Server(config)

    def stop_with_parent() -> None:
        sys.stdin.read()
        server.should_exit = True

    threading.Thread(target=stop_with_parent, daemon=True).start()
    sys.stdout.write(f"{bound.getsockname()[1]}\n")
    sys.stdout.flush()
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(server.serve(sockets=[bound]))


if __name__ == "__main__":
    main()
